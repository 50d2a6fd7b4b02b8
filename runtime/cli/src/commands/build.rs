use std::path::{Path, PathBuf};

use clap::Args;
use lambent_build::Options;
use lambent_types::{FunctionName, format_bytes};
use serde_json::{Value, json};

use super::apply::{File, MANIFEST, Made};
use crate::building;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::duration;

const EXAMPLES: &str = "\
Examples:
  lambent build
  lambent build orders invoices      two functions of lambent.toml
  lambent build ./orders --output orders.wasm
  lambent build ./service --function ./cmd/orders
  lambent build ./orders --function example.Orders::handleRequest";

/// Build the functions of lambent.toml, or a Lambda function in Rust, Go or Java as it is written
///
/// In a folder with a lambent.toml, builds what its functions have a build or a source for.
/// Elsewhere it runs the language's own tools on the project in a folder, which stays as it is,
/// and writes one component. It takes Lambda's events as on Lambda, and is deployed with the
/// runtime provided.al2023.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BuildArgs {
    /// Functions of the lambent.toml here [default: all]; or the folder of one function, which
    /// has a Cargo.toml, a go.mod or a pom.xml
    #[arg(value_name = "NAME|FOLDER")]
    what: Vec<PathBuf>,

    /// Which of several in a folder: a binary of Cargo's, a package of Go's such as ./cmd/orders,
    /// or a handler of Java's such as example.Orders::handleRequest
    #[arg(long, value_name = "NAME")]
    function: Option<String>,

    /// Where to write the component of a folder [default: .lambent/build/NAME.wasm in it]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &BuildArgs, global: &Global) -> Result<Exit, CliError> {
    match args.functions()? {
        Some((file, names)) => functions(&file, &names, global),
        None => folder(args, global),
    }
}

impl BuildArgs {
    /// The file here and the functions that are meant of it; none if a folder is meant.
    fn functions(&self) -> Result<Option<(File, Vec<FunctionName>)>, CliError> {
        let of_a_folder = self.function.is_some() || self.output.is_some();
        if of_a_folder || !Path::new(MANIFEST).is_file() {
            return Ok(None);
        }
        let names = self.what.iter().map(|what| what.to_str()?.parse().ok());
        let Some(names) = names.collect::<Option<Vec<FunctionName>>>() else { return Ok(None) };
        let file = File::read(Path::new(MANIFEST))?;
        // A folder may be called as a function could be, too.
        let unknown = names.iter().any(|name| !file.has(name));
        if unknown && self.what.len() == 1 && self.what.iter().all(|what| what.is_dir()) {
            return Ok(None);
        }
        Ok(Some((file, names)))
    }
}

/// Builds functions of a file.
fn functions(file: &File, names: &[FunctionName], global: &Global) -> Result<Exit, CliError> {
    let names = file.to_build(names)?;
    let made = file.build(&names)?;
    let output = global.output();
    if output.json {
        let made: Vec<_> = made.iter().map(to_json).collect();
        output.json(&json!({ "built": made }))?;
        return Ok(Exit::Ok);
    }
    if made.is_empty() {
        output.line("nothing to build: no function has a build, or a source that is built")?;
    }
    for Made { function, artifact, time } in &made {
        let (path, time) = (artifact.component.display(), duration(*time));
        output.line(&format!("built {function} ({path}) {time:>8}"))?;
    }
    Ok(Exit::Ok)
}

fn to_json(made: &Made) -> Value {
    json!({
        "function": made.function,
        "component": made.artifact.component,
        "runtime": made.artifact.runtime,
        "time_us": u64::try_from(made.time.as_micros()).unwrap_or(u64::MAX),
    })
}

/// Builds what is in a folder.
fn folder(args: &BuildArgs, global: &Global) -> Result<Exit, CliError> {
    let folder = match args.what.as_slice() {
        [] => Path::new("."),
        [folder] => folder,
        _ => {
            return Err(CliError::usage(format!(
                "there is no {MANIFEST} here with these functions"
            ))
            .hint("name one folder, or build in the folder of a lambent.toml"));
        }
    };
    let options = Options { function: args.function.clone(), output: args.output.clone() };
    let built = building::build(folder, &options)?;
    let path = built.component.display();
    let bytes = std::fs::metadata(&built.component)
        .map_err(|error| CliError::failed(format!("cannot read {path}: {error}")))?
        .len();
    let output = global.output();
    if output.json {
        output.json(&json!({
            "component": path.to_string(),
            "language": built.language,
            "runtime": built.runtime,
            "bytes": bytes,
        }))?;
        return Ok(Exit::Ok);
    }
    let (size, language) = (format_bytes(bytes), built.language.as_deref().unwrap_or_default());
    output.line(&format!("built {path} ({size}) from {language}"))?;
    let runtime = built.runtime.map(|runtime| format!(" --runtime {runtime}")).unwrap_or_default();
    output.line(&format!("  lambent deploy NAME {path}{runtime}"))?;
    Ok(Exit::Ok)
}
