use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use lambent_storage::{Expected, WriteError};
use lambent_types::{
    Code, Configuration, ConfigurationPatch, Digest, Error, ErrorCode, Function, FunctionVersion,
    Image, Precondition, VersionNumber,
};

use super::Deployed;
use super::FunctionHandle;
use super::errors::{check, no_version};
use super::requirements::{fits, shares};
use super::upload::{Uploaded, archive, patch_for};
use crate::client_errors::quota;
use crate::images::FetchedImage;
use crate::inspect::Inspected;
use crate::operation::Operation;

/// What takes the place of a function's code.
struct Replacement {
    upload: Bytes,
    /// The image that it was fetched from.
    image: Option<Image>,
    /// Whether it may wait for its runtime.
    may_wait: bool,
}

impl Replacement {
    const fn of(upload: Bytes) -> Self {
        Self { upload, image: None, may_wait: false }
    }
}

/// Changes to a function's head.
impl FunctionHandle<'_> {
    /// Creates a function, or replaces the code of an existing one and changes
    /// its configuration by `patch`. Returns when it is stored durably and
    /// ready to serve. What is uploaded is a component, or, with a runtime, an archive
    /// of files.
    ///
    /// # Errors
    /// `PayloadTooLarge`, `InvalidPackage`, `RuntimeNotFound`, `LayerNotFound`, `VolumeNotFound`,
    /// `InvalidConfiguration`,
    /// `PreconditionFailed`, whatever
    /// [`Inspect::prepare`](crate::Inspect::prepare) refuses; the store failed.
    pub async fn deploy(
        &self,
        upload: Bytes,
        patch: ConfigurationPatch,
        expected: &Precondition,
    ) -> Result<Deployed, Error> {
        self.perform(
            Operation::DeployFunction,
            self.replace_code(Replacement::of(upload), patch, expected),
        )
        .await
    }

    /// The same, but what is for a runtime of AWS's that the node does not have is stored: calls of it say what
    /// would run it, and it runs once that runtime is installed.
    ///
    /// # Errors
    /// As [`deploy`](Self::deploy).
    pub async fn deploy_or_store(
        &self,
        upload: Bytes,
        patch: ConfigurationPatch,
        expected: &Precondition,
    ) -> Result<Deployed, Error> {
        let replacement = Replacement { may_wait: true, ..Replacement::of(upload) };
        let replaced = self.replace_code(replacement, patch, expected);
        self.perform(Operation::DeployFunction, replaced).await
    }

    /// The same with a component that the node fetches from a registry of OCI artifacts, of those that it may
    /// fetch from. `image` is a reference such as `registry.example.com/shop/orders:7`. The version keeps the
    /// component, and the digest that the reference led to: it is not fetched again.
    ///
    /// # Errors
    /// As [`deploy`](Self::deploy); `InvalidRequest`: it is no reference; `Forbidden`: the node fetches nothing
    /// from that registry; `ImageUnavailable`: it cannot be fetched, or is no component.
    pub async fn deploy_image(
        &self,
        image: &str,
        patch: ConfigurationPatch,
        expected: &Precondition,
    ) -> Result<Deployed, Error> {
        self.perform(Operation::DeployFunction, async {
            let current = self.stores().registry.function(self.place().0, self.name()).await?;
            let revision = current.map(|function| function.revision);
            check(self.name(), expected, revision)?;
            let FetchedImage { component, image } = self.service().images.fetch(image).await?;
            let replacement = Replacement { image: Some(image), ..Replacement::of(component) };
            self.replace_code(replacement, patch, expected).await
        })
        .await
    }

    async fn replace_code(
        &self,
        Replacement { upload, image, may_wait }: Replacement,
        patch: ConfigurationPatch,
        expected: &Precondition,
    ) -> Result<Deployed, Error> {
        let (namespace, name) = self.place();
        // What can be refused cheaply is refused before compiling.
        self.stores().space.check()?;
        let current = self.stores().registry.function(namespace, name).await?;
        let before = current.as_ref().map(|function| &function.latest.configuration);
        let patch = patch_for(&upload, patch, before)?;
        check(name, expected, current.as_ref().map(|function| function.revision))?;
        let patch = self.scope().with_pinned_layers(patch).await?;
        let checked = configured(&patch, current.as_deref())?;
        self.scope().check_function_destinations(current.as_deref(), &checked).await?;
        self.scope().check_mounts(current.as_deref(), &checked).await?;

        let head = current.as_ref().map(|function| &*function.latest);
        let layers = self.scope().packages_of(&checked.layers, head).await?;
        let archive = archive(&upload).await?;
        let Uploaded { code, inspected, warnings, _holds } =
            match may_wait && self.lacks_runtime(&checked).await? {
                true => self.upload_for_later(upload, &checked, layers).await?,
                false => self.upload(upload, &checked, layers).await?,
            };
        let code = Code { upload: archive, image, ..code };
        let deployed = self
            .set_head(expected, |current| {
                let configuration = configured(&patch, current)?;
                fits(&configuration, &inspected)?;
                if configuration.layers != checked.layers {
                    let detail = "the function's layers were changed meanwhile; deploy it again";
                    return Err(Error::new(ErrorCode::Conflict, detail));
                }
                Ok(FunctionVersion {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    version: VersionNumber::Latest,
                    code: code.clone(),
                    handlers: inspected.handlers.clone(),
                    configuration,
                    created: Timestamp::now(),
                })
            })
            .await?;
        Ok(Deployed { warnings, ..deployed })
    }

    /// Changes the configuration of the head.
    ///
    /// # Errors
    /// `FunctionNotFound`, `InvalidConfiguration`, `LayerNotFound`, `VolumeNotFound`,
    /// `InvalidPackage` (with new layers it is too large), `PreconditionFailed`; the store failed.
    pub async fn configure(
        &self,
        patch: ConfigurationPatch,
        expected: &Precondition,
    ) -> Result<Arc<Function>, Error> {
        self.perform(Operation::ConfigureFunction, async {
            let name = self.name();
            let patch = &self.scope().with_pinned_layers(patch).await?;
            loop {
                let current = self.describe().await?;
                check(name, expected, Some(current.revision))?;
                let latest = &current.latest;
                let configuration = patch.apply(&latest.configuration)?;
                shares(&configuration, &latest.handlers)?;
                self.scope().check_function_destinations(Some(&current), &configuration).await?;
                self.scope().check_mounts(Some(&current), &configuration).await?;
                let former = &latest.configuration;
                let needs_more = configuration.memory_bytes < former.memory_bytes
                    || (configuration.snapshot && !former.snapshot);
                if needs_more && !latest.code.awaits_runtime {
                    let _hold = self.service().code_in_use.hold(latest.code.component).await;
                    let code = self.service().stored(latest.code.component).await?;
                    fits(&configuration, &self.prepare(latest.code.component, code).await?)?;
                }
                let (code, _holds) = self.code_under(latest, &configuration).await?;
                let created = Timestamp::now();
                let head = FunctionVersion { code, configuration, created, ..(**latest).clone() };
                if let Some(function) = self.try_head(head, Some(&current)).await? {
                    return Ok(function);
                }
            }
        })
        .await
    }

    /// Gives the head the code and the configuration of a version. Returns when
    /// it is stored durably and ready to serve.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `PreconditionFailed`; the store failed.
    pub async fn rollback(
        &self,
        number: u64,
        expected: &Precondition,
    ) -> Result<Arc<Function>, Error> {
        self.perform(Operation::RollbackFunction, async {
            let (namespace, name) = self.place();
            let current = self.describe().await?;
            check(name, expected, Some(current.revision))?;
            let code = self.version(number).await?.code.clone();
            let _holds = self.service().code_in_use.hold_all(code.digests()).await;
            // Read again under the hold: from here on its code cannot be collected.
            let version = self.stores().registry.version(namespace, name, number).await?;
            let version = version
                .filter(|version| version.code == code)
                .ok_or_else(|| no_version(name, number))?;
            if !code.awaits_runtime {
                let component = self.service().stored(code.component).await?;
                self.prepare(code.component, component).await?;
            }
            let deployed = self
                .set_head(expected, |current| {
                    current.ok_or_else(|| self.not_found())?;
                    Ok(FunctionVersion {
                        version: VersionNumber::Latest,
                        created: Timestamp::now(),
                        ..(*version).clone()
                    })
                })
                .await?;
            Ok(deployed.function)
        })
        .await
    }

    pub(super) async fn prepare(&self, digest: Digest, code: Bytes) -> Result<Inspected, Error> {
        let namespace = self.namespace();
        let inspected = self.service().inspect.prepare(namespace, digest, code).await?;
        if inspected.handlers.is_empty() {
            return Err(Error::new(
                ErrorCode::NotInvocable,
                "the component exports nothing that can be called; export one of \
                 lambent:function/handler, wasi:http/incoming-handler, wasi:http/handler, \
                 wasi:cli/run",
            ));
        }
        Ok(inspected)
    }

    /// Sets the head to what `make` makes of the function as it is.
    async fn set_head(
        &self,
        expected: &Precondition,
        make: impl Fn(Option<&Function>) -> Result<FunctionVersion, Error> + Send + Sync,
    ) -> Result<Deployed, Error> {
        let (namespace, name) = self.place();
        loop {
            let current = self.stores().registry.function(namespace, name).await?;
            check(name, expected, current.as_ref().map(|function| function.revision))?;
            let head = make(current.as_deref())?;
            if let Some(function) = self.try_head(head, current.as_deref()).await? {
                let (created, warnings) = (current.is_none(), Vec::new());
                return Ok(Deployed { function, created, warnings });
            }
        }
    }

    /// Sets the head, unless the function is no longer as it was `seen`: then
    /// another change was first, and the caller looks again.
    pub(super) async fn try_head(
        &self,
        head: FunctionVersion,
        seen: Option<&Function>,
    ) -> Result<Option<Arc<Function>>, Error> {
        let expected = seen.map_or(Expected::Absent, |seen| Expected::Revision(seen.revision));
        match self.stores().registry.put(head, Some(expected)).await {
            Ok(function) => {
                if let Some(seen) = seen {
                    let former = seen.latest.code.digests();
                    former.for_each(|digest| self.service().code_in_use.release(digest));
                }
                self.service().collect_released().await;
                self.service().inspect.provision(&function.latest).await;
                Ok(Some(function))
            }
            Err(WriteError::Storage(error)) => Err(error.into()),
            Err(WriteError::Quota(error)) => Err(quota(&error)),
            // `put` finds or makes what it changes: it refuses for nothing else.
            Err(_) => Ok(None),
        }
    }
}

fn configured(
    patch: &ConfigurationPatch,
    current: Option<&Function>,
) -> Result<Configuration, Error> {
    match current {
        Some(function) => patch.apply(&function.latest.configuration),
        None => patch.apply(&Configuration::default()),
    }
}
