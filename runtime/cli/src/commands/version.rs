use clap::Args;
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;

/// Print the version of this binary
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lambent version\n  lambent version --json | jq -r .version")]
pub(crate) struct VersionArgs {}

pub(crate) fn run(global: &Global) -> Result<Exit, CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let output = global.output();
    if output.json {
        output.json(&json!({ "version": version }))?;
    } else {
        output.line(&format!("lambent {version}"))?;
    }
    Ok(Exit::Ok)
}
