pub(super) mod batches;
pub(super) mod concurrency;
pub(super) mod listing;

use bytes::Bytes;
use lambent_types::{KeyspaceName, Namespace, Origin, Precondition, bounds};

use super::samples::namespace;
use crate::keyvalue::{Change, Entry, Expect, KeyValue, KeyValueError, ListKeys, SetOptions};

type Place = (Namespace, KeyspaceName);

fn keyspace(text: &str) -> KeyspaceName {
    text.parse().unwrap()
}

/// A new keyspace in a namespace of its own.
async fn fresh(store: &dyn KeyValue, namespace_: &str) -> Place {
    let place = (namespace(namespace_), keyspace("Keys"));
    store.create_keyspace(&place.0, &place.1).await.unwrap();
    place
}

fn set_if(key: &str, value: impl Into<Bytes>, expect: Expect) -> Change {
    let options = SetOptions { expect, ttl: None };
    Change::Set { key: key.to_owned(), value: value.into(), options }
}

fn set(key: &str, value: impl Into<Bytes>) -> Change {
    set_if(key, value, Expect::Any)
}

fn delete(key: &str) -> Change {
    Change::Delete { key: key.to_owned(), expect: Expect::Any }
}

/// Makes one change.
async fn apply(
    store: &dyn KeyValue,
    (ns, k): &Place,
    change: Change,
) -> Result<Option<u64>, KeyValueError> {
    let made = store.apply(ns, k, vec![change], &Origin::default()).await?;
    assert_eq!(made.len(), 1);
    Ok(made[0])
}

async fn get(store: &dyn KeyValue, (ns, k): &Place, key: &str) -> Option<Entry> {
    store.get(ns, k, key).await.unwrap()
}

pub(super) async fn keyspaces_come_and_go(store: &dyn KeyValue) {
    let (ns, other) = (namespace("contract-keyspaces"), namespace("contract-keyspaces2"));
    let (b, a) = (keyspace("b"), keyspace("A"));
    assert_eq!(store.keyspace(&ns, &a).await.unwrap(), None);
    let made = store.create_keyspace(&ns, &a).await.unwrap();
    store.create_keyspace(&ns, &b).await.unwrap();
    // Names are unique ignoring case, and kept as they were given.
    let again = store.create_keyspace(&ns, &keyspace("a")).await;
    assert!(matches!(again, Err(KeyValueError::Exists)), "{again:?}");
    assert_eq!(store.keyspace(&ns, &keyspace("a")).await.unwrap(), Some(made.clone()));
    assert_eq!(made.name, a);
    let names: Vec<_> = store.keyspaces(&ns).await.unwrap().into_iter().map(|k| k.name).collect();
    assert_eq!(names, [a.clone(), b.clone()]);
    assert!(store.keyspaces(&other).await.unwrap().is_empty());
    let place = (ns.clone(), a.clone());
    apply(store, &place, set("k", "v")).await.unwrap();
    let refused = store.delete_keyspace(&ns, &a).await;
    assert!(matches!(refused, Err(KeyValueError::NotEmpty)), "{refused:?}");
    apply(store, &place, delete("k")).await.unwrap();
    store.delete_keyspace(&ns, &keyspace("a")).await.unwrap();
    assert_eq!(store.keyspace(&ns, &a).await.unwrap(), None);
    let gone = store.delete_keyspace(&ns, &a).await;
    assert!(matches!(gone, Err(KeyValueError::NoKeyspace)), "{gone:?}");
}

pub(super) async fn a_keyspace_that_is_not_there_is_said_so(store: &dyn KeyValue) {
    let (ns, k) = &(namespace("contract-nokeyspace"), keyspace("none"));
    let origin = &Origin::default();
    let none = |result: Result<(), KeyValueError>| {
        assert!(matches!(result, Err(KeyValueError::NoKeyspace)), "{result:?}");
    };
    for _ in 0..2 {
        none(store.get(ns, k, "k").await.map(drop));
        none(store.get_many(ns, k, &["k".into()]).await.map(drop));
        none(store.get_many(ns, k, &[]).await.map(drop));
        none(store.apply(ns, k, vec![set("k", "v")], origin).await.map(drop));
        none(store.increment(ns, k, "k", 1, origin).await.map(drop));
        none(store.list(ns, k, listing::all()).await.map(drop));
        none(store.delete_keyspace(ns, k).await);
    }
}

