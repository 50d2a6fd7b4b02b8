use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lambent_types::{Layer, LayerName, LayerVersion, format_bytes};

use super::named::minute;
use crate::code;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  pip install --target layer/python requests
  lambent layer publish requests layer
  lambent deploy api app.py --runtime python3.14 --handler app.handler --layers requests
  lambent layer list
  lambent layer describe requests
  lambent layer delete requests --version 1";

/// Publish, list and delete layers: files that functions share
///
/// A function finds the files of its layers at /opt; Python imports from /opt/python, JavaScript
/// from /opt/nodejs/node_modules. A function keeps the version of a layer that it was given.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LayerArgs {
    #[command(subcommand)]
    command: LayerCommand,
}

#[derive(Debug, Subcommand)]
enum LayerCommand {
    /// Publish a version of a layer
    Publish {
        /// The layer's name
        name: LayerName,
        /// A folder of files, a zip or a tar; - reads standard input
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// List the layers
    List,
    /// Show a layer and its versions
    Describe {
        /// The layer's name
        name: LayerName,
    },
    /// Delete a layer, or one version of it; functions that have it keep it
    Delete {
        /// The layer's name
        name: LayerName,
        /// Only this version
        #[arg(long, value_name = "N")]
        version: Option<u64>,
    },
}

pub(crate) fn run(args: &LayerArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        LayerCommand::Publish { name, path } => publish(name, path, global),
        LayerCommand::List => list(global),
        LayerCommand::Describe { name } => describe(name, global),
        LayerCommand::Delete { name, version } => delete(name, *version, global),
    }
}

fn publish(name: &LayerName, path: &Path, global: &Global) -> Result<Exit, CliError> {
    let files = code::read_package(path)?;
    let answer = global.client()?.publish_layer(name, &files.bytes)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let layer = answer.value()?;
    if let Some(LayerVersion { number, bytes, .. }) = layer.version(None) {
        output.line(&format!("published layer {name}:{number} ({})", format_bytes(*bytes)))?;
    }
    Ok(Exit::Ok)
}

fn list(global: &Global) -> Result<Exit, CliError> {
    let all = global.client()?.layers()?;
    let output = global.output();
    if output.json {
        output.answer(&all)?;
        return Ok(Exit::Ok);
    }
    let row = |layer: &Layer| {
        let newest = layer.version(None);
        vec![
            layer.name.to_string(),
            newest.map_or_else(|| "none left".into(), |version| version.number.to_string()),
            newest.map_or_else(String::new, |version| format_bytes(version.bytes)),
            newest.map_or_else(String::new, |version| minute(version.created)),
        ]
    };
    let rows: Vec<_> = all.value()?.layers.iter().map(row).collect();
    if rows.is_empty() {
        output.line("no layers; publish one: lambent layer publish requests ./layer")?;
    } else {
        output.table(&["name", "newest", "size", "published"], rows)?;
    }
    Ok(Exit::Ok)
}

fn describe(name: &LayerName, global: &Global) -> Result<Exit, CliError> {
    let found = global.client()?.layer(name)?;
    let output = global.output();
    if output.json {
        output.answer(&found)?;
        return Ok(Exit::Ok);
    }
    let layer = found.value()?;
    let versions = layer.versions.iter().map(|version| {
        let (size, created) = (format_bytes(version.bytes), minute(version.created));
        format!("{} of {created}, {size}, sha256 {}", version.number, version.digest)
    });
    let versions = versions.collect::<Vec<_>>().join("\n");
    output.fields(&[("name", layer.name.to_string()), ("versions", versions)])?;
    Ok(Exit::Ok)
}

fn delete(name: &LayerName, version: Option<u64>, global: &Global) -> Result<Exit, CliError> {
    global.client()?.delete_layer(name, version)?;
    let output = global.output();
    if !output.json {
        let which = version.map_or_else(String::new, |number| format!(":{number}"));
        output.line(&format!("deleted layer {name}{which}"))?;
    }
    Ok(Exit::Ok)
}
