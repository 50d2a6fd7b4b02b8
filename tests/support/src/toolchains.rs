//! The compilers of other languages than Rust.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use lambent_types::Digest;

use crate::root;

/// Whether a program can be run; if not, that is said on standard output.
#[must_use]
pub fn is_here(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
    let is_here = status.is_ok_and(|status| status.success());
    if !is_here {
        println!("skipped: {program} {} does not run here", arguments.join(" "));
    }
    is_here
}

/// Returns the folder of a `zig`, which is installed if it is not there; none, which is said on
/// standard output, where there is no Python to install it.
///
/// # Panics
/// Panics if it cannot be installed.
#[must_use]
pub fn zig() -> Option<PathBuf> {
    static INSTALLED: OnceLock<Option<PathBuf>> = OnceLock::new();
    INSTALLED.get_or_init(install_zig).clone()
}

fn install_zig() -> Option<PathBuf> {
    let pins = root().join("tests/support/toolchains/zig.txt");
    let digest = Digest::of(&std::fs::read(&pins).unwrap()).to_string();
    let toolchains = root().join("target/toolchains");
    let installed = toolchains.join(format!("zig-{}", &digest[..16]));
    if !installed.exists() {
        if !is_here("python3", &["-m", "pip", "--version"]) {
            return None;
        }
        std::fs::create_dir_all(&toolchains).unwrap();
        let new = tempfile::tempdir_in(&toolchains).unwrap();
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--require-hashes", "--only-binary", ":all:", "--target"]).arg(new.path());
        let done = pip.arg("-r").arg(pins).status();
        assert!(done.is_ok_and(|status| status.success()), "see what pip said");
        // Whoever was first has installed the same.
        let _ = std::fs::rename(new.keep(), &installed);
    }
    Some(installed.join("ziglang"))
}
