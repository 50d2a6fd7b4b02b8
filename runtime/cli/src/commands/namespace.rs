use clap::{Args, Subcommand};
use lambent_types::Namespace;
use serde_json::{Value, json};

use super::named::{cell, minute};
use crate::args::Global;
use crate::confirm;
use crate::error::{CliError, Exit};

const EXAMPLES: &str = "\
Examples:
  lambent namespace create shop
  lambent namespace list
  lambent access-key create --namespace shop --description ci
  lambent deploy hello hello.wasm --namespace shop
  lambent namespace delete shop --contents --yes";

/// Make, list and delete namespaces, none of which sees anything of another
///
/// Needs the root key. What the other commands do is done in the namespace that
/// --namespace or LAMBENT_NAMESPACE names, else in that of the key.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NamespaceArgs {
    #[command(subcommand)]
    command: NamespaceCommand,
}

#[derive(Debug, Subcommand)]
enum NamespaceCommand {
    /// Make a namespace; one that is there already stays as it is
    Create {
        /// The namespace's name
        name: Namespace,
    },
    /// List the namespaces
    List,
    /// Show a namespace
    Describe {
        /// The namespace's name
        name: Namespace,
    },
    /// Delete a namespace and its access keys
    Delete {
        /// The namespace's name
        name: Namespace,
        /// Delete all that it holds too: functions, objects, keys, messages
        #[arg(long)]
        contents: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) fn run(args: &NamespaceArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        NamespaceCommand::Create { name } => create(name, global),
        NamespaceCommand::List => list(global),
        NamespaceCommand::Describe { name } => {
            global.output().json(&global.client()?.namespace(name.as_str())?)?;
            Ok(Exit::Ok)
        }
        NamespaceCommand::Delete { name, contents, yes } => delete(name, *contents, *yes, global),
    }
}

fn create(name: &Namespace, global: &Global) -> Result<Exit, CliError> {
    let (value, created) = global.client()?.create_namespace(name.as_str())?;
    let output = global.output();
    if output.json {
        output.json(&value)?;
    } else if created {
        output.line(&format!("created namespace {name}"))?;
    } else {
        output.line(&format!("namespace {name} is there already"))?;
    }
    Ok(Exit::Ok)
}

fn list(global: &Global) -> Result<Exit, CliError> {
    let found = global.client()?.namespaces()?;
    let output = global.output();
    if output.json {
        output.json(&found)?;
        return Ok(Exit::Ok);
    }
    let row = |namespace: &Value| {
        let deleting = namespace["deleting"] == true;
        let state = if deleting { "being deleted" } else { "-" };
        vec![cell(&namespace["name"]), minute(&namespace["created"]), state.into()]
    };
    let rows = found["namespaces"].as_array().into_iter().flatten().map(row).collect();
    output.table(&["name", "created", "state"], rows)?;
    Ok(Exit::Ok)
}

fn delete(name: &Namespace, contents: bool, yes: bool, global: &Global) -> Result<Exit, CliError> {
    let what = if contents { "everything in it" } else { "its access keys" };
    if !yes {
        confirm::deletion(&format!("namespace {name} and {what}"))?;
    }
    global.client()?.delete_namespace(name.as_str(), contents)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": name }))?;
    } else {
        output.line(&format!("deleted namespace {name} and {what}"))?;
    }
    Ok(Exit::Ok)
}
