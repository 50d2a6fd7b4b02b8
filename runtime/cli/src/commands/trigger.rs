use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use lambent_api::kinds::Trigger as TriggerKind;
use lambent_api::{DepthView, LastErrorView, TriggerView};
use lambent_types::{
    BATCH_SIZE_DEFAULT, BucketName, CHANGES_DEFAULT, CONCURRENCY_DEFAULT, KeyspaceName,
    ObjectChange, Pattern, QualifiedFunction, QueueName, QueueTarget, Source, SourceResource,
    StreamStart, TableName, TableSource, Trigger, TriggerName,
};
use serde_json::json;

use super::named::{self, yes};
use crate::confirm;
use crate::delivery::{DeliveryArgs, lines};
use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent trigger put new-photo --function thumbnail --bucket photos --created --suffix .jpg
  lambent trigger put orders --function order-queue --queue orders --batch-size 10
  lambent trigger put audit --function kv-audit --keyspace settings
  lambent trigger put shipped --function ship --table orders --from trim-horizon
  lambent trigger put big --function f --bucket photos --pattern '{\"subject\":[\"a.jpg\"]}'
  lambent trigger put new-photo --function thumbnail --bucket photos --disabled
  lambent trigger put changes --send-to jobs --bucket photos
  lambent trigger list
  lambent trigger describe new-photo
  lambent trigger status new-photo
  lambent trigger delete new-photo --yes";

/// Run functions on changes of objects, keys and items, and on messages
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
    /// Show how a trigger's deliveries go: what waits, for how long, and what failed last
    ///
    /// Successes and errors are those since the server started.
    Status {
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
#[command(group(ArgGroup::new("target").required(true).args(["send_to", "function"])))]
#[command(group(ArgGroup::new("source").required(true).args(["bucket", "queue", "keyspace", "table"])))]
struct PutArgs {
    /// The trigger's name
    name: TriggerName,

    /// The function to run; a version or an alias may follow its name, as in hello:live
    #[arg(long, value_name = "NAME")]
    function: Option<QualifiedFunction>,

    /// Bucket, keyspace: the queue in which each event becomes a message, instead of a function
    #[arg(long, value_name = "QUEUE", conflicts_with_all = ["queue", "table"])]
    send_to: Option<QueueName>,

    /// Run it on changes of the objects in this bucket
    #[arg(long, value_name = "NAME")]
    bucket: Option<BucketName>,

    /// Run it on the messages of this queue
    #[arg(long, value_name = "NAME")]
    queue: Option<QueueName>,

    /// Run it on changes of the keys in this keyspace
    #[arg(long, value_name = "NAME")]
    keyspace: Option<KeyspaceName>,

    /// Run it on changes of the items of this table, which has to have a stream
    #[arg(long, value_name = "NAME")]
    table: Option<TableName>,

    /// Bucket: only objects that are written [default: written and deleted]
    #[arg(long, conflicts_with_all = ["queue", "keyspace", "table"])]
    created: bool,

    /// Bucket: only objects that are deleted
    #[arg(long, conflicts_with_all = ["queue", "keyspace", "table"])]
    deleted: bool,

    /// Bucket, keyspace: only keys that begin so
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["queue", "table"])]
    prefix: Option<String>,

    /// Bucket: only keys that end so
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["queue", "keyspace", "table"])]
    suffix: Option<String>,

    /// Queue, table: most messages or changes at once [default: 10 messages, 100 changes]
    #[arg(long, value_name = "N")]
    batch_size: Option<u32>,

    /// Queue, table: how long to wait for so many
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration::parse)]
    batch_window: Duration,

    /// Queue, table: most invocations at once [default: 50 for messages, 1 for changes]
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,

    /// Queue, table: do not look at which messages or changes the answer of a function of a runtime
    /// names as failed
    #[arg(long, conflicts_with_all = ["bucket", "keyspace"])]
    no_item_failures: bool,

    #[command(flatten)]
    changes: ChangesArgs,

    /// Only events that match this pattern (JSON, as EventBridge has them). May be repeated
    #[arg(long = "pattern", value_name = "JSON", value_parser = pattern)]
    patterns: Vec<Pattern>,

    /// Let the events wait
    #[arg(long)]
    disabled: bool,

    #[command(flatten)]
    delivery: DeliveryArgs,
}

/// How the changes of a table are taken
#[derive(Debug, Args)]
struct ChangesArgs {
    /// Table: whether to begin with what changes from now on, or with the oldest change there is
    #[arg(long, value_name = "latest|trim-horizon", requires = "table", value_parser = start)]
    from: Option<StreamStart>,

    /// Table: halve a batch that fails, until what fails is alone
    #[arg(long, requires = "table")]
    bisect: bool,

    /// Table: give a batch up after so many attempts [default: when the stream has it no more]
    #[arg(long, value_name = "N", requires = "table")]
    batch_attempts: Option<u32>,

