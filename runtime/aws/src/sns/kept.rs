//! Attributes that mean nothing here, or are more than the node acts by: they are kept as they were set.

use std::collections::BTreeMap;

use lambent_types::Annotations;

/// The annotation that they are in.
const ANNOTATION: &str = "aws.sns";

pub(super) type Kept = BTreeMap<String, String>;

/// What is kept. What cannot be read was not written here, and is as if there was nothing.
pub(super) fn of(annotations: &Annotations) -> Kept {
    let text = annotations.get(ANNOTATION);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Keeps it.
pub(super) fn keep(annotations: &mut Annotations, kept: &Kept) {
    if !kept.is_empty() || annotations.get(ANNOTATION).is_some() {
        let text = serde_json::to_string(kept).unwrap_or_default();
        annotations.0.insert(ANNOTATION.into(), text);
    }
}

/// Keeps one attribute, or forgets it if it is empty.
pub(super) fn keep_one(annotations: &mut Annotations, name: &str, value: &str) {
    let mut kept = of(annotations);
    match value {
        "" => drop(kept.remove(name)),
        value => drop(kept.insert(name.to_owned(), value.to_owned())),
    }
    keep(annotations, &kept);
}
