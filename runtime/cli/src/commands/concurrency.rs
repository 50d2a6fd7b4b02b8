use clap::{Args, Subcommand};
use lambent_api::{ConcurrencyView, ProvisionedView};
use lambent_types::{FunctionName, QualifiedFunction, format_count};
use serde_json::json;

use super::named::minute;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent concurrency show hello
  lambent concurrency reserve hello 100
  lambent concurrency reserve hello 0      to switch it off
  lambent concurrency unreserve hello
  lambent concurrency provision hello:live 5
  lambent concurrency unprovision hello:live";

/// Reserve invocations at once for functions, and keep instances of versions ready
///
/// What is reserved for a function nobody else of its namespace can use, and the function has none
/// beyond that. Instances that are kept ready start without a delay.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConcurrencyArgs {
    #[command(subcommand)]
    command: ConcurrencyCommand,
}

#[derive(Debug, Subcommand)]
enum ConcurrencyCommand {
    /// Show what is reserved for a function and kept ready of it
    Show {
        /// The function's name
        function: FunctionName,
    },
    /// Reserve so many invocations at once for a function; 0 switches it off
    Reserve {
        /// The function's name
        function: FunctionName,
        /// How many
        count: u32,
    },
    /// Give back what is reserved for a function: it shares the rest with the others
    Unreserve {
        /// The function's name
        function: FunctionName,
    },
    /// Keep so many instances ready of a version, or of what an alias leads to
    Provision {
        /// The function with a version or an alias, as in hello:3 and hello:live
        function: QualifiedFunction,
        /// How many
        instances: u32,
    },
    /// Keep none ready any more
    Unprovision {
        /// The function with a version or an alias, as in hello:3 and hello:live
        function: QualifiedFunction,
    },
}

pub(crate) fn run(args: &ConcurrencyArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        ConcurrencyCommand::Show { function } => show(function, global),
        ConcurrencyCommand::Reserve { function, count } => reserve(function, Some(*count), global),
        ConcurrencyCommand::Unreserve { function } => reserve(function, None, global),
        ConcurrencyCommand::Provision { function, instances } => {
            provision(function, *instances, global)
        }
        ConcurrencyCommand::Unprovision { function } => unprovision(function, global),
    }
}

fn show(function: &FunctionName, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let concurrency = client.concurrency(function)?;
    let provisioned = client.all_provisioned(function)?;
    let output = global.output();
    if output.json {
        let mut all = concurrency.json()?;
        all["provisioned"] = provisioned.json()?["provisioned"].take();
        output.json(&all)?;
        return Ok(Exit::Ok);
    }
    output.fields(&fields(concurrency.value()?))?;
    let rows: Vec<_> = provisioned.value()?.provisioned.iter().map(row).collect();
    if !rows.is_empty() {
        output.line("")?;
        output
            .table(&["ready of", "requested", "allocated", "available", "status", "asked"], rows)?;
    }
    Ok(Exit::Ok)
}

fn fields(view: ConcurrencyView) -> [(&'static str, String); 4] {
    let ConcurrencyView { reserved, running, limit, unreserved } = view;
    let count =
        |count: u64| if count == u64::MAX { "unlimited".into() } else { format_count(count) };
    let reserved = match reserved {
        Some(0) => "0: it is switched off".into(),
        Some(reserved) => count(reserved.into()),
        None => "none in particular".into(),
    };
    [
        ("reserved", reserved),
        ("running", count(running)),
        ("unreserved", count(unreserved)),
        ("of its namespace", count(limit)),
    ]
}

fn row(view: &ProvisionedView) -> Vec<String> {
    let status = view.status.as_str();
    let status = view.reason.as_ref().map_or(status.into(), |why| format!("{status}: {why}"));
    vec![
        view.qualifier.to_string(),
        view.requested.to_string(),
        view.allocated.to_string(),
        view.available.to_string(),
        status,
        minute(view.changed),
    ]
}

fn reserve(function: &FunctionName, count: Option<u32>, global: &Global) -> Result<Exit, CliError> {
    let answer = global.client()?.reserve(function, count)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let said = match count {
        Some(0) => format!("{function} is switched off: no invocation is reserved for it"),
        Some(count) => format!("{count} invocations at once are reserved for {function}"),
        None => format!("nothing is reserved for {function} in particular"),
    };
    output.line(&said)?;
    Ok(Exit::Ok)
}

fn provision(
    function: &QualifiedFunction,
    instances: u32,
    global: &Global,
) -> Result<Exit, CliError> {
    let QualifiedFunction { name, qualifier } = function;
    let answer = global.client()?.provision(name, qualifier, instances)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let ProvisionedView { requested, status, .. } = answer.value()?;
    let status = status.as_str();
    output.line(&format!("{requested} instances of {function} are kept ready ({status})"))?;
    Ok(Exit::Ok)
}

fn unprovision(function: &QualifiedFunction, global: &Global) -> Result<Exit, CliError> {
    global.client()?.unprovision(&function.name, &function.qualifier)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "unprovisioned": function.to_string() }))?;
    } else {
        output.line(&format!("no instances of {function} are kept ready any more"))?;
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_says_what_it_means() {
        let view = |json| fields(serde_json::from_str(json).unwrap()).map(|(_, value)| value);
        let off = view(r#"{"reserved":0,"running":0,"limit":1000,"unreserved":1000}"#);
        assert_eq!(off, ["0: it is switched off", "0", "1,000", "1,000"]);
        let none = r#"{"reserved":null,"running":3,"limit":18446744073709551615,
            "unreserved":18446744073709551615}"#;
        assert_eq!(view(none), ["none in particular", "3", "unlimited", "unlimited"]);
        let failed = r#"{"qualifier":"live","requested":5,"allocated":1,"available":1,
            "status":"failed","reason":"no memory","changed":"2026-07-01T12:00:00Z"}"#;
        let row = row(&serde_json::from_str(failed).unwrap());
        assert_eq!(row, ["live", "5", "1", "1", "failed: no memory", "2026-07-01 12:00"]);
    }
}
