use std::io::Write as _;

use clap::{Args, Subcommand};

use super::apply;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent manifest reference
  lambent manifest schema > lambent.schema.json
  An editor with taplo takes it from the first line of lambent.toml:
  #:schema ./lambent.schema.json";

/// Print what can stand in a lambent.toml
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ManifestArgs {
    #[command(subcommand)]
    command: ManifestCommand,
}

#[derive(Debug, Subcommand)]
enum ManifestCommand {
    /// Print a JSON schema, for editors
    Schema,
    /// Print all keys with their meaning, as Markdown
    Reference,
}

pub(crate) fn run(args: &ManifestArgs, global: &Global) -> Result<Exit, CliError> {
    match args.command {
        ManifestCommand::Schema => global.output().json(&apply::schema())?,
        ManifestCommand::Reference => {
            std::io::stdout().lock().write_all(apply::reference().as_bytes())?;
        }
    }
    Ok(Exit::Ok)
}
