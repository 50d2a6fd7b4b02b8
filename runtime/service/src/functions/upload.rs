//! What is deployed: a component, or a package of files that a runtime runs.

use std::sync::Arc;

use bytes::Bytes;
use lambent_package::{Builder, Format, Index, Limits, PackageError, Written};
use lambent_types::{
    Code, Configuration, ConfigurationPatch, Digest, Error, ErrorCode, FunctionVersion, Handler,
    Package, RuntimeUpdates, VersionNumber, bounds, format_bytes,
};

use super::FunctionHandle;
use super::requirements::fits;
use crate::code_in_use::Hold;
use crate::inspect::Inspected;
use crate::runtimes::digest_of;

/// How every WebAssembly module and component begins.
const WASM_MAGIC: &[u8] = b"\0asm";
/// The handlers of what runs on a runtime: it takes events, and messages many at a time.
const RUNTIME_HANDLERS: [Handler; 2] = [Handler::Event, Handler::Batch];

/// Code that is stored and ready to serve, and not yet of any version.
pub(super) struct Uploaded<'s> {
    pub(super) code: Code,
    pub(super) inspected: Inspected,
    /// Kept until a version refers to it.
    pub(super) _holds: Vec<Hold<'s>>,
}

/// Whether an upload is WebAssembly, and no package.
pub(super) fn is_wasm(upload: &[u8]) -> bool {
    upload.starts_with(WASM_MAGIC)
}

/// The change with what follows from what is uploaded: a component runs on no runtime.
///
/// # Errors
/// `PayloadTooLarge`; `InvalidConfiguration`: it contradicts what is uploaded.
pub(super) fn patch_for(
    upload: &[u8],
    patch: ConfigurationPatch,
) -> Result<ConfigurationPatch, Error> {
    let bytes = upload.len() as u64;
    if bytes > bounds::CODE_BYTES_MAX {
        let (size, most) = (format_bytes(bytes), format_bytes(bounds::CODE_BYTES_MAX));
        let detail = format!("the code is {size}; the most is {most}");
        return Err(Error::new(ErrorCode::PayloadTooLarge, detail));
    }
    if !is_wasm(upload) {
        return Ok(patch);
    }
    if let Some(Some(runtime)) = &patch.runtime {
        let detail = format!(
            "what was uploaded is WebAssembly, which runs by itself; leave out the runtime \
             {runtime}, or upload a zip of sources"
        );
        return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
    }
    let handler = patch.handler.or_else(|| Some(String::new()));
    Ok(ConfigurationPatch { runtime: Some(None), handler, ..patch })
}

impl<'s> FunctionHandle<'s> {
    /// Stores what was uploaded and makes it ready to serve.
    pub(super) async fn upload(
        &self,
        upload: Bytes,
        configuration: &Configuration,
    ) -> Result<Uploaded<'_>, Error> {
        let runs = configuration.runtime.is_some();
        if !runs && Format::of(&upload).is_some() {
            let format = if upload.starts_with(b"\x1f\x8b") { "gzip" } else { "a zip archive" };
            let detail = format!("what was uploaded is {format}: {NO_RUNTIME}");
            return Err(Error::new(ErrorCode::InvalidComponent, detail));
        }
        if is_wasm(&upload) || !runs {
            self.upload_component(upload, configuration).await
        } else {
            self.upload_package(upload, configuration).await
        }
    }

    async fn upload_component(
        &self,
        component: Bytes,
        configuration: &Configuration,
    ) -> Result<Uploaded<'_>, Error> {
        let bytes = component.len() as u64;
        let digest = digest_of(component.clone()).await?;
        let hold = self.service().code_in_use.hold(digest).await;
        let inspected = self.prepare(digest, component.clone()).await?;
        fits(configuration, &inspected)?;
        self.stores().code.put(digest, component).await?;
        Ok(Uploaded { code: Code::component(digest, bytes), inspected, _holds: vec![hold] })
    }

    async fn upload_package(
        &self,
        upload: Bytes,
        configuration: &Configuration,
    ) -> Result<Uploaded<'_>, Error> {
        let (component, inspected) = self.runtime_of(configuration).await?;
        fits(configuration, &inspected)?;
        let runs = self.service().code_in_use.hold(component).await;
        let (package, bytes) = blocking(move || pack(&upload)).await??;
        let hold = self.service().code_in_use.hold(package.digest).await;
        self.stores().code.put(package.digest, bytes.clone()).await?;
        // The component is the node's, and counts to no namespace.
        let code = Code { component, bytes: 0, package: Some(package), added: None };
        let version = self.undeployed(code.clone(), configuration.clone());
        let additions = self.service().inspect.additions(&Arc::new(version)).await;
        let (mut code, mut holds) = (code, vec![runs, hold]);
        if let Some((added, bytes)) = blocking(move || added(&bytes, package, additions)).await? {
            holds.push(self.service().code_in_use.hold(added.digest).await);
            self.stores().code.put(added.digest, bytes).await?;
            code.added = Some(added);
        }
        Ok(Uploaded { code, inspected, _holds: holds })
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
    /// a later version of it.
    pub(super) async fn code_under(
        &self,
        code: &Code,
        former: &Configuration,
        configuration: &Configuration,
    ) -> Result<Code, Error> {
        match (&code.package, &configuration.runtime) {
            (None, None) => Ok(code.clone()),
            (None, Some(runtime)) => {
                let detail = format!(
                    "the function is a component, which runs by itself; deploy a package to run \
                     it on {runtime}"
                );
                Err(Error::new(ErrorCode::InvalidConfiguration, detail))
            }
            (Some(_), None) => Err(Error::new(ErrorCode::InvalidConfiguration, NO_RUNTIME)),
            (Some(_), Some(_)) => {
                let same = former.runtime == configuration.runtime
                    && configuration.runtime_updates == RuntimeUpdates::Auto;
                if same && !configuration.handler.is_empty() {
                    return Ok(code.clone());
                }
                let (component, _) = self.runtime_of(configuration).await?;
                Ok(Code { component, ..code.clone() })
            }
        }
    }
}

