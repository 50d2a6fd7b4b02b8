use lambent_types::KeyspaceName;
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;

/// A keyspace for small values: there is nothing to say but that it exists.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keyspace {}

impl Entry for Keyspace {
    const KIND: Kind = Kind::Keyspace;
    type Name = KeyspaceName;
    type Spec = ();

    fn spec(&self, _: &KeyspaceName, _: &Context) -> Result<(), Fault> {
        Ok(())
    }
}
