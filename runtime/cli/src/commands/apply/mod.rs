//! From a file that says what there is to be, to its being there.

/// Gives a macro the kinds of resources in a file, in an order in which each may refer to
/// those before. A row is the kind, the module of its entry, which is named like the kind, and
/// its table in the file.
macro_rules! entries {
    ($write:ident) => {
        $write! {
            Bucket, bucket, buckets;
            Keyspace, keyspace, keyspaces;
            Queue, queue, queues;
            Volume, volume, volumes;
            Function, function, functions;
            Trigger, trigger, triggers;
            Schedule, schedule, schedules;
        }
    };
}

mod bucket;
mod delivery;
mod difference;
mod entry;
mod function;
mod keyspace;
mod kind;
mod located;
mod manifest;
mod milliseconds;
mod plan;
mod present;
mod queue;
mod schedule;
mod trigger;
mod volume;
mod wanted;

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::confirm;
use crate::deploying::Show;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::{Colour, Output, colour, duration, paint};
use crate::printable::printable;
use plan::Action;
pub(crate) use plan::{Plan, Stopped};
pub(crate) use wanted::File;

const AFTER_HELP: &str = "\
A file:
  [buckets.photos]
  [queues.failed]
  [functions.thumbnail]
  component = \"thumbnail.wasm\"          # relative to the file
  memory = \"256MiB\"
  grants = { buckets = { photos = \"read\" } }
  [triggers.new-photo]
  function = \"thumbnail\"
  object = { bucket = \"photos\", changes = [\"created\"] }

A function is as the file says: what the file leaves out is as by default. What the
file does not name at all stays, but for --prune. Values of environment variables are
never printed.

Examples:
  lambent apply --dry-run
  lambent apply guest-examples/thumbnail/lambent.toml
  lambent apply --yes      in a script";

/// Make buckets, queues, volumes, functions, triggers and schedules as a file says
///
/// Shows what it would create, change and delete, asks, and does it. If it is
/// interrupted or fails half-way, repeating it goes on. Repeating it once it is
/// done does nothing.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ApplyArgs {
    /// The file
    #[arg(value_name = "FILE", default_value = "lambent.toml")]
    file: PathBuf,

    /// Show what would be done and do nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    /// Delete everything that the file does not name
    #[arg(long)]
    prune: bool,
}

pub(crate) fn run(args: &ApplyArgs, global: &Global) -> Result<Exit, CliError> {
    let file = File::read(&args.file)?;
    let client = global.client()?;
    let plan = Plan::make(&client, &file, args.prune, &|_, path| path)?;
    let output = global.output();
    let ends = args.dry_run || plan.steps.is_empty();
    if !output.json {
        show(&plan, &client.endpoint().to_string(), output)?;
    } else if ends {
        output.json(&to_json(&plan, 0, None))?;
    }
    if ends {
        return Ok(Exit::Ok);
    }
    if !args.yes {
        confirm::ask(&format!("{}?", counts(&plan)), "applying this plan", "nothing was changed")?;
    }
    let done = plan.execute(&client, Show::suited(output.json), |done, time| {
        if output.json {
            return Ok(());
        }
        Ok(output.line(&format!("{done:58} {:>8}", duration(time)))?)
    });
    match done {
        Ok(()) => {
            if output.json {
                output.json(&to_json(&plan, plan.steps.len(), None))?;
            }
            Ok(Exit::Ok)
        }
        Err(stopped) => {
            if output.json {
                output.json(&to_json(&plan, stopped.taken, Some(&stopped.error)))?;
            }
            Err(explain(&plan, stopped))
        }
    }
}

/// Counts the steps of each kind in words: `create 2, change 1`.
fn counts(plan: &Plan) -> String {
    let count = |action| {
        let count = plan.steps.iter().filter(|step| step.action == action).count();
        (count > 0).then(|| format!("{} {count}", action.verb()))
    };
    let all = [Action::Create, Action::Change, Action::Delete].into_iter().filter_map(count);
    all.collect::<Vec<_>>().join(", ")
}

fn show(plan: &Plan, endpoint: &str, output: Output) -> Result<(), CliError> {
    output.line(&format!("{} at {endpoint}", plan.title))?;
    let on = colour(&io::stdout());
    for step in &plan.steps {
        let (sign, hue) = match step.action {
            Action::Create => ("+", Colour::Green),
            Action::Change => ("~", Colour::Yellow),
            Action::Delete => ("-", Colour::Red),
        };
        output.painted(&paint(on, hue, &printable(&format!("  {sign} {}", step.subject()))))?;
        let width = step.changes.iter().map(|change| change.name().chars().count()).max();
        for change in &step.changes {
            let width = width.unwrap_or_default();
            output.line(&format!("      {:width$}  {}", change.name(), change.values()))?;
        }
    }
    if plan.steps.is_empty() {
        let all = plan.unchanged;
        output.line(&format!("nothing to do: all {all} are as the file says"))?;
    } else {
        output.line(&format!("{}, keep {}", counts(plan), plan.unchanged))?;
    }
    Ok(())
}

fn to_json(plan: &Plan, taken: usize, failure: Option<&CliError>) -> Value {
    let steps = plan.steps.iter().enumerate().map(|(index, step)| {
        let mut value = step.to_json();
        value["done"] = (index < taken).into();
        if let Some(error) = failure.filter(|_| index == taken) {
            value["error"] = error.to_json();
        }
        value
    });
    json!({ "plan": steps.collect::<Vec<_>>(), "unchanged": plan.unchanged })
}

/// Says what was done, what was not done, and how to go on.
pub(crate) fn explain(plan: &Plan, stopped: Stopped) -> CliError {
    let Stopped { taken, error } = stopped;
    let Some(failed) = plan.steps.get(taken) else { return error };
    let (verb, subject) = (failed.action.verb(), failed.subject());
    let left = plan.steps.iter().skip(taken);
    let left: Vec<_> =
        left.map(|step| format!("{} {}", step.action.verb(), step.subject())).collect();
    error.context(&format!("cannot {verb} {subject}")).more(format!(
        "{taken} of {} steps were done; not done: {}\nrepeat it to go on from there",
        plan.steps.len(),
        left.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use lambent_api::client::Client;
    use lambent_test_support::canned::{Canned, answer};

    use super::*;

    #[test]
    fn a_failure_says_what_is_left() {
        let nothing = |kind: &str| answer("200 OK", &format!(r#"{{"{kind}":[],"next":null}}"#));
        let kinds =
            ["buckets", "keyspaces", "queues", "volumes", "functions", "triggers", "schedules"];
        let mut answers: Vec<_> = kinds.into_iter().map(nothing).collect();
        answers.push(answer("201 Created", "{}"));
        let problem = r#"{"type":"about:blank","title":"t","status":507,"code":"quota-exceeded",
            "detail":"no room","retryable":false}"#;
        answers.push(answer("507 No", problem));
        let server = Canned::start(answers);
        let client = Client::new(server.endpoint());
        let text = "[buckets.aaa]\n[buckets.bbb]\n[keyspaces.k]";
        let file = wanted::tests::file(text, std::path::Path::new("")).unwrap();
        let plan = Plan::make(&client, &file, false, &|_, path| path).unwrap();
        assert_eq!(counts(&plan), "create 3");
        let stopped = plan.execute(&client, Show::Nothing, |_, _| Ok(())).err().unwrap();
        let json = to_json(&plan, stopped.taken, Some(&stopped.error));
        assert_eq!(
            (&json["plan"][0]["done"], &json["plan"][1]["done"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(json["plan"][1]["error"]["code"], "quota-exceeded");
        let message = explain(&plan, stopped).to_string();
        assert_eq!(
            message,
            "cannot create bucket bbb: no room\n  1 of 3 steps were done; not done: create bucket \
             bbb, create keyspace k\n  repeat it to go on from there"
        );
        server.requests();
    }
}
