use clap::{Args, Subcommand};
use lambent_server::Quotas;
use lambent_types::Namespace;
use serde_json::{Value, json};

use super::named::{cell, minute};
use super::usage::{Holding, held_row};
use crate::args::Global;
use crate::confirm;
use crate::error::{CliError, Exit};
use crate::quotas::OwnQuota;
use crate::view::read;

const EXAMPLES: &str = "\
Examples:
  lambent namespace create shop --quota objects=10GiB --quota queues=20
  lambent namespace update shop --quota objects=default --quota versions=unlimited
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
    /// Make a namespace; one that is there already keeps all but the quotas that are given
    Create {
        /// The namespace's name
        name: Namespace,
        #[command(flatten)]
        quotas: OwnQuotaArgs,
    },
    /// Give a namespace other quotas; they are in force at once, also below what it holds
    Update {
        /// The namespace's name
        name: Namespace,
        #[command(flatten)]
        quotas: OwnQuotaArgs,
    },
    /// List the namespaces
    List,
    /// Show a namespace, with what it holds and may hold
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

#[derive(Debug, Args)]
struct OwnQuotaArgs {
    /// A quota of its own in place of the node's: objects, keyvalue, messages or code (SIZE);
    /// object-count, key-count, message-count, versions, resources, or one kind of resource,
    /// such as queues (N). The limit may be unlimited, or default for the node's
    #[arg(long = "quota", value_name = "NAME=LIMIT")]
    quotas: Vec<OwnQuota>,
}

impl OwnQuotaArgs {
    /// A namespace's own quotas with these changes, as the API has them.
    fn over(&self, own: &Value) -> Value {
        let mut own = own.as_object().cloned().unwrap_or_default();
        for OwnQuota { quotas, limit } in &self.quotas {
            for quota in quotas {
                let limit = limit.map(|limit| (limit < Quotas::UNLIMITED).then_some(limit));
                match limit {
                    Some(limit) => drop(own.insert(quota.name().into(), limit.into())),
                    None => drop(own.remove(quota.name())),
                }
            }
        }
        own.into()
    }
}

pub(crate) fn run(args: &NamespaceArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        NamespaceCommand::Create { name, quotas } => create(name, quotas, global),
        NamespaceCommand::Update { name, quotas } => update(name, quotas, global),
        NamespaceCommand::List => list(global),
        NamespaceCommand::Describe { name } => describe(name, global),
        NamespaceCommand::Delete { name, contents, yes } => delete(name, *contents, *yes, global),
    }
}

fn create(name: &Namespace, quotas: &OwnQuotaArgs, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let (mut value, created) = client.put_namespace(name.as_str(), None)?;
    let changes = !quotas.quotas.is_empty();
    if changes {
        let own = quotas.over(&value["quotas"]);
        (value, _) = client.put_namespace(name.as_str(), Some(&own))?;
    }
    let output = global.output();
    if output.json {
        output.json(&value)?;
    } else if created {
        output.line(&format!("created namespace {name}"))?;
    } else if changes {
        output.line(&format!("namespace {name} is there already; its quotas are updated"))?;
    } else {
        output.line(&format!("namespace {name} is there already"))?;
    }
    Ok(Exit::Ok)
}

fn update(name: &Namespace, quotas: &OwnQuotaArgs, global: &Global) -> Result<Exit, CliError> {
    if quotas.quotas.is_empty() {
        return Err(CliError::usage(
            "nothing to update; give a quota, as in --quota objects=10GiB",
        ));
    }
    let client = global.client()?;
    let found = client.namespace(name.as_str())?;
    let own = quotas.over(&found["quotas"]);
    let (value, _) = client.put_namespace(name.as_str(), Some(&own))?;
    let output = global.output();
    if output.json {
        output.json(&value)?;
    } else {
        output.line(&format!("updated namespace {name}"))?;
    }
    Ok(Exit::Ok)
}

fn describe(name: &Namespace, global: &Global) -> Result<Exit, CliError> {
    let found = global.client()?.namespace(name.as_str())?;
    let output = global.output();
    if output.json {
        output.json(&found)?;
        return Ok(Exit::Ok);
    }
    let state = if found["deleting"] == true { "being deleted" } else { "-" };
    let (name, created) = (cell(&found["name"]), minute(&found["created"]));
    output.fields(&[("name", name), ("created", created), ("state", state.into())])?;
    output.line("")?;
    let held: Vec<Holding> = read(&found["holdings"])?;
    let row = |holding: &Holding| {
        let own = found["quotas"].get(&holding.quota).is_some();
        let mut cells = held_row(holding);
        cells.push(if own { "namespace" } else { "node" }.into());
        cells
    };
    output.table(&["quota", "used", "limit", "set by"], held.iter().map(row).collect())?;
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
