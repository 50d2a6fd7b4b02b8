use jiff::Timestamp;
use lambent_types::KeyspaceName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A keyspace as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyspaceView {
    /// Its name.
    #[schema(value_type = String)]
    pub name: KeyspaceName,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
}

/// Keyspaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Keyspaces {
    /// The keyspaces, by name.
    pub keyspaces: Vec<KeyspaceView>,
}
