//! What is deployed: a component, or a package of files that a runtime runs.

use std::sync::Arc;

use bytes::Bytes;
use lambent_package::Format;
use lambent_types::{
    AdaptedFrom, Code, Configuration, ConfigurationPatch, Digest, Error, ErrorCode,
    FunctionVersion, Handler, Layers, Package, RuntimeName, RuntimeUpdates, VersionNumber, bounds,
    format_bytes,
};

use super::FunctionHandle;
use super::requirements::fits;
use crate::code_in_use::Hold;
use crate::inspect::{Additions, Inspected};
use crate::layers::check_used;
use crate::packing::{
    bootstrap, component_in, is_module, is_wasm, limits_beside, pack, pack_additions,
};
use crate::runtimes::digest_of;

/// The handlers of what runs on a runtime, and of programs: it takes events, and messages many at a time.
const RUNTIME_HANDLERS: [Handler; 2] = [Handler::Event, Handler::Batch];

/// Code that is stored and ready to serve, and not yet of any version.
pub(super) struct Uploaded<'s> {
    pub(super) code: Code,
    pub(super) inspected: Inspected,
    /// What is wrong with files of it, for the deployer.
    pub(super) warnings: Vec<String>,
    /// Kept until a version refers to it.
    pub(super) _holds: Vec<Hold<'s>>,
}

/// Code with what its runtime adds to its files.
struct Completed<'s> {
    code: Code,
    /// Keeps what was added until a version refers to it.
    added: Option<Hold<'s>>,
    warnings: Vec<String>,
}

/// The change with what follows from what is uploaded: a component runs on no runtime, unless it
/// is a program, of a function that was one `before` or is to be one.
///
/// # Errors
/// `PayloadTooLarge`; `InvalidConfiguration`: it contradicts what is uploaded.
pub(super) fn patch_for(
    upload: &[u8],
    patch: ConfigurationPatch,
    before: Option<&Configuration>,
) -> Result<ConfigurationPatch, Error> {
    let bytes = upload.len() as u64;
    if bytes > bounds::CODE_BYTES_MAX {
        let (size, most) = (format_bytes(bytes), format_bytes(bounds::CODE_BYTES_MAX));
        let detail = format!("the code is {size}; the most is {most}");
        return Err(Error::new(ErrorCode::PayloadTooLarge, detail));
    }
    let is_program = match &patch.runtime {
        Some(runtime) => runtime.as_ref().is_some_and(RuntimeName::is_provided),
        None => before.is_some_and(Configuration::is_program),
    };
    if !is_wasm(upload) || is_program {
        return Ok(patch);
    }
    if let Some(Some(runtime)) = &patch.runtime {
        let detail = format!(
            "what was uploaded is WebAssembly, which runs by itself; leave out the runtime \
             {runtime}, or upload a zip of sources; a program that takes its events by Lambda's \
             Runtime API is deployed with the runtime provided.al2023"
        );
        return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
    }
    let handler = patch.handler.or_else(|| Some(String::new()));
    let layers = patch.layers.or_else(|| Some(Layers::default()));
    Ok(ConfigurationPatch { runtime: Some(None), handler, layers, ..patch })
}

/// What is noted of an upload that is not itself what is kept.
pub(super) async fn archive(upload: &Bytes) -> Result<Option<Package>, Error> {
    if is_wasm(upload) {
        return Ok(None);
    }
    let digest = digest_of(upload.clone()).await?;
    Ok(Some(Package { digest, bytes: upload.len() as u64 }))
}

