use lambent_api::BucketSpec;
use lambent_types::{BucketName, Versioning};
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;

/// A bucket for objects.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bucket {
    /// Whether it keeps former versions of its objects: `enabled` or, once it did, `suspended`. If
    /// absent, that stays as it is, and a new bucket keeps none.
    versioning: Option<Versioning>,
}

impl Entry for Bucket {
    const KIND: Kind = Kind::Bucket;
    type Name = BucketName;
    type Spec = BucketSpec;

    fn spec(&self, _: &BucketName, _: &Context) -> Result<BucketSpec, Fault> {
        if self.versioning.is_some_and(|versioning| versioning.is_off()) {
            let what = "versioning is \"enabled\" or \"suspended\"; a bucket keeps no versions if \
                        nothing is said";
            return Err(what.to_owned().into());
        }
        Ok(BucketSpec { versioning: self.versioning })
    }
}
