//! What is counted, for Prometheus.

mod holdings;
mod labels;
#[cfg(test)]
mod page;
mod process;
mod queues;
mod versions;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use foldhash::fast::RandomState;
use http::StatusCode;
use lambent_dispatch::{Delivered, Observe, TopicEvent};
use lambent_engine::Budget;
use lambent_service::Totals;
use lambent_types::{
    FunctionName, FunctionVersion, InvocationRecord, Namespace, Outcome, Start, ThrottleReason,
    TopicName,
};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use self::labels::{
    FunctionLabels, HttpLabels, OutcomeLabels, ReasonLabels, StartLabels, TopicLabels,
};
pub(crate) use queues::QUEUES_MAX;

/// The media type of what [`Metrics::render`] returns.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Most functions with series of their own; further ones are counted together
/// as function `_other`, so that a scrape stays small whatever is deployed.
const FUNCTIONS_MAX: usize = 1000;

/// Seconds. Half of all invocations take microseconds, some take minutes.
const DURATIONS: [f64; 14] =
    [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0, 900.0];

/// Seconds. Most events are delivered at once; some after hours of retries.
const AGES: [f64; 12] =
    [0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 21_600.0, 86_400.0];

/// Bytes: 64 KiB to 4 GiB.
const MEMORIES: [f64; 9] = [
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

/// The classes of status that HTTP requests are counted by.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    families: Families,
    versions: versions::Versions,
    /// The series of every function, so that an invocation builds no labels.
    functions: RwLock<HashMap<(Namespace, FunctionName), Arc<Series>, RandomState>>,
    starts: [Counter; Start::ALL.len()],
    memory: Histogram,
    logs_dropped: Counter,
    /// By the name of the door.
    http: Vec<(&'static str, [Counter; CLASSES.len()])>,
    connections: Gauge,
    connections_refused: Counter,
    stuck_threads: Counter,
    in_flight: Gauge,
    resident: Gauge,
    budget: Arc<Budget>,
    budget_bytes: Gauge,
    budget_used: Gauge,
    budget_refused: Counter,
}

/// Counts an open connection until it is dropped.
pub(crate) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Clone)]
struct Families {
    invocations: Family<OutcomeLabels, Counter>,
    durations: Family<FunctionLabels, Histogram, fn() -> Histogram>,
    fuel: Family<FunctionLabels, Counter>,
    throttles: Family<ReasonLabels, Counter>,
    sheds: Family<FunctionLabels, Counter>,
    partial: Family<FunctionLabels, Counter>,
    items_failed: Family<FunctionLabels, Counter>,
    deliveries: Family<OutcomeLabels, Counter>,
    ages: Family<FunctionLabels, Histogram, fn() -> Histogram>,
    topics: Family<TopicLabels, Counter>,
}

/// The series of one function; an outcome has one once it has happened, and
/// deliveries have theirs once there are any.
struct Series {
    labels: FunctionLabels,
    outcomes: [OnceLock<Counter>; Outcome::KINDS.len()],
    duration: Histogram,
    fuel: Counter,
    throttles: [OnceLock<Counter>; ThrottleReason::ALL.len()],
    sheds: Counter,
    deliveries: [OnceLock<Counter>; Delivered::ALL.len()],
    age: OnceLock<Histogram>,
}

impl Series {
    fn new(families: &Families, namespace: &str, function: &str) -> Self {
        let labels = FunctionLabels { namespace: namespace.into(), function: function.into() };
        Self {
            outcomes: Default::default(),
            duration: families.durations.get_or_create_owned(&labels),
            fuel: families.fuel.get_or_create_owned(&labels),
            throttles: Default::default(),
            sheds: families.sheds.get_or_create_owned(&labels),
            deliveries: Default::default(),
            age: OnceLock::new(),
            labels,
        }
    }

    fn outcome(&self, families: &Families, kind: &'static str) {
        let index = Outcome::KINDS.iter().position(|known| *known == kind).unwrap_or_default();
        self.count(&self.outcomes[index], &families.invocations, kind);
    }

    fn delivered(&self, families: &Families, delivered: Delivered, age: Duration) {
        let counter = &self.deliveries[delivered as usize];
        self.count(counter, &families.deliveries, delivered.as_str());
        // The others are no attempts: nothing was delivered however old it was.
        if matches!(delivered, Delivered::Succeeded | Delivered::Retried | Delivered::GivenUp) {
            let ages = self.age.get_or_init(|| families.ages.get_or_create_owned(&self.labels));
            ages.observe(age.as_secs_f64());
        }
    }

