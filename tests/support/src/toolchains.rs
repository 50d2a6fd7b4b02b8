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

/// Returns a program of Go, which is built if it is not there: `package` of the module at this
/// version, whose digest Go knows; none, which is said on standard output, where there is no Go.
///
/// # Panics
/// Panics if it does not build.
#[must_use]
pub fn go_program(package: &str, version: &str) -> Option<PathBuf> {
    let name = package.rsplit('/').next().unwrap();
    let toolchains = root().join("target/toolchains");
    let installed = toolchains.join(format!("{name}-{version}"));
    if !installed.exists() {
        if !is_here("go", &["version"]) {
            return None;
        }
        std::fs::create_dir_all(&toolchains).unwrap();
        let new = tempfile::tempdir_in(&toolchains).unwrap();
        let mut go = Command::new("go");
        go.args(["install", &format!("{package}@{version}")]).current_dir(new.path());
        let done = go.env("GOBIN", new.path()).env("CGO_ENABLED", "0").status();
        assert!(done.is_ok_and(|status| status.success()), "see what go said");
        // Whoever was first has installed the same.
        let _ = std::fs::rename(new.keep(), &installed);
    }
    Some(installed.join(name))
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
    Some(python_packages("zig", &[])?.join("ziglang"))
}

/// Returns a folder of the packages of PyPI that `tests/support/toolchains/<pins>.txt` pins, which
/// are installed if they are not there; none, which is said on standard output, where there is no
/// Python to install them. The options say for which Python they are, if not for the machine's.
///
/// # Panics
/// Panics if they cannot be installed.
#[must_use]
pub fn python_packages(pins: &str, options: &[&str]) -> Option<PathBuf> {
    let file = root().join(format!("tests/support/toolchains/{pins}.txt"));
    let digest = Digest::of(&std::fs::read(&file).unwrap()).to_string();
    let toolchains = root().join("target/toolchains");
    let installed = toolchains.join(format!("{pins}-{}", &digest[..16]));
    if !installed.exists() {
        if !is_here("python3", &["-m", "pip", "--version"]) {
            return None;
        }
        std::fs::create_dir_all(&toolchains).unwrap();
        let new = tempfile::tempdir_in(&toolchains).unwrap();
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--no-compile", "--require-hashes", "--only-binary", ":all:"]).args(options);
        let done = pip.arg("--target").arg(new.path()).arg("-r").arg(file).status();
        assert!(done.is_ok_and(|status| status.success()), "see what pip said");
        // Whoever was first has installed the same.
        let _ = std::fs::rename(new.keep(), &installed);
    }
    Some(installed)
}

/// Returns a folder with the packages of npm that `tests/support/toolchains/<name>/` pins, which are
/// installed if they are not there; none, which is said on standard output, where there is no npm.
///
/// # Panics
/// Panics if they cannot be installed.
#[must_use]
pub fn npm_packages(name: &str) -> Option<PathBuf> {
    const PINS: [&str; 2] = ["package.json", "package-lock.json"];
    let pins = root().join("tests/support/toolchains").join(name);
    let digest = Digest::of(&std::fs::read(pins.join(PINS[1])).unwrap()).to_string();
    let toolchains = root().join("target/toolchains");
    let installed = toolchains.join(format!("{name}-{}", &digest[..16]));
    if !installed.exists() {
        if !is_here("npm", &["--version"]) {
            return None;
        }
        std::fs::create_dir_all(&toolchains).unwrap();
        let new = tempfile::tempdir_in(&toolchains).unwrap();
        for file in PINS {
            std::fs::copy(pins.join(file), new.path().join(file)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]);
        let done = npm.current_dir(new.path()).status();
        assert!(done.is_ok_and(|status| status.success()), "see what npm said");
        // Whoever was first has installed the same.
        let _ = std::fs::rename(new.keep(), &installed);
    }
    Some(installed)
}
