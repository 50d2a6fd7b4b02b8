use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::delivery::DeliveryPolicy;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::grants::Grants;
use crate::limits::{Limits, bounds};
use crate::provisioned::Provisioned;
use crate::size::format_bytes;

/// Environment variables. `Debug` leaves out their values, which may be secrets.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, String>)]
pub struct Environment(pub Arc<BTreeMap<String, String>>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Everything that is configured of a function.
///
/// The JSON form is the one of the native API; absent members have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Bytes of all memories and tables: [`bounds::MEMORY_BYTES_MIN`] to
    /// [`bounds::MEMORY_BYTES_MAX`].
    pub memory_bytes: u64,
    /// Milliseconds of wall clock: 1 to 900,000.
    pub timeout_ms: u64,
    /// Fuel: [`bounds::FUEL_MIN`] to [`bounds::FUEL_MAX`].
    pub fuel: u64,
    /// Environment variables, at most [`bounds::ENVIRONMENT_BYTES_MAX`] together.
    #[serde(skip_serializing_if = "is_empty")]
    pub environment: Environment,
    /// Free text, at most [`bounds::DESCRIPTION_CHARS_MAX`] characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels, at most [`bounds::TAGS_MAX`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether anyone may send the function HTTP requests without a key.
    pub public: bool,
    /// What the function may reach.
    #[serde(skip_serializing_if = "Grants::is_empty")]
    pub grants: Grants,
    /// How events are delivered to the function: asynchronous invocations, and events
    /// of triggers and schedules without a policy of their own.
    #[serde(skip_serializing_if = "DeliveryPolicy::is_default")]
    pub delivery: DeliveryPolicy,
    /// Instances that are kept ready for invocations to come: at most
    /// [`bounds::PROVISIONED_MAX`], or `"auto"`.
    #[serde(skip_serializing_if = "is_none")]
    pub provisioned: Provisioned,
    /// Invocations that one instance serves, one after the other: 1 to
    /// [`bounds::REUSE_MAX`]. With 1, nothing of one invocation is visible to another.
    #[serde(skip_serializing_if = "is_once")]
    pub reuse: u32,
    /// HTTP requests that one instance serves at once: 1 to
    /// [`bounds::SHARED_MAX`], and no more than `reuse`. For components with a
    /// handler of `wasi:http` 0.3.
    #[serde(skip_serializing_if = "is_once")]
    pub shared: u32,
}

fn is_none(provisioned: &Provisioned) -> bool {
    *provisioned == Provisioned::NONE
}

fn is_once(times: &u32) -> bool {
    *times == 1
}

fn is_empty(environment: &Environment) -> bool {
    environment.0.is_empty()
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            memory_bytes: bounds::MEMORY_BYTES_DEFAULT,
            timeout_ms: bounds::TIMEOUT_DEFAULT.as_millis() as u64,
            fuel: bounds::FUEL_DEFAULT,
            environment: Environment::default(),
            description: String::new(),
            tags: BTreeMap::new(),
            public: false,
            grants: Grants::default(),
            delivery: DeliveryPolicy::default(),
            provisioned: Provisioned::NONE,
            reuse: 1,
            shared: 1,
        }
    }
}

impl Configuration {
    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member, its value and the bounds.
    pub fn validate(&self) -> Result<(), Error> {
        self.validate_limits()?;
        self.validate_instances()?;
        self.validate_environment()?;
        self.validate_labels()?;
        self.delivery.validate()
    }

    fn validate_limits(&self) -> Result<(), Error> {
        if !(bounds::MEMORY_BYTES_MIN..=bounds::MEMORY_BYTES_MAX).contains(&self.memory_bytes) {
            return Err(invalid(format!(
                "memory is {}; it must be between {} and {}",
                format_bytes(self.memory_bytes),
                format_bytes(bounds::MEMORY_BYTES_MIN),
                format_bytes(bounds::MEMORY_BYTES_MAX),
            )));
        }
        let timeout = Duration::from_millis(self.timeout_ms);
        if !(bounds::TIMEOUT_MIN..=bounds::TIMEOUT_MAX).contains(&timeout) {
            return Err(invalid(format!(
                "timeout is {} ms; it must be between 1 ms and 900 s",
                self.timeout_ms
            )));
        }
        if !(bounds::FUEL_MIN..=bounds::FUEL_MAX).contains(&self.fuel) {
            return Err(invalid(format!(
                "fuel is {}; it must be between {} and {}",
                self.fuel,
                bounds::FUEL_MIN,
                bounds::FUEL_MAX
            )));
        }
        Ok(())
    }

