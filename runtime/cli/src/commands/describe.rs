use clap::Args;
use lambent_api::client::Client;
use lambent_api::kinds::{Kind as _, Schedule, Trigger};
use lambent_api::{FunctionView, ImportView, RunsOn};
use lambent_types::{
    ConfigurationPatch, QualifiedFunction, Qualifier, SourceResource, format_bytes,
};

use crate::error::{CliError, Exit};
use crate::function_args::FunctionArgs;
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent describe hello
  lambent describe hello:3
  lambent describe hello --show-values --json | jq .configuration.environment";

/// Show one function: its code, imports, configuration, grants and URLs, and what runs it
///
/// Of its environment the names are shown, with --json too. An import that a grant opens is shown
/// with what was granted.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    function: FunctionArgs,

    /// Show the values of its environment too
    #[arg(long)]
    show_values: bool,
}

pub(crate) fn run(args: &DescribeArgs, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let (name, qualifier) = args.function.given()?;
    let function = client.function_with_imports(name, qualifier)?;
    let output = global.output();
    if output.json && args.show_values {
        output.json(&function.json()?)?;
    } else if output.json {
        output.answer(&function)?;
    } else {
        let function = function.value()?;
        let run_by = run_by(&client, &function)?;
        output.fields(&fields(&function, run_by, args.show_values))?;
    }
    Ok(Exit::Ok)
}

/// The triggers and schedules that run the function. Versions are run by none.
fn run_by(client: &Client, function: &FunctionView) -> Result<String, CliError> {
    if function.revision.is_none() {
        return Ok(String::new());
    }
    let is_it = |named: &QualifiedFunction| named.is_of(&function.name);
    let as_what = |named: &QualifiedFunction| match &named.qualifier {
        Qualifier::Latest => String::new(),
        qualifier => format!(", as {qualifier}"),
    };
    let off = |enabled: bool| if enabled { "" } else { ", not enabled" };
    let triggers = Trigger::items(client.all::<Trigger>()?.value()?);
    let triggers = triggers
        .iter()
        .map(|view| &view.trigger)
        .filter_map(|one| Some((one, one.function.as_ref().filter(|function| is_it(function))?)));
    let triggers = triggers.map(|(trigger, function)| {
        let SourceResource { noun, name, .. } = trigger.source.resource();
        let (as_what, off) = (as_what(function), off(trigger.enabled));
        format!("trigger {} (on {noun} {name}{as_what}{off})", trigger.name)
    });
    let schedules = Schedule::items(client.all::<Schedule>()?.value()?);
    let schedules = schedules.iter().map(|view| &view.schedule).filter(|one| is_it(&one.function));
    let schedules = schedules.map(|schedule| {
        let (name, expression) = (&schedule.name, &schedule.expression);
        let (as_what, off) = (as_what(&schedule.function), off(schedule.enabled));
        format!("schedule {name} ({}{as_what}{off})", expression.0)
    });
    Ok(lines(triggers.chain(schedules)))
}

/// What is configured of functions that a runtime runs only.
const OF_RUNTIMES: [&str; 3] = ["runtime", "runtime-updates", "layers"];

fn fields(
    function: &FunctionView,
    run_by: String,
    show_values: bool,
) -> Vec<(&'static str, String)> {
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
        ("imports", lines(function.imports.iter().flatten().map(import))),
    ]);
    let runs = configuration.runtime.is_some();
    let parameters = ConfigurationPatch::PARAMETERS.iter();
    let parameters = parameters.filter(|parameter| runs || !OF_RUNTIMES.contains(&parameter.name));
    fields.extend(parameters.map(|parameter| (parameter.name, (parameter.show)(configuration))));
    let variable = |(key, value): (&String, &String)| match show_values {
        true => format!("{key}={value}"),
        false => format!("{key} ({} bytes)", value.len()),
    };
    fields.extend([
        ("grants", lines(configuration.granted().iter().map(ToString::to_string))),
        ("origins", configuration.cors.allow_origins.join(", ")),
        ("run by", run_by),
        ("tags", lines(configuration.tags.iter().map(|(key, value)| format!("{key}={value}")))),
        ("environment", lines(configuration.environment.0.iter().map(variable))),
        ("urls", function.urls.join("\n")),
    ]);
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

