//! The programs that are measured, built or installed where they are missing.

use std::path::{Path, PathBuf};

use lambent_test_support::root;

use crate::Failed;
use crate::process::run;

/// The version of wasmtime that is compared, from crates.io: that of the engine.
const WASMTIME: &str = "=48.0.8";
/// The newest one that was had. It says that it needs Rust 1.96, and is built
/// with what there is.
const NEWEST: &str = "=49.0.5";

/// Where what is installed is kept.
fn tools() -> PathBuf {
    root().join("target/bench-tools")
}

pub(crate) fn cargo(arguments: &[&str]) -> Result<(), Failed> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    run(&cargo, arguments, &root())
}

/// The server to measure: the one given, or this source's, built as releases are.
pub(crate) fn lambent(given: Option<&Path>) -> Result<PathBuf, Failed> {
    if let Some(given) = given {
        return Ok(std::path::absolute(given)?);
    }
    // Of the packages that this was built from, or their features would differ
    // and wasmtime be built anew.
    cargo(&["build", "--release", "--bin", "lambent"])?;
    // This program was built into the same directory.
    let own = std::env::current_exe()?;
    Ok(own.parent().ok_or("no directory")?.join("lambent"))
}

/// Which wasmtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// The one that Lambent is built with.
    Same,
    /// The newest there is.
    Newest,
}

/// A release of wasmtime.
pub(crate) fn wasmtime(release: Release) -> Result<PathBuf, Failed> {
    let (root, version) = match release {
        Release::Same => (tools(), WASMTIME),
        Release::Newest => (tools().join("newest"), NEWEST),
    };
    let program = root.join("bin/wasmtime");
    if !program.exists() {
        let root = root.display().to_string();
        let install = ["install", "wasmtime-cli", "--version", version, "--locked"];
        cargo(&[&install[..], &["--ignore-rust-version", "--root", &root]].concat())?;
    }
    Ok(program)
}

/// Of the npm package; not the script beside it, which would be one process more.
pub(crate) fn workerd() -> Result<PathBuf, Failed> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "64",
        "aarch64" => "arm64",
        other => return Err(format!("there is no workerd for {other}").into()),
    };
    let package = format!("node_modules/@cloudflare/workerd-linux-{architecture}/bin/workerd");
    let program = tools().join(package);
    if !program.exists() {
        std::fs::create_dir_all(tools())?;
        let tools = tools().display().to_string();
        run(
            "npm",
            &["install", "--no-audit", "--no-fund", "--prefix", &tools, "workerd"],
            &root(),
        )?;
    }
    program.exists().then_some(program).ok_or_else(|| "npm installed no workerd".into())
}