const NO_RUNTIME: &str = "the function is a package, which needs a runtime to run it; give one, \
                          such as python3.14, or deploy the component itself";

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "packing failed");
        Error::new(ErrorCode::Internal, "the package could not be read; see the server's log")
    })
}

/// A package of what a runtime adds to one, where that has no file of its own; none if there is
/// nothing, or it does not fit beside it. Blocks.
fn added(
    bytes: &Bytes,
    package: Package,
    additions: Vec<(String, Vec<u8>)>,
) -> Option<(Package, Bytes)> {
    let whole: &[u8] = bytes;
    let index = Index::open(&whole, package.bytes).ok()?;
    let mut together = Builder::new(Limits::LAMBDA);
    together.add_package(&whole, &index).ok()?;
    let mut builder = Builder::new(Limits::LAMBDA);
    for (path, bytes) in &additions {
        if index.get(path).is_none() {
            together.add_bytes(path, bytes.as_slice()).ok()?;
            builder.add_bytes(path, bytes.as_slice()).ok()?;
        }
    }
    let mut packed = Vec::new();
    let written = builder.write(&mut packed).ok()?;
    Some((written.package, packed.into()))
}

/// Reads an archive, and gives its files in the canonical form. Blocks.
fn pack(upload: &Bytes) -> Result<(Package, Bytes), Error> {
    let scratch = tempfile::tempfile().map_err(|error| refused(PackageError::Io(error)))?;
    let mut builder = Builder::new(Limits::LAMBDA);
    let whole: &[u8] = upload;
    builder.add_upload(&whole, whole.len() as u64, None, &scratch, 0).map_err(refused)?;
    let mut packed = Vec::new();
    let Written { package, index, heads } = builder.write(&mut packed).map_err(refused)?;
    let component = index.entries().iter().zip(&heads).find(|(_, head)| is_component(**head));
    if let Some((entry, _)) = component {
        let detail = format!(
            "the package holds the component {:?}; deploy it by itself and without a runtime, or \
             leave it out of the package",
            entry.path
        );
        return Err(Error::new(ErrorCode::InvalidPackage, detail));
    }
    Ok((package, packed.into()))
}

/// Whether a file that begins so is a component; modules may be data of a package.
fn is_component(head: [u8; 8]) -> bool {
    head.starts_with(WASM_MAGIC) && head[6..] == [1, 0]
}

fn refused(error: PackageError) -> Error {
    match error {
        PackageError::Io(error) => {
            tracing::error!(%error, "could not read a package");
            let detail = "the package could not be unpacked; is the disk full?";
            Error::new(ErrorCode::StorageUnavailable, detail)
        }
        refused => Error::new(ErrorCode::InvalidPackage, refused.to_string()),
    }
}
