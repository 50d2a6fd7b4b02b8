use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use lambent_types::{CatchUp, FunctionName, Schedule, ScheduleExpression, ScheduleName};
use serde_json::{Value, json};

use super::named::{self, cell};
use crate::api::resources::Kind;
use crate::args::Global;
use crate::delivery::DeliveryArgs;
use crate::error::{CliError, Exit};
use crate::span;

const EXAMPLES: &str = "\
Examples:
  lambent schedule put nightly --function report --cron '0 2 * * *' --time-zone Europe/Berlin
  lambent schedule put heartbeat --function ping --rate 5m
  lambent schedule put party --function notify --at 2030-12-24T18:00:00 --input '{\"kind\":\"full\"}'
  lambent schedule list
  lambent schedule describe nightly
  lambent schedule delete nightly";

/// Run functions at times
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ScheduleArgs {
    #[command(subcommand)]
    command: ScheduleCommand,
}

#[derive(Debug, Subcommand)]
enum ScheduleCommand {
    Put(Box<PutArgs>),
    /// List the schedules
    List,
    /// Show a schedule
    Describe {
        /// The schedule's name
        name: ScheduleName,
    },
    /// Delete a schedule
    Delete {
        /// The schedule's name
        name: ScheduleName,
    },
}

/// What to do about times that passed while no node was running.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Missed {
    /// Nothing
    Skip,
    /// Fire once
    Once,
    /// Fire for each
    All,
}

/// Make a schedule, or replace the one of that name
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("when").required(true).args(["cron", "rate", "at"])))]
struct PutArgs {
    /// The schedule's name
    name: ScheduleName,

    /// The function to run
    #[arg(long, value_name = "NAME")]
    function: FunctionName,

    /// When: minute, hour, day of month, month, day of week
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<String>,

    /// Every so often
    #[arg(long, value_name = "DURATION", value_parser = span::parse)]
    rate: Option<Duration>,

    /// Once, at this time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// The time zone of --cron and --at
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,

    /// What to do about times that passed while no node was running
    #[arg(long, value_enum, default_value_t = Missed::Once)]
    catch_up: Missed,

    /// The event's data [default: the schedule's name and its time]
    #[arg(long, value_name = "JSON", value_parser = parse_json)]
    input: Option<Value>,

    /// Do not fire
    #[arg(long)]
    disabled: bool,

    #[command(flatten)]
    delivery: DeliveryArgs,
}

fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The expression of a rate, in its largest whole unit.
pub(crate) fn rate_expression(rate: Duration) -> String {
    let seconds = rate.as_secs();
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let whole = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "second"));
    let count = seconds / unit;
    format!("rate({count} {name}{})", if count == 1 { "" } else { "s" })
}

impl PutArgs {
    fn schedule(&self) -> Result<Schedule, CliError> {
        let expression = match (&self.cron, self.rate, &self.at) {
            (Some(cron), ..) => cron.clone(),
            (_, Some(rate), _) => rate_expression(rate),
            (.., Some(at)) => format!("at({at})"),
            _ => return Err(CliError::usage("give --cron, --rate or --at")),
        };
        let schedule = Schedule {
            name: self.name.clone(),
            function: self.function.clone(),
            expression: ScheduleExpression(expression),
            time_zone: self.time_zone.clone(),
            catch_up: match self.catch_up {
                Missed::Skip => CatchUp::Skip,
                Missed::Once => CatchUp::Once,
                Missed::All => CatchUp::All,
            },
            input: self.input.clone(),
            delivery: self.delivery.to_policy()?,
            enabled: !self.disabled,
        };
        schedule.validate().map_err(|error| CliError::usage(error.detail()))?;
        Ok(schedule)
    }
}

pub(crate) fn run(args: &ScheduleArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        ScheduleCommand::Put(args) => {
            let schedule = json!(args.schedule()?);
            named::put(Kind::Schedule, args.name.as_str(), Some(&schedule), global)
        }
        ScheduleCommand::List => {
            let first = "lambent schedule put heartbeat --function ping --rate 5m";
            let header = ["name", "function", "when", "time zone", "next", "enabled"];
            named::list(Kind::Schedule, &header, row, first, global)
        }
        ScheduleCommand::Describe { name } => describe(name, global),
        ScheduleCommand::Delete { name } => named::delete(Kind::Schedule, name.as_str(), global),
    }
}

fn row(schedule: &Value) -> Vec<String> {
    vec![
        cell(&schedule["name"]),
        cell(&schedule["function"]),
        cell(&schedule["expression"]),
        cell(&schedule["time_zone"]),
        cell(&schedule["next"]),
        if schedule["enabled"] == false { "no" } else { "yes" }.into(),
    ]
}

fn describe(name: &ScheduleName, global: &Global) -> Result<Exit, CliError> {
    let schedule = global.client()?.resource(Kind::Schedule, name.as_str())?;
    let output = global.output();
    if output.json {
        output.json(&schedule)?;
        return Ok(Exit::Ok);
    }
    let mut fields = vec![
        ("name", cell(&schedule["name"])),
        ("function", cell(&schedule["function"])),
        ("when", cell(&schedule["expression"])),
        ("time zone", cell(&schedule["time_zone"])),
        ("next", cell(&schedule["next"])),
        ("catch up", cell(&schedule["catch_up"])),
    ];
    if !schedule["input"].is_null() {
        fields.push(("input", schedule["input"].to_string()));
    }
    if let Value::Object(delivery) = &schedule["delivery"] {
        let delivery = delivery.iter().map(|(name, value)| format!("{name} {}", cell(value)));
        fields.push(("delivery", delivery.collect::<Vec<_>>().join("\n")));
    }
    fields.push(("enabled", if schedule["enabled"] == false { "no" } else { "yes" }.into()));
    output.fields(&fields)?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_in_their_largest_unit() {
        let rate = |seconds| rate_expression(Duration::from_secs(seconds));
        assert_eq!(rate(300), "rate(5 minutes)");
        assert_eq!(rate(3600), "rate(1 hour)");
        assert_eq!(rate(90), "rate(90 seconds)");
        assert_eq!(rate(172_800), "rate(2 days)");
    }
}
