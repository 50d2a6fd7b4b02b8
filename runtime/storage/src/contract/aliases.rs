use std::sync::Arc;

use jiff::Timestamp;
use lambent_types::{
    Alias, AliasName, AliasSettings, Revision, Split, VersionNumber, Weight, bounds,
};
use tokio::task::JoinSet;

use super::samples::{head, name, namespace};
use crate::error::WriteError;
use crate::registry::{Expected, Registry};

/// An alias that leads to a version, and to a second one as often.
fn alias(text: &str, version: VersionNumber, second: Option<u64>) -> Alias {
    let split = second.zip(Weight::millionths(500_000));
    let split = split.map(|(version, weight)| Split { version, weight });
    let settings = AliasSettings { split, ..AliasSettings::of(version) };
    Alias::new(text.parse().unwrap(), settings, Timestamp::now())
}

fn number(number: u64) -> VersionNumber {
    VersionNumber::Number(number)
}

fn called(text: &str) -> AliasName {
    text.parse().unwrap()
}

pub(super) async fn aliases_come_change_and_go(registry: &dyn Registry) {
    let (ns, f, live) = (namespace("contract-alias"), name("f"), called("live"));
    let latest = || alias("Live", VersionNumber::Latest, None);
    let refused = registry.put_alias(&ns, &f, latest(), None).await.unwrap_err();
    assert!(matches!(refused, WriteError::NotFound));
    let refused = registry.delete_alias(&ns, &f, &live, None).await.unwrap_err();
    assert!(matches!(refused, WriteError::NotFound));

    let before = registry.put(head(&ns, &f, "one"), None).await.unwrap();
    assert!(before.aliases.is_empty());
    let made = registry.put_alias(&ns, &f, latest(), Some(Expected::Absent)).await.unwrap();
    assert_eq!(made.revision, before.revision, "the function is as it was");
    let first = made.aliases.get(&live).unwrap().clone();
    assert_eq!((first.name.as_str(), first.created), ("Live", first.changed));
    assert_eq!(registry.function(&ns, &f).await.unwrap().unwrap(), made);

    registry.publish(&ns, &f, None).await.unwrap();
    registry.publish(&ns, &f, None).await.unwrap();
    let refused = registry.put_alias(&ns, &f, alias("live", number(3), None), None).await;
    assert!(matches!(refused.unwrap_err(), WriteError::VersionNotFound));
    let refused = registry.put_alias(&ns, &f, alias("live", number(1), Some(3)), None).await;
    assert!(matches!(refused.unwrap_err(), WriteError::VersionNotFound));
    let split = alias("LIVE", number(1), Some(2));
    let made = registry.put_alias(&ns, &f, split.clone(), None).await.unwrap();
    let second = made.aliases.get(&live).unwrap();
    assert_eq!(second.settings, split.settings);
    assert_eq!((second.name.as_str(), second.created), ("Live", first.created));
    assert!(second.revision > first.revision);

    // A deploy and a version that is published leave aliases alone.
    registry.put(head(&ns, &f, "two"), None).await.unwrap();
    let kept = registry.function(&ns, &f).await.unwrap().unwrap();
    assert_eq!(kept.aliases, made.aliases);
    registry.delete_alias(&ns, &f, &called("LIVE"), None).await.unwrap();
    assert!(registry.function(&ns, &f).await.unwrap().unwrap().aliases.is_empty());
    let refused = registry.delete_alias(&ns, &f, &live, None).await.unwrap_err();
    assert!(matches!(refused, WriteError::AliasNotFound));

    for index in 0..bounds::ALIASES_MAX {
        let alias = alias(&format!("a{index}"), number(1), None);
        registry.put_alias(&ns, &f, alias, None).await.unwrap();
    }
    let refused = registry.put_alias(&ns, &f, alias("more", number(1), None), None).await;
    assert!(matches!(refused.unwrap_err(), WriteError::TooManyAliases));
    registry.put_alias(&ns, &f, alias("a7", number(2), None), None).await.unwrap();
}

