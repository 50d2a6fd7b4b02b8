//! What is deployed, read and checked before it is sent: a component, or the files of a package.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use lambent_package::{Builder, Format, Limits, PackageError};
use lambent_types::bounds::CODE_BYTES_MAX;
use lambent_types::{Digest, format_bytes};

use crate::error::CliError;

/// The extensions of sources that a runtime runs.
const SOURCES: [&str; 6] = ["py", "js", "mjs", "cjs", "ts", "rb"];

/// Code to deploy.
pub(crate) struct Code {
    /// What is sent.
    pub(crate) bytes: Vec<u8>,
    /// What the server will call it by: the digest of a component, or of a package's canonical
    /// form.
    pub(crate) digest: Digest,
}

/// Reads a component from a file, or from standard input for `-`; or a package from a folder, a
/// zip, a tar or a single source file.
///
/// # Errors
/// Usage: the file is missing, empty, too large, or plainly neither.
pub(crate) fn read(path: &Path) -> Result<Code, CliError> {
    let name =
        if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() };
    if path.is_dir() {
        return folder(path, &name);
    }
    let mut code = Vec::new();
    let limit = CODE_BYTES_MAX + 1;
    let read = if is_stdin(path) {
        io::stdin().lock().take(limit).read_to_end(&mut code)
    } else {
        open(path)?.take(limit).read_to_end(&mut code)
    };
    read.map_err(|error| CliError::usage(format!("cannot read {name}: {error}")))?;
    if code.len() as u64 > CODE_BYTES_MAX {
        let most = format_bytes(CODE_BYTES_MAX);
        return Err(CliError::usage(format!(
            "{name} is larger than {most}, the most there may be"
        ))
        .hint("drop debug information: wasm-tools strip big.wasm -o small.wasm"));
    }
    if Format::of(&code).is_some() {
        return package(code, None, &name);
    }
    if is_source(path) {
        return package(code, path.file_name().and_then(|name| name.to_str()), &name);
    }
    check(&name, &code)?;
    Ok(Code { digest: Digest::of(&code), bytes: code })
}

/// Reads files as [`read`] does, of which a component is none.
///
/// # Errors
/// Usage: there are none, or they are no package.
pub(crate) fn read_package(path: &Path) -> Result<Code, CliError> {
    let code = read(path)?;
    if Format::of(&code.bytes).is_some() {
        return Ok(code);
    }
    let shown = path.display();
    Err(CliError::usage(format!("{shown} is a component, and no folder, zip or tar of files")))
}

/// Reads a component from a file as [`read`] does, and no package.
///
/// # Errors
/// Usage: there is none, or it is something else.
pub(crate) fn read_component(path: &Path) -> Result<Vec<u8>, CliError> {
    let code = read(path)?;
    check_component(&path.display().to_string(), &code.bytes)?;
    Ok(code.bytes)
}

/// Checks that these bytes, which are called so, may be a component.
///
/// # Errors
/// Usage: they plainly are not.
pub(crate) fn check_component(name: &str, code: &[u8]) -> Result<(), CliError> {
    if Format::of(code).is_some() {
        return Err(CliError::usage(format!("{name} is files, and no component")));
    }
    check(name, code)
}

/// Whether a file is a source that some runtime runs, so that it is a package by itself.
fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| SOURCES.contains(&extension))
}

/// The files of a folder, as a zip.
fn folder(path: &Path, name: &str) -> Result<Code, CliError> {
    let mut zip = Vec::new();
    lambent_package::pack(path, &mut zip, &Limits::LAMBDA)
        .map_err(|error| refused(name, &error))?;
    package(zip, None, name)
}

/// An archive, or a single file of this name, which is sent as a zip.
fn package(bytes: Vec<u8>, file: Option<&str>, name: &str) -> Result<Code, CliError> {
    let canonical = canonical(&bytes, file);
    let (digest, whole) = canonical.map_err(|error| refused(name, &error))?;
    Ok(Code { digest, bytes: if file.is_some() { whole } else { bytes } })
}

