//! What AWS's tools set of a function that means nothing here, and is kept to be given back.

use lambent_types::{Annotations, ConfigurationPatch, FunctionVersion};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The annotation that it is kept in.
const ANNOTATION: &str = "aws.lambda";

/// What is kept. Absent members were never set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Settings {
    /// Whom a function acts as on AWS. Here its grants say what it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    /// The runtime as it was named, where the function is a component, which has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) runtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) architectures: Option<Vec<String>>,
    /// Memory in MB as it was asked for, where that is more than there can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tracing_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vpc_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logging_config: Option<Value>,
    #[serde(rename = "KMSKeyArn", skip_serializing_if = "Option::is_none")]
    pub(super) kms_key_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image_config: Option<Value>,
    /// The statements of its policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<Vec<Value>>,
    /// Whether how its events are tried was configured, be it as it is without.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) event_invoke: bool,
    /// How the function's URL is configured, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<Value>,
}

impl Settings {
    /// What is kept with a version. What cannot be read was not written here, and is as if there was nothing.
    pub(super) fn of(version: &FunctionVersion) -> Self {
        let text = version.configuration.annotations.get(ANNOTATION);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Has a change keep it, with what others have noted in `annotations`.
    pub(super) fn keep(&self, annotations: &Annotations, patch: &mut ConfigurationPatch) {
        let mut annotations = annotations.clone();
        let text = serde_json::to_string(self).unwrap_or_default();
        annotations.0.insert(ANNOTATION.into(), text);
        patch.annotations = Some(annotations);
    }
}
