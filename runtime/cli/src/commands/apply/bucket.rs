use lambent_types::BucketName;
use serde::Deserialize;

use super::entry::Entry;
use super::kind::Kind;

/// A bucket in a `lambent.toml`: there is nothing to say but that it exists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bucket {}

impl Entry for Bucket {
    const KIND: Kind = Kind::Bucket;
    type Name = BucketName;
    type Spec = ();

    fn spec(&self, _: &BucketName) -> Result<(), String> {
        Ok(())
    }
}
