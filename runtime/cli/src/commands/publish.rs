use clap::Args;
use lambent_api::FunctionView;
use lambent_types::FunctionName;

use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent publish hello
  lambent invoke hello:1";

/// Freeze what a function is now as a numbered version
///
/// A version never changes. If nothing changed since the last one, that one
/// is the answer.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PublishArgs {
    /// The function's name
    name: FunctionName,
}

pub(crate) fn run(args: &PublishArgs, global: &Global) -> Result<Exit, CliError> {
    let published = global.client()?.publish(&args.name)?;
    let output = global.output();
    if output.json {
        output.answer(&published)?;
        return Ok(Exit::Ok);
    }
    let FunctionView { name, version, .. } = published.value()?;
    output.line(&if published.is_created() {
        format!("published {name} version {version}")
    } else {
        format!("nothing changed since {name} version {version}")
    })?;
    Ok(Exit::Ok)
}
