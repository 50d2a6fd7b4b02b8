use std::io::{Cursor, Read};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use lambent_api::RuntimeView;
use lambent_types::{RuntimeName, format_bytes};

use super::named::minute;
use crate::code;
use crate::deploying::{Deploying, Show};
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent runtime add python3.14 python3.14.wasm
  lambent runtime list
  lambent runtime describe python3.14
  lambent deploy api app.py --runtime python3.14 --handler app.handler
  lambent runtime delete python3.14";

/// Add, list and delete runtimes, which run functions that are sources
///
/// A runtime belongs to the node, and functions of all namespaces run on it. Adding one needs the
/// root key; a new version of one is taken up by its functions at once, unless they are
/// configured otherwise.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RuntimeArgs {
    #[command(subcommand)]
    command: RuntimeCommand,
}

#[derive(Debug, Subcommand)]
enum RuntimeCommand {
    /// Add a runtime, or a new version of it
    Add {
        /// The runtime's name, such as python3.14
        name: RuntimeName,
        /// The runtime's component; - reads standard input
        #[arg(value_name = "FILE.wasm")]
        file: PathBuf,
    },
    /// List the runtimes
    List,
    /// Show a runtime and its versions
    Describe {
        /// The runtime's name, or one of AWS's
        name: RuntimeName,
    },
    /// Delete a runtime; functions that run on it run on
    Delete {
        /// The runtime's name
        name: RuntimeName,
    },
}

pub(crate) fn run(args: &RuntimeArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        RuntimeCommand::Add { name, file } => add(name, file, global),
        RuntimeCommand::List => list(global),
        RuntimeCommand::Describe { name } => describe(name, global),
        RuntimeCommand::Delete { name } => delete(name, global),
    }
}

fn add(name: &RuntimeName, file: &std::path::Path, global: &Global) -> Result<Exit, CliError> {
    let component = code::read(file)?.bytes;
    let (client, output) = (global.client()?, global.output());
    let bytes = component.len() as u64;
    let adding = Deploying::start(bytes, Show::suited(output.json));
    let mut reader: Box<dyn Read> = adding.follow(Cursor::new(&component));
    let answer = client.install_runtime(name, &mut reader, bytes)?;
    drop(reader);
    drop(adding);
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let (created, view) = (answer.is_created(), answer.value()?);
    let done = if created { "added" } else { "updated" };
    let number = view.versions.last().map_or(0, |version| version.number);
    output.line(&format!("{done} runtime {name} (version {number}, {})", format_bytes(bytes)))?;
    Ok(Exit::Ok)
}

fn list(global: &Global) -> Result<Exit, CliError> {
    let all = global.client()?.runtimes()?;
    let output = global.output();
    if output.json {
        output.answer(&all)?;
        return Ok(Exit::Ok);
    }
    let row = |runtime: &RuntimeView| {
        let current = runtime.versions.last();
        vec![
            runtime.name.to_string(),
            current.map_or_else(String::new, |version| version.number.to_string()),
            current.map_or_else(String::new, |version| format_bytes(version.bytes)),
            current.map_or_else(String::new, |version| minute(version.installed)),
            runtime.aliases.join(" "),
        ]
    };
    let rows: Vec<_> = all.value()?.runtimes.iter().map(row).collect();
    if rows.is_empty() {
        output.line("no runtimes; add one: lambent runtime add python3.14 python3.14.wasm")?;
    } else {
        output.table(&["name", "version", "size", "installed", "also runs"], rows)?;
    }
    Ok(Exit::Ok)
}

fn describe(name: &RuntimeName, global: &Global) -> Result<Exit, CliError> {
    let found = global.client()?.runtime(name)?;
    let output = global.output();
    if output.json {
        output.answer(&found)?;
        return Ok(Exit::Ok);
    }
    let view = found.value()?;
    let versions = view.versions.iter().map(|version| {
        let size = format_bytes(version.bytes);
        format!(
            "{} of {}, {size}, sha256 {}",
            version.number,
            minute(version.installed),
            version.digest
        )
    });
    let mut fields = vec![("name", view.name.to_string())];
    if let Some(differs) = name.differs() {
        fields.push(("asked for", format!("{name}: {differs}")));
    }
    fields.push(("also runs", view.aliases.join(" ")));
    fields.push(("versions", versions.collect::<Vec<_>>().join("\n")));
    output.fields(&fields)?;
    Ok(Exit::Ok)
}

fn delete(name: &RuntimeName, global: &Global) -> Result<Exit, CliError> {
    global.client()?.delete_runtime(name)?;
    let output = global.output();
    if !output.json {
        output.line(&format!("deleted runtime {name}"))?;
    }
    Ok(Exit::Ok)
}
