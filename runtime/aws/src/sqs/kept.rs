//! Attributes of a queue that mean nothing here, and are kept with it to be given back.

use std::collections::BTreeMap;

use lambent_service::QueueAttributes;

/// The annotation of a queue that they are in.
const ANNOTATION: &str = "aws.sqs";
pub(super) const POLICY: &str = "Policy";
/// Kept where it says the same as there being none.
pub(super) const ALLOW_POLICY: &str = "RedriveAllowPolicy";

/// Attributes that mean nothing here, as they were set.
pub(super) type Kept = BTreeMap<String, String>;

/// What is kept with a queue. What cannot be read was not written here, and is as if there was nothing.
pub(super) fn of(attributes: &QueueAttributes) -> Kept {
    let text = attributes.annotations.get(ANNOTATION);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Keeps it with a queue.
pub(super) fn keep(attributes: &mut QueueAttributes, kept: &Kept) {
    let annotations = &mut attributes.annotations.0;
    // A queue that is put without annotations keeps those that it has.
    if !kept.is_empty() || annotations.contains_key(ANNOTATION) {
        let text = serde_json::to_string(kept).unwrap_or_default();
        annotations.insert(ANNOTATION.into(), text);
    }
}
