use clap::{Args, Subcommand, ValueEnum};
use lambent_api::{
    ListParameters, ParameterKind, ParameterVersionView, ParameterView, PutParameter, ReadParameter,
};
use serde_json::json;

use super::kv::said;
use super::named::minute;
use super::secret::print_value;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::input;
use crate::printable::printable;

const EXAMPLES: &str = "\
Examples:
  lambent parameter put /prod/color blue
  lambent parameter put /prod/hosts a,b,c --type string-list
  lambent parameter put /prod/token - --type secure-string < token.txt
  lambent parameter get /prod/color
  lambent parameter list --prefix /prod/
  lambent parameter delete /prod/color";

/// Most bytes of a value that are read: the node says how long one may be.
const VALUE_BYTES_MAX: u64 = 1 << 20;

/// Put, get, list and delete parameters: settings with versions, by names like paths
///
/// They are those that programs reach as AWS's Parameter Store.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ParameterArgs {
    #[command(subcommand)]
    command: ParameterCommand,
}

#[derive(Debug, Subcommand)]
enum ParameterCommand {
    /// Give a parameter a value, as a new version, and create it if there is none
    Put {
        /// The parameter's name
        #[arg(value_parser = input::key)]
        name: String,
        /// The value, at most 8 KiB: text, @FILE, or - for standard input
        value: String,
        /// The type [default: what it has; string of a new one]
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<Kind>,
    },
    /// Print a parameter's value, and nothing else
    Get {
        /// The parameter's name
        #[arg(value_parser = input::key)]
        name: String,
        /// The number of the version [default: the newest]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        version: Option<u64>,
    },
    /// Show what is known of a parameter, without its value
    Describe {
        /// The parameter's name
        #[arg(value_parser = input::key)]
        name: String,
    },
    /// List parameters, without their values
    List {
        /// Only parameters whose names begin so
        #[arg(long, value_name = "TEXT")]
        prefix: Option<String>,
    },
    /// Delete a parameter with its versions
    Delete {
        /// The parameter's name
        #[arg(value_parser = input::key)]
        name: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A text
    String,
    /// Texts between commas
    StringList,
    /// A text that clients of AWS's API have to ask for as such
    SecureString,
}

pub(crate) fn run(args: &ParameterArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        ParameterCommand::Put { name, value, kind } => {
            let value = input::read("the value", value, VALUE_BYTES_MAX)?;
            let kind = kind.map(|kind| match kind {
                Kind::String => ParameterKind::String,
                Kind::StringList => ParameterKind::StringList,
                Kind::SecureString => ParameterKind::SecureString,
            });
            let put = global.client()?.put_parameter(name, &value, &PutParameter { kind })?;
            let version = put.value()?.version;
            said(global, &put.json()?, || {
                format!("put parameter {} (version {version})", printable(name))
            })?;
        }
        ParameterCommand::Get { name, version } => {
            let read = ReadParameter { version: *version };
            print_value(&global.client()?.parameter_value(name, &read)?)?;
        }
        ParameterCommand::Describe { name } => describe(name, global)?,
        ParameterCommand::List { prefix } => list(prefix.clone(), global)?,
        ParameterCommand::Delete { name } => {
            global.client()?.delete_parameter(name)?;
            said(global, &json!({ "deleted": name }), || {
                format!("deleted parameter {}", printable(name))
            })?;
        }
    }
    Ok(Exit::Ok)
}

fn describe(name: &str, global: &Global) -> Result<(), CliError> {
    let found = global.client()?.describe_parameter(name)?;
    let output = global.output();
    if output.json {
        return output.answer(&found);
    }
    let ParameterVersionView { name, version, kind, modified, description } = found.value()?;
    let kind = match kind {
        ParameterKind::String => "string",
        ParameterKind::StringList => "string-list",
        ParameterKind::SecureString => "secure-string",
    };
    Ok(output.fields(&[
        ("name", printable(&name)),
        ("type", kind.to_owned()),
        ("version", version.to_string()),
        ("modified", minute(modified)),
        ("description", description.map_or_else(String::new, |text| printable(&text))),
    ])?)
}

fn list(prefix: Option<String>, global: &Global) -> Result<(), CliError> {
    let all = global.client()?.list_parameters(&ListParameters { prefix })?;
    let output = global.output();
    if output.json {
        return output.answer(&all);
    }
    let row = |one: &ParameterView| vec![printable(&one.name), one.version.to_string()];
    let rows: Vec<_> = all.value()?.parameters.iter().map(row).collect();
    if rows.is_empty() {
        return Ok(output.line("no parameters; put one: lambent parameter put /prod/color blue")?);
    }
    Ok(output.table(&["name", "version"], rows)?)
}