    /// Table: give changes up that are so old
    #[arg(long, value_name = "DURATION", requires = "table", value_parser = duration::parse)]
    batch_age: Option<Duration>,
}

fn start(text: &str) -> Result<StreamStart, String> {
    match text {
        "latest" => Ok(StreamStart::Latest),
        "trim-horizon" => Ok(StreamStart::TrimHorizon),
        _ => Err("give latest or trim-horizon".into()),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn pattern(text: &str) -> Result<Pattern, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl PutArgs {
    fn source(&self) -> Result<Source, CliError> {
        let prefix = self.prefix.clone().unwrap_or_default();
        if let Some(table) = &self.table {
            return Ok(Source::Table(self.table_source(table.clone())));
        }
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
                batch_size: self.batch_size.unwrap_or(BATCH_SIZE_DEFAULT),
                batch_window_ms: milliseconds(self.batch_window),
                concurrency_max: self.concurrency.unwrap_or(CONCURRENCY_DEFAULT),
                item_failures: !self.no_item_failures,
            },
            (.., Some(keyspace)) => Source::KeyValue { keyspace: keyspace.clone(), prefix },
            _ => return Err(CliError::usage("give --bucket, --queue, --keyspace or --table")),
        })
    }

    fn table_source(&self, table: TableName) -> TableSource {
        let ChangesArgs { from, bisect, batch_attempts, batch_age } = self.changes;
        TableSource {
            from: from.unwrap_or_default(),
            batch_size: self.batch_size.unwrap_or(CHANGES_DEFAULT),
            batch_window_ms: milliseconds(self.batch_window),
            concurrency_max: self.concurrency.unwrap_or(1),
            bisect,
            attempts_max: batch_attempts,
            age_max_ms: batch_age.map(milliseconds),
            item_failures: !self.no_item_failures,
            ..TableSource::new(table)
        }
    }

    fn trigger(&self) -> Result<Trigger, CliError> {
        let trigger = Trigger {
            name: self.name.clone(),
            function: self.function.clone(),
            send_to: self
                .send_to
                .clone()
                .map(|queue| QueueTarget { queue, s3_configuration: None }),
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
            named::put::<TriggerKind>(&args.name, &args.trigger()?, global)
        }
        TriggerCommand::List => {
            let first = "lambent trigger put new-photo --function thumbnail --bucket photos";
            let header = ["name", "function", "source", "waiting", "enabled"];
            named::list::<TriggerKind>(&header, row, first, global)
        }
        TriggerCommand::Describe { name } => named::describe::<TriggerKind>(name, fields, global),
        TriggerCommand::Status { name } => named::describe::<TriggerKind>(name, status, global),
        TriggerCommand::Delete { name, yes } => {
            if !yes {
                confirm::deletion(&format!("trigger {name} with the events that wait for it"))?;
            }
            named::delete::<TriggerKind>(name, global)
        }
    }
}

/// What takes a trigger's events: a function, or a queue.
fn target(trigger: &Trigger) -> String {
    match (&trigger.function, &trigger.send_to) {
        (Some(function), _) => function.to_string(),
        (None, Some(target)) => format!("none; sends to queue {}", target.queue),
        (None, None) => String::new(),
    }
}

/// Describes the source of a trigger's events in a few words.
fn source(trigger: &Trigger) -> String {
    let SourceResource { noun, name, .. } = trigger.source.resource();
    format!("{noun} {name}")
}

/// Counts what waits, in whatever state.
fn waiting(depth: DepthView) -> String {
    (depth.ready + depth.in_flight + depth.delayed).to_string()
}

fn row(TriggerView { trigger, depth, .. }: &TriggerView) -> Vec<String> {
    vec![
        trigger.name.to_string(),
        target(trigger),
        source(trigger),
        waiting(*depth),
        yes(trigger.enabled),
    ]
}

/// What of its source's events a trigger is for, and how it takes them.
fn filter(source: &Source) -> Vec<(&'static str, String)> {
    match source {
        Source::Object { changes, prefix, suffix, .. } => {
            let change = |change: &ObjectChange| match change {
                ObjectChange::Created => "created",
                ObjectChange::Deleted => "deleted",
            };
            let changes = changes.iter().map(change).collect::<Vec<_>>().join(", ");
            vec![("changes", changes), ("prefix", prefix.clone()), ("suffix", suffix.clone())]
        }
        Source::Queue { batch_size, batch_window_ms, concurrency_max, item_failures, .. } => vec![
            ("batch_size", batch_size.to_string()),
            ("batch_window_ms", batch_window_ms.to_string()),
            ("concurrency_max", concurrency_max.to_string()),
            ("item_failures", item_failures.to_string()),
        ],
        Source::KeyValue { prefix, .. } => vec![("prefix", prefix.clone())],
        Source::Table(source) => vec![
            ("batch_size", source.batch_size.to_string()),
            ("batch_window_ms", source.batch_window_ms.to_string()),
            ("concurrency_max", source.concurrency_max.to_string()),
            ("bisect", yes(source.bisect)),
            ("attempts_max", source.attempts_max.map(|most| most.to_string()).unwrap_or_default()),
            ("age_max_ms", source.age_max_ms.map(|most| most.to_string()).unwrap_or_default()),
            ("item_failures", source.item_failures.to_string()),
        ],
    }
}

