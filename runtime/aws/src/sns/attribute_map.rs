//! Attributes by their names, as answers have them.

use serde::Serialize;

#[derive(Serialize)]
struct Entry {
    key: String,
    value: String,
}

/// The attributes of something.
#[derive(Serialize)]
pub(super) struct AttributeMap {
    entry: Vec<Entry>,
}

/// The answer to who asks for attributes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    attributes: AttributeMap,
}

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(items: I) -> Self {
        let entry = items.into_iter().map(|(key, value)| Entry { key, value }).collect();
        Self { attributes: AttributeMap { entry } }
    }
}
