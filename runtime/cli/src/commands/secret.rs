use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use lambent_api::{ReadSecret, SecretView};
use serde_json::json;

use super::kv::said;
use super::named::minute;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::input;
use crate::printable::{printable, printable_lines};

const EXAMPLES: &str = "\
Examples:
  openssl rand -hex 32 | lambent secret put prod/session-key
  lambent secret put prod/db --value-file password.txt
  lambent secret get prod/db
  lambent secret list
  lambent secret delete prod/db";

/// Most bytes of a value that are read: the node says how long one may be.
const VALUE_BYTES_MAX: u64 = 1 << 20;

/// Put, get, list and delete secrets: values that are kept sealed
///
/// They are those that programs reach as AWS's Secrets Manager. What a function is given as environment
/// variables is something else: deploy it with --env.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SecretArgs {
    #[command(subcommand)]
    command: SecretCommand,
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Give a secret a value, and create it if there is none
    ///
    /// The value is read from standard input or from a file, so that no history of commands and no list of
    /// processes has it. One end of line at its end is left out.
    Put {
        /// The secret's name
        #[arg(value_parser = input::key)]
        name: String,
        /// The file that has the value, at most 64 KiB [default: standard input]
        #[arg(long, value_name = "FILE")]
        value_file: Option<PathBuf>,
    },
    /// Print a secret's value, and nothing else
    Get {
        /// The secret's name
        #[arg(value_parser = input::key)]
        name: String,
        /// The id of the version [default: the current one]
        #[arg(long, value_name = "ID")]
        version: Option<String>,
    },
    /// Show what is known of a secret, without its value
    Describe {
        /// The secret's name
        #[arg(value_parser = input::key)]
        name: String,
    },
    /// List the secrets, without their values
    List,
    /// Delete a secret for good
    Delete {
        /// The secret's name
        #[arg(value_parser = input::key)]
        name: String,
    },
}

pub(crate) fn run(args: &SecretArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        SecretCommand::Put { name, value_file } => {
            let from = match value_file {
                Some(path) => format!("@{}", path.display()),
                None => "-".to_owned(),
            };
            if value_file.is_none() && io::stdin().is_terminal() {
                eprintln!("type the value and end it with Ctrl-D; it is shown as you type");
            }
            let value = input::read("the value", &from, VALUE_BYTES_MAX)?;
            let value = value.strip_suffix(b"\n").unwrap_or(&value);
            let value = value.strip_suffix(b"\r").unwrap_or(value);
            let put = global.client()?.put_secret(name, value)?;
            said(global, &put.json()?, || format!("put secret {}", printable(name)))?;
        }
        SecretCommand::Get { name, version } => {
            let read = ReadSecret { version: version.clone() };
            print_value(&global.client()?.secret_value(name, &read)?)?;
        }
        SecretCommand::Describe { name } => {
            let found = global.client()?.describe_secret(name)?;
            let output = global.output();
            if output.json {
                output.answer(&found)?;
            } else {
                let secret = found.value()?;
                output.fields(&[
                    ("name", printable(&secret.name)),
                    ("version", secret.version.unwrap_or_else(|| "none".into())),
                    ("created", minute(secret.created)),
                    ("changed", minute(secret.changed)),
                ])?;
            }
        }
        SecretCommand::List => list(global)?,
        SecretCommand::Delete { name } => {
            global.client()?.delete_secret(name)?;
            said(global, &json!({ "deleted": name }), || {
                format!("deleted secret {}", printable(name))
            })?;
        }
    }
    Ok(Exit::Ok)
}

fn list(global: &Global) -> Result<(), CliError> {
    let all = global.client()?.list_secrets()?;
    let output = global.output();
    if output.json {
        return output.answer(&all);
    }
    let row = |secret: &SecretView| vec![printable(&secret.name), minute(secret.changed)];
    let rows: Vec<_> = all.value()?.secrets.iter().map(row).collect();
    if rows.is_empty() {
        return Ok(output.line("no secrets; put one: lambent secret put NAME --value-file FILE")?);
    }
    Ok(output.table(&["name", "changed"], rows)?)
}

/// Prints a value as it is, and on a terminal nothing that would steer that.
pub(super) fn print_value(value: &[u8]) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    match std::str::from_utf8(value) {
        Ok(text) if stdout.is_terminal() => writeln!(stdout, "{}", printable_lines(text))?,
        Err(_) if stdout.is_terminal() => {
            return Err(CliError::usage("the value is no text; write it to a file with > FILE"));
        }
        _ => stdout.write_all(value)?,
    }
    Ok(stdout.flush()?)
}
