//! The programs that are measured, built or installed where they are missing.

use std::path::{Path, PathBuf};

use lambent_test_support::root;
use serde_json::{Map, Value};

use crate::Failed;
use crate::http::contender::{Contender, Kind, Release};
use crate::process::{output, run};

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

/// The programs of the contenders, or why they cannot be had.
pub(crate) struct Programs {
    lambent: Result<PathBuf, String>,
    pub(crate) wasmtime: Result<PathBuf, String>,
    pub(crate) newest: Result<PathBuf, String>,
    pub(crate) workerd: Result<PathBuf, String>,
}

impl Programs {
    /// Builds and installs those that are compared.
    pub(crate) fn of(contenders: &[&Contender], given: Option<&Path>) -> Result<Self, Failed> {
        let wanted = |kind: fn(&Kind) -> bool| contenders.iter().any(|one| kind(&one.kind));
        let unwanted = || Err("not compared".to_owned());
        let text = |error: Failed| error.to_string();
        Ok(Self {
            lambent: match wanted(|kind| matches!(kind, Kind::Lambent(..))) {
                // Its build failing is no reason to go on without it.
                true => Ok(lambent(given)?),
                false => unwanted(),
            },
            wasmtime: match wanted(|kind| matches!(kind, Kind::Wasmtime(Release::Same, ..))) {
                true => wasmtime(Release::Same).map_err(text),
                false => unwanted(),
            },
            newest: match wanted(|kind| matches!(kind, Kind::Wasmtime(Release::Newest, ..))) {
                true => wasmtime(Release::Newest).map_err(text),
                false => unwanted(),
            },
            workerd: match wanted(|kind| matches!(kind, Kind::Workerd)) {
                true => workerd().map_err(text),
                false => unwanted(),
            },
        })
    }

    /// The server to measure, if its deploys have all these flags.
    pub(crate) fn lambent(&self, flags: &[&str]) -> Result<Result<&Path, String>, Failed> {
        let program = self.lambent.as_deref().map_err(Clone::clone)?;
        let missing = missing_flags(program, flags)?;
        if missing.is_empty() {
            return Ok(Ok(program));
        }
        Ok(Err(format!("lambent deploy has no {}", missing.join(" and no "))))
    }

    /// What each says its version is.
    pub(crate) fn versions(&self) -> Map<String, Value> {
        let programs = [
            ("lambent", &self.lambent),
            ("wasmtime", &self.wasmtime),
            ("newest", &self.newest),
            ("workerd", &self.workerd),
        ];
        let had = programs.into_iter().filter_map(|(name, path)| Some((name, path.as_ref().ok()?)));
        had.map(|(name, path)| {
            (name.to_owned(), output(path, &["--version"]).unwrap_or_default().into())
        })
        .collect()
    }
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
fn workerd() -> Result<PathBuf, Failed> {
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

/// The flags of `lambent deploy` that this build does not have.
fn missing_flags(lambent: &Path, flags: &[&str]) -> Result<Vec<String>, Failed> {
    let help = output(lambent, &["deploy", "--help"])?;
    let wanted = flags.iter().filter(|flag| flag.starts_with("--"));
    let missing = wanted.filter(|flag| !help.contains(&format!("{flag} ")));
    Ok(missing.map(|flag| (*flag).to_owned()).collect())
}
