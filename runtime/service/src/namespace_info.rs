use jiff::Timestamp;
use lambent_storage::OwnQuotas;
use lambent_types::Namespace;
use serde::{Deserialize, Serialize};

/// A namespace: what is in it is seen by nobody in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceInfo {
    /// Its name.
    pub name: Namespace,
    /// When it was created; the node's own start of time for `default`, which is
    /// always there.
    pub created: Timestamp,
    /// Whether it is being deleted, with what it holds: nothing can be done in it.
    #[serde(default)]
    pub deleting: bool,
    /// The quotas that differ from the node's.
    #[serde(default)]
    pub quotas: OwnQuotas,
}
