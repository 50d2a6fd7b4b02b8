use clap::Args;
use lambent_api::{FunctionView, RunsOn};
use lambent_types::{ConfigurationPatch, FunctionName, Qualifier, format_bytes};

use crate::error::{CliError, Exit};
use crate::global::Global;

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
        output.answer(&function)?;
    } else {
        output.fields(&fields(&function.value()?))?;
    }
    Ok(Exit::Ok)
}

/// What is configured of functions that a runtime runs only.
const OF_RUNTIMES: [&str; 3] = ["runtime", "runtime-updates", "layers"];

fn fields(function: &FunctionView) -> Vec<(&'static str, String)> {
    let configuration = &function.configuration;
    let mut fields = vec![
        ("name", function.name.to_string()),
        ("namespace", function.namespace.to_string()),
        ("version", function.version.to_string()),
    ];
    if let Some(revision) = function.revision {
        fields.push(("revision", revision.0.to_string()));
    }
    if let Some(last) = function.last_version {
        let text = if last == 0 { "none".into() } else { format!("1 to {last}") };
        fields.push(("published", text));
    }
    fields.extend([
        ("changed", function.changed().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("code", format!("{}, sha256 {}", format_bytes(function.code_bytes), function.digest)),
        ("adapted from", function.adapted_from.map_or_else(String::new, |from| from.to_string())),
        ("runs on", function.runs_on.as_ref().map_or_else(String::new, runs_on)),
        ("calls", lines(function.handlers.iter().map(ToString::to_string))),
    ]);
    let runs = configuration.runtime.is_some();
    let parameters = ConfigurationPatch::PARAMETERS.iter();
    let parameters = parameters.filter(|parameter| runs || !OF_RUNTIMES.contains(&parameter.name));
    fields.extend(parameters.map(|parameter| (parameter.name, (parameter.show)(configuration))));
    fields.extend([
        ("tags", lines(configuration.tags.iter().map(|(key, value)| format!("{key}={value}")))),
        (
            "environment",
            lines(
                configuration
                    .environment
                    .0
                    .iter()
                    .map(|(key, value)| format!("{key} ({} bytes)", value.len())),
            ),
        ),
        ("urls", function.urls.join("\n")),
    ]);
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

fn runs_on(RunsOn { runtime, digest, differs }: &RunsOn) -> String {
    let which = format!("{runtime}, sha256 {digest}");
    differs.as_ref().map_or_else(|| which.clone(), |differs| format!("{which}\n{differs}"))
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// A function as a newer server may show it.
    pub(in super::super) fn function() -> FunctionView {
        let function = json!({
            "name": "hello", "namespace": "default", "version": "$LATEST", "revision": 3,
            "digest": "ab12cd34".repeat(8), "code_bytes": 72000, "not_known_yet": 1,
            "handlers": ["wasi:http/incoming-handler@0.2"],
            "configuration": {
                "memory_bytes": 67108864, "timeout_ms": 1000, "fuel": 10_000_000_000_u64,
                "environment": { "TOKEN": "hunter2" }, "public": true, "not_known_yet": 1,
            },
            "created": "2026-06-01T12:00:00Z", "updated": "2026-07-01T12:00:00Z",
            "last_version": 2, "urls": ["http://hello.localhost:4566/"],
        });
        serde_json::from_value(function).unwrap()
    }

    #[test]
    fn secrets_stay_off_the_screen() {
        let fields = fields(&function());
        let value = |wanted| &fields.iter().find(|(name, _)| *name == wanted).unwrap().1;
        assert_eq!(value("environment"), "TOKEN (7 bytes)");
        assert_eq!(value("published"), "1 to 2");
        assert_eq!(value("urls"), "http://hello.localhost:4566/");
        assert!(fields.iter().all(|(_, value)| !value.contains("hunter2")));
        assert!(fields.iter().all(|(name, _)| *name != "tags"));
    }
}
