//! The runtimes of languages, as far as this machine can build them, and a function on each.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use lambent_api::InstallRuntime;
use lambent_api::client::Client;
use lambent_types::{ConfigurationPatch, RuntimeName};
use serde::Deserialize;

use super::demonstration::{deploy_one, timed};
use super::report::{Calls, Report};
use super::workspace::Workspace;
use crate::code;
use crate::deploying::Deploying;
use crate::error::CliError;
use crate::progress::Progress;

/// The time that a call of an example may take: the machine may be busy.
const TIMEOUT_MS: u64 = 30_000;

/// What became of a runtime, as `runtime/runtimes/build` says it.
#[derive(Deserialize)]
pub(super) struct Runtime {
    folder: String,
    name: RuntimeName,
    /// A folder in the runtime's, which is a function, and what it is called by.
    example: Option<PathBuf>,
    handler: Option<String>,
    component: Option<PathBuf>,
    skipped: Option<String>,
    failed: Option<String>,
}

impl Runtime {
    /// The name of the function on it.
    fn function(&self) -> String {
        format!("hello-{}", self.folder)
    }

    /// Whether a function can be deployed on it.
    fn has_example(&self) -> bool {
        self.component.is_some() && self.example.is_some()
    }
}

/// Builds what runtimes can be built here, and tells of each what became of it. None of them is
/// needed for anything else.
///
/// # Errors
/// Failed: the results cannot be told.
pub(super) fn build(workspace: &Workspace, report: &mut Report) -> Result<Vec<Runtime>, CliError> {
    let mut command = Command::new("python3");
    command.arg(workspace.root().join("runtime/runtimes/build")).stdin(Stdio::null());
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        report.skipped("runtimes", "there is no python3, which builds them")?;
        return Ok(Vec::new());
    };
    let progress = Progress::spinner("building the runtimes, which takes minutes at first");
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let runtimes = thread::scope(|scope| {
        scope.spawn(|| stderr.map(|stderr| follow(stderr, &progress)));
        let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
        let read = lines.map_while(Result::ok).map(|line| serde_json::from_str(&line));
        read.collect::<Result<Vec<Runtime>, _>>()
    });
    drop(progress);
    let runtimes = runtimes.map_err(|error| {
        CliError::failed(format!("runtime/runtimes/build says what is not known here: {error}"))
    })?;
    if !child.wait().is_ok_and(|status| status.success()) {
        report.skipped("runtimes", "runtime/runtimes/build failed; run it to see why")?;
    }
    for runtime in &runtimes {
        if let Some(reason) = runtime.skipped.as_ref().or(runtime.failed.as_ref()) {
            report.skipped(&format!("runtime {}", runtime.name), reason)?;
        }
    }
    Ok(runtimes)
}

/// Shows what the build says.
fn follow(stderr: impl Read, progress: &Progress) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        progress.say(format!("building the runtimes: {}", line.trim()));
    }
}

/// Installs what was built, and deploys an example on each.
///
/// # Errors
/// Failed: any step.
pub(super) fn deploy(
    client: &Client,
    workspace: &Workspace,
    runtimes: &[Runtime],
    report: &mut Report,
) -> Result<(), CliError> {
    for runtime in runtimes {
        let Some(component) = &runtime.component else { continue };
        let component = code::read_component(component)?;
        let (bytes, clock) = (component.len() as u64, Instant::now());
        let installing = Deploying::start(bytes, report.show());
        let mut reader = installing.follow(Cursor::new(&component));
        client.install_runtime(&runtime.name, &InstallRuntime::default(), &mut reader, bytes)?;
        drop(reader);
        drop(installing);
        report.installed(&runtime.name, bytes, clock.elapsed())?;
        let (Some(example), Some(handler)) = (&runtime.example, &runtime.handler) else { continue };
        let folder = workspace.root().join("runtime/runtimes").join(&runtime.folder).join(example);
        let patch = ConfigurationPatch {
            public: Some(true),
            runtime: Some(Some(runtime.name.clone())),
            handler: Some(handler.clone()),
            timeout_ms: Some(TIMEOUT_MS),
            ..ConfigurationPatch::default()
        };
        report.deployed(deploy_one(
            client,
            &runtime.function(),
            &folder,
            &patch,
            report.show(),
        )?)?;
    }
    Ok(())
}

/// Calls the examples.
///
/// # Errors
/// Failed: one does not greet.
pub(super) fn call(
    client: &Client,
    runtimes: &[Runtime],
    report: &mut Report,
) -> Result<(), CliError> {
    for runtime in runtimes.iter().filter(|runtime| runtime.has_example()) {
        let name = runtime.function();
        let (cold, warm, answer) = timed(client, &name, None)?;
        let answer = String::from_utf8_lossy(&answer);
        if !answer.contains("Hello") {
            return Err(CliError::failed(format!("{name} answered {answer:?}")));
        }
        report.called(Calls { name, cold, warm, figures: None })?;
    }
    Ok(())
}
