//! A Lambda function in Rust, built as its owner would build it for here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::root;

/// The place in socket2 at which it would call what wasi-libc refuses on a socket that is not
/// connected yet, and what it is to call there.
const SET_NONBLOCKING: &str =
    "pub(crate) fn set_nonblocking(fd: RawSocket, nonblocking: bool) -> io::Result<()> {\n    if";
const PATCHED: &str = "pub(crate) fn set_nonblocking(fd: RawSocket, nonblocking: bool) -> io::Result<()> {\n    \
     #[cfg(target_os = \"wasi\")]\n    let mut on = nonblocking as c_int;\n    \
     #[cfg(target_os = \"wasi\")]\n    \
     return syscall!(ioctl(fd, libc::FIONBIO, &mut on)).map(|_| ());\n    \
     #[cfg(not(target_os = \"wasi\"))]\n    if";

/// Returns the component of `tests/lambda-rust`, with the library of AWS from its registry.
///
/// # Panics
/// Panics if it does not build.
#[must_use]
pub fn lambda_rust() -> Vec<u8> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    std::fs::read(BUILT.get_or_init(build)).unwrap()
}

fn build() -> PathBuf {
    let source = root().join("tests/lambda-rust");
    let target = root().join("target/lambda-rust");
    // A copy, as cargo writes down there that socket2 comes from elsewhere.
    let own = target.join("source");
    copy(&source, &own);
    let socket2 = patched(&own, &target);
    let patch = format!("patch.crates-io.socket2.path=\"{}\"", socket2.display());
    let mut cargo = cargo(&own);
    cargo.args(["build", "--release", "--target", "wasm32-wasip2", "--config", &patch]);
    cargo.arg("--target-dir").arg(&target).env("RUSTFLAGS", "--cfg tokio_unstable");
    let status = cargo.status().unwrap();
    assert!(status.success(), "the function does not build: {status}");
    target.join("wasm32-wasip2/release/lambda-rust.wasm")
}

fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo
}

/// The folder of socket2 as it is locked, with the one change.
fn patched(project: &Path, target: &Path) -> PathBuf {
    let metadata = ["metadata", "--locked", "--format-version", "1"];
    let output = cargo(project).args(metadata).stderr(Stdio::inherit()).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let socket2 = packages.iter().find(|package| package["name"] == "socket2").unwrap();
    let manifest = Path::new(socket2["manifest_path"].as_str().unwrap());
    let copied = target.join("socket2");
    copy(manifest.parent().unwrap(), &copied);
    let unix = copied.join("src/sys/unix.rs");
    let text = std::fs::read_to_string(&unix).unwrap();
    assert!(text.contains(SET_NONBLOCKING), "socket2 is another than the patch is for");
    std::fs::write(&unix, text.replace(SET_NONBLOCKING, PATCHED)).unwrap();
    copied
}

/// Copies a folder, in the place of what is there.
fn copy(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            std::fs::copy(path, copied).unwrap();
        }
    }
}
