use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use lambent_api::ScheduleView;
use lambent_api::kinds::Schedule as ScheduleKind;
use lambent_types::{
    Annotations, CatchUp, QualifiedFunction, Schedule, ScheduleExpression, ScheduleName,
};
use serde_json::Value;

use super::named::{self, or_dash, yes};
use crate::delivery::{DeliveryArgs, lines};
use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::warn;

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
    function: QualifiedFunction,

    /// When: minute, hour, day of month, month, day of week (seconds first if six);
    /// or @hourly, @daily, @weekly, @monthly, @yearly; or cron(…) as EventBridge has it
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<String>,

    /// Every so often, in whole seconds
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    rate: Option<Duration>,

    /// Once, at this date and time of the time zone, such as 2030-12-24T18:00:00
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

/// The time of a schedule as a person gives it: exactly one of the three is set.
pub(crate) struct When<'a> {
    /// A cron expression.
    pub(crate) cron: Option<&'a str>,
    /// A pause.
    pub(crate) rate: Option<Duration>,
    /// A date and a time.
    pub(crate) at: Option<&'a str>,
}

impl When<'_> {
    /// Converts it to the API's expression.
    ///
    /// # Errors
    /// Fails if not exactly one of the three is given, or if it would change its meaning.
    pub(crate) fn expression(&self) -> Result<ScheduleExpression, String> {
        let expression = match (self.cron, self.rate, self.at) {
            (Some(cron), None, None) => {
                let other = ["rate", "at"].into_iter().find(|form| {
                    cron.trim_start().strip_prefix(form).is_some_and(|rest| rest.starts_with('('))
                });
                if let Some(form) = other {
                    return Err(format!("{cron:?} is no cron expression; give it as `{form}`"));
                }
                cron.to_owned()
            }
            (None, Some(rate), None) => rate_expression(rate)?,
            (None, None, Some(at)) => format!("at({at})"),
            _ => return Err("a schedule has one of `cron`, `rate` and `at`".into()),
        };
        Ok(ScheduleExpression(expression))
    }
}

/// The expression of a rate, in its largest whole unit.
fn rate_expression(rate: Duration) -> Result<String, String> {
    let seconds = rate.as_secs();
    if seconds == 0 || rate.subsec_nanos() > 0 {
        let rate = duration::format(rate);
        return Err(format!("the rate {rate} is not in whole seconds, of which 1s is the least"));
    }
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let whole = units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "second"));
    let count = seconds / unit;
    Ok(format!("rate({count} {name}{})", if count == 1 { "" } else { "s" }))
}

impl PutArgs {
    fn schedule(&self) -> Result<Schedule, CliError> {
        let when = When { cron: self.cron.as_deref(), rate: self.rate, at: self.at.as_deref() };
        let schedule = Schedule {
            name: self.name.clone(),
            function: self.function.clone(),
            expression: when.expression().map_err(CliError::usage)?,
            time_zone: self.time_zone.clone(),
            catch_up: match self.catch_up {
                Missed::Skip => CatchUp::Skip,
                Missed::Once => CatchUp::Once,
                Missed::All => CatchUp::All,
            },
            input: self.input.clone(),
            delivery: self.delivery.to_policy()?,
            enabled: !self.disabled,
            annotations: Annotations::default(),
        };
        schedule.validate().map_err(|error| CliError::usage(error.detail()))?;
        Ok(schedule)
    }
}

pub(crate) fn run(args: &ScheduleArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        ScheduleCommand::Put(args) => put(args, global),
        ScheduleCommand::List => {
            let first = "lambent schedule put heartbeat --function ping --rate 5m";
            let header = ["name", "function", "when", "time zone", "next", "enabled"];
            named::list::<ScheduleKind>(&header, row, first, global)
        }
        ScheduleCommand::Describe { name } => named::describe::<ScheduleKind>(name, fields, global),
        ScheduleCommand::Delete { name } => named::delete::<ScheduleKind>(name, global),
    }
}

/// Makes it, and says when it fires first: whoever has a field wrong sees it here.
fn put(args: &PutArgs, global: &Global) -> Result<Exit, CliError> {
    let stored = global.client()?.put::<ScheduleKind>(&args.name, &args.schedule()?)?;
    let output = global.output();
    if output.json {
        output.answer(&stored)?;
        return Ok(Exit::Ok);
    }
    let done = if stored.is_created() { "created" } else { "updated" };
    let ScheduleView { next, warning, .. } = stored.value()?;
    let next = match (next, args.disabled) {
        (Some(next), _) => format!("fires next at {next}"),
        (None, true) => "is disabled".into(),
        (None, false) => "does not fire again".into(),
    };
    output.line(&format!("{done} schedule {}; it {next}", args.name))?;
    if let Some(warning) = warning {
        warn(output.json, &warning);
    }
    Ok(Exit::Ok)
}

fn row(ScheduleView { schedule, next, .. }: &ScheduleView) -> Vec<String> {
    vec![
        schedule.name.to_string(),
        schedule.function.to_string(),
        schedule.expression.0.clone(),
        schedule.time_zone.clone(),
        or_dash(*next),
        yes(schedule.enabled),
    ]
}

fn fields(ScheduleView { schedule, next, .. }: &ScheduleView) -> Vec<(&'static str, String)> {
    let catch_up = match schedule.catch_up {
        CatchUp::Skip => "skip",
        CatchUp::Once => "once",
        CatchUp::All => "all",
    };
    let mut fields = vec![
        ("name", schedule.name.to_string()),
        ("function", schedule.function.to_string()),
        ("when", schedule.expression.0.clone()),
        ("time zone", schedule.time_zone.clone()),
        ("next", or_dash(*next)),
        ("catch up", catch_up.into()),
    ];
    fields.extend(schedule.input.as_ref().map(|input| ("input", input.to_string())));
    fields.extend(schedule.delivery.as_ref().map(|policy| ("delivery", lines(policy))));
    fields.push(("enabled", yes(schedule.enabled)));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_in_their_largest_unit() {
        let rate = |seconds| rate_expression(Duration::from_secs(seconds)).unwrap();
        assert_eq!(rate(300), "rate(5 minutes)");
        assert_eq!(rate(3600), "rate(1 hour)");
        assert_eq!(rate(90), "rate(90 seconds)");
        assert_eq!(rate(172_800), "rate(2 days)");
    }

    #[test]
    fn what_would_be_another_rate_is_refused() {
        for ms in [0, 1, 999, 1500] {
            let error = rate_expression(Duration::from_millis(ms)).unwrap_err();
            assert!(error.contains("whole seconds"), "{error}");
        }
    }

    #[test]
    fn cron_is_cron() {
        let cron = |cron| When { cron: Some(cron), rate: None, at: None }.expression();
        assert_eq!(cron("@daily").unwrap().0, "@daily");
        assert_eq!(cron("cron(0 9 ? * MON *)").unwrap().0, "cron(0 9 ? * MON *)");
        assert!(cron("rate(5 minutes)").unwrap_err().contains("`rate`"));
        assert!(cron(" at(2030-12-24T18:00:00)").unwrap_err().contains("`at`"));
    }
}
