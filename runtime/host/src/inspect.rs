//! What the service asks about components.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_capabilities::Ctx;
use lambent_engine::{Component, Inspection};
use lambent_service::{Additions, Frozen, Inspect, Inspected, ProvisionedVersion};
use lambent_types::{
    Digest, Error, ErrorCode, FunctionName, FunctionVersion, Handler, Namespace, RuntimeName,
    VersionNumber,
};

use crate::errors::{blocking, inspect_error, load_error};
use crate::host::Host;

#[async_trait]
impl Inspect for Host {
    async fn prepare(
        &self,
        namespace: &Namespace,
        digest: Digest,
        code: Bytes,
    ) -> Result<Inspected, Error> {
        if let Some(inspected) = self.prepared(digest).await {
            return Ok(inspected);
        }
        let wasm = self.loader.component_of(Some(namespace), code).await?;
        let (engine, source) = (self.engine.clone(), wasm.clone());
        let inspection = blocking(move || engine.inspect(&source)).await?;
        let inspection = inspection.map_err(|error| inspect_error(&error))?;
        check(&inspection)?;
        let component = match self.loader.verified(digest).await? {
            Some(artifact) => self.loader.map(artifact).map_err(|error| load_error(&error))?,
            None => self.loader.compile(Some(namespace), digest, wasm).await?,
        };
        let exports: Vec<_> = inspection.handlers;
        let inspected = inspected(&component, &exports)?;
        self.loader.keep(digest, component).await;
        Ok(inspected)
    }

    async fn prepared(&self, digest: Digest) -> Option<Inspected> {
        inspected(&self.loader.loaded(digest).await?, &[]).ok()
    }

    async fn imports(
        &self,
        namespace: &Namespace,
        code: Bytes,
    ) -> Result<BTreeMap<String, bool>, Error> {
        let wasm = self.loader.component_of(Some(namespace), code).await?;
        let engine = self.engine.clone();
        let inspection = blocking(move || engine.inspect(&wasm)).await?;
        let inspection = inspection.map_err(|error| inspect_error(&error))?;
        let unmet: Vec<_> = inspection.unmet.iter().map(|unmet| &unmet.import).collect();
        let served = |import| !unmet.contains(&import);
        let imports = inspection.imports.iter();
        Ok(imports.map(|import| (import.to_string(), served(import))).collect())
    }

    async fn additions(&self, version: &Arc<FunctionVersion>) -> Additions {
        self.additions_to(version).await
    }

    fn component(&self, version: &FunctionVersion) -> Digest {
        self.runtimes.component(version)
    }

    async fn snapshot(&self, version: &Arc<FunctionVersion>) -> Result<Frozen, Error> {
        self.snapshot_of(version).await
    }

    fn set_runtimes(&self, all: HashMap<RuntimeName, Digest>) {
        self.runtimes.set(all);
    }

    async fn provision(&self, head: &Arc<FunctionVersion>) {
        self.pools.withdraw_former(head);
        if head.configuration.provisioned.always() == 0 {
            return;
        }
        match self.code(head).await {
            Ok(code) => {
                if let Some(instances) = self.pools.instances(head, &code, &self.shared) {
                    instances.fill().await;
                    let (function, idle) = (&head.name, instances.idle());
                    tracing::info!(%function, idle, "instances are ready");
                }
            }
            Err(error) => {
                tracing::warn!(function = %head.name, %error, "cannot provision instances");
            }
        }
    }

    fn provisioned(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Option<ProvisionedVersion> {
        self.provisioned_version(namespace, name, number)
    }

    fn withdraw(&self, namespace: &Namespace, name: &FunctionName, version: Option<VersionNumber>) {
        self.pools.withdraw(namespace, name, version);
    }

    async fn forget(&self, digest: Digest) {
        self.pools.forget(digest);
        self.packages.forget(digest);
        self.snapshots.forget(digest).await;
        self.loader.forget(digest).await;
    }
}

fn check(inspection: &Inspection) -> Result<(), Error> {
    if !inspection.unmet.is_empty() {
        let list: Vec<_> = inspection.unmet.iter().map(|unmet| format!("  {unmet}")).collect();
        let detail = format!("the component imports what is not served:\n{}", list.join("\n"));
        return Err(Error::new(ErrorCode::UnmetImports, detail));
    }
    if inspection.handlers.is_empty() {
        let exports: Vec<_> = inspection.exports.iter().map(ToString::to_string).collect();
        let handlers: Vec<_> = Handler::ALL.iter().map(|handler| handler.as_str()).collect();
        let detail = format!(
            "the component has no export that can be called; it exports [{}], and one of these is needed: {}",
            exports.join(", "),
            handlers.join(", ")
        );
        return Err(Error::new(ErrorCode::InvalidComponent, detail));
    }
    Ok(())
}

/// `named` are the exports with a handler's name; whether their types are
/// right is known only now.
fn inspected(component: &Component<Ctx>, named: &[Handler]) -> Result<Inspected, Error> {
    let handlers = component.handlers();
    if handlers.is_empty() {
        let named: Vec<_> = named.iter().map(|handler| handler.as_str()).collect();
        let detail = format!(
            "the component exports {}, but with other functions or types than that interface has",
            named.join(", ")
        );
        return Err(Error::new(ErrorCode::InvalidComponent, detail));
    }
    let memory_bytes_min = component.memory_bytes_min().unwrap_or(0);
    let can_be_frozen = component.can_be_frozen();
    Ok(Inspected { handlers, memory_bytes_min, can_be_frozen })
}
