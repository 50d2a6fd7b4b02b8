use jiff::Timestamp;
use lambent_types::VersionNumber;

use super::samples::{name, namespace};
use crate::usage::{Usage, UsageRecord, Used};

const HOUR: i64 = 3600;

fn hour(number: i64) -> Timestamp {
    Timestamp::from_second(number * HOUR).unwrap()
}

fn record(function: &str, number: i64, invocations: u64) -> UsageRecord {
    let used = Used { invocations, fuel: u64::MAX / 2, ..Used::default() };
    UsageRecord { function: name(function), version: None, alias: None, hour: hour(number), used }
}

pub(super) async fn versions_and_aliases_are_told_apart(usage: &dyn Usage) {
    let ns = namespace("contract-usage-versions");
    let of = |version, alias: Option<&str>, invocations| {
        let alias = alias.map(|alias| alias.parse().unwrap());
        (ns.clone(), UsageRecord { version, alias, ..record("f", 1, invocations) })
    };
    let (one, two) = (Some(VersionNumber::Number(1)), Some(VersionNumber::Number(2)));
    let first = vec![of(one, None, 1), of(one, Some("live"), 2), of(two, Some("live"), 4)];
    usage.record(first).await.unwrap();
    let then = vec![of(one, Some("Live"), 8), of(Some(VersionNumber::Latest), None, 16)];
    usage.record(then).await.unwrap();
    let found = usage.query(&ns, hour(0), hour(9)).await.unwrap();
    let sum = |record: UsageRecord| {
        let alias = record.alias.map(|alias| alias.to_string());
        (record.version, alias, record.used.invocations)
    };
    let live = || Some("live".to_owned());
    let expected = [
        (Some(VersionNumber::Latest), None, 16),
        (one, None, 1),
        (one, live(), 10),
        (two, live(), 4),
    ];
    assert_eq!(found.into_iter().map(sum).collect::<Vec<_>>(), expected);
}

pub(super) async fn usage_adds_up(usage: &dyn Usage) {
    let (ns, other) = (namespace("contract-usage"), namespace("contract-usage2"));
    let of = |ns: &lambent_types::Namespace, record| (ns.clone(), record);
    let first = vec![
        of(&ns, record("B", 1, 1)),
        of(&ns, record("a", 1, 2)),
        of(&ns, record("a", 2, 3)),
        of(&ns, record("a", 1, 4)),
        of(&other, record("a", 1, 100)),
    ];
    usage.record(first).await.unwrap();
    usage.record(vec![of(&ns, record("A", 2, 5)), of(&ns, record("a", 2, 6))]).await.unwrap();
    usage.record(vec![]).await.unwrap();
    let sums = async |ns, since, until| {
        let found = usage.query(ns, hour(since), hour(until)).await.unwrap();
        let sum = |r: UsageRecord| (r.hour, r.function.to_string(), r.used.invocations);
        found.into_iter().map(sum).collect::<Vec<_>>()
    };
    let entry = |number, function: &str, count| (hour(number), function.to_owned(), count);
    let expected = [entry(1, "a", 6), entry(1, "B", 1), entry(2, "a", 14)];
    assert_eq!(sums(&ns, 0, 10).await, expected);
    assert_eq!(sums(&ns, 1, 2).await, expected[..2]);
    assert_eq!(sums(&ns, 2, 2).await, []);
    assert_eq!(sums(&other, 0, 10).await, [entry(1, "a", 100)]);
    // Sums stop at the highest number instead of beginning again.
    let found = usage.query(&ns, hour(2), hour(3)).await.unwrap();
    assert_eq!(found[0].used.fuel, u64::MAX);
}