/// What the server makes of an archive: its digest there, and its bytes.
fn canonical(bytes: &[u8], file: Option<&str>) -> Result<(Digest, Vec<u8>), PackageError> {
    let scratch = tempfile::tempfile().map_err(PackageError::Io)?;
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_upload(&bytes, bytes.len() as u64, file, &scratch, 0)?;
    let mut whole = Vec::new();
    let written = builder.write(&mut whole)?;
    Ok((written.package.digest, whole))
}

fn refused(name: &str, error: &PackageError) -> CliError {
    CliError::usage(format!("{name} is no package: {error}"))
}

/// Returns whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn open(path: &Path) -> Result<File, CliError> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CliError::usage(format!("{shown} does not exist")).hint(
            "build it first, for instance: cargo build --release --target wasm32-wasip2\n\
             which leaves it in target/wasm32-wasip2/release/",
        ),
        _ => CliError::usage(format!("cannot read {shown}: {error}")),
    })?;
    Ok(file)
}

/// Checks what the first bytes say; the server looks at the rest.
fn check(name: &str, code: &[u8]) -> Result<(), CliError> {
    const COMPONENT: [u8; 4] = [0x0d, 0x00, 0x01, 0x00];
    // The server makes a component of it, if it can.
    const MODULE: [u8; 4] = [0x01, 0x00, 0x00, 0x00];
    let refuse = |what: &str, hint: &str| Err(CliError::usage(format!("{name} {what}")).hint(hint));
    let target = "build for WebAssembly: cargo build --release --target wasm32-wasip2";
    match code {
        [] => refuse("is empty", "the build that should have written it may have failed"),
        [b'\0', b'a', b's', b'm', layer @ ..]
            if layer.starts_with(&COMPONENT) || layer.starts_with(&MODULE) =>
        {
            Ok(())
        }
        [b'\0', b'a', b's', b'm', ..] => refuse(
            "is WebAssembly of a version that is not known here",
            "rebuild it with current tools",
        ),
        [0x7f, b'E', b'L', b'F', ..] => refuse("is a native executable", target),
        _ if code.trim_ascii_start().starts_with(b"(") => refuse(
            "is WebAssembly text",
            "turn it into the binary form: wasm-tools parse hello.wat -o hello.wasm",
        ),
        _ => refuse(
            "is not WebAssembly, and no zip, tar or source of a language that is run here either",
            target,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &[u8]) -> String {
        check("x.wasm", code).unwrap_err().to_string()
    }

    #[test]
    fn components_and_modules_pass() {
        check("x", &wat::parse_str("(component)").unwrap()).unwrap();
        check("x", &wat::parse_str("(module)").unwrap()).unwrap();
    }

    #[test]
    fn everything_else_is_named_for_what_it_is() {
        assert!(refused(b"").contains("is empty"));
        assert!(refused(b"\0asm\x02\0\0\0").contains("version"));
        assert!(refused(b"\x7fELF").contains("native executable"));
        assert!(refused(b"\n (component)").contains("wasm-tools parse"));
        assert!(refused(b"hello").contains("is not WebAssembly"));
    }

    #[test]
    fn missing_files_and_directories_are_usage_errors() {
        let directory = tempfile::tempdir().unwrap();
        let missing = read(&directory.path().join("x.wasm")).err().unwrap();
        assert!(missing.to_string().contains("does not exist"));
        assert_eq!(missing.exit(), crate::error::Exit::Usage);
        let empty = read(directory.path()).err().unwrap().to_string();
        assert!(empty.contains("is no package"), "{empty}");
    }

    #[test]
    fn a_folder_and_its_single_file_are_one_package() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("app.py");
        std::fs::write(&file, "def handler(event, context): pass").unwrap();
        let (folder, file) = (read(directory.path()).unwrap(), read(&file).unwrap());
        assert_eq!(folder.digest, file.digest);
        assert!(file.bytes.starts_with(b"PK"));
    }
}