pub(super) async fn a_value_is_kept_as_it_was_given(store: &dyn KeyValue) {
    let place = fresh(store, "contract-values").await;
    let longest = "é".repeat(bounds::KEY_BYTES_MAX / 2);
    let mut keys = super::objects::NASTY.to_vec();
    keys.push(&longest);
    for key in &keys {
        assert_eq!(get(store, &place, key).await, None);
        apply(store, &place, set(key, key.to_string())).await.unwrap();
    }
    for key in &keys {
        assert_eq!(get(store, &place, key).await.unwrap().value, key.as_bytes(), "{key:?}");
    }
    let binary: Bytes = (0..=255).cycle().take(bounds::VALUE_BYTES_MAX).collect();
    for value in [Bytes::new(), binary] {
        apply(store, &place, set("value", value.clone())).await.unwrap();
        assert_eq!(get(store, &place, "value").await.unwrap().value, value);
    }
    let asked = ["value".to_owned(), "not there".to_owned(), longest.clone(), longest];
    let many = store.get_many(&place.0, &place.1, &asked).await.unwrap();
    let sizes: Vec<_> = many.iter().map(|e| e.as_ref().map(|e| e.value.len())).collect();
    assert_eq!(sizes, [Some(bounds::VALUE_BYTES_MAX), None, Some(1024), Some(1024)]);
}

pub(super) async fn revisions_grow_and_never_repeat(store: &dyn KeyValue) {
    let place = fresh(store, "contract-revisions").await;
    let mut last = 0;
    for round in 0..2 {
        for change in [set("a", "1"), set("b", "1"), set("a", "1"), delete("a"), set("a", "1")] {
            let revision = apply(store, &place, change).await.unwrap().unwrap();
            assert!(revision > last, "{revision} after {last} in round {round}");
            last = revision;
        }
        assert_eq!(get(store, &place, "a").await.unwrap().revision, last);
        for key in ["a", "b"] {
            last = apply(store, &place, delete(key)).await.unwrap().unwrap();
        }
        assert_eq!(apply(store, &place, delete("a")).await.unwrap(), None);
        store.delete_keyspace(&place.0, &place.1).await.unwrap();
        store.create_keyspace(&place.0, &place.1).await.unwrap();
    }
}

pub(super) async fn expectations_are_enforced(store: &dyn KeyValue) {
    let place = fresh(store, "contract-expect").await;
    let refused = |result: Result<Option<u64>, KeyValueError>, at: Option<u64>| match result {
        Err(KeyValueError::Expectation { key, current }) => {
            assert_eq!((key.as_str(), current), ("k", at));
        }
        other => panic!("{other:?}"),
    };
    refused(apply(store, &place, set_if("k", "0", Expect::Revision(1))).await, None);
    let one = apply(store, &place, set_if("k", "1", Expect::Absent)).await.unwrap();
    refused(apply(store, &place, set_if("k", "2", Expect::Absent)).await, one);
    let stale = Expect::Revision(one.unwrap() + 1);
    refused(apply(store, &place, set_if("k", "2", stale.clone())).await, one);
    let conditional = |expect| Change::Delete { key: "k".into(), expect };
    refused(apply(store, &place, conditional(stale)).await, one);
    assert_eq!(get(store, &place, "k").await.unwrap().value, "1");
    let at = Expect::Revision(one.unwrap());
    let two = apply(store, &place, set_if("k", "2", at.clone())).await.unwrap();
    refused(apply(store, &place, set_if("k", "3", at)).await, two);
    let at = Expect::Revision(two.unwrap());
    assert!(apply(store, &place, conditional(at.clone())).await.unwrap() > two);
    refused(apply(store, &place, conditional(at)).await, None);
    assert_eq!(get(store, &place, "k").await, None);

    // What header fields say.
    let when = |if_match: &str| {
        let if_match = Some(if_match.parse().unwrap());
        Expect::When(Precondition { if_match, ..Precondition::default() })
    };
    refused(apply(store, &place, set_if("k", "4", when("*"))).await, None);
    let four = apply(store, &place, set_if("k", "4", Expect::Any)).await.unwrap();
    let other = Expect::When(Precondition {
        if_none_match: Some("*".parse().unwrap()),
        ..Precondition::default()
    });
    refused(apply(store, &place, set_if("k", "5", other)).await, four);
    let (tag, weak) = (format!("\"{}\"", four.unwrap()), format!("W/\"{}\"", four.unwrap()));
    refused(apply(store, &place, set_if("k", "5", when(&weak))).await, four);
    refused(apply(store, &place, conditional(when("\"0\", \"x\""))).await, four);
    let five = apply(store, &place, set_if("k", "5", when(&format!("\"0\", {tag}")))).await;
    refused(apply(store, &place, conditional(when(&tag))).await, five.unwrap());
    assert!(apply(store, &place, conditional(when("*"))).await.unwrap().is_some());
}

