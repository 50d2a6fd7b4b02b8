//! Functions in Rust, with AWS's crates as they are published.
//!
//! Cargo builds the project for `wasm32-wasip2`. Two crates that nearly every function has do not
//! work there: [`patches`] says what is changed in them, [`sources`] makes the changed copies, and
//! [`settings`] has rustc read those. To Cargo, and so to its lock file, they are the crates that
//! they were.

mod compiler;
mod function;
mod graph;
mod members;
mod mirror;
mod patches;
mod settings;
mod shell;
mod sources;
mod target;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Message, Metadata, MetadataCommand};

use self::function::Function;
use crate::cache;
use crate::error::BuildError;
use crate::output;
use crate::tool::Tool;
use crate::{Options, Report};

/// What functions are compiled for.
const TARGET: &str = "wasm32-wasip2";

const CARGO: Tool = Tool {
    name: "cargo",
    purpose: "builds functions in Rust",
    install: "curl --proto =https -sSf https://sh.rustup.rs | sh",
};

/// Builds the function in a folder; returns where the component is.
///
/// # Errors
/// As [`crate::build`].
pub(crate) fn build(
    folder: &Path,
    options: &Options,
    report: Report<'_>,
) -> Result<PathBuf, BuildError> {
    // Without links, as Cargo names what it finds from there.
    let folder = &fs::canonicalize(folder).map_err(BuildError::io("find", folder))?;
    target::check(folder)?;
    let workspace = workspace(folder)?;
    members::check(&workspace)?;
    let function = Function::of(&workspace, folder, options.function.as_deref())?;
    let own = output::folder(workspace.workspace_root.as_std_path(), "rust")?;
    // Who builds at the same time writes the same files; what Cargo compiles, it locks itself.
    let prepared = lock(&own)?;
    let (manifest, resolved) = resolve(folder, &workspace, &own, report)?;
    let graph = graph::Graph::new(&resolved, &function)?;
    graph.check()?;
    let settings = settings::Settings {
        replaced: sources::replaced(&resolved.packages, &graph, &cache::folder()?.join("rust"))?,
        compiler: compiler::of(&resolved.packages, &graph, &own)?,
        target: target_folder(&workspace, &own),
        own,
    };
    let config = settings.write()?;
    drop(prepared);
    let built = compile(folder, &manifest, &config, &settings.target, &function)
        .inspect_err(|_| graph.doubts().for_each(|doubt| report(&doubt)))?;
    let component = match &options.output {
        Some(output) => output.clone(),
        None => output::folder(folder, "build")?.join(format!("{}.wasm", function.binary)),
    };
    let bytes = fs::read(&built).map_err(BuildError::io("read", &built))?;
    output::write(&component, &bytes)?;
    Ok(component)
}

/// Waits for whoever else prepares a build of the project; the next waits until this is dropped.
fn lock(own: &Path) -> Result<File, BuildError> {
    let path = own.join("lock");
    let lock = File::create(&path).map_err(BuildError::io("write", &path))?;
    lock.lock().map_err(BuildError::io("lock", &path))?;
    Ok(lock)
}

/// A command of Cargo's in the folder of the project, whose settings so hold.
fn cargo(folder: &Path) -> Command {
    let mut cargo = CARGO.command();
    cargo.current_dir(folder);
    cargo
}

/// What the project says of itself: its packages and no others.
fn workspace(folder: &Path) -> Result<Metadata, BuildError> {
    let mut metadata = cargo(folder);
    metadata.args(["metadata", "--format-version", "1", "--no-deps"]);
    parse(&CARGO.read(&mut metadata)?)
}

fn parse(metadata: &[u8]) -> Result<Metadata, BuildError> {
    let text = String::from_utf8_lossy(metadata);
    MetadataCommand::parse(text).map_err(|error| {
        BuildError::Project(format!("cargo metadata cannot be read: {error}; update lambent"))
    })
}

/// All packages, in the versions that are locked. Returns the manifest that they are built by as
/// well: where Cargo would have to write a lock file, it is that of a mirror of the project.
fn resolve(
    folder: &Path,
    workspace: &Metadata,
    own: &Path,
    report: Report<'_>,
) -> Result<(PathBuf, Metadata), BuildError> {
    let arguments = ["metadata", "--format-version", "1", "--filter-platform", TARGET];
    let lock = workspace.workspace_root.as_std_path().join("Cargo.lock");
    let state = if lock.exists() {
        let mut metadata = cargo(folder);
        let output = metadata.args(arguments).arg("--locked").output();
        let output = output.map_err(BuildError::io("run", CARGO.name))?;
        if output.status.success() {
            return Ok((folder.join("Cargo.toml"), parse(&output.stdout)?));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if !said.contains("--locked") {
            report(said.trim_end());
            let command = "cargo metadata --locked".to_owned();
            return Err(BuildError::ToolFailed { command, status: output.status });
        }
        "is not up to date"
    } else {
        "is missing"
    };
    let mirror = mirror::Mirror::of(workspace, own)?;
    let kept = mirror.lock();
    report(&format!("Cargo.lock {state}; the versions are kept in {}", kept.display()));
    let manifest = mirror.manifest(folder)?;
    let mut metadata = cargo(folder);
    metadata.args(arguments).arg("--manifest-path").arg(&manifest);
    let resolved = parse(&CARGO.read(&mut metadata)?)?;
    Ok((manifest, resolved))
}

/// Where Cargo puts what it compiles: never among what is compiled without the changes.
fn target_folder(workspace: &Metadata, own: &Path) -> PathBuf {
    let set = workspace.target_directory.as_std_path();
    if set == workspace.workspace_root.as_std_path().join("target") {
        return own.join("target");
    }
    set.join("lambent")
}

/// Compiles the function; returns where Cargo has put it.
fn compile(
    folder: &Path,
    manifest: &Path,
    config: &Path,
    target: &Path,
    function: &Function,
) -> Result<PathBuf, BuildError> {
    let mut build = cargo(folder);
    build.args(["build", "--release", "--locked", "--target", TARGET]);
    build.args(["--package", &function.package, "--bin", &function.binary]);
    build.args(["--message-format", "json-render-diagnostics"]);
    build.arg("--config").arg(config).arg("--manifest-path").arg(manifest);
    build.arg("--target-dir").arg(target);
    settings::keep_wrapper(&mut build);
    let said = CARGO.read(&mut build)?;
    let messages = Message::parse_stream(said.as_slice()).collect::<io::Result<Vec<_>>>();
    for message in messages.map_err(BuildError::io("read what is said by", CARGO.name))? {
        if let Message::CompilerArtifact(artifact) = message
            && artifact.target.name == function.binary
            && artifact.target.is_bin()
        {
            let mut files = artifact.filenames.into_iter();
            if let Some(file) = files.find(|file| file.extension() == Some("wasm")) {
                return Ok(file.into());
            }
        }
    }
    Err(BuildError::Project(format!("cargo has not built {}.wasm", function.binary)))
}
