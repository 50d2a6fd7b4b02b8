//! Functions in Java, and in Kotlin.
//!
//! Maven compiles the project as it always does. A compiler in Java, which is built once for a
//! machine, then finds the handler, writes the source that reads and writes its JSON, and has
//! TeaVM compile all of it to a core module that exports the functions of the handler. See
//! `JAVA.md`, and adr/0054.

mod compiler;
mod component;
mod jdk;
mod project;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use self::compiler::Compiler;
use self::project::Project;
use crate::error::BuildError;
use crate::{Options, Report, output};

/// How the compiler exits if the project is at fault; why is on its standard output.
const AT_FAULT: i32 = 3;

/// Builds the function in a folder; returns where the component is.
///
/// # Errors
/// As [`crate::build`].
pub(crate) fn build(
    folder: &Path,
    options: &Options,
    report: Report<'_>,
) -> Result<PathBuf, BuildError> {
    jdk::check()?;
    let folder = fs::canonicalize(folder).map_err(BuildError::io("find", folder))?;
    let compiler = Compiler::find(report)?;
    report("compiling the project with Maven");
    let project = project::compile(&folder)?;
    report("compiling its classes to WebAssembly");
    let module = compile(&folder, &compiler, &project, options)?;
    let component = component::encode(module)?;
    let path = match &options.output {
        Some(path) => path.clone(),
        None => output::folder(&folder, "build")?.join(format!("{}.wasm", name(&folder, options))),
    };
    output::write(&path, &component)?;
    Ok(path)
}

/// The name of the component: that of the handler's class, or else that of the folder.
fn name(folder: &Path, options: &Options) -> String {
    let class = options.function.as_deref().map(|function| {
        let class = function.split("::").next().unwrap_or(function);
        class.rsplit(['.', '$']).next().unwrap_or(class).to_owned()
    });
    let own = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
    class.or_else(own).unwrap_or_else(|| "function".to_owned())
}

/// Runs the compiler; returns the core module.
fn compile(
    folder: &Path,
    compiler: &Compiler,
    project: &Project,
    options: &Options,
) -> Result<Vec<u8>, BuildError> {
    let work = output::folder(folder, "java")?.join(format!("work-{}", std::process::id()));
    let module = work.join("function.wasm");
    let done = run(compiler, project, options, &work, &module)
        .and_then(|()| fs::read(&module).map_err(BuildError::io("read", &module)));
    let _ = fs::remove_dir_all(&work);
    done
}

fn run(
    compiler: &Compiler,
    project: &Project,
    options: &Options,
    work: &Path,
    module: &Path,
) -> Result<(), BuildError> {
    fs::create_dir_all(work).map_err(BuildError::io("make", work))?;
    let mut command = jdk::java();
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    command.arg("-cp").arg(compiler.class_path()).arg("lambent.build.Main");
    command.arg("--classes").arg(&project.classes);
    command.arg("--libraries").arg(&project.libraries);
    command.arg("--guest").arg(compiler.guest());
    command.arg("--work").arg(work).arg("--output").arg(module);
    if let Some(function) = &options.function {
        command.arg("--function").arg(function);
    }
    let tool = jdk::java_tool();
    let output = command.output().map_err(|error| tool.not_started(error))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Ok(()),
        Some(AT_FAULT) => Err(BuildError::Project(said.trim().to_owned())),
        _ => Err(BuildError::ToolFailed {
            command: "the compiler of functions in Java".to_owned(),
            status: output.status,
        }),
    }
}
