use clap::Args;
use lambent_types::FunctionName;
use serde_json::json;

use crate::confirm;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent delete hello
  lambent delete hello --version 2
  lambent delete hello --yes      in a script";

/// Delete a function with all its versions, or one version
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeleteArgs {
    /// The function's name
    name: FunctionName,

    /// Delete this version only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    version: Option<u64>,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(args: &DeleteArgs, global: &Global) -> Result<Exit, CliError> {
    let what = match args.version {
        Some(version) => format!("version {version} of {}", args.name),
        None => format!("{} with all its versions", args.name),
    };
    if !args.yes {
        confirm::deletion(&what)?;
    }
    let client = global.client()?;
    match args.version {
        Some(version) => client.delete_version(&args.name, version)?,
        None => client.delete_function(&args.name)?,
    }
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": args.name, "version": args.version }))?;
    } else {
        output.line(&format!("deleted {what}"))?;
    }
    Ok(Exit::Ok)
}
