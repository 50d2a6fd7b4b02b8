//! Checks an upload before it is sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use lambent_types::bounds::CODE_BYTES_MAX;
use lambent_types::format_bytes;

use crate::error::CliError;

/// Reads a component from a file, or from standard input for `-`.
///
/// # Errors
/// Usage: the file is missing, empty, too large, or plainly no component.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let name =
        if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() };
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
    check(&name, &code)?;
    Ok(code)
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
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(CliError::usage(format!("{shown} is a directory; name the .wasm file in it")));
    }
    Ok(file)
}

/// Checks what the first bytes say; the server looks at the rest.
fn check(name: &str, code: &[u8]) -> Result<(), CliError> {
    const COMPONENT: [u8; 4] = [0x0d, 0x00, 0x01, 0x00];
    const MODULE: [u8; 4] = [0x01, 0x00, 0x00, 0x00];
    let refuse = |what: &str, hint: &str| Err(CliError::usage(format!("{name} {what}")).hint(hint));
    let target = "build for WebAssembly: cargo build --release --target wasm32-wasip2";
    match code {
        [] => refuse("is empty", "the build that should have written it may have failed"),
        [b'\0', b'a', b's', b'm', layer @ ..] if layer.starts_with(&COMPONENT) => Ok(()),
        [b'\0', b'a', b's', b'm', layer @ ..] if layer.starts_with(&MODULE) => refuse(
            "is a core WebAssembly module; Lambent runs components",
            "build for a target that makes components: cargo build --release --target wasm32-wasip2\n\
             or wrap it: wasm-tools component new module.wasm -o component.wasm\n\
             (a module that imports wasi_snapshot_preview1 also needs --adapt)",
        ),
        [b'\0', b'a', b's', b'm', ..] => refuse(
            "is WebAssembly of a version that is not known here",
            "rebuild it with current tools",
        ),
        [0x1f, 0x8b, ..] => {
            refuse("is compressed with gzip", "send the component itself: gunzip it first")
        }
        [b'P', b'K', 3 | 5, ..] => {
            refuse("is a zip archive", "send the component itself: the .wasm file in the archive")
        }
        [0x7f, b'E', b'L', b'F', ..] => refuse("is a native executable", target),
        _ if code.trim_ascii_start().starts_with(b"(") => refuse(
            "is WebAssembly text",
            "turn it into the binary form: wasm-tools parse hello.wat -o hello.wasm",
        ),
        _ => refuse("is not WebAssembly", target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &[u8]) -> String {
        check("x.wasm", code).unwrap_err().to_string()
    }

    #[test]
    fn components_pass_and_modules_are_told_how_to_become_one() {
        check("x", &wat::parse_str("(component)").unwrap()).unwrap();
        let message = refused(&wat::parse_str("(module)").unwrap());
        assert!(message.contains("core WebAssembly module"), "{message}");
        assert!(message.contains("wasm-tools component new"), "{message}");
    }

    #[test]
    fn everything_else_is_named_for_what_it_is() {
        assert!(refused(b"").contains("is empty"));
        assert!(refused(b"\0asm\x02\0\0\0").contains("version"));
        assert!(refused(b"\x1f\x8b\x08").contains("gzip"));
        assert!(refused(b"PK\x03\x04").contains("zip archive"));
        assert!(refused(b"\x7fELF").contains("native executable"));
        assert!(refused(b"\n (component)").contains("wasm-tools parse"));
        assert!(refused(b"hello").contains("not WebAssembly"));
    }

    #[test]
    fn missing_files_and_directories_are_usage_errors() {
        let directory = tempfile::tempdir().unwrap();
        let missing = read(&directory.path().join("x.wasm")).unwrap_err();
        assert!(missing.to_string().contains("does not exist"));
        assert_eq!(missing.exit(), crate::error::Exit::Usage);
        assert!(read(directory.path()).unwrap_err().to_string().contains("is a directory"));
    }
}
