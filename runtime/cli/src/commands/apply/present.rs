//! The resources on the server, in the same form as the wanted ones.

use std::collections::BTreeMap;

use lambent_api::client::Client;
use lambent_api::{FunctionView, kinds};
use lambent_types::AliasName;
use serde_json::{Value, json};

use super::kind::{Kind, Visit};
use super::wanted::{Aliases, describe_aliases, describe_function};
use crate::error::CliError;

/// One resource that exists.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) name: String,
    /// The attributes, in the form that is compared.
    pub(super) description: Value,
    /// The revision, for functions only.
    pub(super) revision: Option<u64>,
    /// The revisions of the aliases that were read, by their names in lower case; for functions
    /// only.
    pub(super) aliases: Revisions,
}

/// Revisions by names.
pub(super) type Revisions = BTreeMap<String, u64>;

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
        for &kind in Kind::ALL {
            for present in kind.visit(List(client))? {
                inventory.add(kind, present);
            }
        }
        Ok(inventory)
    }

    pub(super) fn add(&mut self, kind: Kind, present: Present) {
        let key = present.name.to_ascii_lowercase();
        self.0.entry(kind).or_default().insert(key, present);
    }

    /// Finds the resource of this name, whatever its case.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<&Present> {
        self.0.get(&kind)?.get(&name.to_ascii_lowercase())
    }

    /// Reads the aliases of a function that is there: all of them, or those that are wanted.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(super) fn read_aliases(
        &mut self,
        client: &Client,
        (function, wanted): (&str, &Aliases),
        all: bool,
    ) -> Result<(), CliError> {
        let there = self.0.get_mut(&Kind::Function);
        let Some(present) = there.and_then(|all| all.get_mut(&function.to_ascii_lowercase()))
        else {
            return Ok(());
        };
        let name = function.parse().map_err(|error| CliError::failed(format!("{error}")))?;
        let found = client.aliases(&name)?.value()?.aliases;
        let is_wanted = |name: &AliasName| wanted.keys().any(|other| other.key() == name.key());
        let found = found.iter().filter(|alias| all || is_wanted(&alias.name));
        let found: Vec<_> = found.collect();
        let revisions = found.iter().map(|alias| (alias.name.key(), alias.revision.0));
        present.aliases = revisions.collect();
        if !found.is_empty() {
            let aliases = found.iter().map(|alias| (&alias.name, &alias.settings));
            present.description["aliases"] = describe_aliases(aliases);
        }
        Ok(())
    }

    /// All of a kind.
    pub(super) fn all(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Present> {
        self.0.get(&kind).into_iter().flat_map(BTreeMap::values)
    }
}

impl Present {
    /// A resource with this description, in which nothing is left out because it is as by
    /// default.
    pub(super) fn new(name: impl ToString, description: Value) -> Self {
        let aliases = Revisions::new();
        Self { name: name.to_string(), description, revision: None, aliases }
    }

    fn function(function: FunctionView) -> Self {
        let digest = function.digest.to_string();
        let description = describe_function(&digest, &function.configuration);
        let revision = function.revision.map(|revision| revision.0);
        Self { revision, ..Self::new(function.name, description) }
    }

    fn resource<K: kinds::Kind>(view: K::View) -> Self {
        let (name, spec) = K::parts(view);
        Self::new(name, json!(spec))
    }
}

/// Asks the server for all of a kind.
struct List<'a>(&'a Client);

impl Visit for List<'_> {
    type Output = Result<Vec<Present>, CliError>;

    fn resource<K: kinds::Kind>(self) -> Self::Output {
        let views = K::items(self.0.all::<K>()?.value()?);
        Ok(views.into_iter().map(Present::resource::<K>).collect())
    }

    fn function(self) -> Self::Output {
        let functions = self.0.functions()?.value()?.functions;
        Ok(functions.into_iter().map(Present::function).collect())
    }
}

#[cfg(test)]
mod tests {
    use lambent_types::QueueAttributes;

    use super::*;

    #[test]
    fn what_a_server_adds_is_left_out_and_what_it_leaves_out_is_added() {
        let queue = json!({
            "name": "q", "created": "2026-07-01T12:00:00Z",
            "depth": { "ready": 1, "in_flight": 0, "delayed": 0 },
            "attributes": { "delay_ms": 5, "redrive": null, "newer": 1 },
        });
        let queue = Present::resource::<kinds::Queue>(serde_json::from_value(queue).unwrap());
        let expected = json!(QueueAttributes { delay_ms: 5, ..QueueAttributes::default() });
        assert_eq!(queue.description, expected);
        let trigger = json!({
            "name": "t", "function": "f", "depth": { "ready": 3, "in_flight": 0, "delayed": 0 },
            "source": { "kind": "queue", "queue": "q" },
        });
        let trigger = Present::resource::<kinds::Trigger>(serde_json::from_value(trigger).unwrap())
            .description;
        assert_eq!(trigger["enabled"], true);
        assert_eq!(trigger["source"]["batch_size"], 10);
        assert_eq!(trigger["depth"], Value::Null);
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let mut inventory = Inventory::default();
        inventory.add(Kind::Keyspace, Present::new("Meta", Value::Null));
        assert_eq!(inventory.find(Kind::Keyspace, "meta").unwrap().name, "Meta");
        assert!(inventory.find(Kind::Bucket, "meta").is_none());
    }
}
