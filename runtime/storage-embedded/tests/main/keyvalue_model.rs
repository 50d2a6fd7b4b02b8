//! The embedded key-value store against the one in memory, with time in the
//! hand of the test.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::contract::samples::namespace;
use lambent_storage::{
    Change, Expect, KeyValue, KeyValueError, ListKeys, Quota, Quotas, SetOptions, Stores,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{KeyspaceName, ManualClock, Namespace, Origin};
use proptest::prelude::*;

const QUOTA: u64 = 60;
/// The last two are in one shard.
const NAMESPACES: [&str; 3] = ["ns0", "ns1", "ns5"];
const KEYSPACES: [&str; 2] = ["a", "b"];

#[derive(Debug, Clone)]
enum Step {
    Create(usize, usize),
    Remove(usize, usize),
    Apply(usize, usize, Vec<Write>),
    Increment(usize, usize, usize, i64),
    List(usize, usize, String, usize),
    Advance(u64),
    Sweep,
}

/// Key, value (`None` deletes), time to live in seconds, expectation.
type Write = (usize, Option<String>, Option<u64>, Option<u64>);

fn key(number: usize) -> String {
    ["k", "k1", "l", "é"][number].to_owned()
}

fn write() -> impl Strategy<Value = Write> {
    let value = prop_oneof![Just(None), "[0-9]{1,3}".prop_map(Some), "x{0,30}".prop_map(Some)];
    let expect = prop_oneof![3 => Just(None), 1 => (0..12_u64).prop_map(Some)];
    (0..4_usize, value, proptest::option::of(1..5_u64), expect)
}

fn step() -> impl Strategy<Value = Step> {
    let (n, s) = (0..NAMESPACES.len(), 0..KEYSPACES.len());
    prop_oneof![
        2 => (n.clone(), s.clone()).prop_map(|(n, s)| Step::Create(n, s)),
        1 => (n.clone(), s.clone()).prop_map(|(n, s)| Step::Remove(n, s)),
        8 => (n.clone(), s.clone(), proptest::collection::vec(write(), 1..4))
            .prop_map(|(n, s, writes)| Step::Apply(n, s, writes)),
        3 => (n.clone(), s.clone(), 0..4_usize, -20..20_i64)
            .prop_map(|(n, s, k, by)| Step::Increment(n, s, k, by)),
        2 => (n, s, "(k|k1|é)?", 1..4_usize).prop_map(|(n, s, p, l)| Step::List(n, s, p, l)),
        3 => (0..3_u64).prop_map(Step::Advance),
        1 => Just(Step::Sweep),
    ]
}

fn change((number, value, ttl, expect): &Write) -> Change {
    let expect = match expect {
        None => Expect::Any,
        Some(0) => Expect::Absent,
        Some(revision) => Expect::Revision(*revision),
    };
    match value.clone() {
        None => Change::Delete { key: key(*number), expect },
        Some(value) => {
            let options = SetOptions { expect, ttl: ttl.map(Duration::from_secs) };
            Change::Set { key: key(*number), value: value.into(), options }
        }
    }
}

fn place(ns: usize, space: usize) -> (Namespace, KeyspaceName) {
    (namespace(NAMESPACES[ns]), KEYSPACES[space].parse().unwrap())
}

/// What a step answers, as text.
async fn take(stores: &Stores, step: &Step) -> String {
    let (store, origin) = (&stores.keyvalue, &Origin::default());
    match step {
        Step::Create(n, s) => {
            let (n, s) = place(*n, *s);
            format!("{:?}", store.create_keyspace(&n, &s).await)
        }
        Step::Remove(n, s) => {
            let (n, s) = place(*n, *s);
            format!("{:?}", store.delete_keyspace(&n, &s).await)
        }
        Step::Apply(n, s, writes) => {
            let (n, s) = place(*n, *s);
            let changes = writes.iter().map(change).collect();
            format!("{:?}", store.apply(&n, &s, changes, origin).await)
        }
        Step::Increment(n, s, number, by) => {
            let (n, s) = place(*n, *s);
            format!("{:?}", store.increment(&n, &s, &key(*number), *by, origin).await)
        }
        Step::List(n, s, prefix, limit) => {
            let (n, s) = place(*n, *s);
            let list = ListKeys { prefix: prefix.clone(), after: None, limit: *limit };
            format!("{:?}", store.list(&n, &s, list).await)
        }
        Step::Advance(_) => String::new(),
        Step::Sweep => {
            stores.sweep().await;
            String::new()
        }
    }
}

/// Everything that can be read, as text. No namespace holds more than its quota.
async fn everything(store: &dyn KeyValue) -> String {
    let mut all = String::new();
    let keys: Vec<_> = (0..4).map(key).collect();
    for (n, name) in NAMESPACES.into_iter().enumerate() {
        let mut bytes = 0;
        for s in 0..KEYSPACES.len() {
            let (n, s) = place(n, s);
            let found = store.get_many(&n, &s, &keys).await;
            for (key, entry) in keys.iter().zip(found.iter().flatten()) {
                bytes += entry.as_ref().map_or(0, |entry| key.len() + entry.value.len());
                let one = store.get(&n, &s, key).await.unwrap();
                assert_eq!(&one, entry);
            }
            all += &format!("{:?} {found:?}\n", store.keyspace(&n, &s).await);
        }
        assert!(bytes as u64 <= QUOTA, "{bytes} bytes in {name}");
        all += &format!("{:?}\n", store.keyspaces(&namespace(name)).await);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// In every answer, and so no namespace sees anything of another.
    #[test]
    fn both_backends_agree(
        steps in proptest::collection::vec(step(), 1..50),
        cache in prop_oneof![Just(0_u64), Just(1 << 20)],
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let home = tempfile::tempdir().unwrap();
            let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
            let quotas = Quotas::default().with(Quota::KeyvalueBytes, QUOTA);
            let options = Options { quotas, keyvalue_cache_bytes: cache, ..Options::default() };
            let data = DataDir::open(home.path()).unwrap();
            let embedded = lambent_storage_embedded::open(&data, options, clock.clone()).unwrap();
            let memory = Stores::memory(clock.clone(), quotas);
            for (n, s) in [(0, 0), (1, 0), (2, 0)] {
                for stores in [&memory, &embedded] {
                    take(stores, &Step::Create(n, s)).await;
                }
            }
            for (number, step) in steps.iter().enumerate() {
                if let Step::Advance(seconds) = step {
                    clock.advance(Duration::from_secs(*seconds));
                }
                assert_eq!(take(&embedded, step).await, take(&memory, step).await, "{number}");
                let seen = everything(&*embedded.keyvalue).await;
                assert_eq!(seen, everything(&*memory.keyvalue).await, "after {number}");
            }
        });
    }
}

