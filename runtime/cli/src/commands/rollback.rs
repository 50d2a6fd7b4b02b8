use clap::Args;
use lambent_api::FunctionView;
use lambent_types::FunctionName;

use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent versions hello
  lambent rollback hello 2";

/// Serve the code and configuration of an earlier version again
///
/// The version itself stays as it is; what was served until now is lost unless
/// it was published.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RollbackArgs {
    /// The function's name
    name: FunctionName,

    /// The version to go back to
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    version: u64,
}

pub(crate) fn run(args: &RollbackArgs, global: &Global) -> Result<Exit, CliError> {
    let function = global.client()?.rollback(&args.name, args.version)?;
    let output = global.output();
    if output.json {
        output.answer(&function)?;
        return Ok(Exit::Ok);
    }
    let FunctionView { name, revision, .. } = function.value()?;
    let revision = revision.map_or(0, |revision| revision.0);
    output.line(&format!("{name} is version {} again (revision {revision})", args.version))?;
    Ok(Exit::Ok)
}
