//! How many invocations run at once: what is set aside for functions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::qualifier::Qualifier;

/// Instances that are kept ready of a version, or of what an alias leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedFor {
    /// The version or the alias.
    pub qualifier: Qualifier,
    /// How many.
    pub instances: u32,
    /// When that was last asked for.
    pub changed: Timestamp,
}

/// What is set aside for a function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Concurrency {
    /// How many of its invocations may run at once, and nobody else's in their place; 0: none at
    /// all. If absent it shares what is not reserved with the others of its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<u32>,
    /// Instances that are kept ready of its versions, by their qualifiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioned: Vec<ProvisionedFor>,
}

impl Concurrency {
    /// Returns whether nothing is set aside.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what is kept ready for a qualifier.
    #[must_use]
    pub fn of(&self, qualifier: &Qualifier) -> Option<&ProvisionedFor> {
        let key = qualifier.key();
        self.provisioned.iter().find(|one| one.qualifier.key() == key)
    }

    /// Returns how many instances are kept ready in all, but for those of `except`.
    #[must_use]
    pub fn instances(&self, except: Option<&Qualifier>) -> u64 {
        let except = except.map(Qualifier::key);
        let others = self.provisioned.iter().filter(|one| Some(one.qualifier.key()) != except);
        others.map(|one| u64::from(one.instances)).sum()
    }

    /// Sets aside what is kept ready for a qualifier in the place of what was, or nothing.
    pub fn provision(&mut self, qualifier: &Qualifier, instead: Option<ProvisionedFor>) {
        let key = qualifier.key();
        self.provisioned.retain(|one| one.qualifier.key() != key);
        self.provisioned.extend(instead);
        self.provisioned.sort_by_key(|one| one.qualifier.key());
    }
}

/// A change of what is set aside for a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConcurrencyChange {
    /// Reserves so many invocations at once; none: gives back what is reserved.
    Reserve(Option<u32>),
    /// Keeps instances ready.
    Provision(ProvisionedFor),
    /// Keeps none ready any more of a version or of what an alias leads to.
    Unprovision(Qualifier),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_ready_is_told_apart_by_qualifier_ignoring_case() {
        let of = |text: &str, instances| ProvisionedFor {
            qualifier: text.parse().unwrap(),
            instances,
            changed: Timestamp::UNIX_EPOCH,
        };
        let mut all = Concurrency::default();
        assert!(all.is_default());
        for one in [of("live", 3), of("2", 4), of("LIVE", 5)] {
            all.provision(&one.qualifier.clone(), Some(one));
        }
        let live: Qualifier = "Live".parse().unwrap();
        assert_eq!(all.of(&live).unwrap().instances, 5);
        assert_eq!((all.instances(None), all.instances(Some(&live))), (9, 4));
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Concurrency>(&json).unwrap(), all);
        all.provision(&live, None);
        assert_eq!(all.instances(None), 4);
    }
}
