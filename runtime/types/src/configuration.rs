use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::annotations::Annotations;
use crate::aws_services::AwsServices;
use crate::cors::Cors;
use crate::delivery::DeliveryPolicy;
use crate::environment::Environment;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::grants::Grants;
use crate::layer::Layers;
use crate::limits::{Limits, bounds};
use crate::mounts::Mounts;
use crate::parameter::{ParameterKind, ParameterValue as _};
use crate::provisioned::Provisioned;
use crate::runtime::{RuntimeName, RuntimeUpdates};
use crate::size::format_bytes;
use crate::tags;

/// Declares the members of a configuration: each with what is said of it and how it is
/// left out, its type, its default, and what is said of it in a change. One that a short
/// text can give is a parameter too, with its name, its kind and a summary; the query of
/// an upload, the command line, `lambent.toml` and `lambent describe` follow from these.
macro_rules! members {
    ($(
        $(#[$meta:meta])*
        $member:ident: $type:ty = $default:expr,
        patch $change:literal
        $(, parameter $name:literal $kind:ident $summary:literal)?;
    )*) => {
        /// Everything that is configured of a function.
        ///
        /// The JSON form is the one of the native API; absent members have defaults.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Configuration {
            $($(#[$meta])* pub $member: $type,)*
        }

        impl Default for Configuration {
            fn default() -> Self {
                Self { $($member: $default,)* }
            }
        }

        /// A change to a [`Configuration`]: members that are `None` stay as they are.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct ConfigurationPatch {
            $(
                #[doc = $change]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $member: Option<$type>,
            )*
        }

        impl ConfigurationPatch {
            /// The members that a short text can give.
            pub const PARAMETERS: &[ConfigurationParameter] = &[$($(ConfigurationParameter {
                name: $name,
                summary: $summary,
                kind: ParameterKind::$kind,
                set: |patch, text| {
                    patch.$member = Some(<$type>::read(ParameterKind::$kind, text)?);
                    Ok(())
                },
                show: |configuration| configuration.$member.show(ParameterKind::$kind),
            },)?)*];

            /// A change after which nothing is as it was.
            #[must_use]
            pub fn whole(configuration: Configuration) -> Self {
                Self { $($member: Some(configuration.$member),)* }
            }

            /// Returns the configuration that results from changing `base`.
            ///
            /// # Errors
            /// `InvalidConfiguration` if a value of the result is out of bounds.
            pub fn apply(&self, base: &Configuration) -> Result<Configuration, Error> {
                let result = Configuration {
                    $($member: self.$member.as_ref().unwrap_or(&base.$member).clone(),)*
                };
                result.validate()?;
                Ok(result)
            }
        }
    };
}

/// A member of a configuration that a short text gives. It is a parameter of the query
/// of an upload, an option of the command line, a key of `lambent.toml` and a line of
/// what `lambent describe` shows, all by the same name.
pub struct ConfigurationParameter {
    /// Its name.
    pub name: &'static str,
    /// What it is, for people.
    pub summary: &'static str,
    /// What its text looks like.
    pub kind: ParameterKind,
    /// Reads its text and sets it in a change. Fails with what is wrong with the text.
    pub set: fn(&mut ConfigurationPatch, &str) -> Result<(), String>,
    /// Writes its value for people.
    pub show: fn(&Configuration) -> String,
}

members! {
    /// Bytes of all memories and tables: [`bounds::MEMORY_BYTES_MIN`] to
    /// [`bounds::MEMORY_BYTES_MAX`].
    memory_bytes: u64 = bounds::MEMORY_BYTES_DEFAULT,
        patch "New memory limit in bytes.",
        parameter "memory" Size
            "Memory an invocation may use, 2MiB to 4GiB";
    /// Milliseconds of wall clock: 1 to 900,000.
    timeout_ms: u64 = bounds::TIMEOUT_DEFAULT.as_millis() as u64,
        patch "New timeout in milliseconds.",
        parameter "timeout" Duration
            "Time an invocation may take, 1ms to 900s";
    /// Fuel: [`bounds::FUEL_MIN`] to [`bounds::FUEL_MAX`].
    fuel: u64 = bounds::FUEL_DEFAULT,
        patch "New fuel budget.",
        parameter "fuel" Count
            "Instructions an invocation may execute";
    /// Environment variables, at most [`bounds::ENVIRONMENT_BYTES_MAX`] together.
    #[serde(skip_serializing_if = "Environment::is_empty")]
    environment: Environment = Environment::default(),
        patch "New environment, replacing the whole of the old one.";
    /// Free text, at most [`bounds::DESCRIPTION_CHARS_MAX`] characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String = String::new(),
        patch "New description.",
        parameter "description" Text
            "What the function is for, in at most 256 characters";
    /// Labels, at most [`bounds::TAGS_MAX`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String> = BTreeMap::new(),
        patch "New tags, replacing all the old ones.";
    /// What tools note for themselves: at most [`bounds::ANNOTATIONS_BYTES_MAX`] together.
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations = Annotations::default(),
        patch "New annotations, replacing all the old ones.";
    /// Whether anyone may send the function HTTP requests without a key.
    public: bool = false,
        patch "Whether HTTP requests need no key.",
        parameter "public" Switch
            "Let anyone send it HTTP requests without a key";
    /// What pages of other origins may do with responses to requests; nothing if it is empty. It is
    /// the node that says so to browsers then, whatever the function says.
    #[serde(skip_serializing_if = "Cors::is_none")]
    cors: Cors = Cors::default(),
        patch "New settings for pages of other origins, replacing all the old ones; `{}` for none.";
    /// What the function may reach.
    #[serde(skip_serializing_if = "Grants::is_empty")]
    grants: Grants = Grants::default(),
        patch "New grants, replacing all the old ones.";
    /// How events are delivered to the function: asynchronous invocations, and events
    /// of triggers and schedules without a policy of their own.
    #[serde(skip_serializing_if = "DeliveryPolicy::is_default")]
    delivery: DeliveryPolicy = DeliveryPolicy::default(),
        patch "New delivery policy, replacing the whole of the old one.";
    /// Instances that are kept ready for invocations to come: at most
    /// [`bounds::PROVISIONED_MAX`], or `"auto"`.
    #[serde(skip_serializing_if = "is_none")]
    provisioned: Provisioned = Provisioned::NONE,
        patch "New number of instances that are kept ready, or `\"auto\"`.",
        parameter "provisioned" CountOrAuto
            "Instances to keep ready: a number, or auto, which follows the rate of invocations";
    /// Invocations that one instance serves, one after the other: 1 to
    /// [`bounds::REUSE_MAX`]. With 1, nothing of one invocation is visible to another.
    /// None is given: 1 of a component, and [`bounds::RUNTIME_REUSE`] of what runs on a
    /// runtime, whose instances live on as Lambda's do.
    #[serde(skip_serializing_if = "Option::is_none")]
    reuse: Option<u32> = None,
        patch "New number of invocations that one instance serves.",
        parameter "reuse" CountOrAuto
            "Invocations that one instance serves, one after the other; with 1 every one has a fresh instance";
    /// HTTP requests that one instance serves at once: 1 to
    /// [`bounds::SHARED_MAX`], and no more than `reuse`. For components with a
    /// handler of `wasi:http` 0.3.
    #[serde(skip_serializing_if = "is_once")]
    shared: u32 = 1,
        patch "New number of HTTP requests that one instance serves at once.",
        parameter "shared" Count
            "HTTP requests that one instance serves at once, for components of WASI 0.3; reuse must be as much at least";
    /// The runtime that the function's package runs on; none of a component.
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<RuntimeName> = None,
        patch "New runtime that the package runs on.",
        parameter "runtime" RuntimeName
            "Runtime that the package runs on, such as python3.14";
    /// What the runtime calls of the package, such as `app.handler`: at most
    /// [`bounds::HANDLER_CHARS_MAX`] characters without blanks.
    #[serde(skip_serializing_if = "String::is_empty")]
    handler: String = String::new(),
        patch "New handler, which the runtime calls of the package.",
        parameter "handler" Text
            "What the runtime calls of the package: a file and a function in it, such as app.handler";
    /// When the function takes up a new version of its runtime.
    #[serde(skip_serializing_if = "is_auto")]
    runtime_updates: RuntimeUpdates = RuntimeUpdates::Auto,
        patch "When the function takes up a new version of its runtime, from now on.",
        parameter "runtime-updates" RuntimeUpdates
            "When a new version of its runtime is taken up: auto, or function-update";
    /// Layers of files at `/opt`, of the same namespace: at most [`bounds::LAYERS_MAX`]. For
    /// what runs on a runtime.
    #[serde(skip_serializing_if = "has_none")]
    layers: Layers = Layers::default(),
        patch "New layers, replacing all the old ones.",
        parameter "layers" Layers
            "Layers of files at /opt, each by its name or one of its versions, as in numpy:3,helpers";
    /// Whether each published version has a snapshot: the memory of an instance after INIT, which
    /// its fresh instances start from. For what runs on a runtime.
    #[serde(skip_serializing_if = "is_off")]
    snapshot: bool = false,
        patch "Whether versions that are published from now on have a snapshot.",
        parameter "snapshot" Switch
            "Freeze the state after INIT into each version that is published, to start from it";
    /// Bytes of `/tmp`: [`bounds::TMP_BYTES_MIN`] to [`bounds::TMP_BYTES_MAX`], or 0 for no
    /// files at all. None is given: 0 of a component, and [`bounds::TMP_BYTES_MIN`] of what
    /// runs on a runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    tmp_bytes: Option<u64> = None,
        patch "New size of `/tmp` in bytes.",
        parameter "tmp" SizeOrAuto
            "Space in /tmp, 512MiB to 10GiB, which is gone with the instance";
    /// Volumes of the same namespace, each at a path below `/mnt/`: at most
    /// [`bounds::MOUNTS_MAX`].
    #[serde(skip_serializing_if = "mounts_none")]
    mounts: Mounts = Mounts::default(),
        patch "New mounts, replacing all the old ones.",
        parameter "mounts" Mounts
            "Volumes that it shares with other functions, each with its path, as in data:/mnt/data,models:/mnt/models:read";
    /// Services of AWS's that it calls at AWS, with a key of its own, each by its name in the hosts of its
    /// endpoints: at most [`bounds::AWS_SERVICES_MAX`]. Requests for all others are for the node then.
    #[serde(skip_serializing_if = "AwsServices::is_empty")]
    aws: AwsServices = AwsServices::default(),
        patch "New services that it calls at AWS, replacing all the old ones.",
        parameter "aws" AwsServices
            "AWS services that it calls at AWS with a key of its own, as in bedrock-runtime=egress; all others are called at this node";
}

fn is_auto(updates: &RuntimeUpdates) -> bool {
    *updates == RuntimeUpdates::Auto
}

fn is_none(provisioned: &Provisioned) -> bool {
    *provisioned == Provisioned::NONE
}

fn is_off(switch: &bool) -> bool {
    !switch
}

fn is_once(times: &u32) -> bool {
    *times == 1
}

fn mounts_none(mounts: &Mounts) -> bool {
    mounts.0.is_empty()
}

fn has_none(layers: &Layers) -> bool {
    layers.0.is_empty()
}

impl Configuration {
    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member, its value and the bounds.
    pub fn validate(&self) -> Result<(), Error> {
        self.validate_limits()?;
        self.validate_instances()?;
        self.validate_files()?;
        self.environment.validate()?;
        self.validate_labels()?;
        self.annotations.validate()?;
        if !self.cors.is_none() {
            self.cors.validate()?;
        }
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
        let reuse = self.reuse();
        if !(1..=bounds::REUSE_MAX).contains(&reuse) {
            return Err(invalid(format!(
                "reuse is {reuse}; it must be between 1, which is a fresh instance for every \
                 invocation, and {}",
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
        if self.shared > reuse {
            return Err(invalid(format!(
                "shared is {} and reuse {reuse}: an instance cannot serve more requests at once \
                 than in all; raise reuse",
                self.shared
            )));
        }
        Ok(())
    }

    fn validate_files(&self) -> Result<(), Error> {
        if let Some(fault) = self.layers.fault() {
            return Err(invalid(fault));
        }
        if let Some(fault) = self.aws.fault() {
            return Err(invalid(fault));
        }
        if let Some(fault) = self.mounts.fault() {
            return Err(invalid(fault));
        }
        let tmp = self.tmp_bytes();
        if tmp != 0 && !(bounds::TMP_BYTES_MIN..=bounds::TMP_BYTES_MAX).contains(&tmp) {
            return Err(invalid(format!(
                "tmp is {}; it must be between {} and {}, or 0 for none",
                format_bytes(tmp),
                format_bytes(bounds::TMP_BYTES_MIN),
                format_bytes(bounds::TMP_BYTES_MAX)
            )));
        }
        let chars = self.handler.chars().count();
        if chars > bounds::HANDLER_CHARS_MAX || self.handler.contains(char::is_whitespace) {
            return Err(invalid(format!(
                "handler {:?} must have at most {} characters and no blanks",
                self.handler.chars().take(bounds::HANDLER_CHARS_MAX).collect::<String>(),
                bounds::HANDLER_CHARS_MAX
            )));
        }
        Ok(())
    }

    /// Whether what is deployed is a program that takes its events by Lambda's Runtime API.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.runtime.as_ref().is_some_and(RuntimeName::is_provided)
    }

    /// How many invocations one instance serves, one after the other.
    #[must_use]
    pub fn reuse(&self) -> u32 {
        let unsaid = if self.runtime.is_some() { bounds::RUNTIME_REUSE } else { 1 };
        self.reuse.unwrap_or(unsaid)
    }

    /// Bytes of `/tmp`; 0 if there are no files.
    #[must_use]
    pub fn tmp_bytes(&self) -> u64 {
        let unsaid = if self.runtime.is_some() { bounds::TMP_BYTES_MIN } else { 0 };
        self.tmp_bytes.unwrap_or(unsaid)
    }

    fn validate_labels(&self) -> Result<(), Error> {
        let chars = self.description.chars().count();
        if chars > bounds::DESCRIPTION_CHARS_MAX {
            return Err(invalid(format!(
                "description has {chars} characters; the most is {}",
                bounds::DESCRIPTION_CHARS_MAX
            )));
        }
        tags::validate(&self.tags)
    }

    /// Returns the limits of every invocation under this configuration.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            memory_bytes: self.memory_bytes,
            timeout: Duration::from_millis(self.timeout_ms),
            fuel: self.fuel,
            // Nobody configures these. All are named, so that a new limit is not forgotten.
            response_bytes: None,
            log_bytes: bounds::LOG_BYTES_MAX,
        }
    }
}

fn invalid(detail: String) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
        let patch = ConfigurationPatch { reuse: Some(Some(0)), ..Default::default() };
        assert!(refused(patch).contains("reuse is 0"));
        let shared = |shared, reuse| {
            let (shared, reuse) = (Some(shared), Some(Some(reuse)));
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
    fn a_whole_change_leaves_nothing() {
        let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let made = Configuration { public: true, reuse: Some(7), tags, ..Default::default() };
        let other = Configuration { fuel: 20_000, shared: 2, reuse: Some(3), ..Default::default() };
        assert_eq!(ConfigurationPatch::whole(made.clone()).apply(&other).unwrap(), made);
    }

    #[test]
    fn what_is_shown_of_a_default_is_what_is_read() {
        for ConfigurationParameter { name, set, show, kind, .. } in ConfigurationPatch::PARAMETERS {
            let shown = match *kind {
                ParameterKind::Switch => continue,
                ParameterKind::Count => show(&Configuration::default()).replace(',', ""),
                _ => show(&Configuration::default()),
            };
            let mut patch = ConfigurationPatch::default();
            set(&mut patch, &shown).unwrap();
            assert_ne!(patch, ConfigurationPatch::default(), "{name} sets nothing");
            let read = patch.apply(&Configuration::default()).unwrap();
            assert_eq!(read, Configuration::default(), "{name} {shown}");
        }
    }

    #[test]
    fn a_wrong_text_is_refused_with_what_it_should_be() {
        for ConfigurationParameter { name, set, kind, .. } in ConfigurationPatch::PARAMETERS {
            let result = set(&mut ConfigurationPatch::default(), "12 parsecs");
            match kind {
                ParameterKind::Text => result.unwrap(),
                _ => assert!(result.unwrap_err().starts_with("\"12 parsecs\" is n"), "{name}"),
            }
        }
    }

    #[test]
    fn unknown_members_are_errors() {
        let error = serde_json::from_str::<Configuration>(r#"{"memroy_bytes":1}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `memroy_bytes`"));
    }
}