fn runs_on(RunsOn { runtime, digest, differs }: &RunsOn) -> String {
    let which = format!("{runtime}, sha256 {digest}");
    differs.as_ref().map_or_else(|| which.clone(), |differs| format!("{which}\n{differs}"))
}

/// An import, and what it is to the function.
fn import(import: &ImportView) -> String {
    let name = &import.interface;
    match import {
        ImportView { served: false, .. } => format!("{name} (not served by this node)"),
        ImportView { closed: true, .. } => format!("{name} (closed, and no grant opens it)"),
        ImportView { opened_by, .. } if opened_by.is_empty() => name.clone(),
        ImportView { granted, opened_by, .. } if granted.is_empty() => {
            format!("{name} (nothing granted; opened by: {})", opened_by.join(", "))
        }
        ImportView { granted, .. } => format!("{name} (granted: {})", granted.join(", ")),
    }
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
                "grants": { "keyspaces": { "todo": "read" }, "hosts": ["api.example.com"] },
            },
            "created": "2026-06-01T12:00:00Z", "updated": "2026-07-01T12:00:00Z",
            "last_version": 2, "urls": ["http://hello.localhost:4566/"],
        });
        serde_json::from_value(function).unwrap()
    }

    #[test]
    fn secrets_stay_off_the_screen() {
        let fields = fields(&function(), "trigger t (on queue q)".into(), false);
        let value = |wanted| &fields.iter().find(|(name, _)| *name == wanted).unwrap().1;
        assert_eq!(value("environment"), "TOKEN (7 bytes)");
        assert_eq!(value("grants"), "keyspace:todo=read\nhost:api.example.com");
        assert_eq!(value("run by"), "trigger t (on queue q)");
        assert_eq!(value("published"), "1 to 2");
        assert_eq!(value("urls"), "http://hello.localhost:4566/");
        assert!(fields.iter().all(|(_, value)| !value.contains("hunter2")));
        assert!(fields.iter().all(|(name, _)| *name != "tags"));
        let asked = super::fields(&function(), String::new(), true);
        assert!(asked.iter().all(|(name, _)| *name != "imports"));
        assert!(asked.contains(&("environment", "TOKEN=hunter2".into())));
    }

    #[test]
    fn imports_say_what_they_are_to_the_function() {
        let imports = json!([
            { "interface": "wasi:cli/stdout@0.2.3", "served": true },
            { "interface": "wasi:keyvalue/store@0.2.0-draft", "served": true,
              "opened_by": ["keyspace"], "granted": ["keyspace:todo=read"] },
            { "interface": "wasi:messaging/producer@0.2.0-draft", "served": true,
              "opened_by": ["queue"] },
            { "interface": "wasi:sockets/tcp@0.2.3", "served": true, "closed": true },
            { "interface": "wasi:gone/gone@0.1.0", "served": false },
        ]);
        let imports = serde_json::from_value(imports).unwrap();
        let fields = fields(&FunctionView { imports, ..function() }, String::new(), false);
        let (_, shown) = fields.iter().find(|(name, _)| *name == "imports").unwrap();
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "wasi:cli/stdout@0.2.3",
                "wasi:keyvalue/store@0.2.0-draft (granted: keyspace:todo=read)",
                "wasi:messaging/producer@0.2.0-draft (nothing granted; opened by: queue)",
                "wasi:sockets/tcp@0.2.3 (closed, and no grant opens it)",
                "wasi:gone/gone@0.1.0 (not served by this node)",
            ]
        );
    }
}
