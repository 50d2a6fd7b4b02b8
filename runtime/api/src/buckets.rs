use jiff::Timestamp;
use lambent_types::BucketName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A bucket as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BucketView {
    /// Its name.
    #[schema(value_type = String)]
    pub name: BucketName,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
}

/// Buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Buckets {
    /// The buckets, by name.
    pub buckets: Vec<BucketView>,
}
