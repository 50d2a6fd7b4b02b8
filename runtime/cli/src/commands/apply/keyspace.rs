use lambent_types::KeyspaceName;
use serde::Deserialize;

use super::entry::Entry;
use super::kind::Kind;

/// A keyspace in a `lambent.toml`: there is nothing to say but that it exists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keyspace {}

impl Entry for Keyspace {
    const KIND: Kind = Kind::Keyspace;
    type Name = KeyspaceName;
    type Spec = ();

    fn spec(&self, _: &KeyspaceName) -> Result<(), String> {
        Ok(())
    }
}
