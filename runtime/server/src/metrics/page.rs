//! The page of the book about metrics is written from what a scrape says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use lambent_dispatch::{Delivered, Observe as _};
use lambent_engine::Budget;
use lambent_service::{Depth, DiskSpace, Holding, QueueDepth, Quota, Totals};
use lambent_types::{
    BatchItems, Handler, InvocationRecord, Logs, Meter, Namespace, Outcome, RequestId,
    ThrottleReason, VersionNumber,
};

use super::Metrics;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/reference/metrics.md");

const HEAD: &str = "# Metrics

`/metrics` is for Prometheus, in the format of OpenMetrics, and asks for the root key. The first 1,000 functions called have series of their own, and
further ones share `_other`; of queues the first 100 by name are counted, at every scrape.
Those of versions and aliases of a namespace begin again whenever it has 1,000 of them; beyond 5,000 in all
namespaces, further ones share `_other`.

| series | type | labels | what it is |
|---|---|---|---|
";

/// A scrape in which every series is.
fn scrape() -> String {
    let metrics = Metrics::new(Budget::new(1 << 20), ["function"]);
    let (namespace, function) = (Namespace::default(), "f".parse().unwrap());
    metrics.delivered(&namespace, &function, Delivered::Succeeded, Duration::ZERO);
    let record = InvocationRecord {
        id: RequestId::new(),
        namespace: namespace.clone(),
        function,
        version: VersionNumber::Latest,
        alias: None,
        handler: Handler::Http02,
        started: Timestamp::UNIX_EPOCH,
        outcome: Outcome::Ok,
        meter: Meter::default(),
        logs: Logs::default(),
        items: Some(BatchItems { count: 1, failed: 1, failures: Vec::new() }),
    };
    metrics.finished(&record);
    let head = lambent_storage::contract::samples::head(&namespace, &record.function, "");
    metrics.throttled(&head, ThrottleReason::ConcurrentInvocationLimitExceeded);
    metrics.finished(&InvocationRecord { outcome: Outcome::Cancelled, ..by_alias(record) });
    metrics.answered("function", StatusCode::OK);
    let depth = Depth { ready: 0, in_flight: 0, delayed: 0, oldest: None };
    let queue = "q".parse().unwrap();
    let held = Holding { quota: Quota::Keys, used: 0, limit: Some(1) };
    let totals = Totals {
        held: vec![(namespace.clone(), held)],
        queues: vec![QueueDepth { namespace, queue, depth }],
        disk: DiskSpace { free: Some(0), reserve: 0, low: false },
    };
    metrics.render(0, totals)
}

/// The same, asked for by an alias.
fn by_alias(record: InvocationRecord) -> InvocationRecord {
    let alias = Some("live".parse().unwrap());
    InvocationRecord { version: VersionNumber::Number(1), alias, ..record }
}

/// The names of the labels of a family's series.
fn labels(scrape: &str, series: &str) -> String {
    let mut names = BTreeSet::new();
    for line in scrape.lines() {
        let Some((name, rest)) = line.split_once('{') else { continue };
        let own = name
            .strip_prefix(series)
            .is_some_and(|rest| ["", "_bucket", "_count", "_sum"].contains(&rest));
        let text = rest.split_once('}').map_or("", |(labels, _)| labels);
        let all = text.split("\",").filter_map(|label| Some(label.split_once('=')?.0));
        names.extend(all.filter(|label| own && *label != "le"));
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_page_is_what_a_scrape_says() {
    let scrape = scrape();
    let mut page = HEAD.to_owned();
    let mut rows = BTreeSet::new();
    for line in scrape.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        let (name, help) = line.split_once(' ').unwrap();
        let kind = scrape.split_once(&format!("# TYPE {name} ")).unwrap().1;
        let kind = kind.lines().next().unwrap();
        let series = match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        };
        rows.insert(format!("| `{series}` | {kind} | {} | {help} |", labels(&scrape, &series)));
    }
    let registered = include_str!("../metrics.rs").matches("registry.register(").count()
        + include_str!("versions.rs").matches("registry.register(").count()
        + include_str!("queues.rs").matches("registry.register(").count()
        + include_str!("holdings.rs").matches("registry.register(\"").count();
    assert!(rows.len() >= registered, "a series is not in the scrape: {rows:#?}");
    for row in rows {
        writeln!(page, "{row}").unwrap();
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PATH, &page).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(committed == page, "metrics.md differs; run with UPDATE_GOLDEN=1 and review");
}
