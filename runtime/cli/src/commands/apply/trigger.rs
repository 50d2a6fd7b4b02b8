use std::iter;

use lambent_types as types;
use lambent_types::{
    BucketName, FunctionName, KeyspaceName, ObjectChange, Pattern, QueueName, Source,
    SourceResource, TriggerName,
};
use serde::Deserialize;

use super::delivery::{Delivery, destinations};
use super::entry::Entry;
use super::kind::Kind;
use super::milliseconds::Milliseconds;

/// A trigger in a `lambent.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trigger {
    function: FunctionName,
    object: Option<ObjectSource>,
    queue: Option<QueueSource>,
    keyvalue: Option<KeyValueSource>,
    #[serde(default)]
    patterns: Vec<Pattern>,
    delivery: Option<Delivery>,
    enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectSource {
    bucket: BucketName,
    #[serde(default)]
    changes: Vec<ObjectChange>,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    suffix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct QueueSource {
    queue: QueueName,
    batch_size: Option<u32>,
    batch_window: Option<Milliseconds>,
    concurrency: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyValueSource {
    keyspace: KeyspaceName,
    #[serde(default)]
    prefix: String,
}

impl Entry for Trigger {
    const KIND: Kind = Kind::Trigger;
    type Name = TriggerName;
    type Spec = types::Trigger;

    fn spec(&self, name: &TriggerName) -> Result<types::Trigger, String> {
        let trigger = types::Trigger {
            name: name.clone(),
            function: self.function.clone(),
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
        let function = (Kind::Function, trigger.function.to_string());
        let named = iter::once(function).chain(source);
        named.chain(trigger.delivery.iter().flat_map(destinations)).collect()
    }
}

impl Trigger {
    fn source(&self) -> Result<Source, String> {
        match (&self.object, &self.queue, &self.keyvalue) {
            (Some(object), None, None) => Ok(Source::Object {
                bucket: object.bucket.clone(),
                changes: object.changes.clone(),
                prefix: object.prefix.clone(),
                suffix: object.suffix.clone(),
            }),
            (None, Some(queue), None) => Ok(Source::Queue {
                queue: queue.queue.clone(),
                batch_size: queue.batch_size.unwrap_or(types::BATCH_SIZE_DEFAULT),
                batch_window_ms: queue.batch_window.map_or(0, |ms| ms.0),
                concurrency_max: queue.concurrency.unwrap_or(types::CONCURRENCY_DEFAULT),
            }),
            (None, None, Some(keyvalue)) => Ok(Source::KeyValue {
                keyspace: keyvalue.keyspace.clone(),
                prefix: keyvalue.prefix.clone(),
            }),
            _ => Err("a trigger has one source: `object`, `queue` or `keyvalue`".into()),
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
        ] {
            let trigger: Trigger = toml::from_str(&format!("function = \"f\"\n{source}")).unwrap();
            let references = Trigger::references(&trigger.spec(&"t".parse().unwrap()).unwrap());
            assert_eq!(references, [(Kind::Function, "f".into()), (kind, "abc".into())]);
        }
    }
}
