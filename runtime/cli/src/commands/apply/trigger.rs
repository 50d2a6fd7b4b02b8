use lambent_types as types;
use lambent_types::{
    BucketName, KeyspaceName, ObjectChange, Pattern, QualifiedFunction, QueueName, QueueTarget,
    Source, SourceResource, StreamStart, TableName, TableSource, TriggerName,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::delivery::{Delivery, destinations};
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;
use super::units::Milliseconds;

/// The wiring of one source of events, `object`, `queue`, `keyvalue` or `table`, to a function or a queue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Trigger {
    /// The function that is run; a version or an alias may follow its name, as in `hello:live`.
    #[schema(value_type = Option<String>)]
    function: Option<QualifiedFunction>,
    /// The queue in which each event becomes a message, instead of a function.
    #[serde(rename = "send-to")]
    #[schema(value_type = Option<String>)]
    send_to: Option<QueueName>,
    /// Changes of the objects of a bucket.
    object: Option<ObjectSource>,
    /// Messages of a queue.
    queue: Option<QueueSource>,
    /// Changes of the keys of a keyspace.
    keyvalue: Option<KeyValueSource>,
    /// Changes of the items of a table.
    table: Option<TableChanges>,
    /// Which events, as EventBridge's patterns say: those that one of them fits, or all if there are
    /// none. At most 10.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Map<String, serde_json::Value>>)]
    patterns: Vec<Pattern>,
    /// How its events are delivered; by default as the function says.
    delivery: Option<Delivery>,
    /// Whether it is on.
    #[schema(value_type = Option<bool>, default = true)]
    enabled: Option<bool>,
}

/// The objects whose changes are events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as { bucket = \"NAME\" }")]
struct ObjectSource {
    /// Their bucket.
    #[schema(value_type = String)]
    bucket: BucketName,
    /// The changes; all if none is given.
    #[serde(default)]
    changes: Vec<ObjectChange>,
    /// What their keys begin with.
    #[serde(default)]
    prefix: String,
    /// What their keys end with.
    #[serde(default)]
    suffix: String,
}

/// The queue whose messages are events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a table such as { queue = \"NAME\", batch-size = 10 }"
)]
struct QueueSource {
    /// Its name.
    #[schema(value_type = String)]
    queue: QueueName,
    /// Most messages that one invocation is given.
    #[schema(value_type = Option<u32>, default = default_batch_size)]
    batch_size: Option<u32>,
    /// How long it is waited for more messages, up to 5m; by default not at all.
    #[schema(value_type = Option<String>)]
    batch_window: Option<Milliseconds>,
    /// Most invocations at once.
    #[schema(value_type = Option<u32>, default = default_concurrency)]
    concurrency: Option<u32>,
    /// Whether the messages count as failed that the answer of a function of a runtime names in
    /// `batchItemFailures`.
    #[serde(default = "taken")]
    #[schema(default = true)]
    item_failures: bool,
}

const fn taken() -> bool {
    true
}

fn default_batch_size() -> u32 {
    types::BATCH_SIZE_DEFAULT
}

fn default_concurrency() -> u32 {
    types::CONCURRENCY_DEFAULT
}

/// The keys whose changes are events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a table such as { keyspace = \"NAME\" }")]
struct KeyValueSource {
    /// Their keyspace.
    #[schema(value_type = String)]
    keyspace: KeyspaceName,
    /// What they begin with.
    #[serde(default)]
    prefix: String,
}

/// The table whose changes are events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a table such as { table = \"NAME\", batch-size = 100 }"
)]
struct TableChanges {
    /// Its name. It has to have a stream.
    #[schema(value_type = String)]
    table: TableName,
    /// Where a new trigger begins: with the changes from now on (`latest`), or with the oldest
    /// that there is (`trim-horizon`).
    #[schema(value_type = Option<String>, default = "latest")]
    from: Option<StreamStart>,
    /// Most changes that one invocation is given.
    #[schema(value_type = Option<u32>, default = default_changes)]
    batch_size: Option<u32>,
    /// How long it is waited for more changes, up to 5m; by default not at all.
    #[schema(value_type = Option<String>)]
    batch_window: Option<Milliseconds>,
    /// Most invocations at once, up to 10; the changes of one item are never in two of them.
    #[schema(value_type = Option<u32>, default = 1)]
    concurrency: Option<u32>,
    /// Whether a batch that fails comes again as two halves, until what fails is alone.
    #[serde(default)]
    bisect: bool,
    /// Attempts after which a batch is given up; by default it is when the stream has it no more.
    attempts: Option<u32>,
    /// How old a change may be before it is given up: 1m to 7d.
    #[schema(value_type = Option<String>)]
    age: Option<Milliseconds>,
    /// Whether a batch goes on with the first change that the answer of a function of a runtime
    /// names in `batchItemFailures`.
    #[serde(default = "taken")]
    #[schema(default = true)]
    item_failures: bool,
}

