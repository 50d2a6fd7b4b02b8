//! Packages as they come from clients and from runtimes: made canonical, and measured.

use std::collections::HashSet;

use bytes::Bytes;
use lambent_package::{Builder, Entry, Index, Limits, PackageError, Written};
use lambent_storage::OpenCode;
use lambent_types::{Error, ErrorCode, Package, format_bytes};

/// How every WebAssembly module and component begins.
const WASM_MAGIC: &[u8] = b"\0asm";
/// What follows in a module: the version of it, and that it is no component.
const MODULE_VERSION: &[u8] = &[1, 0, 0, 0];
/// The program in a package of one, as Lambda names it.
const BOOTSTRAP: &str = "bootstrap";
/// Where the files of a function are, and those of its layers: what a runtime may add to.
const ROOTS: [&str; 2] = ["var/task/", "opt/"];

/// Whether an upload is WebAssembly, and no package.
pub(crate) fn is_wasm(upload: &[u8]) -> bool {
    upload.starts_with(WASM_MAGIC)
}

/// Whether an upload is a core module, of which a component is made.
pub(crate) fn is_module(upload: &[u8]) -> bool {
    upload.strip_prefix(WASM_MAGIC).is_some_and(|rest| rest.starts_with(MODULE_VERSION))
}

/// Reads an archive, and gives its files in the canonical form.
///
/// # Errors
/// `InvalidPackage`; `StorageUnavailable`: there was no room to unpack it.
pub(crate) async fn pack(upload: Bytes) -> Result<(Package, Bytes), Error> {
    blocking(move || pack_now(&upload)).await?
}