    fn validate_instances(&self) -> Result<(), Error> {
        match self.provisioned {
            Provisioned::Count(count) if count > bounds::PROVISIONED_MAX => {
                let most = bounds::PROVISIONED_MAX;
                return Err(invalid(format!("provisioned is {count}; the most is {most}")));
            }
            _ => {}
        }
        if !(1..=bounds::REUSE_MAX).contains(&self.reuse) {
            return Err(invalid(format!(
                "reuse is {}; it must be between 1, which is a fresh instance for every \
                 invocation, and {}",
                self.reuse,
                bounds::REUSE_MAX
            )));
        }
        if !(1..=bounds::SHARED_MAX).contains(&self.shared) {
            return Err(invalid(format!(
                "shared is {}; it must be between 1, which is one request at a time, and {}",
                self.shared,
                bounds::SHARED_MAX
            )));
        }
        if self.shared > self.reuse {
            return Err(invalid(format!(
                "shared is {} and reuse {}: an instance cannot serve more requests at once than \
                 in all; raise reuse",
                self.shared, self.reuse
            )));
        }
        Ok(())
    }

    fn validate_environment(&self) -> Result<(), Error> {
        for (key, value) in &*self.environment.0 {
            let mut chars = key.chars();
            let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !starts || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(invalid(format!(
                    "environment variable name {key:?} must match [A-Za-z_][A-Za-z0-9_]*"
                )));
            }
            if value.contains('\0') {
                return Err(invalid(format!("environment variable {key} holds a NUL byte")));
            }
        }
        let bytes: usize = self.environment.0.iter().map(|(k, v)| k.len() + v.len()).sum();
        if bytes > bounds::ENVIRONMENT_BYTES_MAX {
            return Err(invalid(format!(
                "environment is {bytes} bytes; keys and values together may be at most {}",
                bounds::ENVIRONMENT_BYTES_MAX
            )));
        }
        Ok(())
    }

    fn validate_labels(&self) -> Result<(), Error> {
        let chars = self.description.chars().count();
        if chars > bounds::DESCRIPTION_CHARS_MAX {
            return Err(invalid(format!(
                "description has {chars} characters; the most is {}",
                bounds::DESCRIPTION_CHARS_MAX
            )));
        }
        if self.tags.len() > bounds::TAGS_MAX {
            return Err(invalid(format!(
                "there are {} tags; the most is {}",
                self.tags.len(),
                bounds::TAGS_MAX
            )));
        }
        for (key, value) in &self.tags {
            let fits = !key.is_empty()
                && key.chars().count() <= bounds::TAG_KEY_CHARS_MAX
                && value.chars().count() <= bounds::TAG_VALUE_CHARS_MAX;
            if !fits {
                return Err(invalid(format!(
                    "tag {:?} must have a key of 1 to {} characters and a value of at most {}",
                    key.chars().take(40).collect::<String>(),
                    bounds::TAG_KEY_CHARS_MAX,
                    bounds::TAG_VALUE_CHARS_MAX
                )));
            }
        }
        Ok(())
    }

    /// Returns the limits of every invocation under this configuration.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            memory_bytes: self.memory_bytes,
            timeout: Duration::from_millis(self.timeout_ms),
            fuel: self.fuel,
            ..Limits::default()
        }
    }
}

fn invalid(detail: String) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

