use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use lambent_types::{
    BucketName, FunctionName, KeyspaceName, ObjectChange, Pattern, QueueName, Source, Trigger,
    TriggerName,
};
use serde_json::{Value, json};

use super::named::{self, cell};
use crate::api::resources::Kind;
use crate::args::Global;
use crate::confirm;
use crate::delivery::DeliveryArgs;
use crate::error::{CliError, Exit};
use crate::span;

const EXAMPLES: &str = "\
Examples:
  lambent trigger put new-photo --function thumbnail --bucket photos --created --suffix .jpg
  lambent trigger put orders --function order-queue --queue orders --batch-size 10
  lambent trigger put audit --function kv-audit --keyspace settings
  lambent trigger put big --function f --bucket photos --pattern '{\"subject\":[\"a.jpg\"]}'
  lambent trigger put new-photo --function thumbnail --bucket photos --disabled
  lambent trigger list
  lambent trigger describe new-photo
  lambent trigger delete new-photo --yes";

/// Run functions on changes of objects and keys, and on messages
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TriggerArgs {
    #[command(subcommand)]
    command: TriggerCommand,
}

#[derive(Debug, Subcommand)]
enum TriggerCommand {
    Put(Box<PutArgs>),
    /// List the triggers
    List,
    /// Show a trigger
    Describe {
        /// The trigger's name
        name: TriggerName,
    },
    /// Delete a trigger with the events that wait for it
    Delete {
        /// The trigger's name
        name: TriggerName,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// Make a trigger, or replace the one of that name
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["bucket", "queue", "keyspace"])))]
struct PutArgs {
    /// The trigger's name
    name: TriggerName,

    /// The function to run
    #[arg(long, value_name = "NAME")]
    function: FunctionName,

    /// Run it on changes of the objects in this bucket
    #[arg(long, value_name = "NAME")]
    bucket: Option<BucketName>,

    /// Run it on the messages of this queue
    #[arg(long, value_name = "NAME")]
    queue: Option<QueueName>,

    /// Run it on changes of the keys in this keyspace
    #[arg(long, value_name = "NAME")]
    keyspace: Option<KeyspaceName>,

    /// Bucket: only objects that are written [default: written and deleted]
    #[arg(long, conflicts_with_all = ["queue", "keyspace"])]
    created: bool,

    /// Bucket: only objects that are deleted
    #[arg(long, conflicts_with_all = ["queue", "keyspace"])]
    deleted: bool,

    /// Bucket, keyspace: only keys that begin so
    #[arg(long, value_name = "TEXT", conflicts_with = "queue")]
    prefix: Option<String>,

    /// Bucket: only keys that end so
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["queue", "keyspace"])]
    suffix: Option<String>,

    /// Queue: most messages at once
    #[arg(long, value_name = "N", default_value_t = 10)]
    batch_size: u32,

    /// Queue: how long to wait for so many
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = span::parse)]
    batch_window: Duration,

    /// Queue: most invocations at once
    #[arg(long, value_name = "N", default_value_t = 50)]
    concurrency: u32,

    /// Only events that match this pattern (JSON, as EventBridge has them). May be repeated
    #[arg(long = "pattern", value_name = "JSON", value_parser = pattern)]
    patterns: Vec<Pattern>,

    /// Let the events wait
    #[arg(long)]
    disabled: bool,

    #[command(flatten)]
    delivery: DeliveryArgs,
}

fn pattern(text: &str) -> Result<Pattern, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl PutArgs {
    fn source(&self) -> Result<Source, CliError> {
        let prefix = self.prefix.clone().unwrap_or_default();
        Ok(match (&self.bucket, &self.queue, &self.keyspace) {
            (Some(bucket), ..) => {
                let changes =
                    [(self.created, ObjectChange::Created), (self.deleted, ObjectChange::Deleted)];
                let changes = changes.into_iter().filter(|(given, _)| *given);
                Source::Object {
                    bucket: bucket.clone(),
                    changes: changes.map(|(_, change)| change).collect(),
                    prefix,
                    suffix: self.suffix.clone().unwrap_or_default(),
                }
            }
            (_, Some(queue), _) => Source::Queue {
                queue: queue.clone(),
                batch_size: self.batch_size,
                batch_window_ms: u64::try_from(self.batch_window.as_millis()).unwrap_or(u64::MAX),
                concurrency_max: self.concurrency,
            },
            (.., Some(keyspace)) => Source::KeyValue { keyspace: keyspace.clone(), prefix },
            _ => return Err(CliError::usage("give --bucket, --queue or --keyspace")),
        })
    }

    fn trigger(&self) -> Result<Trigger, CliError> {
        let trigger = Trigger {
            name: self.name.clone(),
            function: self.function.clone(),
            source: self.source()?,
            patterns: self.patterns.clone(),
            delivery: self.delivery.to_policy()?,
            enabled: !self.disabled,
        };
        trigger.validate().map_err(|error| CliError::usage(error.detail()))?;
        Ok(trigger)
    }
}