impl<'s> FunctionHandle<'s> {
    /// Stores what was uploaded and makes it ready to serve.
    pub(super) async fn upload(
        &self,
        upload: Bytes,
        configuration: &Configuration,
        layers: Vec<Package>,
    ) -> Result<Uploaded<'_>, Error> {
        check_used(configuration)?;
        if configuration.is_program() {
            return self.upload_program(upload, configuration).await;
        }
        let runs = configuration.runtime.is_some();
        if !runs && Format::of(&upload).is_some() {
            return self.upload_archive(upload, configuration).await;
        }
        if is_wasm(&upload) || !runs {
            self.upload_component(upload, configuration).await
        } else {
            self.upload_package(upload, configuration, layers).await
        }
    }

    /// A program: WebAssembly, or an archive in which it is the file `bootstrap`.
    async fn upload_program(
        &self,
        upload: Bytes,
        configuration: &Configuration,
    ) -> Result<Uploaded<'_>, Error> {
        let (program, warnings) = match is_wasm(&upload) {
            true => (upload, Vec::new()),
            false => bootstrap(upload).await?,
        };
        let mut uploaded = self.upload_component(program, configuration).await?;
        uploaded.inspected.handlers = RUNTIME_HANDLERS.into();
        uploaded.warnings = warnings;
        Ok(uploaded)
    }

    /// A component in an archive, as tools that upload nothing else wrap it.
    async fn upload_archive(
        &self,
        upload: Bytes,
        configuration: &Configuration,
    ) -> Result<Uploaded<'_>, Error> {
        let (component, warnings) = component_in(upload, configuration.handler.clone()).await?;
        let uploaded = self.upload_component(component, configuration).await?;
        Ok(Uploaded { warnings, ..uploaded })
    }

    async fn upload_component(
        &self,
        component: Bytes,
        configuration: &Configuration,
    ) -> Result<Uploaded<'_>, Error> {
        let bytes = component.len() as u64;
        let digest = digest_of(component.clone()).await?;
        let adapted_from = is_module(&component).then_some(AdaptedFrom::Preview1);
        let hold = self.service().code_in_use.hold(digest).await;
        let inspected = self.prepare(digest, component.clone()).await?;
        fits(configuration, &inspected)?;
        if configuration.is_program() {
            begins(&inspected.handlers)?;
        }
        self.stores().code.put(digest, component).await?;
        let code = Code { adapted_from, ..Code::component(digest, bytes) };
        Ok(Uploaded { code, inspected, warnings: Vec::new(), _holds: vec![hold] })
    }

    async fn upload_package(
        &self,
        upload: Bytes,
        configuration: &Configuration,
        layers: Vec<Package>,
    ) -> Result<Uploaded<'_>, Error> {
        let (component, inspected) = self.runtime_of(configuration).await?;
        fits(configuration, &inspected)?;
        let in_use = &self.service().code_in_use;
        let mut holds = vec![in_use.hold(component).await];
        holds.extend(in_use.hold_all(layers.iter().map(|layer| layer.digest)).await);
        let (package, bytes) = pack(upload).await?;
        holds.push(in_use.hold(package.digest).await);
        self.stores().code.put(package.digest, bytes).await?;
        // The component is the node's, and counts to no namespace.
        let code = Code { package: Some(package), layers, ..Code::component(component, 0) };
        let Completed { code, added, warnings } = self.completed(code, configuration).await?;
        holds.extend(added);
        Ok(Uploaded { code, inspected, warnings, _holds: holds })
    }

    /// Whether a function is for a runtime of AWS's that the node does not have.
    pub(super) async fn lacks_runtime(&self, configuration: &Configuration) -> Result<bool, Error> {
        let Some(runtime) = configuration.runtime.as_ref().filter(|name| name.is_of_aws()) else {
            return Ok(false);
        };
        if runtime.is_provided() {
            return Ok(false);
        }
        match self.service().runtime(runtime).await {
            Ok(_) => Ok(false),
            Err(error) if error.code() == ErrorCode::RuntimeNotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Stores a package whose runtime there is not.
    pub(super) async fn upload_for_later(
        &self,
        upload: Bytes,
        configuration: &Configuration,
        layers: Vec<Package>,
    ) -> Result<Uploaded<'_>, Error> {
        check_used(configuration)?;
        let in_use = &self.service().code_in_use;
        let mut holds = in_use.hold_all(layers.iter().map(|layer| layer.digest)).await;
        let (package, bytes) = pack(upload).await?;
        holds.push(in_use.hold(package.digest).await);
        self.stores().code.put(package.digest, bytes).await?;
        let stored = Code::component(package.digest, package.bytes);
        let code = Code { package: Some(package), layers, awaits_runtime: true, ..stored };
        let remedy = configuration.runtime.as_ref().map(RuntimeName::remedy).unwrap_or_default();
        let warning = format!(
            "there is no runtime for it here, so that it is stored, and does not run; {remedy}"
        );
        let handlers = RUNTIME_HANDLERS.into();
        let inspected = Inspected { handlers, memory_bytes_min: 0, can_be_frozen: true };
        Ok(Uploaded { code, inspected, warnings: vec![warning], _holds: holds })
    }

    /// Code with what its runtime adds to its files. They have to be stored, and held until a
    /// version refers to them, as what is added is.
    async fn completed(
        &self,
        code: Code,
        configuration: &Configuration,
    ) -> Result<Completed<'_>, Error> {
        let mut opened = Vec::new();
        for package in code.packages() {
            opened.push((self.service().opened(package.digest).await?, package));
        }
        let limits = limits_beside(opened).await?;
        let version = self.undeployed(code.clone(), configuration.clone());
        let Additions { files, warnings } =
            self.service().inspect.additions(&Arc::new(version)).await;
        let Some((added, bytes)) = pack_additions(files, limits).await? else {
            return Ok(Completed { code, added: None, warnings });
        };
        let hold = self.service().code_in_use.hold(added.digest).await;
        self.stores().code.put(added.digest, bytes).await?;
        let code = Code { added: Some(added), ..code };
        Ok(Completed { code, added: Some(hold), warnings })
    }

    /// A version as it would be, for who makes it ready.
    fn undeployed(&self, code: Code, configuration: Configuration) -> FunctionVersion {
        let (namespace, name) = self.place();
        FunctionVersion {
            namespace: namespace.clone(),
            name: name.clone(),
            version: VersionNumber::Latest,
            code,
            handlers: RUNTIME_HANDLERS.into(),
            configuration,
            created: self.service().clock.now(),
        }
    }

    /// The component that a function runs on by its configuration, ready to serve.
    pub(super) async fn runtime_of(
        &self,
        configuration: &Configuration,
    ) -> Result<(Digest, Inspected), Error> {
        let no_runtime = || Error::new(ErrorCode::InvalidConfiguration, NO_RUNTIME);
        let name = configuration.runtime.as_ref().ok_or_else(no_runtime)?;
        if configuration.handler.is_empty() {
            let detail = format!(
                "there is no handler; say what {name} calls of the package, such as app.handler"
            );
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        let runtime = self.service().runtime(name).await?;
        let current = runtime.current().ok_or_else(no_runtime)?;
        let inspected = match self.service().inspect.prepared(current.digest).await {
            Some(inspected) => inspected,
            None => {
                let component = self.service().stored(current.digest).await?;
                self.prepare(current.digest, component).await?
            }
        };
        Ok((current.digest, Inspected { handlers: RUNTIME_HANDLERS.into(), ..inspected }))
    }

    /// The code of a head after its configuration was changed: the runtime may be another, or
    /// a later version of it, and so may the layers.
    pub(super) async fn code_under(
        &self,
        head: &FunctionVersion,
        configuration: &Configuration,
    ) -> Result<(Code, Vec<Hold<'_>>), Error> {
        check_used(configuration)?;
        // What is frozen is the state under the former configuration.
        let code = &Code { snapshot: None, ..head.code.clone() };
        let in_use = &self.service().code_in_use;
        let (was_program, is_program) =
            (head.configuration.is_program(), configuration.is_program());
        if was_program && is_program {
            return Ok((code.clone(), in_use.hold_all(code.digests()).await));
        }
        if was_program || is_program {
            let detail = "a function becomes a program that takes its events by Lambda's Runtime \
                          API, or ceases to be one, when it is deployed; deploy it again with the \
                          runtime that it is to have";
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        match (&code.package, &configuration.runtime) {
            (None, None) => return Ok((code.clone(), in_use.hold_all(code.digests()).await)),
            (None, Some(runtime)) => {
                let detail = format!(
                    "the function is a component, which runs by itself; deploy a package to run \
                     it on {runtime}"
                );
                return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
            }
            (Some(_), None) => return Err(Error::new(ErrorCode::InvalidConfiguration, NO_RUNTIME)),
            (Some(_), Some(_)) => {}
        }
        let lacks_runtime = code.awaits_runtime && self.lacks_runtime(configuration).await?;
        let same = head.configuration.runtime == configuration.runtime
            && !code.awaits_runtime
            && configuration.runtime_updates == RuntimeUpdates::Auto
            && !configuration.handler.is_empty();
        let runs_on = match same || lacks_runtime {
            true => code.clone(),
            // The component is the node's, and counts to no namespace.
            false => Code::component(self.runtime_of(configuration).await?.0, 0),
        };
        let layers = self.scope().packages_of(&configuration.layers, Some(head)).await?;
        let changed = layers != code.layers;
        let added = code.added.filter(|_| !changed);
        let Code { component, bytes, awaits_runtime, .. } = runs_on;
        let is_new = code.awaits_runtime && !awaits_runtime;
        let code = Code { component, bytes, awaits_runtime, layers, added, ..code.clone() };
        let mut holds = in_use.hold_all(code.digests()).await;
        if awaits_runtime || !(changed || is_new) {
            return Ok((code, holds));
        }
        let Completed { code, added, .. } = self.completed(code, configuration).await?;
        holds.extend(added);
        Ok((code, holds))
    }
}

/// A program begins by its `main`, or is called by its handler.
fn begins(handlers: &[Handler]) -> Result<(), Error> {
    if handlers.contains(&Handler::Run02) || handlers.contains(&Handler::Event) {
        return Ok(());
    }
    let detail = "the component exports neither wasi:cli/run@0.2, which is how a program begins \
                  that takes its events by Lambda's Runtime API, nor lambent:function/handler; \
                  deploy it without a runtime";
    Err(Error::new(ErrorCode::NotInvocable, detail))
}

const NO_RUNTIME: &str = "the function is a package, which needs a runtime to run it; give one, \
                          such as python3.14, or deploy the component itself";
