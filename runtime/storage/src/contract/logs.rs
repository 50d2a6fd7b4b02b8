use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use lambent_types::{
    Failure, FunctionName, InvocationRecord, Namespace, Outcome, Retry, VersionNumber,
};

use super::samples::{name, namespace, record};
use crate::logs::{InvocationLogs, LogQuery};

async fn append(logs: &dyn InvocationLogs, records: &[InvocationRecord]) {
    for record in records {
        assert!(logs.append(record.clone()));
    }
    logs.flush().await;
}

async fn lines(logs: &dyn InvocationLogs, query: LogQuery) -> Vec<String> {
    let page = logs.query(query).await.unwrap();
    assert!(page.records.is_sorted_by(|one, other| one.0 < other.0));
    page.records.into_iter().map(|(_, record)| record.logs.lines[0].text.clone()).collect()
}

fn numbered(ns: &Namespace, f: &FunctionName, count: usize) -> Vec<InvocationRecord> {
    (0..count).map(|number| record(ns, f, &number.to_string())).collect()
}

pub(super) async fn records_come_back_as_they_were(logs: &dyn InvocationLogs) {
    let (ns, f) = (namespace("contract-records"), name("f"));
    let mut failed = record(&ns, &f, "failed");
    failed.outcome = Outcome::FunctionError(Failure {
        kind: "OrderNotFound".into(),
        message: "no order \u{1f4e6}".into(),
        trace: vec!["main".into()],
        retry: Retry::Policy,
    });
    let records = [record(&ns, &f, "fine"), failed];
    append(logs, &records).await;
    let page = logs.query(LogQuery::new(ns, f)).await.unwrap();
    let read: Vec<_> = page.records.into_iter().map(|(_, record)| record).collect();
    assert_eq!(read, records);
}

pub(super) async fn queries_select(logs: &dyn InvocationLogs) {
    let (ns, f) = (namespace("contract-select"), name("F"));
    let mut records = numbered(&ns, &f, 4);
    records[0].started -= SignedDuration::from_hours(1);
    append(logs, &records).await;
    append(logs, &[record(&ns, &name("other"), "other")]).await;
    append(logs, &[record(&namespace("contract-select2"), &f, "elsewhere")]).await;

    let all = LogQuery::new(namespace("CONTRACT-select"), name("f"));
    assert_eq!(lines(logs, all.clone()).await, ["0", "1", "2", "3"]);
    let since = Some(records[1].started);
    assert_eq!(lines(logs, LogQuery { since, ..all.clone() }).await, ["1", "2", "3"]);
    let request = Some(records[2].id);
    assert_eq!(lines(logs, LogQuery { request, ..all.clone() }).await, ["2"]);
    let other = LogQuery::new(ns.clone(), name("other"));
    assert!(lines(logs, LogQuery { request, ..other }).await.is_empty());
    assert_eq!(lines(logs, LogQuery { limit: 2, ..all.clone() }).await, ["0", "1"]);
    let newest = LogQuery { limit: 2, newest: true, ..all };
    assert_eq!(lines(logs, newest).await, ["2", "3"]);
}

pub(super) async fn versions_and_aliases_are_selected(logs: &dyn InvocationLogs) {
    let (ns, f) = (namespace("contract-qualified"), name("f"));
    let mut records = numbered(&ns, &f, 5);
    records[1].version = VersionNumber::Number(1);
    for record in &mut records[2..4] {
        record.version = VersionNumber::Number(2);
        record.alias = Some("Live".parse().unwrap());
    }
    records[4].alias = Some("other".parse().unwrap());
    append(logs, &records).await;
    let of = async |qualifier: &str, newest| {
        let qualifier = Some(qualifier.parse().unwrap());
        let all = LogQuery::new(ns.clone(), f.clone());
        lines(logs, LogQuery { qualifier, newest, limit: 2, ..all }).await
    };
    assert_eq!(of("$LATEST", false).await, ["0", "4"]);
    assert_eq!(of("1", true).await, ["1"]);
    assert_eq!(of("2", true).await, ["2", "3"]);
    assert_eq!(of("live", false).await, ["2", "3"]);
    assert!(of("none", false).await.is_empty());
    let page = logs.query(LogQuery::new(ns, f)).await.unwrap();
    assert_eq!(page.records.into_iter().map(|(_, record)| record).collect::<Vec<_>>(), records);
}

pub(super) async fn pages_continue_where_the_last_ended(logs: &dyn InvocationLogs) {
    let (ns, f) = (namespace("contract-pages"), name("f"));
    append(logs, &numbered(&ns, &f, 5)).await;
    let mut query = LogQuery { limit: 2, ..LogQuery::new(ns.clone(), f.clone()) };
    let mut seen = Vec::new();
    loop {
        let page = logs.query(query.clone()).await.unwrap();
        if page.records.is_empty() {
            break;
        }
        seen.extend(page.records.iter().map(|(_, record)| record.logs.lines[0].text.clone()));
        query.after = Some(page.next);
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);

    // Records of others do not make a follower look again and again.
    append(logs, &[record(&ns, &name("busy"), "x")]).await;
    let page = logs.query(query.clone()).await.unwrap();
    assert!(page.next > query.after.unwrap());
    query.after = Some(page.next);
    append(logs, &[record(&ns, &f, "new")]).await;
    assert_eq!(lines(logs, query.clone()).await, ["new"]);

    // A follower that began with the newest page misses and repeats nothing.
    let newest = LogQuery { newest: true, after: None, limit: 1, ..query };
    let after = Some(logs.query(newest.clone()).await.unwrap().next);
    let follow = LogQuery { newest: false, after, ..newest };
    assert!(lines(logs, follow.clone()).await.is_empty());
    append(logs, &[record(&ns, &f, "newer")]).await;
    assert_eq!(lines(logs, follow).await, ["newer"]);
}

pub(super) async fn pages_are_bounded_in_bytes(logs: &dyn InvocationLogs) {
    let (ns, f) = (namespace("contract-bytes"), name("f"));
    let large = record(&ns, &f, &"x".repeat(3 << 20));
    append(logs, &[large.clone(), large.clone(), large]).await;
    let query = LogQuery::new(ns, f);
    let page = logs.query(query.clone()).await.unwrap();
    assert_eq!(page.records.len(), 2);
    let rest = logs.query(LogQuery { after: Some(page.next), ..query }).await.unwrap();
    assert_eq!(rest.records.len(), 1);
}

pub(super) async fn waiting_ends_with_news_or_the_timeout(logs: &Arc<dyn InvocationLogs>) {
    let (ns, f) = (namespace("contract-wait"), name("f"));
    let query = LogQuery::new(ns.clone(), f.clone());
    let now = logs.query(query.clone()).await.unwrap().next;
    let started = Instant::now();
    logs.changed(now, Duration::from_millis(50)).await;
    assert!(started.elapsed() >= Duration::from_millis(50));

    let waiting = tokio::spawn({
        let logs = Arc::clone(logs);
        async move { logs.changed(now, Duration::from_secs(60)).await }
    });
    append(&**logs, &[record(&ns, &f, "news")]).await;
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
    // What is there already is no reason to wait.
    logs.changed(now, Duration::from_secs(60)).await;
    assert_eq!(lines(&**logs, LogQuery { after: Some(now), ..query }).await, ["news"]);
}