pub(super) async fn expectations_of_aliases_are_enforced(registry: &dyn Registry) {
    let (ns, f, live) = (namespace("contract-alias-expected"), name("f"), called("live"));
    let latest = || alias("live", VersionNumber::Latest, None);
    let conflict = |error| match error {
        WriteError::Conflict { current } => current,
        error => panic!("expected a conflict, got {error:?}"),
    };
    let stale = Some(Expected::Revision(Revision(u64::MAX)));
    let mut highest = Revision(0);
    for _ in 0..3 {
        registry.put(head(&ns, &f, "one"), None).await.unwrap();
        let refused = registry.put_alias(&ns, &f, latest(), stale).await.unwrap_err();
        assert_eq!(conflict(refused), None);
        let made = registry.put_alias(&ns, &f, latest(), Some(Expected::Absent)).await.unwrap();
        let current = made.aliases.get(&live).unwrap().revision;
        assert!(current > highest, "no revision comes twice, not even of another function");
        for expected in [Some(Expected::Absent), stale] {
            let refused = registry.put_alias(&ns, &f, latest(), expected).await.unwrap_err();
            assert_eq!(conflict(refused), Some(current));
            let refused = registry.delete_alias(&ns, &f, &live, expected).await.unwrap_err();
            assert_eq!(conflict(refused), Some(current));
        }
        let met = Some(Expected::Revision(current));
        let made = registry.put_alias(&ns, &f, latest(), met).await.unwrap();
        highest = made.aliases.get(&live).unwrap().revision;
        registry.delete_alias(&ns, &f, &live, Some(Expected::Revision(highest))).await.unwrap();
        let made = registry.put_alias(&ns, &f, latest(), None).await.unwrap();
        assert!(made.aliases.get(&live).unwrap().revision > highest);
        highest = made.aliases.get(&live).unwrap().revision;
        registry.delete(&ns, &f, None).await.unwrap();
    }
}

pub(super) async fn versions_are_kept_while_an_alias_leads_to_them(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-alias-versions"), name("f"));
    registry.put(head(&ns, &f, "one"), None).await.unwrap();
    for _ in 0..3 {
        registry.publish(&ns, &f, None).await.unwrap();
    }
    registry.put_alias(&ns, &f, alias("live", number(1), Some(2)), None).await.unwrap();
    for version in [1, 2] {
        match registry.delete_version(&ns, &f, version).await.unwrap_err() {
            WriteError::VersionInUse { alias } => assert_eq!(alias.as_str(), "live"),
            other => panic!("{other:?}"),
        }
        assert!(registry.version(&ns, &f, version).await.unwrap().is_some());
    }
    registry.delete_version(&ns, &f, 3).await.unwrap();
    let gone = registry.put_alias(&ns, &f, alias("live", number(3), None), None).await;
    assert!(matches!(gone.unwrap_err(), WriteError::VersionNotFound));
    registry.put_alias(&ns, &f, alias("live", number(2), None), None).await.unwrap();
    registry.delete_version(&ns, &f, 1).await.unwrap();
    // With the function everything goes, whatever leads where.
    registry.delete(&ns, &f, None).await.unwrap();
    let again = registry.put(head(&ns, &f, "two"), None).await.unwrap();
    assert!(again.aliases.is_empty());
}

pub(super) async fn one_of_many_that_shift_an_alias_wins(registry: &Arc<dyn Registry>) {
    let (ns, f, live) = (namespace("contract-alias-race"), name("f"), called("live"));
    registry.put(head(&ns, &f, "one"), None).await.unwrap();
    registry.publish(&ns, &f, None).await.unwrap();
    let mut expected = Expected::Absent;
    for _ in 0..4 {
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let (registry, ns, f) = (Arc::clone(registry), ns.clone(), f.clone());
            let alias = alias("live", number(1), None);
            let put = async move { registry.put_alias(&ns, &f, alias, Some(expected)).await };
            tasks.spawn(put);
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 15));
        let won = won.into_iter().next().unwrap().unwrap().aliases.get(&live).unwrap().revision;
        for lost in lost {
            let Err(WriteError::Conflict { current }) = lost else { panic!("{lost:?}") };
            assert_eq!(current, Some(won));
        }
        let read = registry.function(&ns, &f).await.unwrap().unwrap();
        assert_eq!(read.aliases.get(&live).unwrap().revision, won);
        expected = Expected::Revision(won);
    }
}
