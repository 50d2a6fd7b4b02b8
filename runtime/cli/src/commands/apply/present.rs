//! The resources on the server, in the same form as the wanted ones.

use std::collections::BTreeMap;

use lambent_server::QueueAttributes;
use lambent_types::{Configuration, Schedule, Trigger};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::wanted::describe_function;
use crate::api::resources::Kind;
use crate::client::Client;
use crate::error::CliError;

/// Everything that can be in a `lambent.toml`.
pub(super) const KINDS: [Kind; 6] =
    [Kind::Bucket, Kind::Keyspace, Kind::Queue, Kind::Function, Kind::Trigger, Kind::Schedule];

/// One resource that exists.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) name: String,
    /// The attributes, in the form that is compared.
    pub(super) description: Value,
    /// The revision, for functions only.
    pub(super) revision: Option<u64>,
}

/// Everything that is there, by kind and by name in lower case.
#[derive(Debug, Default)]
pub(super) struct Inventory(BTreeMap<Kind, BTreeMap<String, Present>>);

impl Inventory {
    /// Asks the server.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(super) fn read(client: &Client) -> Result<Self, CliError> {
        let mut inventory = Self::default();
        for kind in KINDS {
            for item in client.resources(kind)? {
                inventory.add(kind, &item);
            }
        }
        Ok(inventory)
    }

    pub(super) fn add(&mut self, kind: Kind, item: &Value) {
        let name = item["name"].as_str().unwrap_or_default().to_owned();
        let description = describe(kind, item);
        let revision = item["revision"].as_u64();
        let key = name.to_ascii_lowercase();
        let present = Present { name, description, revision };
        self.0.entry(kind).or_default().insert(key, present);
    }

    /// Finds the resource of this name, whatever its case.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<&Present> {
        self.0.get(&kind)?.get(&name.to_ascii_lowercase())
    }

    /// All of a kind.
    pub(super) fn all(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Present> {
        self.0.get(&kind).into_iter().flat_map(BTreeMap::values)
    }
}

fn describe(kind: Kind, item: &Value) -> Value {
    const QUEUE: [&str; 5] =
        ["visibility_timeout_ms", "delay_ms", "retention_ms", "content_deduplication", "redrive"];
    const TRIGGER: [&str; 6] = ["name", "function", "source", "patterns", "delivery", "enabled"];
    const SCHEDULE: [&str; 8] =
        ["name", "function", "expression", "time_zone", "catch_up", "input", "delivery", "enabled"];
    match kind {
        Kind::Bucket | Kind::Keyspace => json!({}),
        Kind::Queue => completed::<QueueAttributes>(members(&item["attributes"], &QUEUE)),
        Kind::Trigger => completed::<Trigger>(members(item, &TRIGGER)),
        Kind::Schedule => completed::<Schedule>(members(item, &SCHEDULE)),
        Kind::Function => {
            let digest = item["digest"].as_str().unwrap_or_default();
            match serde_json::from_value::<Configuration>(item["configuration"].clone()) {
                Ok(configuration) => describe_function(digest, &configuration),
                // A newer server has other members: the function then differs, and is set again.
                Err(_) => json!({ "code": digest }),
            }
        }
    }
}

/// Returns those of the members that are present. A file does not set the others.
fn members(item: &Value, names: &[&str]) -> Value {
    let there = names.iter().filter_map(|name| Some((name, item.get(name)?)));
    let there = there.filter(|(_, value)| !value.is_null());
    there.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// The same with what is left out because it is as by default.
fn completed<T: DeserializeOwned + Serialize>(value: Value) -> Value {
    match T::deserialize(&value) {
        Ok(read) => json!(read),
        Err(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_adds_is_left_out_and_what_it_leaves_out_is_added() {
        let queue = json!({
            "name": "q", "depth": { "ready": 1 },
            "attributes": { "delay_ms": 5, "redrive": null, "newer": 1 },
        });
        let expected = json!(QueueAttributes { delay_ms: 5, ..QueueAttributes::default() });
        assert_eq!(describe(Kind::Queue, &queue), expected);
        let trigger = json!({
            "name": "t", "function": "f", "depth": 3,
            "source": { "kind": "queue", "queue": "q" },
        });
        let trigger = describe(Kind::Trigger, &trigger);
        assert_eq!(trigger["enabled"], true);
        assert_eq!(trigger["source"]["batch_size"], 10);
        assert_eq!(trigger["depth"], Value::Null);
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let mut inventory = Inventory::default();
        inventory.add(Kind::Keyspace, &json!({ "name": "Meta" }));
        assert_eq!(inventory.find(Kind::Keyspace, "meta").unwrap().name, "Meta");
        assert!(inventory.find(Kind::Bucket, "meta").is_none());
    }
}
