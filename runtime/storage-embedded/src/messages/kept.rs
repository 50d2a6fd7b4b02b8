use lambent_storage::{QueueAttributes, StorageError};
use serde::{Deserialize, Serialize};

/// What is kept of a queue as JSON.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    #[serde(flatten)]
    pub(crate) attributes: QueueAttributes,
    /// When they were set last, in milliseconds; absent in what older versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) modified: Option<i64>,
}

impl Kept {
    pub(crate) fn read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    pub(crate) fn json(&self) -> Result<String, StorageError> {
        serde_json::to_string(self)
            .map_err(|error| StorageError::unavailable("write a queue", error))
    }
}
