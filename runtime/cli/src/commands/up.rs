use std::path::PathBuf;

use clap::Args;

use super::apply::{File, apply};
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent up
  lambent up shop/lambent.toml
  lambent up --endpoint http://127.0.0.1:4567";

/// Build what a lambent.toml says and apply it
///
/// As lambent build and then lambent apply, without a question: it creates and changes, and
/// deletes nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UpArgs {
    /// The file
    #[arg(value_name = "FILE", default_value = "lambent.toml")]
    file: PathBuf,
}

pub(crate) fn run(args: &UpArgs, global: &Global) -> Result<Exit, CliError> {
    let file = File::read(&args.file)?;
    let (client, output) = (global.client()?, global.output());
    file.check_runtimes(&client)?;
    file.build(&file.to_build(&[])?)?;
    apply(&file, &client, output)?;
    if !output.json {
        for url in file.urls(&client)? {
            output.line(&format!("  {url}"))?;
        }
    }
    Ok(Exit::Ok)
}