fn pack_now(upload: &Bytes) -> Result<(Package, Bytes), Error> {
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

/// The file of an archive that is a program, and what is to be said of the others.
///
/// # Errors
/// `InvalidPackage`: there is none, or it is no WebAssembly; `StorageUnavailable`: there was no
/// room to unpack it.
pub(crate) async fn bootstrap(upload: Bytes) -> Result<(Bytes, Vec<String>), Error> {
    blocking(move || bootstrap_now(&upload)).await?
}

fn bootstrap_now(upload: &Bytes) -> Result<(Bytes, Vec<String>), Error> {
    let (packed, index) = unpacked(upload)?;
    let odd = |detail: String| Error::new(ErrorCode::InvalidPackage, detail);
    let Some(entry) = index.get(BOOTSTRAP) else {
        let detail = format!(
            "the package has no file {BOOTSTRAP}, which is the program that is to run; add it, or \
             deploy the component itself"
        );
        return Err(odd(detail));
    };
    let program = sliced(&packed, entry).filter(|program| is_wasm(program)).ok_or_else(|| {
        odd(format!(
            "{BOOTSTRAP} is no WebAssembly; build it for wasm32-wasip2, as programs for machines \
             of Lambda's do not run here"
        ))
    })?;
    let others = index.entries().len() - 1;
    let warning = (others > 0).then(|| {
        format!("a program has no package: {others} files beside {BOOTSTRAP} were left out")
    });
    Ok((program, warning.into_iter().collect()))
}

/// The component in an archive: the file that `named` names, or else the only one that is WebAssembly.
///
/// # Errors
/// `InvalidPackage`: there is none, or more than one; `StorageUnavailable`: there was no room to unpack it.
pub(crate) async fn component_in(
    upload: Bytes,
    named: String,
) -> Result<(Bytes, Vec<String>), Error> {
    blocking(move || component_now(&upload, &named)).await?
}

fn component_now(upload: &Bytes, named: &str) -> Result<(Bytes, Vec<String>), Error> {
    let (packed, index) = unpacked(upload)?;
    let odd = |detail: String| Error::new(ErrorCode::InvalidPackage, detail);
    let file = |path: &str| index.get(path).and_then(|entry| sliced(&packed, entry));
    let file = |path: &str| file(path).filter(|bytes| is_wasm(bytes));
    let found: Vec<&Entry> =
        index.entries().iter().filter(|entry| file(&entry.path).is_some()).collect();
    let is_named =
        |entry: &&&Entry| entry.path == named || entry.path.strip_suffix(".wasm") == Some(named);
    let one = match (found.iter().find(is_named), found.as_slice()) {
        (Some(entry), _) => *entry,
        (None, [entry]) => *entry,
        (None, []) => {
            let detail = "the archive holds no WebAssembly, and sources need a runtime to run them; \
                          give one, such as python3.14, or add the component";
            return Err(odd(detail.into()));
        }
        (None, many) => {
            let paths: Vec<_> = many.iter().map(|entry| format!("{:?}", entry.path)).collect();
            let paths = paths.join(", ");
            let detail = format!(
                "the archive holds more than one component ({paths}); name the one to run as the \
                 handler, or leave the others out"
            );
            return Err(odd(detail));
        }
    };
    let component = file(&one.path).ok_or_else(|| odd("the archive cannot be read".into()))?;
    let others = index.entries().len() - 1;
    let warning = (others > 0).then(|| {
        format!("a component has no package: {others} files beside {} were left out", one.path)
    });
    Ok((component, warning.into_iter().collect()))
}

/// The files of an archive, unpacked, and where each is.
fn unpacked(upload: &Bytes) -> Result<(Bytes, Index), Error> {
    let scratch = tempfile::tempfile().map_err(|error| refused(PackageError::Io(error)))?;
    let mut builder = Builder::new(Limits::LAMBDA);
    let whole: &[u8] = upload;
    builder.add_upload(&whole, whole.len() as u64, None, &scratch, 0).map_err(refused)?;
    let mut packed = Vec::new();
    let Written { index, .. } = builder.write(&mut packed).map_err(refused)?;
    Ok((packed.into(), index))
}

/// The bytes of a file.
fn sliced(packed: &Bytes, entry: &Entry) -> Option<Bytes> {
    let (offset, size) = (usize::try_from(entry.offset).ok()?, usize::try_from(entry.size).ok()?);
    let range = offset..offset.checked_add(size)?;
    (range.end <= packed.len()).then(|| packed.slice(range))
}

/// A package of what a runtime adds to a function; none if there is nothing, or more than the
/// limits allow. The function runs without it, more slowly at first.
pub(crate) async fn pack_additions(
    files: Vec<(String, Vec<u8>)>,
    limits: Limits,
) -> Result<Option<(Package, Bytes)>, Error> {
    let pack = move || {
        let mut builder = Builder::new(limits);
        let belongs = |path: &str| ROOTS.iter().any(|root| path.starts_with(root));
        let own = files.iter().filter(|(path, _)| belongs(path));
        for (path, bytes) in own {
            builder.add_bytes(path, bytes.as_slice()).ok()?;
        }
        let mut packed = Vec::new();
        let Written { package, index, .. } = builder.write(&mut packed).ok()?;
        (!index.entries().is_empty()).then(|| (package, packed.into()))
    };
    blocking(pack).await
}

/// The limits of what may be added to packages that are mounted together, so that all of it is no
/// more than one package may be.
///
/// # Errors
/// `InvalidPackage`: they are too much without it; what is stored is damaged.
pub(crate) async fn limits_beside(packages: Vec<(OpenCode, Package)>) -> Result<Limits, Error> {
    blocking(move || limits_beside_now(packages)).await?
}

fn limits_beside_now(packages: Vec<(OpenCode, Package)>) -> Result<Limits, Error> {
    let (mut bytes, mut names) = (0, HashSet::new());
    for (code, package) in packages {
        let index = match code {
            OpenCode::Memory(whole) => Index::open(&&*whole, package.bytes),
            OpenCode::File(file) => Index::open(&file, package.bytes),
        };
        for entry in index.map_err(refused)?.into_entries() {
            bytes += entry.size;
            let path = entry.path.as_str();
            names.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
            names.insert(entry.path);
        }
    }
    let Limits { unpacked_bytes, entries, .. } = Limits::LAMBDA;
    let left = (unpacked_bytes.checked_sub(bytes), entries.checked_sub(names.len()));
    let detail = match left {
        (Some(unpacked_bytes), Some(entries)) => {
            return Ok(Limits { unpacked_bytes, entries, ..Limits::LAMBDA });
        }
        (None, _) => {
            let (bytes, most) = (format_bytes(bytes), format_bytes(unpacked_bytes));
            format!("the package and its layers are {bytes} together; the most is {most}")
        }
        (_, None) => format!(
            "the package and its layers have {} files and directories together; the most is \
             {entries}",
            names.len()
        ),
    };
    Err(Error::new(ErrorCode::InvalidPackage, detail))
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "packing failed");
        Error::new(ErrorCode::Internal, "the package could not be read; see the server's log")
    })
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
