use std::time::Duration;

use clap::Args;
use lambent_api::FunctionView;
use lambent_types::{FunctionName, format_bytes};

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::duration;

/// List the published versions of a function
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lambent versions hello")]
pub(crate) struct VersionsArgs {
    /// The function's name
    name: FunctionName,
}

pub(crate) fn run(args: &VersionsArgs, global: &Global) -> Result<Exit, CliError> {
    let versions = global.client()?.versions(&args.name)?;
    let output = global.output();
    if output.json {
        output.answer(&versions)?;
        return Ok(Exit::Ok);
    }
    let versions = versions.value()?.versions;
    if versions.is_empty() {
        eprintln!("no versions yet; make one: lambent publish {}", args.name);
        return Ok(Exit::Ok);
    }
    let header = ["version", "made", "code", "sha256", "memory", "timeout"];
    output.table(&header, versions.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

fn row(version: &FunctionView) -> Vec<String> {
    let configuration = &version.configuration;
    vec![
        version.version.to_string(),
        version.created.strftime("%Y-%m-%d %H:%M").to_string(),
        format_bytes(version.code_bytes),
        version.digest.to_string().chars().take(12).collect(),
        format_bytes(configuration.memory_bytes),
        duration(Duration::from_millis(configuration.timeout_ms)),
    ]
}