fn default_changes() -> u32 {
    types::CHANGES_DEFAULT
}

impl TableChanges {
    fn source(&self) -> TableSource {
        TableSource {
            from: self.from.unwrap_or_default(),
            batch_size: self.batch_size.unwrap_or(types::CHANGES_DEFAULT),
            batch_window_ms: self.batch_window.map_or(0, |ms| ms.0),
            concurrency_max: self.concurrency.unwrap_or(1),
            bisect: self.bisect,
            attempts_max: self.attempts,
            age_max_ms: self.age.map(|ms| ms.0),
            item_failures: self.item_failures,
            ..TableSource::new(self.table.clone())
        }
    }
}

impl Entry for Trigger {
    const KIND: Kind = Kind::Trigger;
    type Name = TriggerName;
    type Spec = types::Trigger;

    fn spec(&self, name: &TriggerName, _: &Context) -> Result<types::Trigger, Fault> {
        let trigger = types::Trigger {
            name: name.clone(),
            function: self.function.clone(),
            send_to: self
                .send_to
                .clone()
                .map(|queue| QueueTarget { queue, s3_configuration: None }),
            source: self.source()?,
            patterns: self.patterns.clone(),
            delivery: self.delivery.as_ref().map(Delivery::policy),
            enabled: self.enabled.unwrap_or(true),
        };
        trigger.validate().map_err(|error| error.detail().to_owned())?;
        Ok(trigger)
    }

    fn references(trigger: &types::Trigger) -> Vec<(Kind, String)> {
        let SourceResource { noun, name, .. } = trigger.source.resource();
        let source = Kind::of(noun).map(|kind| (kind, name.to_owned()));
        let function = trigger.function.iter();
        let function = function.map(|named| (Kind::Function, named.name.to_string()));
        let queue = trigger.send_to.iter();
        let queue = queue.map(|target| (Kind::Queue, target.queue.to_string()));
        let named = function.chain(queue).chain(source);
        named.chain(trigger.delivery.iter().flat_map(destinations)).collect()
    }
}

impl Trigger {
    fn source(&self) -> Result<Source, String> {
        match (&self.object, &self.queue, &self.keyvalue, &self.table) {
            (Some(object), None, None, None) => Ok(Source::Object {
                bucket: object.bucket.clone(),
                changes: object.changes.clone(),
                prefix: object.prefix.clone(),
                suffix: object.suffix.clone(),
            }),
            (None, Some(queue), None, None) => Ok(Source::Queue {
                queue: queue.queue.clone(),
                batch_size: queue.batch_size.unwrap_or(types::BATCH_SIZE_DEFAULT),
                batch_window_ms: queue.batch_window.map_or(0, |ms| ms.0),
                concurrency_max: queue.concurrency.unwrap_or(types::CONCURRENCY_DEFAULT),
                item_failures: queue.item_failures,
            }),
            (None, None, Some(keyvalue), None) => Ok(Source::KeyValue {
                keyspace: keyvalue.keyspace.clone(),
                prefix: keyvalue.prefix.clone(),
            }),
            (None, None, None, Some(table)) => Ok(Source::Table(table.source())),
            _ => Err("a trigger has one source: `object`, `queue`, `keyvalue` or `table`".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_of_every_source_has_to_exist() {
        for (source, kind) in [
            ("object = { bucket = \"abc\" }", Kind::Bucket),
            ("queue = { queue = \"abc\" }", Kind::Queue),
            ("keyvalue = { keyspace = \"abc\" }", Kind::Keyspace),
            ("table = { table = \"abc\" }", Kind::Table),
        ] {
            let text = format!("function = \"f:live\"\n{source}");
            let trigger: Trigger = toml::from_str(&text).unwrap();
            let (surroundings, built) = Default::default();
            let directory = std::path::Path::new("");
            let context = Context::new(directory, &surroundings, &built);
            let spec = trigger.spec(&"t".parse().unwrap(), &context).unwrap();
            let references = Trigger::references(&spec);
            assert_eq!(references, [(Kind::Function, "f".into()), (kind, "abc".into())]);
        }
    }
}
