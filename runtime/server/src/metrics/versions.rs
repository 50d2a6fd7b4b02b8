//! What numbered versions and aliases did, beside what all of a function did.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use foldhash::fast::RandomState;
use lambent_types::{AliasName, FunctionName, InvocationRecord, Namespace, VersionNumber};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::DURATIONS;

/// Most versions and aliases with series of their own. Versions come and are not called any more:
/// when there are so many, all begin again, so that those of a release are always among them.
const KEPT_MAX: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    namespace: String,
    function: String,
    version: String,
    /// Empty if it was asked for by no alias.
    alias: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    namespace: String,
    function: String,
    version: String,
    alias: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    namespace: Namespace,
    function: FunctionName,
    version: VersionNumber,
    alias: Option<AliasName>,
}

#[derive(Clone)]
struct Series {
    invocations: Counter,
    duration: Histogram,
    fuel: Counter,
}

/// The families, and the series of each version by the alias that it was asked for by.
pub(super) struct Versions {
    invocations: Family<Labels, Counter>,
    failures: Family<FailureLabels, Counter>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    fuel: Family<Labels, Counter>,
    known: RwLock<HashMap<Key, Series, RandomState>>,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            invocations: Family::default(),
            failures: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            fuel: Family::default(),
            known: RwLock::default(),
        }
    }
}

impl Versions {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Invocations of numbered versions and by aliases";
        registry.register("lambent_version_invocations", help, self.invocations.clone());
        let help = "Those of them that did not end well, by how they ended";
        registry.register("lambent_version_failures", help, self.failures.clone());
        let help = "Seconds from the start of loading to the end of such an invocation";
        registry.register("lambent_version_duration_seconds", help, self.durations.clone());
        let help = "Fuel that such invocations used";
        registry.register("lambent_version_fuel", help, self.fuel.clone());
    }

    /// Counts an invocation, unless it was one of a head that was asked for itself.
    pub(super) fn finished(&self, record: &InvocationRecord) {
        if record.version == VersionNumber::Latest && record.alias.is_none() {
            return;
        }
        let series = self.series(record);
        series.invocations.inc();
        series.duration.observe(record.meter.duration.as_secs_f64());
        series.fuel.inc_by(record.meter.fuel);
        if !record.outcome.is_ok() {
            let Labels { namespace, function, version, alias } = labels(record);
            let outcome = record.outcome.kind();
            let labels = FailureLabels { namespace, function, version, alias, outcome };
            self.failures.get_or_create_owned(&labels).inc();
        }
    }

    fn series(&self, record: &InvocationRecord) -> Series {
        let key = Key {
            namespace: record.namespace.clone(),
            function: record.function.clone(),
            version: record.version,
            alias: record.alias.clone(),
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.get(&key) {
            return series.clone();
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT_MAX {
            known.clear();
            self.invocations.clear();
            self.failures.clear();
            self.durations.clear();
            self.fuel.clear();
        }
        let make = || {
            let labels = labels(record);
            Series {
                invocations: self.invocations.get_or_create_owned(&labels),
                duration: self.durations.get_or_create_owned(&labels),
                fuel: self.fuel.get_or_create_owned(&labels),
            }
        };
        known.entry(key).or_insert_with(make).clone()
    }
}

fn labels(record: &InvocationRecord) -> Labels {
    Labels {
        namespace: record.namespace.to_string(),
        function: record.function.to_string(),
        version: record.version.to_string(),
        alias: record.alias.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use lambent_storage::contract::samples::{name, namespace, record};
    use lambent_types::Outcome;
    use prometheus_client::encoding::text;

    use super::*;

    fn rendered(versions: &Versions) -> String {
        let (mut registry, mut out) = (Registry::default(), String::new());
        versions.register(&mut registry);
        text::encode_registry(&mut out, &registry).unwrap();
        out
    }

    fn of(number: u64, alias: Option<&str>, outcome: Outcome) -> InvocationRecord {
        let alias = alias.map(|alias| alias.parse().unwrap());
        let version = VersionNumber::Number(number);
        InvocationRecord { version, alias, outcome, ..record(&namespace("ns"), &name("f"), "line") }
    }

    #[test]
    fn versions_and_aliases_are_counted_apart_from_heads() {
        let versions = Versions::default();
        versions.finished(&record(&namespace("ns"), &name("f"), "a head"));
        versions.finished(&of(1, None, Outcome::Ok));
        versions.finished(&of(2, Some("live"), Outcome::Ok));
        versions.finished(&of(2, Some("live"), Outcome::Exited { code: 1 }));
        let text = rendered(&versions);
        let labels = "namespace=\"ns\",function=\"f\"";
        for line in [
            format!("lambent_version_invocations_total{{{labels},version=\"1\",alias=\"\"}} 1"),
            format!("lambent_version_invocations_total{{{labels},version=\"2\",alias=\"live\"}} 2"),
            format!(
                "lambent_version_failures_total{{{labels},version=\"2\",alias=\"live\",\
                 outcome=\"exited\"}} 1"
            ),
            format!("lambent_version_fuel_total{{{labels},version=\"2\",alias=\"live\"}} 84"),
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("$LATEST"), "{text}");
    }

    #[test]
    fn however_many_versions_there_are_the_series_are_bounded() {
        let versions = Versions::default();
        for number in 1..=KEPT_MAX as u64 + 1 {
            versions.finished(&of(number, None, Outcome::Ok));
        }
        let text = rendered(&versions);
        let series = text.lines().filter(|line| line.starts_with("lambent_version_invocations"));
        assert_eq!(series.count(), 1);
        assert!(text.contains("version=\"1001\""), "the last is among them");
    }
}
