//! The volumes that a function has mounted.

use std::sync::Arc;

use lambent_files::{ErrorCode, OpenVolume};
use lambent_types::Error;
use tokio::runtime::Handle;

use crate::ctx::Ctx;

/// What opens the volumes of an invocation's function, in the order of its configuration.
///
/// An instance that serves further invocations of the same version, whose configuration is the
/// same, keeps it: with another configuration there are other instances.
pub(super) fn opener(ctx: &Ctx) -> OpenVolume {
    let (scope, function) = (Arc::new((*ctx.scope).clone()), ctx.function.clone());
    let runtime = Handle::try_current();
    Box::new(move |place| {
        let mount = function.configuration.mounts.0.get(place).ok_or(ErrorCode::Gone)?;
        let runtime = runtime.as_ref().map_err(|_| ErrorCode::Io)?;
        let opened = runtime.block_on(scope.resource(&mount.volume).open(mount.access));
        opened.map_err(|error| code(&error))
    })
}

/// A volume that does not exist, or not any more, is a device that is not there.
fn code(error: &Error) -> ErrorCode {
    match error.code() {
        lambent_types::ErrorCode::VolumeNotFound => ErrorCode::Gone,
        lambent_types::ErrorCode::Forbidden => ErrorCode::NotPermitted,
        _ => ErrorCode::Io,
    }
}
