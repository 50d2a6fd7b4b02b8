use clap::{Args, Subcommand};
use lambent_api::FunctionView;
use lambent_types::{ConfigurationPatch, FunctionName, Grant, Granted};
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::grants::GrantChanges;

const EXAMPLES: &str = "\
Examples:
  lambent grant list todo
  lambent grant add todo keyspace:todo=read-write queue:jobs=write
  lambent grant add todo bucket:photos=read host:https://api.example.com
  lambent grant add todo volume:data:/mnt/data:read
  lambent grant remove todo queue:jobs host:https://api.example.com

What a function may reach is a part of its configuration, and a lambent.toml that names
the function says all of it: lambent apply removes what is granted here and not there.";

/// Show and change what a function may reach: buckets, keyspaces, tables, queues, hosts, volumes
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GrantCommandArgs {
    #[command(subcommand)]
    command: GrantCommand,
}

#[derive(Debug, Subcommand)]
enum GrantCommand {
    /// List what a function may reach
    List {
        /// The function's name
        name: FunctionName,
    },
    /// Let a function reach more; a grant of the same thing is replaced
    Add {
        /// The function's name
        name: FunctionName,
        /// bucket:NAME=ACCESS, keyspace:NAME=ACCESS, table:NAME=ACCESS, queue:NAME=write, host:HOST or
        /// volume:NAME:/mnt/PATH:ACCESS, where ACCESS is read, write or read-write
        #[arg(required = true, value_name = "GRANT")]
        grants: Vec<Grant>,
    },
    /// Take away what a function was granted
    Remove {
        /// The function's name
        name: FunctionName,
        /// bucket:NAME, keyspace:NAME, table:NAME, queue:NAME, host:HOST or volume:NAME
        #[arg(required = true, value_name = "GRANTED")]
        granted: Vec<Granted>,
    },
}

pub(crate) fn run(args: &GrantCommandArgs, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let (name, changes) = match &args.command {
        GrantCommand::List { name } => {
            return show(&client.function(name, None)?.value()?, global);
        }
        GrantCommand::Add { name, grants } => {
            (name, GrantChanges { grant: grants, ..GrantChanges::default() })
        }
        GrantCommand::Remove { name, granted } => {
            (name, GrantChanges { revoke: granted, ..GrantChanges::default() })
        }
    };
    let patch = ConfigurationPatch::default();
    show(&changes.configure(&client, name, &patch, None)?.value()?, global)
}

/// Prints what a function may reach now, one grant a line, as it is given.
fn show(function: &FunctionView, global: &Global) -> Result<Exit, CliError> {
    let granted = function.configuration.granted();
    let granted: Vec<_> = granted.iter().map(Grant::to_string).collect();
    let (output, name) = (global.output(), &function.name);
    if output.json {
        output.json(&json!({ "function": name, "grants": granted }))?;
    } else if granted.is_empty() {
        eprintln!(
            "nothing is granted to {name}; for instance: lambent grant add {name} keyspace:todo=read-write"
        );
    } else {
        output.line(&granted.join("\n"))?;
    }
    Ok(Exit::Ok)
}