/// A change to a [`Configuration`]: members that are `None` stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigurationPatch {
    /// New memory limit in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// New timeout in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// New fuel budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// New environment, replacing the whole of the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// New description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// New tags, replacing all the old ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Whether HTTP requests need no key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// New grants, replacing all the old ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Grants>,
    /// New delivery policy, replacing the whole of the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryPolicy>,
    /// New number of instances that are kept ready, or `"auto"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioned: Option<Provisioned>,
    /// New number of invocations that one instance serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<u32>,
    /// New number of HTTP requests that one instance serves at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<u32>,
}

impl ConfigurationPatch {
    /// Returns the configuration that results from changing `base`.
    ///
    /// # Errors
    /// `InvalidConfiguration` if a value of the result is out of bounds.
    pub fn apply(&self, base: &Configuration) -> Result<Configuration, Error> {
        let result = Configuration {
            memory_bytes: self.memory_bytes.unwrap_or(base.memory_bytes),
            timeout_ms: self.timeout_ms.unwrap_or(base.timeout_ms),
            fuel: self.fuel.unwrap_or(base.fuel),
            environment: self.environment.clone().unwrap_or_else(|| base.environment.clone()),
            description: self.description.clone().unwrap_or_else(|| base.description.clone()),
            tags: self.tags.clone().unwrap_or_else(|| base.tags.clone()),
            public: self.public.unwrap_or(base.public),
            grants: self.grants.clone().unwrap_or_else(|| base.grants.clone()),
            delivery: self.delivery.clone().unwrap_or_else(|| base.delivery.clone()),
            provisioned: self.provisioned.unwrap_or(base.provisioned),
            reuse: self.reuse.unwrap_or(base.reuse),
            shared: self.shared.unwrap_or(base.shared),
        };
        result.validate()?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(patch: ConfigurationPatch) -> String {
        patch.apply(&Configuration::default()).unwrap_err().detail().to_owned()
    }

    #[test]
    fn every_bound_is_enforced_and_named() {
        let patch = ConfigurationPatch { memory_bytes: Some(1 << 20), ..Default::default() };
        assert_eq!(refused(patch), "memory is 1.0 MiB; it must be between 2.0 MiB and 4.0 GiB");
        let patch = ConfigurationPatch { timeout_ms: Some(0), ..Default::default() };
        assert!(refused(patch).contains("timeout is 0 ms"));
        let patch = ConfigurationPatch { fuel: Some(1), ..Default::default() };
        assert!(refused(patch).contains("fuel is 1"));
        let patch = ConfigurationPatch { reuse: Some(0), ..Default::default() };
        assert!(refused(patch).contains("reuse is 0"));
        let shared = |shared, reuse| {
            let (shared, reuse) = (Some(shared), Some(reuse));
            ConfigurationPatch { shared, reuse, ..Default::default() }
        };
        assert!(refused(shared(0, 1)).contains("shared is 0"));
        assert!(refused(shared(3, 2)).contains("raise reuse"));
        assert!(shared(2, 2).apply(&Configuration::default()).is_ok());
        let provisioned = Some(Provisioned::Count(1001));
        let patch = ConfigurationPatch { provisioned, ..Default::default() };
        assert_eq!(refused(patch), "provisioned is 1001; the most is 1000");
        let big = BTreeMap::from([("A".to_owned(), "x".repeat(4096))]);
        let patch = ConfigurationPatch {
            environment: Some(Environment(Arc::new(big))),
            ..Default::default()
        };
        assert!(refused(patch).contains("environment is 4097 bytes"));
        let odd = BTreeMap::from([("1A".to_owned(), String::new())]);
        let patch = ConfigurationPatch {
            environment: Some(Environment(Arc::new(odd))),
            ..Default::default()
        };
        assert!(refused(patch).contains("\"1A\""));
    }

    #[test]
    fn values_never_appear_in_debug_output() {
        let secret = BTreeMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]);
        let configuration =
            Configuration { environment: Environment(Arc::new(secret)), ..Default::default() };
        let debug = format!("{configuration:?}");
        assert!(debug.contains("TOKEN") && !debug.contains("hunter2"));
    }

    #[test]
    fn unknown_members_are_errors() {
        let error = serde_json::from_str::<Configuration>(r#"{"memroy_bytes":1}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `memroy_bytes`"));
    }
}
