use lambent_types::BucketName;
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;

/// A bucket for objects: there is nothing to say but that it exists.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bucket {}

impl Entry for Bucket {
    const KIND: Kind = Kind::Bucket;
    type Name = BucketName;
    type Spec = ();

    fn spec(&self, _: &BucketName, _: &Context) -> Result<(), Fault> {
        Ok(())
    }
}
