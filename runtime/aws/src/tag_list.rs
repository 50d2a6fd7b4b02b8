//! Labels as a list of keys and values, which is how the JSON protocols of some services have them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

/// Labels as a request gives them; of two of one key the last.
pub(crate) fn read(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Labels as they are answered.
pub(crate) fn list(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
