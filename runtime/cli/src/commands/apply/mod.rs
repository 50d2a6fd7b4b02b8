//! From a file that says what there is to be, to its being there.

/// Gives a macro the kinds of resources in a file, in an order in which each may refer to
/// those before. A row is the kind, the module of its entry, which is named like the kind, and
/// its table in the file.
macro_rules! entries {
    ($write:ident) => {
        $write! {
            Bucket, bucket, buckets;
            Keyspace, keyspace, keyspaces;
            Table, table, tables;
            Queue, queue, queues;
            Topic, topic, topics;
            Volume, volume, volumes;
            Function, function, functions;
            Subscription, subscription, subscriptions;
            Trigger, trigger, triggers;
            Schedule, schedule, schedules;
            Site, site, sites;
        }
    };
}

mod bucket;
mod built;
mod code;
mod context;
mod cors;
mod delivery;
mod difference;
mod entry;
mod fault;
mod file;
mod function;
mod function_keys;
mod function_schema;
mod kept;
mod keyspace;
mod kind;
mod located;
mod making;
mod manifest;
mod node;
mod patterns;
mod plan;
mod present;
mod queue;
mod reference;
mod schedule;
mod schema;
mod secret;
mod show;
mod site;
mod step;
mod subscription;
mod surroundings;
mod table;
mod topic;
mod trigger;
mod units;
mod variable;
mod volume;
mod wanted;
mod watched;

use std::path::PathBuf;

use clap::Args;
use lambent_api::client::Client;

use crate::confirm;
use crate::deploying::Show;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::{Output, duration};
pub(crate) use built::Built;
pub(crate) use file::File;
pub(crate) use making::Made;
pub(crate) use plan::{Plan, Prune};
pub(crate) use reference::reference;
pub(crate) use schema::schema;
pub(crate) use show::explain;
use show::{counts, show, to_json};
pub(crate) use watched::{Tree, Watched};

/// The file that makes a folder a project.
pub(crate) const MANIFEST: &str = "lambent.toml";

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
file does not name at all stays, but for --prune; so do variables that lambent configure
gave a function, but for --prune-environment. A variable { from = \"env\" } is that of
the environment, or of lambent.env beside the file. Values of variables are never printed.
All keys are in lambent manifest reference. Nothing is built: see lambent up.

Examples:
  lambent apply --dry-run
  lambent apply guest-examples/thumbnail/lambent.toml
  lambent apply --yes      in a script";

/// Make buckets, queues, volumes, functions, triggers, schedules and sites as a file says
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

    /// Remove the variables of functions that the file does not name
    #[arg(long)]
    prune_environment: bool,
}

pub(crate) fn run(args: &ApplyArgs, global: &Global) -> Result<Exit, CliError> {
    let file = File::read(&args.file)?;
    let client = global.client()?;
    let plan = Plan::make(&client, &file, args.prune(), &file.built()?)?;
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
    take(&plan, &client, output)?;
    Ok(Exit::Ok)
}

/// Takes the steps of a plan and tells of each; as JSON of all at the end.
fn take(plan: &Plan, client: &Client, output: Output) -> Result<(), CliError> {
    let done = plan.execute(client, Show::suited(output.json), |done, time| {
        if output.json {
            return Ok(());
        }
        Ok(output.line(&format!("{done:58} {:>8}", duration(time)))?)
    });
    match done {
        Ok(()) => {
            if output.json {
                output.json(&to_json(plan, plan.steps.len(), None))?;
            }
            Ok(())
        }
        Err(stopped) => {
            if output.json {
                output.json(&to_json(plan, stopped.taken, Some(&stopped.error)))?;
            }
            Err(explain(plan, stopped))
        }
    }
}

/// Makes everything as a file says, without a question: nothing is deleted.
///
/// # Errors
/// Usage: the file is wrong. Otherwise the server's problem, or no answer; the error says what
/// was not done.
pub(crate) fn apply(file: &File, client: &Client, output: Output) -> Result<(), CliError> {
    let plan = Plan::make(client, file, Prune::Nothing, &file.built()?)?;
    if !output.json {
        show(&plan, &client.endpoint().to_string(), output)?;
    }
    take(&plan, client, output)
}

impl ApplyArgs {
    const fn prune(&self) -> Prune {
        match (self.prune, self.prune_environment) {
            (true, _) => Prune::All,
            (false, true) => Prune::Variables,
            (false, false) => Prune::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use lambent_test_support::canned::{Canned, answer};

    use super::*;

    #[test]
    fn a_failure_says_what_is_left() {
        let nothing = |kind: &str| answer("200 OK", &format!(r#"{{"{kind}":[],"next":null}}"#));
        let kinds = [
            "buckets",
            "keyspaces",
            "tables",
            "queues",
            "topics",
            "volumes",
            "functions",
            "subscriptions",
            "triggers",
            "schedules",
            "sites",
        ];
        let mut answers: Vec<_> = kinds.into_iter().map(nothing).collect();
        answers.push(answer("201 Created", "{}"));
        let problem = r#"{"type":"about:blank","title":"t","status":507,"code":"quota-exceeded",
            "detail":"no room","retryable":false}"#;
        answers.push(answer("507 No", problem));
        let server = Canned::start(answers);
        let client = Client::new(server.endpoint());
        let text = "[buckets.aaa]\n[buckets.bbb]\n[keyspaces.k]";
        let file = file::tests::file(text, std::path::Path::new("")).unwrap();
        let plan = Plan::make(&client, &file, Prune::Nothing, &Built::default()).unwrap();
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
