use std::collections::BTreeMap;

use lambent_tables::{Index, Item, KeyValue, Projection, TableDefinition};
use lambent_types::Origin;
use serde_json::json;

use super::pages::{all, all_of, of_hash};
use super::{Place, by_id, delete, fresh, id, item, make, number, put, schema, table, update};
use crate::stores::Stores;
use crate::tables::{ItemQuery, ItemScan, TableError, Tables};

pub(super) fn index(hash: &str, range: Option<&str>, projection: Projection) -> Index {
    Index { key: schema(hash, range), projection }
}

/// A table of orders with an index by customer and one by day.
fn orders() -> TableDefinition {
    let by_customer =
        index("customer:S", Some("price:N"), Projection::Include(["note".into()].into()));
    let by_day = index("id:S", Some("day:S"), Projection::KeysOnly);
    TableDefinition {
        local_indexes: BTreeMap::from([("by-day".parse().unwrap(), by_day)]),
        global_indexes: BTreeMap::from([("by-customer".parse().unwrap(), by_customer)]),
        ..TableDefinition::new(schema("id:S", Some("line:N")))
    }
}

fn order(shop: &str, line: i64, customer: &str, total: i64, day: &str) -> Item {
    item(json!({
        "id": { "S": shop }, "line": { "N": line.to_string() }, "customer": { "S": customer },
        "price": { "N": total.to_string() }, "day": { "S": day }, "note": { "S": "n" },
        "more": { "S": "m" },
    }))
}

fn by_customer(customer: &str) -> ItemQuery {
    ItemQuery { index: Some("by-customer".parse().unwrap()), ..of_hash(customer) }
}

fn lines(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| format!("{:?}", item.get("line").unwrap())).collect()
}

pub(in crate::contract) async fn an_index_says_what_its_table_says(store: &dyn Tables) {
    let place = fresh(store, "contract-index", orders()).await;
    for (line, customer, total) in [(1, "ann", 30), (2, "bob", 20), (3, "ann", 10), (4, "ann", 30)]
    {
        let order = order("s", line, customer, total, &format!("d{}", 9 - line));
        make(store, &place, put(&place, order)).await.unwrap();
    }
    let found = all(store, &place, by_customer("ann")).await;
    let line = |n: i64| format!("{:?}", number(n));
    assert_eq!(lines(&found)[0], line(3));
    assert_eq!(found.len(), 3);
    let mut names: Vec<_> = found[0].keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["customer", "id", "line", "note", "price"]);
    for limit in [1, 2, 3] {
        for backward in [false, true] {
            let query = ItemQuery { limit: Some(limit), backward, ..by_customer("ann") };
            let mut paged = all(store, &place, query).await;
            if backward {
                paged.reverse();
            }
            assert_eq!(paged, found, "{limit}");
        }
    }
    let days = ItemQuery { index: Some("by-day".parse().unwrap()), ..of_hash("s") };
    let found = all(store, &place, days.clone()).await;
    assert_eq!(lines(&found), [4, 3, 2, 1].map(line));
    assert_eq!(found[0].len(), 3);
    let whole = all(store, &place, ItemQuery { whole: true, ..days.clone() }).await;
    assert!(whole.iter().all(|item| item.contains_key("more")));

    // What changes is elsewhere, and what lacks an attribute is nowhere.
    let key = |n: i64| item(json!({ "id": { "S": "s" }, "line": { "N": n.to_string() } }));
    make(store, &place, update(&place, key(3), "SET price = :0", &[number(99)])).await.unwrap();
    make(store, &place, update(&place, key(1), "REMOVE customer", &[])).await.unwrap();
    make(store, &place, delete(&place, key(2))).await.unwrap();
    assert_eq!(lines(&all(store, &place, by_customer("ann")).await), [4, 3].map(line));
    assert!(all(store, &place, by_customer("bob")).await.is_empty());
    assert_eq!(lines(&all(store, &place, days).await), [4, 3, 1].map(line));
    let by_name = |text: &str| text.parse().unwrap();
    let counted = table(store, &place).await.indexes;
    assert_eq!(counted[&by_name("by-customer")].items, 2);
    assert_eq!(counted[&by_name("by-day")].items, 3);
    let scan =
        ItemScan { index: Some(by_name("by-customer")), limit: Some(1), ..ItemScan::default() };
    assert_eq!(all_of(store, &place, scan).await.len(), 2);

    let wrong = order("s", 7, "", 1, "d");
    let refused = make(store, &place, put(&place, wrong)).await;
    assert!(matches!(refused, Err(TableError::Invalid(_))), "{refused:?}");
    let none = ItemQuery { index: Some(by_name("none")), ..of_hash("s") };
    let refused = store.query(&place.0, &place.1, none).await;
    assert!(matches!(refused, Err(TableError::NoIndex(_))), "{refused:?}");
}