    fn throttled(&self, families: &Families, reason: ThrottleReason) {
        let make = || {
            families.throttles.get_or_create_owned(&ReasonLabels {
                namespace: self.labels.namespace.clone(),
                function: self.labels.function.clone(),
                reason: reason.as_str(),
            })
        };
        self.throttles[reason as usize].get_or_init(make).inc();
    }

    fn count(
        &self,
        counter: &OnceLock<Counter>,
        family: &Family<OutcomeLabels, Counter>,
        outcome: &'static str,
    ) {
        let make = || {
            family.get_or_create_owned(&OutcomeLabels {
                namespace: self.labels.namespace.clone(),
                function: self.labels.function.clone(),
                outcome,
            })
        };
        counter.get_or_init(make).inc();
    }
}

impl Metrics {
    /// Tells of `budget` too, and counts the requests at `doors`.
    pub(crate) fn new(budget: Arc<Budget>, doors: impl IntoIterator<Item = &'static str>) -> Self {
        let families = Families {
            invocations: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            fuel: Family::default(),
            throttles: Family::default(),
            sheds: Family::default(),
            partial: Family::default(),
            items_failed: Family::default(),
            deliveries: Family::default(),
            ages: Family::new_with_constructor(|| Histogram::new(AGES)),
            topics: Family::default(),
        };
        let metrics = Self {
            registry: Registry::default(),
            families,
            versions: versions::Versions::default(),
            functions: RwLock::default(),
            starts: Default::default(),
            memory: Histogram::new(MEMORIES),
            logs_dropped: Counter::default(),
            http: doors.into_iter().map(|door| (door, Default::default())).collect(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            stuck_threads: Counter::default(),
            in_flight: Gauge::default(),
            resident: Gauge::default(),
            budget,
            budget_bytes: Gauge::default(),
            budget_used: Gauge::default(),
            budget_refused: Counter::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        self.versions.register(registry);
        let families = self.families.clone();
        let invocations = "Invocations that ended, by how";
        registry.register("lambent_invocations", invocations, families.invocations);
        let durations = "Seconds from the start of loading to the end of an invocation";
        registry.register("lambent_invocation_duration_seconds", durations, families.durations);
        registry.register("lambent_fuel", "Fuel that invocations used", families.fuel);
        let throttles =
            "Invocations turned away because too many ran, by Lambda's name for the reason";
        registry.register("lambent_throttles", throttles, families.throttles);
        let sheds = "Invocations turned away because the CPU is overloaded";
        registry.register("lambent_sheds", sheds, families.sheds);
        let deliveries = "Attempts to deliver events, by what became of them";
        registry.register("lambent_deliveries", deliveries, families.deliveries);
        let topics =
            "Messages of topics that were published, and that subscriptions got or did not";
        registry.register("lambent_topic_messages", topics, families.topics);
        let partial = "Batches of which some items failed";
        registry.register("lambent_partial_failures", partial, families.partial);
        let items = "Items that failed of batches that did not";
        registry.register("lambent_items_failed", items, families.items_failed);
        let ages = "Seconds from an event to an attempt to deliver it";
        registry.register("lambent_delivery_age_seconds", ages, families.ages);
        let memory = "Most bytes of memory an invocation held at once";
        registry.register("lambent_invocation_memory_bytes", memory, self.memory.clone());
        let dropped = "Invocation records dropped because the log writer was behind";
        registry.register("lambent_logs_dropped", dropped, self.logs_dropped.clone());
        let connections = "Open connections";
        registry.register("lambent_connections", connections, self.connections.clone());
        let refused = "Connections turned away because too many were open";
        registry.register("lambent_connections_refused", refused, self.connections_refused.clone());
        let stuck = "Times that a thread did not come back to its executor for a second";
        registry.register("lambent_stuck_threads", stuck, self.stuck_threads.clone());
        registry.register("lambent_in_flight", "Invocations running", self.in_flight.clone());
        let resident = "Bytes of memory the process holds";
        registry.register("process_resident_memory_bytes", resident, self.resident.clone());
        let budget = "Bytes of memory that functions may have together";
        registry.register("lambent_memory_budget_bytes", budget, self.budget_bytes.clone());
        let used = "Bytes of it that are held";
        registry.register("lambent_memory_used_bytes", used, self.budget_used.clone());
        let refused = "How often memory was refused because the node had no more";
        registry.register("lambent_memory_refusals", refused, self.budget_refused.clone());
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("lambent_build", "The running release", build);

        let starts = Family::<StartLabels, Counter>::default();
        for (counter, start) in self.starts.iter_mut().zip(Start::ALL) {
            *counter = starts.get_or_create_owned(&StartLabels { start: start.as_str() });
        }
        let help = "Invocations, by how their code came to be in memory";
        registry.register("lambent_starts", help, starts);
        let http = Family::<HttpLabels, Counter>::default();
        for (door, counters) in &mut self.http {
            for (counter, status) in counters.iter_mut().zip(CLASSES) {
                *counter = http.get_or_create_owned(&HttpLabels { door, status });
            }
        }
        registry.register("lambent_http_requests", "Answered HTTP requests", http);
        self
    }

    /// A request was answered at the door of this name.
    pub(crate) fn answered(&self, door: &str, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        if let Some((_, counters)) = self.http.iter().find(|(known, _)| *known == door) {
            counters[class].inc();
        }
    }

    /// A connection was accepted.
    pub(crate) fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// A connection was turned away.
    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// A thread does not come back to its executor.
    pub(crate) fn stuck(&self) {
        self.stuck_threads.inc();
    }

    /// Everything in Prometheus' text form, with what queues and namespaces hold at
    /// this moment.
    pub(crate) fn render(&self, in_flight: usize, totals: Totals) -> String {
        self.in_flight.set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        let usage = self.budget.usage();
        self.budget_bytes.set(i64::try_from(usage.capacity).unwrap_or(i64::MAX));
        self.budget_used.set(i64::try_from(usage.used).unwrap_or(i64::MAX));
        self.budget_refused.inner().store(usage.refused, Ordering::Relaxed);
        if let Some(bytes) = process::resident_bytes() {
            self.resident.set(bytes);
        }
        let mut out = String::new();
        // Writing to a string fails only if an encoder does, and none of ours can.
        let written = text::encode_registry(&mut out, &self.registry)
            .and_then(|()| text::encode_registry(&mut out, &queues::registry(totals.queues)))
            .and_then(|()| {
                text::encode_registry(&mut out, &holdings::registry(totals.held, totals.disk))
            })
            .and_then(|()| text::encode_eof(&mut out));
        if let Err(error) = written {
            tracing::error!(%error, "cannot render metrics");
        }
        out
    }

    fn series(&self, namespace: &Namespace, name: &FunctionName) -> Arc<Series> {
        let key = (namespace.clone(), name.clone());
        let known = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.get(&key) {
            return series.clone();
        }
        drop(known);
        let mut known = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        let full = known.len() >= FUNCTIONS_MAX;
        let make = || {
            Arc::new(if full {
                Series::new(&self.families, "_other", "_other")
            } else {
                Series::new(&self.families, namespace.as_str(), name.as_str())
            })
        };
        if full {
            return make();
        }
        known.entry(key).or_insert_with(make).clone()
    }
}

impl Observe for Metrics {
    fn finished(&self, record: &InvocationRecord) {
        let series = self.series(&record.namespace, &record.function);
        series.outcome(&self.families, record.outcome.kind());
        series.duration.observe(record.meter.duration.as_secs_f64());
        series.fuel.inc_by(record.meter.fuel);
        if let Some(items) = record.items.as_ref().filter(|items| items.failed > 0) {
            self.families.partial.get_or_create_owned(&series.labels).inc();
            let failed = &self.families.items_failed;
            failed.get_or_create_owned(&series.labels).inc_by(items.failed.into());
        }
        self.memory.observe(record.meter.memory_bytes as f64);
        self.starts[record.meter.start as usize].inc();
        self.versions.finished(record);
    }

    fn shed(&self, function: &FunctionVersion) {
        self.series(&function.namespace, &function.name).sheds.inc();
    }

    fn throttled(&self, function: &FunctionVersion, reason: ThrottleReason) {
        self.series(&function.namespace, &function.name).throttled(&self.families, reason);
    }

    fn delivered(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        delivered: Delivered,
        age: Duration,
    ) {
        self.series(namespace, function).delivered(&self.families, delivered, age);
    }

    fn topic(&self, namespace: &Namespace, _: &TopicName, event: TopicEvent) {
        // Not by topic, of which there may be any number.
        let labels = TopicLabels { namespace: namespace.to_string(), event: event.as_str() };
        self.families.topics.get_or_create_owned(&labels).inc();
    }

    fn log_dropped(&self) {
        self.logs_dropped.inc();
    }
}

#[cfg(test)]
mod tests {
    use lambent_types::{Handler, Logs, Meter, RequestId, VersionNumber};

    use super::*;
    use lambent_service::DiskSpace;

    fn record(function: &str, outcome: Outcome) -> InvocationRecord {
        InvocationRecord {
            id: RequestId::new(),
            namespace: Namespace::default(),
            function: function.parse().unwrap(),
            version: VersionNumber::Latest,
            alias: None,
            handler: Handler::Http02,
            started: jiff::Timestamp::UNIX_EPOCH,
            outcome,
            meter: Meter { fuel: 7, duration: Duration::from_millis(2), ..Meter::default() },
            logs: Logs::default(),
            items: None,
        }
    }

    /// Nothing, of a disk that says nothing.
    fn none() -> Totals {
        let disk = DiskSpace { free: None, reserve: 0, low: false };
        Totals { held: Vec::new(), queues: Vec::new(), disk }
    }

    #[test]
    fn invocations_are_counted_by_function_and_outcome() {
        let metrics = Metrics::new(Budget::new(1 << 20), ["function"]);
        metrics.finished(&record("hello", Outcome::Ok));
        metrics.finished(&record("hello", Outcome::Ok));
        metrics.finished(&record("hello", Outcome::Exited { code: 1 }));
        metrics.answered("function", StatusCode::BAD_GATEWAY);
        metrics.log_dropped();
        let text = metrics.render(3, none());
        for line in [
            "lambent_invocations_total{namespace=\"default\",function=\"hello\",outcome=\"ok\"} 2",
            "lambent_invocations_total{namespace=\"default\",function=\"hello\",outcome=\"exited\"} 1",
            "lambent_invocation_duration_seconds_count{namespace=\"default\",function=\"hello\"} 3",
            "lambent_fuel_total{namespace=\"default\",function=\"hello\"} 21",
            "lambent_starts_total{start=\"loaded\"} 3",
            "lambent_starts_total{start=\"mapped\"} 0",
            "lambent_http_requests_total{door=\"function\",status=\"5xx\"} 1",
            "lambent_logs_dropped_total 1",
            "lambent_in_flight 3",
            "lambent_memory_budget_bytes 1048576",
            "lambent_memory_used_bytes 0",
            "lambent_memory_refusals_total 0",
            "# EOF",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("lambent_build_info{version="));
        assert!(text.contains("process_resident_memory_bytes "));
    }

    #[test]
    fn deliveries_are_counted_by_what_became_of_them_and_aged_if_attempted() {
        let metrics = Metrics::new(Budget::new(1 << 20), ["function"]);
        let (namespace, function) = (Namespace::default(), "f".parse().unwrap());
        assert!(!metrics.render(0, none()).contains("lambent_deliveries_total{"));
        for delivered in Delivered::ALL {
            metrics.delivered(&namespace, &function, delivered, Duration::from_secs(3));
        }
        metrics.delivered(&namespace, &function, Delivered::Succeeded, Duration::from_millis(1));
        let text = metrics.render(0, none());
        let labels = "namespace=\"default\",function=\"f\"";
        for delivered in Delivered::ALL {
            let count = 1 + usize::from(delivered == Delivered::Succeeded);
            let outcome = delivered.as_str();
            let line =
                format!("lambent_deliveries_total{{{labels},outcome=\"{outcome}\"}} {count}");
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        for line in [
            format!("lambent_delivery_age_seconds_count{{{labels}}} 4"),
            format!("lambent_delivery_age_seconds_bucket{{le=\"1.0\",{labels}}} 1"),
            format!("lambent_delivery_age_seconds_bucket{{le=\"5.0\",{labels}}} 4"),
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn however_many_functions_there_are_the_series_are_bounded() {
        let metrics = Metrics::new(Budget::new(1 << 20), ["function"]);
        for index in 0..FUNCTIONS_MAX + 10 {
            metrics.finished(&record(&format!("f{index}"), Outcome::Ok));
        }
        let text = metrics.render(0, none());
        let series = text.lines().filter(|l| l.starts_with("lambent_invocations_total")).count();
        assert_eq!(series, FUNCTIONS_MAX + 1);
        assert!(text.contains("function=\"_other\",outcome=\"ok\"} 10"));
    }
}
