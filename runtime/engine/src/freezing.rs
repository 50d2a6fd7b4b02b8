//! By which an instance is frozen, and others are made what it was.

use std::sync::Arc;
use std::time::Instant;

use lambent_types::Failure;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, Instance, InstancePre};

use crate::bindings::frozen;
use crate::initialization::{INITIALIZATION_TIME_MAX, settle};
use crate::memory_access::{RESTORE, SAVE};
use crate::snapshot::{Snapshot, Transfer};
use crate::store_data::Host;

/// What a component exports by which snapshots are taken and restored.
pub(crate) struct Freezing {
    pub(crate) save: ComponentExportIndex,
    restore: ComponentExportIndex,
    pub(crate) hooks: frozen::FrozenIndices,
}

impl Freezing {
    /// That of a component that was compiled with access to its memory.
    pub(crate) fn of<T: 'static>(pre: &InstancePre<Host<T>>) -> Option<Self> {
        let index = |name| pre.component().get_export_index(None, name);
        let (save, restore) = (index(SAVE)?, index(RESTORE)?);
        let hooks = frozen::FrozenIndices::new(pre).ok()?;
        Some(Self { save, restore, hooks })
    }
}

/// Makes an instance what that was which the snapshot is of. The time of the invocation begins
/// when that is done.
///
/// # Errors
/// The guest was ended, or said why it failed, or took too long: then what it is to have failed
/// with is in the store.
pub(crate) async fn restore<T: Send + 'static>(
    store: &mut Store<Host<T>>,
    instance: Instance,
    freezing: &Freezing,
    snapshot: Arc<Snapshot>,
) -> wasmtime::Result<()> {
    let until = Instant::now() + INITIALIZATION_TIME_MAX;
    store.data_mut().expires = until;
    store.data_mut().transfer = Some(Box::new(Transfer::of(snapshot)));
    let restored = async {
        let hooks = freezing.hooks.load(&mut *store, &instance)?;
        let hooks = hooks.lambent_runtime_snapshot();
        hooks.call_open_handles(&mut *store).await?;
        call(store, instance, freezing.restore).await?;
        store.data_mut().transfer = None;
        hooks.call_after_restore(&mut *store).await
    };
    let ended = tokio::time::timeout_at(until.into(), restored).await;
    settle(store, ended, took_too_long)
}

fn took_too_long() -> Failure {
    let limit = INITIALIZATION_TIME_MAX.as_secs();
    Failure {
        kind: "SnapStartTimeoutException".into(),
        message: format!("the snapshot was not restored within {limit} s"),
        trace: Vec::new(),
        retry: lambent_types::Retry::Policy,
    }
}

/// Calls one of the two functions that have access to the memory.
pub(crate) async fn call<T: Send + 'static>(
    store: &mut Store<Host<T>>,
    instance: Instance,
    function: ComponentExportIndex,
) -> wasmtime::Result<()> {
    instance.get_typed_func::<(), ()>(&mut *store, function)?.call_async(store, ()).await
}
