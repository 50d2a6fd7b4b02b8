//! What a runtime adds to a package when it is deployed.

use lambent_engine::wasmtime::component::Instance;
use lambent_engine::{Component, Finished, Host, Invocation, Refused, wasmtime};
use lambent_files::ErrorCode;
use lambent_types::Failure;
use wasmtime::Store;

use crate::ctx::Ctx;
use crate::filesystem::Files;

/// Where a runtime leaves what it adds.
const PREPARED: &str = "tmp/prepared";
const INTERFACE: &str = "lambent:runtime/preparation@0.1.0";

mod bindings {
    #![allow(clippy::all, reason = "generated code")]

    lambent_engine::wasmtime::component::bindgen!({
        path: [
            "../../wit/deps/io", "../../wit/deps/cli", "../../wit/deps/clocks", "../../wit/deps/http",
            "../../wit/function", "../../wit/runtime",
        ],
        inline: "package lambent:capabilities; world prepares { export lambent:runtime/preparation@0.1.0; }",
        world: "lambent:capabilities/prepares",
        exports: { default: async },
        require_store_data_send: true,
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// Files by their paths in the package.
pub type Additions = Vec<(String, Vec<u8>)>;

/// Has a runtime look at the package that its files are, and gives what it adds to it, of no
/// more than `bytes_max` together. A runtime that adds nothing to any is not run.
///
/// # Errors
/// [`Refused`]: nothing ran.
pub async fn prepare(
    component: &Component<Ctx>,
    invocation: Invocation<Ctx>,
    bytes_max: u64,
) -> Result<Finished<Result<Additions, Failure>>, Refused> {
    let invocation = Invocation { uninitialized: true, ..invocation };
    component
        .call(invocation, move |store, instance| Box::pin(run(store, instance, bytes_max)))
        .await
}

async fn run(
    store: &mut Store<Host<Ctx>>,
    instance: Instance,
    bytes_max: u64,
) -> wasmtime::Result<Result<Additions, Failure>> {
    if instance.get_export_index(&mut *store, None, INTERFACE).is_none() {
        return Ok(Ok(Vec::new()));
    }
    let guest = bindings::Prepares::new(&mut *store, &instance)?;
    if let Err(failure) = guest.lambent_runtime_preparation().call_prepare(&mut *store).await? {
        let bindings::lambent::function::types::Failure { kind, message, trace, .. } = failure;
        let retry = lambent_types::Retry::Never;
        return Ok(Err(Failure { kind, message, trace, retry }));
    }
    let Some(files) = store.data_mut().extensions().get::<Files>().cloned() else {
        return Ok(Ok(Vec::new()));
    };
    match files.wait(move |vfs| vfs.collect(PREPARED, bytes_max)).await {
        Ok(additions) => Ok(Ok(additions)),
        Err(ErrorCode::NoEntry) => Ok(Ok(Vec::new())),
        Err(error) => Err(error.into()),
    }
}
