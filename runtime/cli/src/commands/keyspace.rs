use clap::{Args, Subcommand};
use lambent_api::KeyspaceView;
use lambent_api::kinds::Keyspace;
use lambent_types::KeyspaceName;

use super::named;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent keyspace create settings
  lambent keyspace list
  lambent keyspace delete settings";

/// Make, list and delete keyspaces, which hold keys and their values
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct KeyspaceArgs {
    #[command(subcommand)]
    command: KeyspaceCommand,
}

#[derive(Debug, Subcommand)]
enum KeyspaceCommand {
    /// Make a keyspace; one that is there already stays as it is
    Create {
        /// The keyspace's name
        name: KeyspaceName,
    },
    /// List the keyspaces
    List,
    /// Delete a keyspace, which must be empty
    Delete {
        /// The keyspace's name
        name: KeyspaceName,
    },
}

pub(crate) fn run(args: &KeyspaceArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        KeyspaceCommand::Create { name } => named::create::<Keyspace>(name, &(), global),
        KeyspaceCommand::List => {
            let row =
                |item: &KeyspaceView| vec![item.name.to_string(), named::minute(item.created)];
            let first = "lambent keyspace create settings";
            named::list::<Keyspace>(&["name", "created"], row, first, global)
        }
        KeyspaceCommand::Delete { name } => named::delete::<Keyspace>(name, global),
    }
}
