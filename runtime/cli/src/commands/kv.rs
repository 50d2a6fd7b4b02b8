use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use lambent_api::client::Entry;
use lambent_api::{ListKeys, SetKey};
use lambent_types::bounds::{PAGE_MAX, VALUE_BYTES_MAX};
use lambent_types::{KeyspaceName, format_bytes};
use serde_json::{Value, json};

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::printable::{printable, printable_lines};
use crate::{duration, input};

const EXAMPLES: &str = "\
Examples:
  lambent kv set settings greeting hello
  lambent kv set settings logo @logo.png
  lambent kv set sessions ada '{\"user\":7}' --ttl 30m
  lambent kv get settings greeting
  lambent kv set settings greeting goodbye --if-revision 3
  lambent kv increment counters visits
  lambent kv list settings --prefix gr
  lambent kv delete settings greeting";

/// Get, set, delete and count keys of a keyspace
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct KvArgs {
    #[command(subcommand)]
    command: KvCommand,
}

#[derive(Debug, Subcommand)]
enum KvCommand {
    /// Print a key's value
    Get {
        /// The keyspace's name
        keyspace: KeyspaceName,
        /// The key
        #[arg(value_parser = input::key)]
        key: String,
    },
    /// Set a key
    Set(SetArgs),
    /// Delete a key
    Delete {
        /// The keyspace's name
        keyspace: KeyspaceName,
        /// The key
        #[arg(value_parser = input::key)]
        key: String,
        /// Only if the key is still at this revision
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        if_revision: Option<u64>,
    },
    /// List keys
    List(ListArgs),
    /// Add to a counter and print what it then is
    Increment {
        /// The keyspace's name
        keyspace: KeyspaceName,
        /// The key; it counts from 0 if there is none
        #[arg(value_parser = input::key)]
        key: String,
        /// How much to add
        #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
        by: i64,
    },
}

#[derive(Debug, Args)]
struct SetArgs {
    /// The keyspace's name
    keyspace: KeyspaceName,

    /// The key
    #[arg(value_parser = input::key)]
    key: String,

    /// The value, at most 1 MiB: text, @FILE, or - for standard input
    value: String,

    /// Delete the key after this time
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    ttl: Option<Duration>,

    /// Only if the key is still at this revision; 0: only if it is new
    #[arg(long, value_name = "N")]
    if_revision: Option<u64>,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The keyspace's name
    keyspace: KeyspaceName,

    /// Only keys that begin so
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    /// At most so many [default: all]
    #[arg(long, value_name = "N", value_parser = input::count)]
    limit: Option<usize>,
}

pub(crate) fn run(args: &KvArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        KvCommand::Get { keyspace, key } => {
            get(key, &global.client()?.get_key(keyspace, key)?, global)?;
        }
        KvCommand::Set(args) => set(args, global)?,
        KvCommand::Delete { keyspace, key, if_revision } => {
            global.client()?.delete_key(keyspace, key, *if_revision)?;
            said(global, &json!({ "deleted": key }), || format!("deleted {key:?}"))?;
        }
        KvCommand::List(args) => list(args, global)?,
        KvCommand::Increment { keyspace, key, by } => {
            let counter = global.client()?.increment_key(keyspace, key, *by)?;
            let value = counter.value()?.value;
            said(global, &counter.json()?, || value.to_string())?;
        }
    }
    Ok(Exit::Ok)
}

/// Says what was done, in words or as JSON.
pub(super) fn said(
    global: &Global,
    value: &Value,
    text: impl FnOnce() -> String,
) -> Result<(), CliError> {
    let output = global.output();
    if output.json {
        output.json(value)?
    } else {
        output.line(&text())?
    }
    Ok(())
}

/// Prints a value as it is; what is no text is not shown on a terminal.
fn get(key: &str, entry: &Entry, global: &Global) -> Result<(), CliError> {
    if global.output().json {
        let (member, value) = match std::str::from_utf8(&entry.value) {
            Ok(text) => ("text", text.to_owned()),
            Err(_) => ("base64", STANDARD.encode(&entry.value)),
        };
        return Ok(global.output().json(&json!({
            "key": key,
            member: value,
            "revision": entry.revision,
            "expires": entry.expires,
        }))?);
    }
    let mut stdout = io::stdout().lock();
    if stdout.is_terminal() {
        let size = format_bytes(entry.value.len() as u64);
        match std::str::from_utf8(&entry.value) {
            Ok(text) => {
                writeln!(stdout, "{}", printable_lines(text.strip_suffix('\n').unwrap_or(text)))?;
            }
            Err(_) => writeln!(stdout, "({size} of binary data; write it to a file with > FILE)")?,
        }
    } else {
        stdout.write_all(&entry.value)?;
    }
    Ok(stdout.flush()?)
}

fn set(args: &SetArgs, global: &Global) -> Result<(), CliError> {
    let SetArgs { keyspace, key, .. } = args;
    let value = input::read("the value", &args.value, VALUE_BYTES_MAX as u64)?;
    let (client, options) = (global.client()?, SetKey { ttl: args.ttl });
    let revision = client.set_key(keyspace, key, &value, options, args.if_revision)?;
    said(global, &json!({ "key": key, "revision": revision }), || {
        format!("set {key:?} (revision {})", revision.unwrap_or_default())
    })
}

fn list(args: &ListArgs, global: &Global) -> Result<(), CliError> {
    let client = global.client()?;
    let (mut keys, mut after) = (Vec::new(), None::<String>);
    let next = loop {
        let left = args.limit.map(|limit| limit.saturating_sub(keys.len()));
        let list = ListKeys {
            prefix: args.prefix.clone(),
            after: after.take(),
            limit: left.map(|left| left.min(PAGE_MAX)),
        };
        let page = client.list_keys(&args.keyspace, &list)?.value()?;
        keys.extend(page.keys);
        let next = page.next;
        if next.is_none() || args.limit.is_some_and(|limit| keys.len() >= limit) {
            break next;
        }
        after = next;
    };
    let output = global.output();
    if output.json {
        return Ok(output.json(&json!({ "keys": keys, "next": next }))?);
    }
    if keys.is_empty() {
        eprintln!("no keys; set one: lambent kv set {} greeting hello", args.keyspace);
    }
    for key in &keys {
        output.line(&printable(key))?;
    }
    if next.is_some() {
        eprintln!("there are more; raise --limit");
    }
    Ok(())
}
