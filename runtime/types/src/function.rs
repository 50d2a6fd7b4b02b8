use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alias::Aliases;
use crate::code::Code;
use crate::concurrency::{Concurrency, ProvisionedFor};
use crate::configuration::Configuration;
use crate::handler::Handler;
use crate::name::{FunctionName, Namespace};
use crate::qualifier::Qualifier;
use crate::version_number::{Revision, VersionNumber};
use crate::weight::Weight;

/// One version of a function: code and configuration, nothing mutable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionVersion {
    /// The function's namespace.
    pub namespace: Namespace,
    /// The function's name.
    pub name: FunctionName,
    /// The version's number.
    pub version: VersionNumber,
    /// What it runs.
    #[serde(flatten)]
    pub code: Code,
    /// How the component can be called, in order of preference; never empty.
    pub handlers: Vec<Handler>,
    /// The version's configuration.
    pub configuration: Configuration,
    /// When this code and configuration were put together.
    pub created: Timestamp,
}

/// A function: its head and how many versions were published from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The head.
    pub latest: Arc<FunctionVersion>,
    /// Grows with every change to the head or the list of versions.
    pub revision: Revision,
    /// The highest number ever published; 0 if none. Numbers are never reused.
    pub last_version: u64,
    /// When the name was first deployed.
    pub created: Timestamp,
    /// Its aliases. A change of one is none of the function's revision.
    #[serde(default, skip_serializing_if = "Aliases::is_empty")]
    pub aliases: Aliases,
    /// The highest revision that any alias had; it begins with that of the function.
    #[serde(default)]
    pub alias_revision: Revision,
    /// What is set aside for it, which is none of the function's revision either.
    #[serde(default, skip_serializing_if = "Concurrency::is_default")]
    pub concurrency: Concurrency,
}

impl Function {
    /// Returns how many instances are kept ready of which versions for one of its qualifiers: of two
    /// that share the events of an alias as many as each has of them, rounded up.
    #[must_use]
    pub fn provisioned_for(&self, wanted: &ProvisionedFor) -> Vec<(u64, u32)> {
        let alias = match &wanted.qualifier {
            Qualifier::Latest => return Vec::new(),
            Qualifier::Version(number) => return vec![(*number, wanted.instances)],
            Qualifier::Alias(alias) => self.aliases.get(alias),
        };
        let Some(settings) = alias.map(|alias| &alias.settings) else { return Vec::new() };
        let VersionNumber::Number(first) = settings.version else { return Vec::new() };
        let Some(split) = settings.split else { return vec![(first, wanted.instances)] };
        let part = |parts: u32| {
            let share = u64::from(wanted.instances) * u64::from(parts);
            u32::try_from(share.div_ceil(Weight::WHOLE.into())).unwrap_or(u32::MAX)
        };
        let second = split.weight.get();
        let parts = [(first, part(Weight::WHOLE - second)), (split.version, part(second))];
        parts.into_iter().filter(|(_, instances)| *instances > 0).collect()
    }

    /// Returns how many instances are kept ready of which versions, for all of its qualifiers.
    #[must_use]
    pub fn provisioned_versions(&self) -> BTreeMap<u64, u32> {
        let mut all: BTreeMap<u64, u32> = BTreeMap::new();
        for wanted in &self.concurrency.provisioned {
            for (number, instances) in self.provisioned_for(wanted) {
                let sum = all.entry(number).or_default();
                *sum = sum.saturating_add(instances);
            }
        }
        all
    }
}
