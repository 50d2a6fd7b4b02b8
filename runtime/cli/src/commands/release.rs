use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use lambent_api::client::Answer;
use lambent_api::{ChangeRelease, ReleaseView};
use lambent_types::{
    AliasName, Bound, BoundValue, Bounds, FunctionName, InvalidBound, QualifiedFunction, Qualifier,
    Release, ReleasePlan, ReleaseState, Step, VersionStatistics, Weight, format_count,
};

use super::named::minute;
use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  lambent release start hello:live 7
  lambent release start hello:live 7 --step 1%=10m --step 10%=30m --step 50%=1h
  lambent release start hello:live 7 --max-error-rate +50% --max-p95 +25% --max-fuel +10%
  lambent release switch hello:live 7
  lambent release status hello:live
  lambent release pause hello:live
  lambent release resume hello:live
  lambent release promote hello:live
  lambent release rollback hello:live --reason 'wrong totals'";

/// Have an alias go over to another version, by steps or at once, and back
///
/// The new version handles a part of the events, and more from step to step. If it does worse than a
/// bound allows, the alias leads to the version before again, by itself.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReleaseArgs {
    #[command(subcommand)]
    command: ReleaseCommand,
}

#[derive(Debug, Subcommand)]
enum ReleaseCommand {
    Start(StartArgs),
    /// Have an alias lead to another version at once, for all events in one change
    Switch {
        #[command(flatten)]
        released: Released,
        /// The version to go over to
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        version: u64,
    },
    /// Show the release of an alias, or those of all aliases of a function
    Status {
        /// The function, or the function with an alias, as in hello:live
        function: QualifiedFunction,
    },
    /// Keep a release at its step; it is taken back all the same if its version does worse
    Pause(Released),
    /// Have a release go on that was paused
    Resume(Released),
    /// Have the new version handle everything now
    Promote(Released),
    /// Have the version before handle everything again, also after the release is over
    Rollback {
        #[command(flatten)]
        released: Released,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

// What is released. A description of its own would be taken for that of its commands.
#[derive(Debug, Args)]
struct Released {
    /// The function with an alias, as in hello:live
    #[arg(value_name = "FUNCTION:ALIAS")]
    function: QualifiedFunction,
}

impl Released {
    fn named(&self) -> Result<(&FunctionName, &AliasName), CliError> {
        let QualifiedFunction { name, qualifier } = &self.function;
        let alias = qualifier.alias().ok_or_else(|| {
            CliError::usage(format!("name an alias of {name} after a colon, as in {name}:live"))
        })?;
        Ok((name, alias))
    }
}

/// Begin to have an alias go over to another version, by steps
#[derive(Debug, Args)]
struct StartArgs {
    #[command(flatten)]
    released: Released,

    /// The version to go over to
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    version: u64,

    /// A step: which part of the events the version handles, and for how long; each more than the one
    /// before, and after the last everything [default: 10%=5m, then 50%=5m]
    #[arg(long = "step", value_name = "PART=DURATION", value_parser = step)]
    steps: Vec<Step>,

    /// Take it back if more of its invocations fail: a part such as 1%, or how much more than of the
    /// version before, such as +50%
    #[arg(long, value_name = "BOUND", value_parser = bound::<Weight>)]
    max_error_rate: Option<Bound<Weight>>,

    /// Take it back if the 95th percentile of its durations is longer: a duration such as 300ms, or how
    /// much more than of the version before, such as +25%
    #[arg(long, value_name = "BOUND", value_parser = bound::<Duration>)]
    max_p95: Option<Bound<Duration>>,

    /// Take it back if its invocations use more fuel: a number, or how much more than of the version
    /// before, such as +10%
    #[arg(long, value_name = "BOUND", value_parser = bound::<u64>)]
    max_fuel: Option<Bound<u64>>,
}

fn bound<T: BoundValue>(text: &str) -> Result<Bound<T>, InvalidBound> {
    Bound::from_str(text)
}

fn step(text: &str) -> Result<Step, String> {
    let (weight, lasts) = text.split_once('=').ok_or("not of the form PART=DURATION")?;
    let weight = weight.parse().map_err(|error| format!("{error}"))?;
    let lasts = duration::parse(lasts).map_err(|error| error.to_string())?;
    let duration_ms = u64::try_from(lasts.as_millis()).map_err(|error| error.to_string())?;
    Ok(Step { weight, duration_ms })
}

impl StartArgs {
    fn plan(&self) -> Result<ReleasePlan, CliError> {
        let steps = if self.steps.is_empty() { Step::usual() } else { self.steps.clone() };
        let bounds = Bounds {
            error_rate: self.max_error_rate,
            p95_duration: self.max_p95,
            fuel: self.max_fuel,
        };
        let plan = ReleasePlan { version: self.version, steps, bounds };
        plan.validate().map_err(|error| CliError::usage(error.detail()))?;
        Ok(plan)
    }
}

pub(crate) fn run(args: &ReleaseArgs, global: &Global) -> Result<Exit, CliError> {
    let (released, change) = match &args.command {
        ReleaseCommand::Start(args) => return start(&args.released, &args.plan()?, global),
        ReleaseCommand::Switch { released, version } => {
            let (version, bounds) = (*version, Bounds::default());
            let plan = ReleasePlan { version, steps: Vec::new(), bounds };
            return start(released, &plan, global);
        }
        ReleaseCommand::Status { function } => return status(function, global),
        ReleaseCommand::Pause(released) => (released, ReleaseState::Paused),
        ReleaseCommand::Resume(released) => (released, ReleaseState::Running),
        ReleaseCommand::Promote(released) => (released, ReleaseState::Promoted),
        ReleaseCommand::Rollback { released, .. } => (released, ReleaseState::RolledBack),
    };
    let reason = match &args.command {
        ReleaseCommand::Rollback { reason, .. } => reason.clone(),
        _ => None,
    };
    let (function, alias) = released.named()?;
    let change = ChangeRelease { state: change, reason };
    let answer = global.client()?.change_release(function, alias, &change)?;
    tell(function, &answer, global)
}

fn start(released: &Released, plan: &ReleasePlan, global: &Global) -> Result<Exit, CliError> {
    let (function, alias) = released.named()?;
    let answer = global.client()?.start_release(function, alias, plan)?;
    tell(function, &answer, global)
}

/// Says where a release is now.
fn tell(
    function: &FunctionName,
    answer: &Answer<ReleaseView>,
    global: &Global,
) -> Result<Exit, CliError> {
    let output = global.output();
    if output.json {
        output.answer(answer)?;
    } else {
        let ReleaseView { alias, release, .. } = answer.value()?;
        output.line(&format!("{function}:{alias} {}", stands(&release)))?;
    }
    Ok(Exit::Ok)
}

/// Where a release is, after the name of what is released.
fn stands(release: &Release) -> String {
    let Release { from, to, state, progress, steps, .. } = release;
    match (state, release.step()) {
        (ReleaseState::Promoted, _) => format!("leads to version {to}, after version {from}"),
        (ReleaseState::RolledBack, _) => {
            let reason = release.reason.as_deref().unwrap_or("no reason is known");
            format!("leads to version {from} again, not to version {to}: {reason}")
        }
        (_, Some(step)) => {
            let left = output::duration(progress.left());
            let (number, count) = (progress.step + 1, steps.len());
            let paused = if *state == ReleaseState::Paused { "paused, " } else { "" };
            format!(
                "goes from version {from} to version {to}: {} at step {number} of {count}, \
                 {paused}{left} left",
                step.weight
            )
        }
        (state, None) => state.as_str().into(),
    }
}

fn status(function: &QualifiedFunction, global: &Global) -> Result<Exit, CliError> {
    let QualifiedFunction { name, qualifier } = function;
    let (client, output) = (global.client()?, global.output());
    let alias = match qualifier {
        Qualifier::Alias(alias) => alias,
        Qualifier::Latest => {
            let all = client.releases(name)?;
            if output.json {
                output.answer(&all)?;
                return Ok(Exit::Ok);
            }
            let rows: Vec<_> = all.value()?.releases.iter().map(row).collect();
            if rows.is_empty() {
                eprintln!("no releases yet; begin one: lambent release start {name}:live 2");
            } else {
                output.table(&["alias", "from", "to", "state", "weight", "began"], rows)?;
            }
            return Ok(Exit::Ok);
        }
        Qualifier::Version(_) => {
            return Err(CliError::usage(
                "versions are not released; name an alias, as in hello:live",
            ));
        }
    };
    let answer = client.release(name, alias)?;
    if output.json {
        output.answer(&answer)?;
    } else {
        let view = answer.value()?;
        output.fields(&fields(name, &view))?;
        if let Some(statistics) = &view.statistics {
            output.line("")?;
            let rows = [&statistics.from, &statistics.to].map(seen).to_vec();
            output.table(&["version", "invocations", "failed", "rate", "p95", "fuel"], rows)?;
        }
    }
    Ok(Exit::Ok)
}

fn row(ReleaseView { alias, release, .. }: &ReleaseView) -> Vec<String> {
    let weight = release.step().map_or_else(|| "-".into(), |step| step.weight.to_string());
    vec![
        alias.to_string(),
        release.from.to_string(),
        release.to.to_string(),
        release.state.as_str().into(),
        weight,
        minute(release.started),
    ]
}

fn fields(name: &FunctionName, view: &ReleaseView) -> Vec<(&'static str, String)> {
    let ReleaseView { alias, release, .. } = view;
    let step = |step: &Step| format!("{} for {}", step.weight, duration::format(step.duration()));
    let steps: Vec<_> = release.steps.iter().map(step).collect();
    let mut fields = vec![
        ("release", format!("{name}:{alias}")),
        ("state", release.state.as_str().into()),
        ("stands", format!("it {}", stands(release))),
        ("steps", steps.join(", then ")),
        ("bounds", bounds(&release.bounds)),
        ("began", minute(release.started)),
        ("changed", minute(release.changed)),
    ];
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

fn bounds(Bounds { error_rate, p95_duration, fuel }: &Bounds) -> String {
    let rate = error_rate.map(|bound| format!("error rate {bound}"));
    let p95 = p95_duration.map(|bound| format!("p95 duration {bound}"));
    let fuel = fuel.map(|bound| format!("fuel {bound}"));
    let all: Vec<_> = [rate, p95, fuel].into_iter().flatten().collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}

fn seen(statistics: &VersionStatistics) -> Vec<String> {
    let VersionStatistics { version, invocations, failures, p95_duration_us, fuel } = statistics;
    let rate = *failures as f64 / (*invocations).max(1) as f64 * 100.0;
    let p95 = p95_duration_us.map(|micros| output::duration(Duration::from_micros(micros)));
    vec![
        version.to_string(),
        format_count(*invocations),
        format_count(*failures),
        format!("{rate:.3}%"),
        p95.unwrap_or_else(|| "-".into()),
        fuel.map_or_else(|| "-".into(), format_count),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_parts_with_durations() {
        let step_of = |text: &str| step(text).map(|step| (step.weight.get(), step.duration_ms));
        assert_eq!(step_of("10%=5m"), Ok((100_000, 300_000)));
        assert_eq!(step_of("0.5=1d"), Ok((500_000, 86_400_000)));
        for (wrong, told) in [
            ("10%", "PART=DURATION"),
            ("0=5m", "not above 0 and at most 1"),
            ("10%=soon", "not a duration"),
        ] {
            assert!(step(wrong).unwrap_err().contains(told), "{wrong}");
        }
    }

    fn view(state: &str, more: &str) -> ReleaseView {
        let json = format!(
            r#"{{"alias":"live","from":"6","to":7,"state":"{state}","step":0,"left_ms":240000,
                "steps":[{{"weight":0.1,"duration_ms":300000}},{{"weight":0.5,"duration_ms":60000}}],
                "bounds":{{"error_rate":"+50%","fuel":"2000000"}},"looks":2,"new":1,
                "started":"2026-07-01T12:00:00Z","changed":"2026-07-01T12:01:00Z"{more}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn where_it_stands_is_said() {
        let said = |state, more| stands(&view(state, more).release);
        let running = "goes from version 6 to version 7: 10% at step 1 of 2, 240 s left";
        assert_eq!(said("running", ""), running);
        assert!(said("paused", "").ends_with("of 2, paused, 240 s left"));
        assert_eq!(said("promoted", ""), "leads to version 7, after version 6");
        let back = said("rolled-back", r#","reason":"it fails""#);
        assert_eq!(back, "leads to version 6 again, not to version 7: it fails");
        let fields = fields(&"hello".parse().unwrap(), &view("running", ""));
        assert!(fields.contains(&("steps", "10% for 5m, then 50% for 1m".into())));
        assert!(fields.contains(&("bounds", "error rate +50%, fuel 2000000".into())));
    }

    #[test]
    fn what_was_seen_is_a_row() {
        let json =
            r#"{"version":"7","invocations":2000,"failures":50,"p95_duration_us":1234,"fuel":5}"#;
        let row = seen(&serde_json::from_str(json).unwrap());
        assert_eq!(row, ["7", "2,000", "50", "2.500%", "1.23 ms", "5"]);
        let none = r#"{"version":"7","invocations":0,"failures":0}"#;
        assert_eq!(seen(&serde_json::from_str(none).unwrap())[3..], ["0.000%", "-", "-"]);
    }
}
