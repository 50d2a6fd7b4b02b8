use std::fmt;

use jiff::Timestamp;
use lambent_types::{Namespace, RoleName};
use serde::{Deserialize, Serialize};

/// Temporary keys in the name of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The id of the temporary access key.
    pub access_key: String,
    /// The id of the access key that it was taken with. The session may do nothing that this one may
    /// not, and ends when it does.
    pub issuer: String,
    /// The only namespace that it opens.
    pub namespace: Namespace,
    /// The role.
    pub role: RoleName,
    /// The role's id: another role of the same name is not meant.
    pub role_id: String,
    /// What whoever took it calls it.
    pub name: String,
    /// From when on it opens nothing.
    pub expires: Timestamp,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "assumed-role/{}/{}", self.role, self.name)
    }
}
