use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::contender::{Contender, Kind};
use crate::Failed;
use crate::process::output;
use crate::tools::{Release, lambent, wasmtime, workerd};

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

/// The flags of `lambent deploy` that this build does not have.
fn missing_flags(lambent: &Path, flags: &[&str]) -> Result<Vec<String>, Failed> {
    let help = output(lambent, &["deploy", "--help"])?;
    let wanted = flags.iter().filter(|flag| flag.starts_with("--"));
    let missing = wanted.filter(|flag| !help.contains(&format!("{flag} ")));
    Ok(missing.map(|flag| (*flag).to_owned()).collect())
}