pub(super) async fn what_is_out_of_bounds_is_refused(store: &dyn KeyValue) {
    let place = fresh(store, "contract-keybounds").await;
    let (ns, k) = &place;
    let origin = &Origin::default();
    let invalid = |result: Result<(), KeyValueError>, says: &str| match result {
        Err(KeyValueError::Invalid(text)) => assert!(text.contains(says), "{text}"),
        other => panic!("{other:?}"),
    };
    let long = "x".repeat(bounds::KEY_BYTES_MAX + 1);
    for (key, says) in [("", "empty"), (long.as_str(), "1025 bytes")] {
        invalid(apply(store, &place, set(key, "v")).await.map(drop), says);
        invalid(apply(store, &place, delete(key)).await.map(drop), says);
        invalid(store.increment(ns, k, key, 1, origin).await.map(drop), says);
        assert_eq!(get(store, &place, key).await, None);
    }
    let large = vec![0; bounds::VALUE_BYTES_MAX + 1];
    invalid(apply(store, &place, set("k", large)).await.map(drop), "1048577 bytes");
    let options = SetOptions { ttl: Some(std::time::Duration::ZERO), ..SetOptions::default() };
    let instant = Change::Set { key: "k".into(), value: "v".into(), options };
    invalid(apply(store, &place, instant).await.map(drop), "time to live");
    let many = vec![delete("k"); bounds::BATCH_MAX + 1];
    invalid(store.apply(ns, k, many, origin).await.map(drop), "1001 changes");
    let value = Bytes::from(vec![0; bounds::VALUE_BYTES_MAX]);
    let heavy = (0..17).map(|n| set(&n.to_string(), value.clone())).collect();
    invalid(store.apply(ns, k, heavy, origin).await.map(drop), "16777216");
    let page = store.list(ns, k, ListKeys { limit: 10, ..ListKeys::default() }).await.unwrap();
    assert!(page.keys.is_empty());
}

pub(super) async fn counters_count(store: &dyn KeyValue) {
    let place = fresh(store, "contract-counters").await;
    let (ns, k) = &place;
    let by = async |by| store.increment(ns, k, "n", by, &Origin::default()).await;
    assert_eq!(by(5).await.unwrap(), 5);
    let first = get(store, &place, "n").await.unwrap();
    assert_eq!(by(-12).await.unwrap(), -7);
    let second = get(store, &place, "n").await.unwrap();
    assert_eq!(second.value, "-7");
    assert!(second.revision > first.revision);
    for (value, step) in [("x", 1), ("", 1), ("9223372036854775807", 1)] {
        apply(store, &place, set("n", value)).await.unwrap();
        let refused = by(step).await;
        assert!(matches!(refused, Err(KeyValueError::NotACounter(_))), "{refused:?}");
        assert_eq!(get(store, &place, "n").await.unwrap().value, value);
    }
    assert_eq!(by(-1).await.unwrap(), i64::MAX - 1);
}

pub(super) async fn namespaces_see_nothing_of_each_other(store: &dyn KeyValue) {
    let one = fresh(store, "contract-one").await;
    let two = fresh(store, "contract-two").await;
    let other = (one.0.clone(), keyspace("other"));
    store.create_keyspace(&other.0, &other.1).await.unwrap();
    apply(store, &one, set("k", "one")).await.unwrap();
    for place in [&two, &other] {
        assert_eq!(get(store, place, "k").await, None);
        assert!(store.list(&place.0, &place.1, listing::all()).await.unwrap().keys.is_empty());
        assert_eq!(apply(store, place, delete("k")).await.unwrap(), None);
        apply(store, place, set("k", "7")).await.unwrap();
        store.increment(&place.0, &place.1, "k", 1, &Origin::default()).await.unwrap();
    }
    assert_eq!(get(store, &one, "k").await.unwrap().value, "one");
}
