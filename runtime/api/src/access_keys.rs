use jiff::Timestamp;
use lambent_types::Namespace;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An access key as the API shows it; its secret is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessKeyView {
    /// Its id, which is no secret.
    pub id: String,
    /// The namespace that it opens, and no other.
    pub namespace: Namespace,
    /// What it is for.
    pub description: String,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// From when on it opens nothing; never if null.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
    /// The secret, to be sent as `Authorization: Bearer <secret>`; only in the
    /// answer to its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Access keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessKeys {
    /// The keys, by id.
    pub access_keys: Vec<AccessKeyView>,
}

/// A key to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccessKey {
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// From when on it is to open nothing; never if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
}
