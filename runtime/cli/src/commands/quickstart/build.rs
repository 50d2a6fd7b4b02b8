use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::workspace::Workspace;
use crate::error::CliError;
use crate::progress::Progress;

/// The target that guests are built for.
const TARGET: &str = "wasm32-wasip2";

/// The guests of the demonstration.
pub(super) const PACKAGES: [&str; 3] = ["hello-http", "thumbnail-http", "thumbnail"];

/// The guests that were built.
pub(super) struct Built {
    components: BTreeMap<String, PathBuf>,
    /// The time that building took.
    pub(super) time: Duration,
}

impl Built {
    /// Returns the path of a package's component.
    ///
    /// # Errors
    /// Failed: cargo did not say that it made one.
    pub(super) fn component(&self, package: &str) -> Result<&Path, CliError> {
        self.components.get(package).map(PathBuf::as_path).ok_or_else(|| {
            CliError::failed(format!("cargo built no component from the package {package}"))
        })
    }
}

/// Builds the guests; quick if they are built already.
///
/// # Errors
/// Failed: the tools are missing, or the build failed; its output is shown.
pub(super) fn guests(workspace: &Workspace) -> Result<Built, CliError> {
    let clock = Instant::now();
    let progress = Progress::spinner("looking at the Rust toolchain");
    ensure_target(workspace, &progress)?;
    progress.say("building the example functions");
    let mut command = tool(workspace, env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--target", TARGET, "--profile", "guest"]);
    command.args(PACKAGES.iter().flat_map(|package| ["-p", package]));
    command.arg("--target-dir").arg(workspace.target("guests"));
    command.arg("--message-format=json-render-diagnostics");
    // Flags meant for this machine's processor mean nothing to a guest.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let components = build(command, &progress)?;
    Ok(Built { components, time: clock.elapsed() })
}

fn tool(workspace: &Workspace, program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(workspace.root()).stdin(Stdio::null());
    command
}

fn ensure_target(workspace: &Workspace, progress: &Progress) -> Result<(), CliError> {
    let mut rustc = tool(workspace, "rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let printed = rustc.output().map_err(|error| missing("rustc", &error))?;
    let directory = String::from_utf8_lossy(&printed.stdout).trim().to_owned();
    if printed.status.success() && Path::new(&directory).is_dir() {
        return Ok(());
    }
    progress.say(format!("adding the Rust target {TARGET}"));
    let mut rustup = tool(workspace, "rustup");
    let added = rustup.args(["target", "add", TARGET]).output();
    let added = added.map_err(|error| missing("rustup", &error))?;
    if added.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&added.stderr).trim().to_owned();
    Err(CliError::failed(format!("cannot add the Rust target {TARGET}: {reason}"))
        .hint(format!("add it by hand, then repeat: rustup target add {TARGET}")))
}

fn missing(program: &str, error: &std::io::Error) -> CliError {
    CliError::failed(format!("cannot run {program}: {error}"))
        .hint("install Rust with rustup, see https://rustup.rs, then repeat")
}

/// A message of cargo's report, one on each line.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

fn build(mut command: Command, progress: &Progress) -> Result<BTreeMap<String, PathBuf>, CliError> {
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| missing("cargo", &error))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (components, log) = thread::scope(|scope| {
        let log = scope.spawn(|| stderr.map(|stderr| follow(stderr, progress)).unwrap_or_default());
        let components = stdout.map(|stdout| components(BufReader::new(stdout)));
        (components.unwrap_or_default(), log.join().unwrap_or_default())
    });
    let status = child.wait().map_err(|error| missing("cargo", &error))?;
    if !status.success() {
        return Err(CliError::failed("the example functions could not be built; cargo says:")
            .hint(log.trim_end()));
    }
    Ok(components)
}

/// Shows what cargo is at; returns all that it wrote.
fn follow(stderr: impl Read, progress: &Progress) -> String {
    let mut log = String::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let trimmed = line.trim();
        if ["Blocking", "Compiling", "Downloading"].iter().any(|verb| trimmed.starts_with(verb)) {
            progress.say(format!("building the example functions: {trimmed}"));
        }
        log.push_str(&line);
        log.push('\n');
    }
    log
}

/// The components cargo reports, by the name of their package.
fn components(report: impl BufRead) -> BTreeMap<String, PathBuf> {
    let messages = report.lines().map_while(Result::ok);
    let artifacts = messages.filter_map(|line| {
        let message: Message = serde_json::from_str(&line).ok()?;
        let is_component = |path: &PathBuf| path.extension().is_some_and(|ext| ext == "wasm");
        let path = message.filenames.into_iter().find(is_component)?;
        // Libraries have their package's name with underscores.
        Some((message.target?.name.replace('_', "-"), path))
    });
    artifacts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_known_by_their_package() {
        let report = r#"{"reason":"compiler-artifact","target":{"name":"image"},"filenames":["/t/libimage.rlib"]}
not json
{"reason":"compiler-artifact","target":{"name":"thumbnail_http"},"filenames":["/t/thumbnail_http.wasm"]}
{"reason":"compiler-artifact","target":{"name":"hello-http"},"filenames":["/t/x.d","/t/hello-http.wasm"]}
{"reason":"build-finished","success":true}"#;
        let components = components(report.as_bytes());
        assert_eq!(components.len(), 2);
        assert_eq!(components["thumbnail-http"], Path::new("/t/thumbnail_http.wasm"));
        assert_eq!(components["hello-http"], Path::new("/t/hello-http.wasm"));
    }
}