pub(crate) fn run(args: &TriggerArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        TriggerCommand::Put(args) => {
            let trigger = json!(args.trigger()?);
            named::put(Kind::Trigger, args.name.as_str(), Some(&trigger), global)
        }
        TriggerCommand::List => {
            let first = "lambent trigger put new-photo --function thumbnail --bucket photos";
            let header = ["name", "function", "source", "waiting", "enabled"];
            named::list(Kind::Trigger, &header, row, first, global)
        }
        TriggerCommand::Describe { name } => describe(name, global),
        TriggerCommand::Delete { name, yes } => {
            if !yes {
                confirm::deletion(&format!("trigger {name} with the events that wait for it"))?;
            }
            named::delete(Kind::Trigger, name.as_str(), global)
        }
    }
}

/// Describes the source of a trigger's events in a few words.
fn source(trigger: &Value) -> String {
    let source = &trigger["source"];
    match source["kind"].as_str().unwrap_or_default() {
        "object" => format!("bucket {}", cell(&source["bucket"])),
        "queue" => format!("queue {}", cell(&source["queue"])),
        "keyvalue" => format!("keyspace {}", cell(&source["keyspace"])),
        other => other.to_owned(),
    }
}

/// Writes how many events wait, as a number or by their state.
fn waiting(trigger: &Value) -> String {
    match &trigger["depth"] {
        Value::Object(depth) => {
            let states = ["ready", "in_flight", "delayed"];
            let counts = states.iter().filter_map(|state| depth.get(*state)?.as_u64());
            counts.sum::<u64>().to_string()
        }
        other => cell(other),
    }
}

fn row(trigger: &Value) -> Vec<String> {
    vec![
        cell(&trigger["name"]),
        cell(&trigger["function"]),
        source(trigger),
        waiting(trigger),
        if trigger["enabled"] == false { "no" } else { "yes" }.into(),
    ]
}

fn describe(name: &TriggerName, global: &Global) -> Result<Exit, CliError> {
    let trigger = global.client()?.resource(Kind::Trigger, name.as_str())?;
    let output = global.output();
    if output.json {
        output.json(&trigger)?;
        return Ok(Exit::Ok);
    }
    let filter = |member: &str| match &trigger["source"][member] {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(cell).collect(),
        value => vec![cell(value)],
    };
    let mut fields = vec![
        ("name", cell(&trigger["name"])),
        ("function", cell(&trigger["function"])),
        ("source", source(&trigger)),
    ];
    for member in
        ["changes", "prefix", "suffix", "batch_size", "batch_window_ms", "concurrency_max"]
    {
        let values = filter(member);
        if !values.is_empty() {
            fields.push((member, values.join(", ")));
        }
    }
    let patterns = trigger["patterns"].as_array().into_iter().flatten();
    let patterns: Vec<_> = patterns.map(Value::to_string).collect();
    if !patterns.is_empty() {
        fields.push(("patterns", patterns.join("\n")));
    }
    if let Value::Object(delivery) = &trigger["delivery"] {
        let delivery = delivery.iter().map(|(name, value)| format!("{name} {}", cell(value)));
        fields.push(("delivery", delivery.collect::<Vec<_>>().join("\n")));
    }
    fields.push(("waiting", waiting(&trigger)));
    fields.push(("enabled", if trigger["enabled"] == false { "no" } else { "yes" }.into()));
    output.fields(&fields)?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: PutArgs,
    }

    fn trigger(line: &[&str]) -> Result<Value, String> {
        let line = ["probe", "t", "--function=f"].into_iter().chain(line.iter().copied());
        let probe = Probe::try_parse_from(line).map_err(|error| error.to_string())?;
        probe.args.trigger().map(|trigger| json!(trigger)).map_err(|error| error.to_string())
    }

    #[test]
    fn each_source_has_its_flags() {
        let object = trigger(&["--bucket=photos", "--created", "--suffix=.jpg"]).unwrap();
        let expected = json!({
            "kind": "object", "bucket": "photos", "changes": ["created"], "suffix": ".jpg",
        });
        assert_eq!(object["source"], expected);
        let queue = trigger(&["--queue=q", "--batch-size=5", "--attempts=2"]).unwrap();
        assert_eq!(queue["source"]["batch_size"], 5);
        assert_eq!(queue["delivery"]["attempts_max"], 2);
        let key = trigger(&["--keyspace=k", "--prefix=a", "--disabled"]).unwrap();
        assert_eq!(key["source"], json!({ "kind": "keyvalue", "keyspace": "k", "prefix": "a" }));
        assert_eq!(key["enabled"], false);
    }

    #[test]
    fn flags_of_other_sources_are_refused() {
        assert!(trigger(&[]).is_err());
        assert!(trigger(&["--queue=q", "--keyspace=k"]).is_err());
        assert!(trigger(&["--queue=q", "--suffix=.jpg"]).is_err());
        assert!(trigger(&["--queue=q", "--batch-size=0"]).unwrap_err().contains("1 to 1000"));
        assert!(trigger(&["--bucket=photos", "--pattern={"]).is_err());
    }

    #[test]
    fn what_waits_is_added_up() {
        let depth = |depth: Value| waiting(&json!({ "depth": depth }));
        assert_eq!(depth(json!({ "ready": 2, "in_flight": 1, "delayed": 4, "oldest": null })), "7");
        assert_eq!(depth(json!(3)), "3");
    }
}
