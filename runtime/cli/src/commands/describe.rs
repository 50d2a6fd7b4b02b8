use std::time::Duration;

use clap::Args;
use lambent_types::{FunctionName, Qualifier, format_bytes};

use crate::args::Global;
use crate::error::{CliError, Exit};
use crate::output::{duration, grouped};
use crate::view::{FunctionView, read};

const EXAMPLES: &str = "\
Examples:
  lambent describe hello
  lambent describe hello --qualifier 3
  lambent describe hello --json | jq .configuration.environment";

/// Show one function: its code, configuration and URLs
///
/// The values of its environment are shown with --json only.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DescribeArgs {
    /// The function's name
    name: FunctionName,

    /// The version: a number, or $LATEST [default: $LATEST]
    #[arg(long, value_name = "VERSION")]
    qualifier: Option<Qualifier>,
}

pub(crate) fn run(args: &DescribeArgs, global: &Global) -> Result<Exit, CliError> {
    let function = global.client()?.function(&args.name, args.qualifier)?;
    let output = global.output();
    if output.json {
        output.json(&function)?;
    } else {
        output.fields(&fields(&read(&function)?))?;
    }
    Ok(Exit::Ok)
}

fn fields(function: &FunctionView) -> Vec<(&'static str, String)> {
    let configuration = &function.configuration;
    let mut fields = vec![
        ("name", function.name.clone()),
        ("namespace", function.namespace.clone()),
        ("version", function.version.clone()),
    ];
    if let Some(revision) = function.revision {
        fields.push(("revision", revision.to_string()));
    }
    if let Some(last) = function.last_version {
        let text = if last == 0 { "none".into() } else { format!("1 to {last}") };
        fields.push(("published", text));
    }
    let timeout = Duration::from_millis(configuration.timeout_ms);
    fields.extend([
        ("changed", function.changed().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("code", format!("{}, sha256 {}", format_bytes(function.code_bytes), function.digest)),
        ("calls", function.handlers.join("\n")),
        ("memory", format_bytes(configuration.memory_bytes)),
        ("timeout", duration(timeout)),
        ("fuel", grouped(configuration.fuel)),
        ("provisioned", configuration.provisioned.map(|n| n.to_string()).unwrap_or_default()),
        ("reuse", configuration.reuse.map(|n| grouped(n.into())).unwrap_or_default()),
        ("shared", configuration.shared.map(|n| grouped(n.into())).unwrap_or_default()),
        ("public", if configuration.public { "yes" } else { "no" }.into()),
        ("description", configuration.description.clone()),
        ("tags", lines(configuration.tags.iter().map(|(key, value)| format!("{key}={value}")))),
        (
            "environment",
            lines(
                configuration
                    .environment
                    .iter()
                    .map(|(key, value)| format!("{key} ({} bytes)", value.len())),
            ),
        ),
        ("urls", function.urls.clone().unwrap_or_default().join("\n")),
    ]);
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::FUNCTION;

    #[test]
    fn secrets_stay_off_the_screen() {
        let function: FunctionView = serde_json::from_str(FUNCTION).unwrap();
        let fields = fields(&function);
        let value = |wanted| &fields.iter().find(|(name, _)| *name == wanted).unwrap().1;
        assert_eq!(value("environment"), "TOKEN (7 bytes)");
        assert_eq!(value("published"), "1 to 2");
        assert_eq!(value("urls"), "http://hello.localhost:4566/");
        assert!(fields.iter().all(|(_, value)| !value.contains("hunter2")));
        assert!(fields.iter().all(|(name, _)| *name != "tags"));
    }
}
