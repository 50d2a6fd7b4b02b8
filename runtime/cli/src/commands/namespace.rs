use clap::{Args, Subcommand};
use lambent_api::{Contents, DeleteNamespace, NamespaceSpec, NamespaceView};
use lambent_server::Quotas;
use lambent_types::{Holding, Namespace, OwnQuotas};
use serde_json::json;

use super::named::minute;
use super::usage::held_row;
use crate::confirm;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::quotas::OwnQuota;

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
    /// What makes a namespace's own quotas these, changed as the flags say.
    fn over(&self, OwnQuotas(mut own): OwnQuotas) -> NamespaceSpec {
        for OwnQuota { quotas, limit } in &self.quotas {
            for quota in quotas {
                match limit.map(|limit| (limit < Quotas::UNLIMITED).then_some(limit)) {
                    Some(limit) => drop(own.insert(*quota, limit)),
                    None => drop(own.remove(quota)),
                }
            }
        }
        NamespaceSpec { quotas: Some(OwnQuotas(own)) }
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
    let mut answer = client.put_namespace(name, &NamespaceSpec::default())?;
    let created = answer.is_created();
    let changes = !quotas.quotas.is_empty();
    if changes {
        let spec = quotas.over(answer.value()?.quotas);
        answer = client.put_namespace(name, &spec)?;
    }
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
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
    let spec = quotas.over(client.namespace(name)?.value()?.quotas);
    let answer = client.put_namespace(name, &spec)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
    } else {
        output.line(&format!("updated namespace {name}"))?;
    }
    Ok(Exit::Ok)
}

/// The word for what a namespace is in, if it is in anything.
fn state(namespace: &NamespaceView) -> String {
    if namespace.deleting { "being deleted" } else { "-" }.into()
}

fn describe(name: &Namespace, global: &Global) -> Result<Exit, CliError> {
    let found = global.client()?.namespace(name)?;
    let output = global.output();
    if output.json {
        output.answer(&found)?;
        return Ok(Exit::Ok);
    }
    let found = found.value()?;
    let (name, created) = (found.name.to_string(), minute(found.created));
    output.fields(&[("name", name), ("created", created), ("state", state(&found))])?;
    output.line("")?;
    let row = |holding: &Holding| {
        let own = found.quotas.0.contains_key(&holding.quota);
        let mut cells = held_row(holding);
        cells.push(if own { "namespace" } else { "node" }.into());
        cells
    };
    let rows = found.holdings.iter().flatten().map(row).collect();
    output.table(&["quota", "used", "limit", "set by"], rows)?;
    Ok(Exit::Ok)
}

fn list(global: &Global) -> Result<Exit, CliError> {
    let found = global.client()?.namespaces()?;
    let output = global.output();
    if output.json {
        output.answer(&found)?;
        return Ok(Exit::Ok);
    }
    let row = |namespace: &NamespaceView| {
        vec![namespace.name.to_string(), minute(namespace.created), state(namespace)]
    };
    let rows = found.value()?.namespaces.iter().map(row).collect();
    output.table(&["name", "created", "state"], rows)?;
    Ok(Exit::Ok)
}

fn delete(name: &Namespace, contents: bool, yes: bool, global: &Global) -> Result<Exit, CliError> {
    let what = if contents { "everything in it" } else { "its access keys" };
    if !yes {
        confirm::deletion(&format!("namespace {name} and {what}"))?;
    }
    let contents = contents.then_some(Contents::Delete);
    global.client()?.delete_namespace(name, DeleteNamespace { contents })?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": name }))?;
    } else {
        output.line(&format!("deleted namespace {name} and {what}"))?;
    }
    Ok(Exit::Ok)
}
