use clap::Args;
use lambent_types::{ConfigurationPatch, FunctionName};

use crate::commands::deploy::announce;
use crate::configuration::ConfigurationArgs;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::grants::GrantArgs;

const EXAMPLES: &str = "\
Examples:
  lambent configure hello --public
  lambent configure hello --memory 256MiB --timeout 10s
  lambent configure hello --env-file .env
  lambent configure todo --grant keyspace:todo=read-write --revoke bucket:photos
  lambent configure hello --env-file /dev/null      remove all variables";

/// Change a function's configuration and keep its code
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConfigureArgs {
    /// The function's name
    name: FunctionName,

    /// Only if the function is still at this revision
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    if_revision: Option<u64>,

    #[command(flatten)]
    configuration: ConfigurationArgs,

    #[command(flatten)]
    grants: GrantArgs,
}

pub(crate) fn run(args: &ConfigureArgs, global: &Global) -> Result<Exit, CliError> {
    let patch = args.configuration.to_patch()?;
    let grants = args.grants.changes();
    if patch == ConfigurationPatch::default() && grants.is_empty() {
        return Err(CliError::usage("there is nothing to change")
            .hint("give at least one flag, for instance --memory 256MiB; see --help"));
    }
    let function = grants.configure(&global.client()?, &args.name, &patch, args.if_revision)?;
    let output = global.output();
    if output.json {
        output.answer(&function)?;
    } else {
        announce(output, "configured", &function.value()?)?;
    }
    Ok(Exit::Ok)
}
