use std::ffi::OsString;
use std::io::{Cursor, Read};

use clap::{Args, Subcommand};
use lambent_api::{InstallRuntime, RuntimeView};
use lambent_types::{Digest, RuntimeName, format_bytes};

use super::named::minute;
use crate::deploying::{Deploying, Show};
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::source::{self, Fetched, Source};

const EXAMPLES: &str = "\
Examples:
  lambent runtime install python3.14.wasm
  lambent runtime install python3.14 ./build/my-python.wasm
  lambent runtime install https://example.com/python3.14.wasm#sha256=9f86d081…
  lambent runtime install oci://ghcr.io/example/python3.14:1.0
  lambent runtime list
  lambent runtime describe python3.14
  lambent deploy api app.py --runtime python3.14 --handler app.handler
  lambent runtime delete python3.14";

/// Install, list and delete runtimes, which run functions that are sources
///
/// A runtime belongs to the node, and functions of all namespaces run on it. Installing one needs the
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
    /// Install a runtime, or a new version of it
    ///
    /// What is no file is fetched by this command, and not by the server. A file of a web server
    /// has to be given with its digest; registries are asked as anybody, or as whom docker login
    /// stored.
    #[command(alias = "add", allow_missing_positional = true)]
    Install {
        /// The runtime's name, such as python3.14 [default: the last part of SOURCE without .wasm]
        name: Option<RuntimeName>,
        /// The component: a file, or - for standard input; https://…#sha256=…; or
        /// oci://registry/repository:tag
        #[arg(value_name = "SOURCE")]
        source: OsString,
        /// The digest that the component has to have, as sha256:…
        #[arg(long, value_name = "DIGEST", value_parser = source::parse_digest)]
        digest: Option<Digest>,
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
        RuntimeCommand::Install { name, source, digest } => {
            install(name.as_ref(), &Source::parse(source, *digest)?, global)
        }
        RuntimeCommand::List => list(global),
        RuntimeCommand::Describe { name } => describe(name, global),
        RuntimeCommand::Delete { name } => delete(name, global),
    }
}

fn install(name: Option<&RuntimeName>, source: &Source, global: &Global) -> Result<Exit, CliError> {
    let name = name.cloned().or_else(|| source.name()).ok_or_else(|| {
        CliError::usage("the source does not say what the runtime is called")
            .hint("give its name: lambent runtime install python3.14 SOURCE")
    })?;
    let (client, output) = (global.client()?, global.output());
    let Fetched { bytes: component, from } = source.fetch(global)?;
    let bytes = component.len() as u64;
    let adding = Deploying::start(bytes, Show::suited(output.json));
    let mut reader: Box<dyn Read> = adding.follow(Cursor::new(&component));
    let install = InstallRuntime { source: from };
    let answer = client.install_runtime(&name, &install, &mut reader, bytes)?;
    drop(reader);
    drop(adding);
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let (created, view) = (answer.is_created(), answer.value()?);
    let done = if created { "installed" } else { "updated" };
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
            current.and_then(|version| version.source.clone()).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = all.value()?.runtimes.iter().map(row).collect();
    if rows.is_empty() {
        output.line("no runtimes; install one: lambent runtime install python3.14.wasm")?;
    } else {
        output.table(&["name", "version", "size", "installed", "also runs", "from"], rows)?;
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
        let (number, installed) = (version.number, minute(version.installed));
        let from =
            version.source.as_ref().map_or_else(String::new, |from| format!(", from {from}"));
        format!("{number} of {installed}, {size}, sha256 {}{from}", version.digest)
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
