use std::time::Duration;

use clap::{Args, Subcommand};
use lambent_api::{AccessKeyView, NewAccessKey};
use serde_json::json;

use super::named::{minute, or_dash};
use crate::confirm;
use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent access-key create --namespace shop --description ci --expires 90d
  lambent access-key list --namespace shop
  lambent access-key delete LKIAABCDEFGHIJKLMNOP --namespace shop --yes";

/// Make, list and delete the keys that open one namespace
///
/// Needs the root key. The secret is shown once, when the key is made; give it to
/// other commands with --key or LAMBENT_KEY, and send it with HTTP requests as
/// Authorization: Bearer SECRET.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AccessKeyArgs {
    #[command(subcommand)]
    command: AccessKeyCommand,
}

#[derive(Debug, Subcommand)]
enum AccessKeyCommand {
    /// Make a key, and show its secret
    Create {
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
        /// How long it opens the namespace, such as 12h or 90d [default: until it is deleted]
        #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
        expires: Option<Duration>,
    },
    /// List the keys, without their secrets
    List,
    /// Delete a key: it opens nothing any more
    Delete {
        /// The key's id
        id: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) fn run(args: &AccessKeyArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        AccessKeyCommand::Create { description, expires } => create(description, *expires, global),
        AccessKeyCommand::List => list(global),
        AccessKeyCommand::Delete { id, yes } => delete(id, *yes, global),
    }
}

fn create(description: &str, expires: Option<Duration>, global: &Global) -> Result<Exit, CliError> {
    let until = |after: Duration| jiff::Timestamp::now().checked_add(after);
    let expires = expires.map(until).transpose().map_err(|_| {
        CliError::usage("--expires is further in the future than there are dates for")
    })?;
    let new = NewAccessKey { description: description.to_owned(), expires };
    let key = global.client()?.create_access_key(&new)?;
    let output = global.output();
    if output.json {
        output.answer(&key)?;
        return Ok(Exit::Ok);
    }
    let AccessKeyView { id, namespace, secret, .. } = key.value()?;
    output.line(&format!("created access key {id} of namespace {namespace}"))?;
    output.line(&format!("secret: {}", or_dash(secret)))?;
    eprintln!("the secret is not shown again; use it with --key or LAMBENT_KEY");
    Ok(Exit::Ok)
}

fn list(global: &Global) -> Result<Exit, CliError> {
    let found = global.client()?.access_keys()?;
    let output = global.output();
    if output.json {
        output.answer(&found)?;
        return Ok(Exit::Ok);
    }
    let keys = found.value()?.access_keys;
    if keys.is_empty() {
        eprintln!("no access keys yet; make one: lambent access-key create");
        return Ok(Exit::Ok);
    }
    let row = |key: &AccessKeyView| {
        let expires = or_dash(key.expires.map(minute));
        vec![key.id.clone(), key.description.clone(), minute(key.created), expires]
    };
    let header = ["id", "description", "created", "expires"];
    output.table(&header, keys.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

fn delete(id: &str, yes: bool, global: &Global) -> Result<Exit, CliError> {
    if !yes {
        confirm::deletion(&format!("access key {id}"))?;
    }
    global.client()?.delete_access_key(id)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": id }))?;
    } else {
        output.line(&format!("deleted access key {id}"))?;
    }
    Ok(Exit::Ok)
}
