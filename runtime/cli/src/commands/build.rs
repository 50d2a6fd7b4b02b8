use std::path::PathBuf;

use clap::Args;
use lambent_build::Options;
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::status;

const EXAMPLES: &str = "\
Examples:
  lambent build
  lambent build ./orders --output orders.wasm
  lambent build ./service --function ./cmd/orders
  lambent build ./orders --function example.Orders::handleRequest";

/// Build a Lambda function in Rust, Go or Java as it is written
///
/// Runs the language's own tools on the project, which stays as it is, and writes one component.
/// It takes Lambda's events as on Lambda, and is deployed with the runtime provided.al2023.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BuildArgs {
    /// The folder of the function: it has a Cargo.toml, a go.mod or a pom.xml
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// Which of several: a binary of Cargo's, a package of Go's such as ./cmd/orders, or a handler
    /// of Java's such as example.Orders::handleRequest
    #[arg(long, value_name = "NAME")]
    function: Option<String>,

    /// Where to write the component [default: .lambent/build/NAME.wasm in the folder]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &BuildArgs, global: &Global) -> Result<Exit, CliError> {
    let options = Options { function: args.function.clone(), output: args.output.clone() };
    let built = lambent_build::build(&args.folder, &options, &mut status)
        .map_err(|error| CliError::failed(error.to_string()))?;
    let path = built.component.display();
    let bytes = std::fs::metadata(&built.component)
        .map_err(|error| CliError::failed(format!("cannot read {path}: {error}")))?
        .len();
    let output = global.output();
    if output.json {
        let language = built.language.to_string();
        output.json(&json!({
            "component": path.to_string(),
            "language": language,
            "runtime": built.runtime,
            "bytes": bytes,
        }))?;
        return Ok(Exit::Ok);
    }
    let size = lambent_types::format_bytes(bytes);
    output.line(&format!("built {path} ({size}) from {}", built.language))?;
    let runtime = built.runtime.map(|runtime| format!(" --runtime {runtime}")).unwrap_or_default();
    output.line(&format!("  lambent deploy NAME {path}{runtime}"))?;
    Ok(Exit::Ok)
}
