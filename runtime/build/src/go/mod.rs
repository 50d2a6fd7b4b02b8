//! Functions in Go: a program that calls `lambda.Start` becomes a component that is called for
//! each event, and one that serves HTTP becomes one that is called for each request; by stock Go,
//! for `GOOS=wasip1`.

mod arena;
mod component;
mod endpoints;
mod http;
mod library;
mod module;
mod overlay;
mod project;
mod relocation;
mod toolchain;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::error::BuildError;
use crate::go::module::Calls;
use crate::go::overlay::Overlay;
use crate::go::project::Program;
use crate::go::relocation::Relocations;
use crate::go::toolchain::Toolchain;
use crate::{Options, PROVIDED, Report, output};

/// What Go's linker is told: to leave out what debuggers need, and to let the overlay see where
/// Go's memory ends.
const LINKER: &str = "-ldflags=-s -w -checklinkname=0";

/// Builds the function in a folder; returns where the component is, and the runtime that it is
/// deployed with, if with one.
///
/// # Errors
/// As [`crate::build`].
pub(crate) fn build(
    folder: &Path,
    options: &Options,
    report: Report<'_>,
) -> Result<(PathBuf, Option<&'static str>), BuildError> {
    let folder = fs::canonicalize(folder).map_err(BuildError::io("open", folder))?;
    let toolchain = Toolchain::of(&folder)?;
    let work = output::folder(&folder, "go")?;
    let toolchain = toolchain.outside_of_modules(&work)?;
    let program = Program::find(&toolchain, &folder, options.function.as_deref())?;
    // Of two builds at once the second waits, and then finds everything done.
    let lock = work.join("lock");
    let lock = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(BuildError::io("lock", lock))?;
    let component = match &options.output {
        Some(output) => output.clone(),
        None => output::folder(&folder, "build")?.join(format!("{}.wasm", program.name())),
    };
    let mut overlay = Overlay::new(work.join(program.name()));
    let calls = if program.library.is_some() { Calls::Events } else { Calls::Requests };
    replace(&toolchain, &program, calls, &mut overlay)?;
    let core = overlay.folder().join("core.wasm");
    report(&format!("compiling {} with {}", program.package, toolchain.version));
    compile(&toolchain, &folder, &program, &overlay, &core)?;
    componentize(&core, calls, &component, report)?;
    drop(lock);
    Ok((component, (calls == Calls::Events).then_some(PROVIDED)))
}

/// Fills the overlay with all that is to be seen otherwise.
fn replace(
    toolchain: &Toolchain,
    program: &Program,
    calls: Calls,
    overlay: &mut Overlay,
) -> Result<(), BuildError> {
    let mut relocations = Relocations::new(toolchain);
    if let Some(library) = &program.library {
        library::replace(library, &mut relocations, overlay)?;
    }
    if let Some(endpoints) = &program.endpoints {
        endpoints::replace(endpoints, &mut relocations, overlay)?;
    }
    relocations.redirect(overlay)?;
    if program.has_http {
        http::replace(toolchain, calls, overlay)?;
    }
    Ok(())
}

/// Has Go build the module, if it is not as its sources are.
fn compile(
    toolchain: &Toolchain,
    folder: &Path,
    program: &Program,
    overlay: &Overlay,
    core: &Path,
) -> Result<(), BuildError> {
    let mut command = toolchain.command(folder);
    command.args(["build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false"]);
    command.args([LINKER, "-overlay"]).arg(overlay.write()?).arg("-o").arg(core);
    command.arg(&program.package);
    let failed = run(&mut command)?;
    let Some(packages) = failed else { return Ok(()) };
    let own = |package: &&String| **package == program.package;
    Err(BuildError::Project(match packages.iter().find(|package| !own(package)) {
        Some(package) => format!(
            "go build failed, and has said why above: the package {package} does not build for \
             WebAssembly (GOOS=wasip1 GOARCH=wasm); use another in its place, or a version of it \
             that does"
        ),
        None => "go build failed, and has said why above".to_owned(),
    }))
}

/// Runs a command of Go's whose words go to standard error as they come; returns the packages
/// that it has named if it failed.
fn run(command: &mut Command) -> Result<Option<Vec<String>>, BuildError> {
    let failed = |error| BuildError::Io { action: "run", path: "go".into(), error };
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let mut packages = Vec::new();
    if let Some(said) = child.stderr.take() {
        for line in BufReader::new(said).split(b'\n') {
            let line = line.map_err(failed)?;
            let mut shown = line.clone();
            shown.push(b'\n');
            std::io::stderr().write_all(&shown).map_err(failed)?;
            if let Some(package) = line.strip_prefix(b"# ") {
                packages.push(String::from_utf8_lossy(package).into_owned());
            }
        }
    }
    let status = child.wait().map_err(failed)?;
    Ok((!status.success()).then_some(packages))
}

/// Makes the component of a module, unless it was made of the same one.
fn componentize(
    core: &Path,
    calls: Calls,
    component: &Path,
    report: Report<'_>,
) -> Result<(), BuildError> {
    let module = fs::read(core).map_err(BuildError::io("read", core))?;
    let digest: String = Sha256::digest(&module).iter().map(|byte| format!("{byte:02x}")).collect();
    let stamp = core.with_extension("stamp");
    let current = || Some(format!("{digest} {}", state(component)?));
    let old = fs::read_to_string(&stamp).ok();
    if old.is_some() && old == current() {
        return Ok(());
    }
    report("making a component of it");
    let made = component::of(&module, calls)
        .map_err(|error| BuildError::Project(format!("what Go made is no function: {error}")))?;
    output::write(component, &made)?;
    match current() {
        Some(current) => output::write(&stamp, current.as_bytes()),
        None => Ok(()),
    }
}

/// What is seen of a component from outside, and the version of what has made it.
fn state(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let version = env!("CARGO_PKG_VERSION");
    Some(format!("{} {} {} {version}", path.display(), metadata.len(), modified.as_nanos()))
}
