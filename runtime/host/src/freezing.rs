//! Taking a snapshot of a version that is about to be published.

use std::sync::Arc;

use lambent_engine::Invocation;
use lambent_service::Frozen;
use lambent_types::{Error, ErrorCode, FunctionVersion, Outcome};

use crate::errors::{ending, refusal};
use crate::host::Host;
use crate::instance_pools::prototype;

impl Host {
    /// Takes a snapshot of an instance of a version.
    pub(crate) async fn snapshot_of(
        &self,
        function: &Arc<FunctionVersion>,
    ) -> Result<Frozen, Error> {
        let permit = self.snapshots.permits.take(Some(function.namespace.clone())).await;
        let _permit = permit.map_err(|full| {
            Error::new(ErrorCode::Overloaded, format!("{full}; try again later"))
        })?;
        let code = self.code(function).await?;
        if !code.component.can_be_frozen() {
            let detail = "snapshot is on, and the runtime in use cannot be frozen; turn it off, or \
                          install a version of the runtime that can";
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        let sends_http = code.component.sends_http();
        let invocation = prototype(function, &self.shared, (code.mount, sends_http));
        let (component, digest) = (code.component, code.digest);
        let taken =
            async move { component.snapshot(Invocation { snapshot: None, ..invocation }).await };
        let taken = self.engine.migrating(taken).await.ok_or_else(ending)?;
        let taken = taken.map_err(|refused| refusal(&refused))?;
        match taken.value {
            Some(snapshot) => Ok(Frozen { component: digest, bytes: snapshot.bytes().clone() }),
            None => Err(failed(&taken.outcome)),
        }
    }
}

fn failed(outcome: &Outcome) -> Error {
    if matches!(outcome, Outcome::Internal) {
        let detail = "no snapshot could be taken; see the node's log";
        return Error::new(ErrorCode::Internal, detail);
    }
    let detail = format!(
        "no snapshot can be taken, since the function failed in INIT ({}); mend it, or turn \
         snapshot off",
        outcome.message()
    );
    Error::new(ErrorCode::InvalidConfiguration, detail)
}