fn fields(TriggerView { trigger, depth, .. }: &TriggerView) -> Vec<(&'static str, String)> {
    let patterns = trigger.patterns.iter().map(|pattern| json!(pattern).to_string());
    let mut fields = vec![
        ("name", trigger.name.to_string()),
        ("function", target(trigger)),
        ("source", source(trigger)),
    ];
    fields.extend(filter(&trigger.source));
    fields.push(("patterns", patterns.collect::<Vec<_>>().join("\n")));
    fields.push(("delivery", trigger.delivery.as_ref().map(lines).unwrap_or_default()));
    fields.push(("waiting", waiting(*depth)));
    fields.push(("enabled", yes(trigger.enabled)));
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

/// How long ago something happened, by this machine's clock.
fn ago(time: Timestamp) -> String {
    let ago = Duration::try_from(Timestamp::now().duration_since(time)).unwrap_or_default();
    format!("{time:.0} ({} ago)", duration::format(Duration::from_secs(ago.as_secs())))
}

fn status(TriggerView { trigger, depth, status }: &TriggerView) -> Vec<(&'static str, String)> {
    let state = if trigger.enabled { "on" } else { "paused: its events wait" };
    let error = status.last_error.as_ref().map_or_else(
        || "none since the server started".into(),
        |LastErrorView { time, kind, message, request }| {
            let request = request.map(|id| format!("\nrequest {id}")).unwrap_or_default();
            format!("{}\n{kind}: {message}{request}", ago(*time))
        },
    );
    let none = || "none since the server started".to_owned();
    vec![
        ("name", trigger.name.to_string()),
        ("function", target(trigger)),
        ("source", source(trigger)),
        ("state", state.into()),
        ("ready", depth.ready.to_string()),
        ("in flight", depth.in_flight.to_string()),
        ("delayed", depth.delayed.to_string()),
        ("oldest", depth.oldest.map_or_else(|| "nothing waits".into(), ago)),
        ("last success", status.last_success.map_or_else(none, ago)),
        ("last error", error),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use lambent_api::TriggerStatusView;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: PutArgs,
    }

    fn trigger(line: &[&str]) -> Result<serde_json::Value, String> {
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
        let depth = DepthView { ready: 2, in_flight: 1, delayed: 4, oldest: None };
        assert_eq!(waiting(depth), "7");
    }

    #[test]
    fn what_is_said_of_a_trigger_is_what_was_given() {
        let line = ["probe", "t", "--function=f", "--bucket=photos", "--created", "--attempts=2"];
        let trigger = Probe::try_parse_from(line).ok().unwrap().args.trigger().unwrap();
        let depth = DepthView { ready: 1, in_flight: 0, delayed: 0, oldest: None };
        let fields = fields(&TriggerView { trigger, depth, status: TriggerStatusView::default() });
        let value = |wanted| &fields.iter().find(|(name, _)| *name == wanted).unwrap().1;
        assert_eq!(value("source"), "bucket photos");
        assert_eq!(value("changes"), "created");
        assert!(value("delivery").contains("attempts_max 2"), "{}", value("delivery"));
        assert!(fields.iter().all(|(name, _)| *name != "suffix"));
    }

    #[test]
    fn a_status_says_what_waits_and_what_failed() {
        let line = ["probe", "t", "--function=f", "--queue=q", "--disabled"];
        let trigger = Probe::try_parse_from(line).ok().unwrap().args.trigger().unwrap();
        let depth = DepthView { ready: 3, in_flight: 0, delayed: 1, oldest: None };
        let error = LastErrorView {
            time: Timestamp::now(),
            kind: "InvalidInput".into(),
            message: "no JSON".into(),
            request: None,
        };
        let status = TriggerStatusView { last_error: Some(error), last_success: None };
        let fields = super::status(&TriggerView { trigger, depth, status });
        let value = |wanted| &fields.iter().find(|(name, _)| *name == wanted).unwrap().1;
        assert_eq!(value("state"), "paused: its events wait");
        assert_eq!((value("ready").as_str(), value("delayed").as_str()), ("3", "1"));
        assert!(value("last error").ends_with("(0s ago)\nInvalidInput: no JSON"));
        assert_eq!(value("last success"), "none since the server started");
    }
}
