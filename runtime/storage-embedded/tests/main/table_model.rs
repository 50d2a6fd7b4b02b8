//! The embedded tables against those in memory, which have no indexes and look through all items:
//! in every answer, and in everything that can be read after each.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::contract::samples::namespace;
use lambent_storage::{
    ItemQuery, ItemScan, Quota, Quotas, Stores, TableAction, TableWrite, TransactionToken,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_tables::expression::{KeyCondition, Placeholders};
use lambent_tables::{
    Given, Index, Item, KeyAttribute, KeySchema, KeyType, KeyValue, Projection, StreamSequence,
    StreamView, TableDefinition, Value,
};
use lambent_types::{Digest, ManualClock, Origin, TableName};
use proptest::prelude::*;
use serde_json::json;

const QUOTA: u64 = 12_000;
const HASHES: [&str; 3] = ["a", "aa", "\u{0}"];
const RANGES: [&str; 6] = ["-20", "-1.5", "0", "0.5", "7", "1e3"];
const TAGS: [&str; 3] = ["x", "xy", "z"];

#[derive(Debug, Clone)]
enum Write {
    Put(usize, usize, Option<usize>, i64),
    Add(usize, usize, i64),
    Untag(usize, usize),
    Delete(usize, usize),
    Check(usize, usize),
}

#[derive(Debug, Clone)]
enum Step {
    /// Writes, each with a condition that may not hold, to one of two tables; and a token.
    Transact(Vec<(usize, Write, Option<i64>)>, Option<usize>),
    /// Of which index, which partition, from and to which range, backward, in pages of how many.
    Query(usize, usize, (Option<usize>, Option<usize>), bool, usize),
    Scan(usize, Option<(u32, u32)>, usize),
    /// Which indexes, which attribute of time and which stream the first table has.
    Define(bool, bool, Option<bool>, Option<bool>),
    Delete(usize),
    Advance(u64),
    Sweep,
}

fn write() -> impl Strategy<Value = Write> {
    let (h, r) = (0..HASHES.len(), 0..RANGES.len());
    prop_oneof![
        4 => (h.clone(), r.clone(), proptest::option::of(0..TAGS.len()), 0..30_i64)
            .prop_map(|(h, r, tag, n)| Write::Put(h, r, tag, n)),
        2 => (h.clone(), r.clone(), -3..9_i64).prop_map(|(h, r, by)| Write::Add(h, r, by)),
        1 => (h.clone(), r.clone()).prop_map(|(h, r)| Write::Untag(h, r)),
        2 => (h.clone(), r.clone()).prop_map(|(h, r)| Write::Delete(h, r)),
        1 => (h, r).prop_map(|(h, r)| Write::Check(h, r)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let condition = prop_oneof![3 => Just(None), 1 => (0..30_i64).prop_map(Some)];
    let writes = proptest::collection::vec((0..2_usize, write(), condition), 1..5);
    let token = prop_oneof![3 => Just(None), 1 => (0..3_usize).prop_map(Some)];
    let edge = || proptest::option::of(0..RANGES.len());
    let maybe = || proptest::option::of(any::<bool>());
    prop_oneof![
        10 => (writes, token).prop_map(|(writes, token)| Step::Transact(writes, token)),
        4 => (0..4_usize, 0..HASHES.len(), (edge(), edge()), any::<bool>(), 1..4_usize)
            .prop_map(|(i, h, range, back, limit)| Step::Query(i, h, range, back, limit)),
        2 => (0..4_usize, proptest::option::of((0..3_u32).prop_map(|which| (which, 3))), 1..4_usize)
            .prop_map(|(i, segment, limit)| Step::Scan(i, segment, limit)),
        2 => (any::<bool>(), any::<bool>(), maybe(), maybe())
            .prop_map(|(tag, n, time, stream)| Step::Define(tag, n, time, stream)),
        1 => (0..2_usize).prop_map(Step::Delete),
        1 => (0..400_u64).prop_map(Step::Advance),
        1 => Just(Step::Sweep),
    ]
}

fn table(number: usize) -> TableName {
    ["first", "second"][number].parse().unwrap()
}

fn attribute(name: &str, kind: KeyType) -> KeyAttribute {
    KeyAttribute { name: name.into(), kind }
}

const INDEXES: [&str; 4] = ["", "local", "by-tag", "by-n"];

/// The definition of a table with these global indexes, this attribute of time, and a stream with
/// images or without.
fn definition(
    by_tag: bool,
    by_n: bool,
    time: Option<bool>,
    stream: Option<bool>,
) -> TableDefinition {
    let view = |images| if images { StreamView::NewAndOldImages } else { StreamView::KeysOnly };
    let (h, n) = (attribute("h", KeyType::S), attribute("n", KeyType::N));
    let key = KeySchema { hash: h.clone(), range: Some(attribute("r", KeyType::N)) };
    let local = Index {
        key: KeySchema { hash: h.clone(), range: Some(n.clone()) },
        projection: Projection::Include(["tag".into()].into()),
    };
    let tags = Index {
        key: KeySchema { hash: attribute("tag", KeyType::S), range: Some(n.clone()) },
        projection: Projection::KeysOnly,
    };
    let numbers = Index { key: KeySchema { hash: n, range: None }, projection: Projection::All };
    let global = [(by_tag, "by-tag", tags), (by_n, "by-n", numbers)];
    let global = global.into_iter().filter(|(is_there, ..)| *is_there);
    TableDefinition {
        local_indexes: BTreeMap::from([("local".parse().unwrap(), local)]),
        global_indexes: global.map(|(_, name, index)| (name.parse().unwrap(), index)).collect(),
        time_to_live: time.map(|other| if other { "end" } else { "n" }.into()),
        stream: stream.map(view),
        ..TableDefinition::new(key)
    }
}

fn key(h: usize, r: usize) -> Item {
    let json = json!({ "h": { "S": HASHES[h] }, "r": { "N": RANGES[r] } });
    Item::from_json(&json).unwrap()
}

fn number(n: i64) -> Value {
    Value::N(n.to_string().parse().unwrap())
}

fn placeholders(n: i64) -> Placeholders {
    let values = [(":n".to_owned(), Given::from(number(n)))].into();
    Placeholders::new(None, Some(values)).unwrap()
}

fn action(write: &Write) -> TableAction {
    let update = |h, r, text: &str, values| {
        let mut placeholders = match values {
            Some(n) => placeholders(n),
            None => Placeholders::new(None, None).unwrap(),
        };
        TableAction::Update(key(h, r), placeholders.update(text).unwrap())
    };
    match *write {
        Write::Put(h, r, tag, n) => {
            let mut item = key(h, r);
            item.insert("n".into(), number(n));
            item.insert("end".into(), number(1_800_000_000 + 40 * n));
            if let Some(tag) = tag {
                item.insert("tag".into(), Value::S(TAGS[tag].into()));
            }
            TableAction::Put(item)
        }
        Write::Add(h, r, by) => update(h, r, "ADD n :n", Some(by)),
        Write::Untag(h, r) => update(h, r, "REMOVE tag", None),
        Write::Delete(h, r) => TableAction::Delete(key(h, r)),
        Write::Check(h, r) => TableAction::Check(key(h, r)),
    }
}

fn query(index: usize, h: usize, edges: (Option<usize>, Option<usize>)) -> ItemQuery {
    let edge = |at: usize| KeyValue::N(RANGES[at].parse().unwrap()).to_bytes();
    let hash = match index {
        2 => KeyValue::S(TAGS[h].into()),
        3 => KeyValue::N(h.to_string().parse().unwrap()),
        _ => KeyValue::S(HASHES[h].into()),
    };
    let ranged = index != 3;
    let from = edges.0.filter(|_| ranged).map_or(Bound::Unbounded, |at| Bound::Included(edge(at)));
    let to = edges.1.filter(|_| ranged).map_or(Bound::Unbounded, |at| Bound::Excluded(edge(at)));
    let name = Some(INDEXES[index]).filter(|name| !name.is_empty());
    let index = name.map(|name| name.parse().unwrap());
    ItemQuery { index, ..ItemQuery::new(KeyCondition { hash, from, to }) }
}

/// What a step answers, as text.
async fn take(stores: &Stores, step: &Step) -> String {
    let (store, ns) = (&stores.tables, namespace("ns"));
    match step {
        Step::Transact(writes, token) => {
            let token = token.map(|token| {
                let request = Digest::of(format!("{writes:?}").as_bytes());
                TransactionToken { token: token.to_string(), request }
            });
            let writes = writes.iter().map(|(at, write, condition)| TableWrite {
                table: table(*at),
                action: action(write),
                condition: condition.map(|n| {
                    let read = placeholders(n).condition("ConditionExpression", "n < :n");
                    read.unwrap()
                }),
                returns: true,
            });
            format!("{:?}", store.transact(&ns, writes.collect(), token, &Origin::default()).await)
        }
        Step::Query(index, h, edges, backward, limit) => {
            let mut query =
                ItemQuery { backward: *backward, limit: Some(*limit), ..query(*index, *h, *edges) };
            let mut all = String::new();
            loop {
                let page = store.query(&ns, &table(0), query.clone()).await;
                all += &format!("{page:?}\n");
                query.after = page.ok().and_then(|page| page.next);
                if query.after.is_none() {
                    return all;
                }
            }
        }
        Step::Scan(index, segment, limit) => {
            let name = Some(INDEXES[*index]).filter(|name| !name.is_empty());
            let index = name.map(|name| name.parse().unwrap());
            let mut scan = ItemScan { index, segment: *segment, limit: Some(*limit), after: None };
            let mut all = String::new();
            loop {
                let page = store.scan(&ns, &table(0), scan.clone()).await;
                all += &format!("{page:?}\n");
                scan.after = page.ok().and_then(|page| page.next);
                if scan.after.is_none() {
                    return all;
                }
            }
        }
        Step::Define(by_tag, by_n, time, stream) => {
            let definition = definition(*by_tag, *by_n, *time, *stream);
            let changed = store.update_table(&ns, &table(0), definition, None).await;
            shown(changed.map(Some))
        }
        Step::Delete(at) => {
            let deleted = shown(store.delete_table(&ns, &table(*at)).await.map(Some));
            let made = store
                .create_table(&ns, &table(*at), definition(true, true, None, Some(true)))
                .await;
            format!("{deleted} {}", shown(made.map(Some)))
        }
        Step::Advance(_) => String::new(),
        Step::Sweep => {
            stores.sweep().await;
            String::new()
        }
    }
}

/// A table without what differs by nature.
fn shown<E: std::fmt::Debug>(table: Result<Option<lambent_storage::Table>, E>) -> String {
    let same = |mut table: lambent_storage::Table| {
        table.id.clear();
        table
    };
    format!("{:?}", table.map(|table| table.map(same)))
}

/// The streams with all their records, as text. What those of the second table say together is
/// what is in it: it had a stream from its beginning.
async fn streams(stores: &Stores) -> String {
    let (ns, second) = (namespace("ns"), table(1));
    let found = stores.tables.streams(&ns, None, None, 1000).await.unwrap();
    let mut all = String::new();
    for stream in found {
        all += &format!("{stream:?}\n");
        let (mut from, mut said) = (StreamSequence::FIRST, BTreeMap::new());
        loop {
            let wait = Duration::ZERO;
            let read =
                stores.tables.stream_records(&ns, &stream.table, &stream.label, from, 7, wait);
            let page = read.await.unwrap();
            all += &format!("{page:?}\n");
            if page.records.is_empty() {
                break;
            }
            for change in page.records {
                let key = format!("{:?}", change.record.keys);
                let old = match change.record.new {
                    Some(new) => said.insert(key, new),
                    None => said.remove(&key),
                };
                assert!(stream.table != second || old == change.record.old, "{all}");
            }
            from = page.next;
        }
        if stream.table == second && stream.enabled {
            let page = stores.tables.scan(&ns, &second, ItemScan::default()).await.unwrap();
            assert_eq!(said.len(), page.items.len(), "{all}");
            assert!(page.items.iter().all(|item| said.values().any(|one| one == item)), "{all}");
        }
    }
    all
}

/// Everything that can be read, as text.
async fn everything(stores: &Stores) -> String {
    let ns = namespace("ns");
    let mut all = String::new();
    for at in 0..2 {
        all += &shown(stores.tables.table(&ns, &table(at)).await);
        for name in INDEXES {
            let index = Some(name).filter(|name| !name.is_empty());
            let index = index.map(|name| name.parse().unwrap());
            let scan = ItemScan { index, ..ItemScan::default() };
            all += &format!("{:?}\n", stores.tables.scan(&ns, &table(at), scan).await);
        }
    }
    all += &streams(stores).await;
    let held = stores.holdings(&ns).await.unwrap();
    let held = held.into_iter().find(|holding| holding.quota == Quota::TableBytes).unwrap();
    // Deletions are not refused, and have records.
    assert!(held.used <= 2 * QUOTA, "{held:?}");
    all + &held.used.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn both_backends_agree_on_tables(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let home = tempfile::tempdir().unwrap();
            let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
            let quotas = Quotas::default().with(Quota::TableBytes, QUOTA);
            let options = Options { quotas, ..Options::default() };
            let data = DataDir::open(home.path()).unwrap();
            let embedded = lambent_storage_embedded::open(&data, options, clock.clone()).unwrap();
            let memory = Stores::memory(clock.clone(), quotas);
            for stores in [&memory, &embedded] {
                for at in 0..2 {
                    let definition = definition(true, true, None, Some(true));
                    let (ns, table) = (namespace("ns"), table(at));
                    let made = stores.tables.create_table(&ns, &table, definition);
                    made.await.unwrap();
                }
            }
            for (at, step) in steps.iter().enumerate() {
                if let Step::Advance(seconds) = step {
                    clock.advance(Duration::from_secs(*seconds));
                }
                assert_eq!(take(&embedded, step).await, take(&memory, step).await, "{at}");
                assert_eq!(everything(&embedded).await, everything(&memory).await, "after {at}");
            }
        });
    }
}
