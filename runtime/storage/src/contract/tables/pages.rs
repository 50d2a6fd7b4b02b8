use std::collections::BTreeSet;
use std::ops::Bound;

use lambent_tables::expression::KeyCondition;
use lambent_tables::{Item, KeyValue, TableDefinition, Value};
use serde_json::json;

use super::{Place, delete, fresh, invalid, item, make, put, schema, table};
use crate::tables::{ItemQuery, ItemScan, Tables};

pub(super) fn of_hash(hash: &str) -> ItemQuery {
    let hash = KeyValue::S(hash.into());
    ItemQuery::new(KeyCondition { hash, from: Bound::Unbounded, to: Bound::Unbounded })
}

/// Every item of a query, in pages; none is larger than was asked for.
pub(super) async fn all(store: &dyn Tables, place: &Place, query: ItemQuery) -> Vec<Item> {
    let (mut query, mut found) = (query, Vec::new());
    loop {
        let page = store.query(&place.0, &place.1, query.clone()).await.unwrap();
        assert!(query.limit.is_none_or(|limit| page.items.len() <= limit));
        assert_eq!(page.bytes, page.items.iter().map(|item| item.size() as u64).sum::<u64>());
        found.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            return found;
        }
    }
}

/// Every item of a scan, in pages.
pub(super) async fn all_of(store: &dyn Tables, place: &Place, scan: ItemScan) -> Vec<Item> {
    let (mut scan, mut found) = (scan, Vec::new());
    loop {
        let page = store.scan(&place.0, &place.1, scan.clone()).await.unwrap();
        found.extend(page.items);
        scan.after = page.next;
        if scan.after.is_none() {
            return found;
        }
    }
}

fn numbers(items: &[Item]) -> Vec<String> {
    let at = |item: &Item| match item.get("at") {
        Some(Value::N(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    items.iter().map(at).collect()
}

fn at(hash: &str, number: &str) -> Item {
    item(json!({ "id": { "S": hash }, "at": { "N": number } }))
}

fn number(text: &str) -> Vec<u8> {
    KeyValue::N(text.parse().unwrap()).to_bytes()
}

pub(in crate::contract) async fn a_partition_is_read_in_the_order_of_its_range_keys(
    store: &dyn Tables,
) {
    let definition = TableDefinition::new(schema("id:S", Some("at:N")));
    let place = fresh(store, "contract-query", definition).await;
    let sorted = ["-1000", "-1.5", "-0.001", "0", "0.001", "1", "1.5", "2", "10", "1000"];
    for number in sorted.iter().rev() {
        make(store, &place, put(&place, at("a", number))).await.unwrap();
        make(store, &place, put(&place, at("b", number))).await.unwrap();
    }
    make(store, &place, put(&place, at("a\0", "3"))).await.unwrap();
    let limits = [None, Some(1), Some(3), Some(10), Some(11)];
    let bounds = [
        (Bound::Unbounded, Bound::Unbounded, 0..10),
        (Bound::Included(number("0")), Bound::Unbounded, 3..10),
        (Bound::Excluded(number("0")), Bound::Included(number("10")), 4..9),
        (Bound::Unbounded, Bound::Excluded(number("-1.5")), 0..1),
        (Bound::Included(number("2")), Bound::Included(number("2")), 7..8),
        (Bound::Included(number("3")), Bound::Excluded(number("4")), 0..0),
    ];
    for (from, to, range) in bounds {
        let mut expected = sorted[range].to_vec();
        for backward in [false, true] {
            for limit in limits {
                let mut query = ItemQuery { backward, limit, ..of_hash("a") };
                (query.key.from, query.key.to) = (from.clone(), to.clone());
                assert_eq!(numbers(&all(store, &place, query).await), expected, "{limit:?}");
            }
            expected.reverse();
        }
    }
    assert!(all(store, &place, of_hash("c")).await.is_empty());
    // After an item that is not there any more, and from the end.
    make(store, &place, delete(&place, at("a", "1"))).await.unwrap();
    let query = ItemQuery { after: Some(at("a", "1")), ..of_hash("a") };
    assert_eq!(numbers(&all(store, &place, query.clone()).await), sorted[6..]);
    let query = ItemQuery { backward: true, ..query };
    assert_eq!(numbers(&all(store, &place, query).await).len(), 5);
    for wrong in [at("b", "1"), Item::new(), item(json!({ "id": { "S": "a" } }))] {
        let query = ItemQuery { after: Some(wrong), ..of_hash("a") };
        invalid(store.query(&place.0, &place.1, query).await, "starting key");
    }
    let query = ItemQuery { limit: Some(0), ..of_hash("a") };
    invalid(store.query(&place.0, &place.1, query).await, "limit");
    let mut query = of_hash("a");
    query.key.hash = KeyValue::N("1".parse().unwrap());
    invalid(store.query(&place.0, &place.1, query).await, "does not match schema type");
}

pub(in crate::contract) async fn a_page_is_bounded_in_bytes(store: &dyn Tables) {
    let definition = TableDefinition::new(schema("id:S", Some("at:N")));
    let place = fresh(store, "contract-pagebytes", definition).await;
    for n in 0..12 {
        let mut item = at("a", &n.to_string());
        item.insert("b".into(), Value::B(vec![0; 300 << 10]));
        make(store, &place, put(&place, item)).await.unwrap();
    }
    for backward in [false, true] {
        let query = ItemQuery { backward, ..of_hash("a") };
        let page = store.query(&place.0, &place.1, query).await.unwrap();
        assert_eq!(page.items.len(), 4);
        assert!(page.next.is_some());
    }
    assert_eq!(all(store, &place, of_hash("a")).await.len(), 12);
    assert_eq!(all_of(store, &place, ItemScan::default()).await.len(), 12);
}

pub(in crate::contract) async fn segments_have_every_item_once(store: &dyn Tables) {
    let definition = TableDefinition::new(schema("id:S", Some("at:N")));
    let place = fresh(store, "contract-segments", definition).await;
    let mut keys = BTreeSet::new();
    for hash in 0..40 {
        for range in 0..2 {
            let item = at(&hash.to_string(), &range.to_string());
            keys.insert(serde_json::to_string(&item).unwrap());
            make(store, &place, put(&place, item)).await.unwrap();
        }
    }
    assert_eq!(table(store, &place).await.items, 80);
    for of in [1, 3, 16, 1_000_000] {
        let (mut found, mut some) = (BTreeSet::new(), 0);
        let step = (of / 16).max(1);
        let segments: Vec<u32> = match of {
            1_000_000 => vec![0, step, of - 1],
            _ => (0..of).collect(),
        };
        for segment in segments {
            for limit in [None, Some(3)] {
                let scan = ItemScan { segment: Some((segment, of)), limit, ..ItemScan::default() };
                let items = all_of(store, &place, scan).await;
                some += usize::from(!items.is_empty());
                let before = found.len();
                let new = items.iter().map(|item| serde_json::to_string(item).unwrap());
                found.extend(new);
                // The second time it is the same items.
                let added = found.len() - before;
                assert_eq!(added, if limit.is_none() { items.len() } else { 0 });
            }
        }
        if of < 1_000_000 {
            assert_eq!(found, keys, "{of} segments");
            assert!(of == 1 || some > 2, "everything is in one segment");
        }
    }
    for wrong in [(1, 1), (0, 0), (5, 4), (0, 1_000_001)] {
        let scan = ItemScan { segment: Some(wrong), ..ItemScan::default() };
        invalid(store.scan(&place.0, &place.1, scan).await, "segment");
    }
}