/// Waits until no index of a table is being filled.
async fn filled(stores: &Stores, place: &Place) {
    for _ in 0..100 {
        let found = table(&*stores.tables, place).await;
        if found.indexes.values().all(|index| !index.filling) {
            return;
        }
        let (name, _) = found.indexes.iter().find(|(_, index)| index.filling).unwrap();
        let query = ItemQuery { index: Some(name.clone()), ..of_hash("x") };
        let refused = stores.tables.query(&place.0, &place.1, query).await;
        assert!(matches!(refused, Err(TableError::Filling(_))), "{refused:?}");
        // What is written meanwhile is in the index once.
        let written = item(json!({ "id": { "S": "0000" }, "group": { "S": "x" } }));
        make(&*stores.tables, place, put(place, written)).await.unwrap();
        stores.sweep().await;
    }
    panic!("an index is never filled");
}

pub(in crate::contract) async fn an_index_that_is_added_is_filled(stores: &Stores) {
    let store = &*stores.tables;
    let place = fresh(store, "contract-added", by_id()).await;
    let of = |n: usize| {
        let group = if n.is_multiple_of(2) { "x" } else { "y" };
        item(json!({ "id": { "S": format!("{n:04}") }, "group": { "S": group } }))
    };
    for first in (0..1000).step_by(100) {
        let writes = (first..first + 100).map(|n| put(&place, of(n))).collect();
        store.transact(&place.0, writes, None, &Origin::default()).await.unwrap();
    }
    // These have no key that an index could have.
    for (key, value) in [("n", json!({ "N": "1" })), ("e", json!({ "S": "" }))] {
        let odd = item(json!({ "id": { "S": key }, "group": value }));
        make(store, &place, put(&place, odd)).await.unwrap();
    }
    let name = "by-group".parse::<lambent_tables::IndexName>().unwrap();
    let with = |projection| TableDefinition {
        global_indexes: BTreeMap::from([(name.clone(), index("group:S", None, projection))]),
        ..by_id()
    };
    let definition = with(Projection::All);
    store.update_table(&place.0, &place.1, definition, None).await.unwrap();
    let other = store.update_table(&place.0, &place.1, with(Projection::KeysOnly), None).await;
    assert!(matches!(other, Err(TableError::Invalid(_))), "{other:?}");
    filled(stores, &place).await;
    let by_group = |group: &str| ItemQuery { index: Some(name.clone()), ..of_hash(group) };
    assert_eq!(all(store, &place, by_group("x")).await.len(), 500);
    assert_eq!(all(store, &place, by_group("y")).await.len(), 500);
    assert_eq!(table(store, &place).await.indexes[&name].items, 1000);
    make(store, &place, delete(&place, id("0001"))).await.unwrap();
    assert_eq!(all(store, &place, by_group("y")).await.len(), 499);

    // Without it all is as before, and it can come again.
    store.update_table(&place.0, &place.1, by_id(), None).await.unwrap();
    let gone = store.query(&place.0, &place.1, by_group("x")).await;
    assert!(matches!(gone, Err(TableError::NoIndex(_))), "{gone:?}");
    store.update_table(&place.0, &place.1, with(Projection::KeysOnly), None).await.unwrap();
    filled(stores, &place).await;
    assert_eq!(all(store, &place, by_group("y")).await.len(), 499);
    // The hash key of an index need not be one of texts.
    let mut wrong = by_group("x");
    wrong.key.hash = KeyValue::B(vec![1]);
    super::invalid(store.query(&place.0, &place.1, wrong).await, "does not match schema type");
}
