//! The server's answers, as far as people are shown them.
//!
//! Members that this version does not know are left alone, and those that a
//! server leaves out have defaults: client and server may differ in age.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambent_types::Provisioned;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::CliError;

/// A function, or one version of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FunctionView {
    /// The function's name.
    pub(crate) name: String,
    /// The function's namespace.
    #[serde(default)]
    pub(crate) namespace: String,
    /// `$LATEST` or a number.
    pub(crate) version: String,
    /// The head's revision; absent for versions.
    #[serde(default)]
    pub(crate) revision: Option<u64>,
    /// The component's SHA-256.
    pub(crate) digest: String,
    /// The component's size.
    pub(crate) code_bytes: u64,
    /// The exports by which it can be called.
    pub(crate) handlers: Vec<String>,
    /// The configuration.
    pub(crate) configuration: ConfigurationView,
    /// When the name was first deployed, or the version published.
    pub(crate) created: Timestamp,
    /// When code or configuration last changed; absent for versions.
    #[serde(default)]
    pub(crate) updated: Option<Timestamp>,
    /// The highest number published; absent for versions.
    #[serde(default)]
    pub(crate) last_version: Option<u64>,
    /// The URLs at which it is served; absent for versions, and if it serves no HTTP.
    #[serde(default)]
    pub(crate) urls: Option<Vec<String>>,
    /// Whether HTTP requests to it need the key.
    #[serde(default)]
    pub(crate) requires_key: Option<bool>,
}

impl FunctionView {
    /// Returns when code or configuration last changed.
    pub(crate) fn changed(&self) -> Timestamp {
        self.updated.unwrap_or(self.created)
    }
}

/// A function's configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfigurationView {
    /// Memory limit in bytes.
    pub(crate) memory_bytes: u64,
    /// Timeout in milliseconds.
    pub(crate) timeout_ms: u64,
    /// Fuel budget.
    pub(crate) fuel: u64,
    /// Environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// The description.
    pub(crate) description: String,
    /// Labels.
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether HTTP requests need no key.
    pub(crate) public: bool,
    /// Instances that are kept ready, if any.
    pub(crate) provisioned: Option<Provisioned>,
    /// Invocations that one instance serves, if more than one.
    pub(crate) reuse: Option<u32>,
    pub(crate) shared: Option<u32>,
}

/// Reads the part of an answer that is shown.
///
/// # Errors
/// The answer is not of that form.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, CliError> {
    T::deserialize(value).map_err(|error| {
        CliError::failed(format!("the answer is not of the form expected: {error}"))
            .hint("client and server may be of different versions; --json prints it as it is")
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const FUNCTION: &str = r#"{"name":"hello","namespace":"default","version":"$LATEST",
        "revision":3,"digest":"ab12cd34ef56ab12cd34","code_bytes":72000,
        "handlers":["wasi:http/incoming-handler@0.2"],
        "configuration":{"memory_bytes":67108864,"timeout_ms":1000,"fuel":10000000000,
            "environment":{"TOKEN":"hunter2"},"public":true,"not_known_yet":1},
        "created":"2026-06-01T12:00:00Z","updated":"2026-07-01T12:00:00Z","last_version":2,
        "urls":["http://hello.localhost:4566/"],"not_known_yet":1}"#;

    #[test]
    fn answers_of_a_newer_server_can_be_read() {
        let value = serde_json::from_str(FUNCTION).unwrap();
        let view: FunctionView = read(&value).unwrap();
        assert_eq!(view.revision, Some(3));
        assert_eq!(view.configuration.environment["TOKEN"], "hunter2");
    }

    #[test]
    fn versions_have_fewer_members() {
        let value = serde_json::from_str(
            r#"{"name":"x","version":"2","digest":"a","code_bytes":1,"handlers":[],
                "configuration":{},"created":"2026-07-01T12:00:00Z","urls":null}"#,
        )
        .unwrap();
        let view: FunctionView = read(&value).unwrap();
        assert_eq!((view.revision, view.urls), (None, None));
        assert!(read::<FunctionView>(&Value::Null).is_err());
    }
}
