//! What numbered versions and aliases did, beside what all of a function did.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use foldhash::fast::RandomState;
use lambent_types::{AliasName, FunctionName, InvocationRecord, Namespace, VersionNumber};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::DURATIONS;

/// Most versions and aliases of a namespace with series of their own. Versions come and are not
/// called any more: when there are so many, those of the namespace begin again, so that those of a
/// release are always among them.
const OWN_MAX: usize = 1000;
/// Most with series of their own in all namespaces: further ones share a series.
const ALL_MAX: usize = 5000;
/// The namespace, the function and the version of what shares a series.
const OTHER: &str = "_other";

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

/// What of a namespace has series.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    function: FunctionName,
    version: VersionNumber,
    alias: Option<AliasName>,
}

struct Series {
    labels: Labels,
    invocations: Counter,
    duration: Histogram,
    fuel: Counter,
    /// By how they ended.
    failures: Mutex<HashMap<&'static str, Counter, RandomState>>,
}

/// The series that there are.
#[derive(Default)]
struct Known {
    own: HashMap<Namespace, HashMap<Key, Series, RandomState>, RandomState>,
    /// How many there are of all namespaces.
    count: usize,
    /// That of those for which there is no room.
    other: Option<Series>,
}

impl Known {
    /// The series in which an invocation is counted, if there is it.
    fn find(&self, record: &InvocationRecord, key: &Key) -> Option<&Series> {
        let own = self.own.get(&record.namespace);
        let shared = || {
            let begins_again = own.is_some_and(|own| own.len() >= OWN_MAX);
            self.other.as_ref().filter(|_| self.count >= ALL_MAX && !begins_again)
        };
        own.and_then(|own| own.get(key)).or_else(shared)
    }
}

/// The families, and the series of each version by the alias that it was asked for by.
pub(super) struct Versions {
    invocations: Family<Labels, Counter>,
    failures: Family<FailureLabels, Counter>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    fuel: Family<Labels, Counter>,
    known: RwLock<Known>,
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
        let key = Key {
            function: record.function.clone(),
            version: record.version,
            alias: record.alias.clone(),
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.find(record, &key) {
            return self.count(series, record);
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Another may have been first.
        if known.find(record, &key).is_none() {
            self.add(&mut known, record, key.clone());
        }
        if let Some(series) = known.find(record, &key) {
            self.count(series, record);
        }
    }

    /// Counts an invocation, while the series stays.
    fn count(&self, series: &Series, record: &InvocationRecord) {
        series.invocations.inc();
        series.duration.observe(record.meter.duration.as_secs_f64());
        series.fuel.inc_by(record.meter.fuel);
        if !record.outcome.is_ok() {
            let outcome = record.outcome.kind();
            let mut failures = series.failures.lock().unwrap_or_else(PoisonError::into_inner);
            let make = || self.failures.get_or_create_owned(&series.labels.failure(outcome));
            failures.entry(outcome).or_insert_with(make).inc();
        }
    }

    /// Makes a series for what has none, where there is room.
    fn add(&self, known: &mut Known, record: &InvocationRecord, key: Key) {
        let namespace = &record.namespace;
        if known.own.get(namespace).is_some_and(|own| own.len() >= OWN_MAX) {
            let own = known.own.remove(namespace).unwrap_or_default();
            known.count -= own.len();
            own.values().for_each(|series| self.remove(series));
        }
        if known.count >= ALL_MAX {
            let other = || OTHER.to_owned();
            let (namespace, function, version, alias) = (other(), other(), other(), String::new());
            known.other = Some(self.make(Labels { namespace, function, version, alias }));
            return;
        }
        known.count += 1;
        let series = self.make(labels(record));
        known.own.entry(namespace.clone()).or_default().insert(key, series);
    }

    fn make(&self, labels: Labels) -> Series {
        Series {
            invocations: self.invocations.get_or_create_owned(&labels),
            duration: self.durations.get_or_create_owned(&labels),
            fuel: self.fuel.get_or_create_owned(&labels),
            failures: Mutex::default(),
            labels,
        }
    }

    fn remove(&self, series: &Series) {
        let labels = &series.labels;
        self.invocations.remove(labels);
        self.durations.remove(labels);
        self.fuel.remove(labels);
        let failures = series.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for outcome in failures.keys() {
            self.failures.remove(&labels.failure(outcome));
        }
    }
}

impl Labels {
    fn failure(&self, outcome: &'static str) -> FailureLabels {
        let Self { namespace, function, version, alias } = self.clone();
        FailureLabels { namespace, function, version, alias, outcome }
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

    fn of_namespace(number: u64, ns: &str) -> InvocationRecord {
        InvocationRecord { namespace: namespace(ns), ..of(number, None, Outcome::Internal) }
    }

    /// How many lines of a family are of a namespace.
    fn lines(text: &str, family: &str, ns: &str) -> usize {
        let begin = format!("{family}{{namespace=\"{ns}\"");
        text.lines().filter(|line| line.starts_with(&begin)).count()
    }

    #[test]
    fn however_many_versions_a_namespace_has_only_its_own_series_begin_again() {
        let versions = Versions::default();
        versions.finished(&of_namespace(1, "neighbour"));
        for number in 1..=OWN_MAX as u64 + 1 {
            versions.finished(&of_namespace(number, "ns"));
        }
        let text = rendered(&versions);
        for family in [
            "lambent_version_invocations_total",
            "lambent_version_failures_total",
            "lambent_version_duration_seconds_count",
            "lambent_version_fuel_total",
        ] {
            assert_eq!(lines(&text, family, "ns"), 1, "{family}");
            assert_eq!(lines(&text, family, "neighbour"), 1, "{family}");
        }
        assert!(text.contains("version=\"1001\""), "the last is among them");
    }

    #[test]
    fn however_many_namespaces_there_are_the_series_are_bounded() {
        let versions = Versions::default();
        for number in 0..ALL_MAX as u64 + 7 {
            let own = OWN_MAX as u64 - 1;
            versions.finished(&of_namespace(number % own + 1, &format!("ns-{}", number / own)));
        }
        let text = rendered(&versions);
        let all = |line: &&str| line.starts_with("lambent_version_invocations_total{");
        assert_eq!(text.lines().filter(all).count(), ALL_MAX + 1);
        let other = "lambent_version_invocations_total{namespace=\"_other\",function=\"_other\",\
                     version=\"_other\",alias=\"\"} 7";
        assert!(text.lines().any(|line| line == other));
        assert_eq!(lines(&text, "lambent_version_failures_total", "_other"), 1);
    }
}