/// A damaged row is said to be one, and never read as something else.
#[tokio::test]
async fn a_damaged_key_is_found_out() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let options = Options { keyvalue_cache_bytes: 0, ..Options::default() };
    let data = DataDir::open(home.path()).unwrap();
    let stores = lambent_storage_embedded::open(&data, options, clock).unwrap();
    let (n, s) = place(0, 0);
    let store = &stores.keyvalue;
    store.create_keyspace(&n, &s).await.unwrap();
    let shard = (0..8).map(|n| home.path().join(format!("shard-{n}.db"))).find(|p| p.exists());
    let outside = rusqlite::Connection::open(shard.unwrap()).unwrap();
    let damages = [
        "UPDATE key SET value = x'00'",
        "UPDATE key SET revision = revision + 1",
        "UPDATE key SET expires = 99999999999999",
        "UPDATE key SET digest = x'00'",
        "UPDATE key SET checksum = x'00'",
        "UPDATE key SET key = x'6c'",
    ];
    for damage in damages {
        let options = SetOptions::default();
        let set = |key: &str| Change::Set { key: key.into(), value: "v".into(), options };
        store.apply(&n, &s, vec![set("k")], &Origin::default()).await.unwrap();
        assert_eq!(outside.execute(damage, []).unwrap(), 1, "{damage}");
        let key = if damage.contains("SET key") { "l" } else { "k" };
        let found = store.get(&n, &s, key).await;
        assert!(
            matches!(
                found,
                Err(KeyValueError::Storage(lambent_storage::StorageError::Corrupt { .. }))
            ),
            "{damage}: {found:?}"
        );
        outside.execute("DELETE FROM key", []).unwrap();
    }
    outside.execute("UPDATE keyspace SET revision = 0", []).unwrap();
    let changed = store.increment(&n, &s, "k", 1, &Origin::default()).await;
    assert!(matches!(changed, Err(KeyValueError::Storage(_))), "{changed:?}");
}

/// What has expired is deleted by sweeps, a bounded part in each.
#[tokio::test]
async fn sweeps_delete_what_has_expired() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let data = DataDir::open(home.path()).unwrap();
    let stores = lambent_storage_embedded::open(&data, Options::default(), clock.clone()).unwrap();
    let (n, s) = place(0, 0);
    stores.keyvalue.create_keyspace(&n, &s).await.unwrap();
    let options = SetOptions { ttl: Some(Duration::from_secs(5)), ..SetOptions::default() };
    let set =
        |n: u32| Change::Set { key: n.to_string(), value: "v".into(), options: options.clone() };
    let changes = (0..600).map(set).collect();
    stores.keyvalue.apply(&n, &s, changes, &Origin::default()).await.unwrap();
    let shard = (0..8).map(|n| home.path().join(format!("shard-{n}.db"))).find(|p| p.exists());
    let outside = rusqlite::Connection::open(shard.unwrap()).unwrap();
    let left =
        || -> i64 { outside.query_row("SELECT count(*) FROM key", [], |row| row.get(0)).unwrap() };
    stores.sweep().await;
    assert_eq!(left(), 600);
    clock.advance(Duration::from_secs(5));
    assert_eq!(stores.keyvalue.get(&n, &s, "7").await.unwrap(), None);
    for expected in [344, 88, 0, 0] {
        stores.sweep().await;
        assert_eq!(left(), expected);
    }
    // What they counted against the quota is free again.
    let held: i64 =
        outside.query_row("SELECT amount FROM held WHERE kind = 3", [], |row| row.get(0)).unwrap();
    assert_eq!(held, 0);
}
