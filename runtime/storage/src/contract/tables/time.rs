use std::time::Duration;

use lambent_tables::TableDefinition;
use lambent_types::{ManualClock, Namespace, Origin};
use serde_json::json;

use super::transactions::token;
use super::{by_id, delete, fresh, get, id, item, make, number, of_id, put, table, update};
use crate::quota::Quota;
use crate::stores::Stores;

pub(super) async fn held(stores: &Stores, namespace: &Namespace) -> u64 {
    let holdings = stores.holdings(namespace).await.unwrap();
    holdings.into_iter().find(|one| one.quota == Quota::TableBytes).unwrap().used
}

pub(in crate::contract) async fn items_are_deleted_when_their_time_is_over(
    stores: &Stores,
    clock: &ManualClock,
) {
    let store = &*stores.tables;
    let timed =
        |attribute: &str| TableDefinition { time_to_live: Some(attribute.into()), ..by_id() };
    let place = fresh(store, "contract-ttl", by_id()).await;
    let now = lambent_types::Clock::now(clock).as_second();
    let until = |key: &str, seconds: i64| {
        let end = (now + seconds).to_string();
        item(json!({ "id": { "S": key }, "end": { "N": end }, "other": { "N": "1" } }))
    };
    // One is there before the attribute is named.
    make(store, &place, put(&place, until("before", 10))).await.unwrap();
    store.update_table(&place.0, &place.1, timed("end"), None).await.unwrap();
    make(store, &place, put(&place, until("soon", 10))).await.unwrap();
    make(store, &place, put(&place, until("later", 100))).await.unwrap();
    make(store, &place, put(&place, until("put off", 10))).await.unwrap();
    make(store, &place, put(&place, until("put off", 100))).await.unwrap();
    make(store, &place, put(&place, until("for ever", 10))).await.unwrap();
    make(store, &place, put(&place, of_id("for ever", 1))).await.unwrap();
    let text = item(json!({ "id": { "S": "text" }, "end": { "S": now.to_string() } }));
    make(store, &place, put(&place, text)).await.unwrap();
    make(store, &place, put(&place, until("ancient", -6 * 366 * 24 * 3600))).await.unwrap();
    let left = async || table(store, &place).await.items;
    stores.sweep().await;
    assert_eq!(left().await, 7);
    clock.advance(Duration::from_secs(10));
    stores.sweep().await;
    assert_eq!(get(store, &place, id("before")).await, None);
    assert_eq!(get(store, &place, id("soon")).await, None);
    assert_eq!(left().await, 5);

    // By another attribute, which all of them have, and which was over long ago.
    store.update_table(&place.0, &place.1, timed("other"), None).await.unwrap();
    clock.advance(Duration::from_secs(1000));
    stores.sweep().await;
    assert_eq!(left().await, 5);
    store.update_table(&place.0, &place.1, by_id(), None).await.unwrap();
    stores.sweep().await;
    for key in ["later", "put off", "text", "ancient", "for ever"] {
        make(store, &place, delete(&place, id(key))).await.unwrap();
    }
    assert_eq!((left().await, held(stores, &place.0).await), (0, 0));
}

pub(in crate::contract) async fn a_token_is_known_for_ten_minutes(
    stores: &Stores,
    clock: &ManualClock,
) {
    let store = &*stores.tables;
    let place = fresh(store, "contract-tokentime", by_id()).await;
    let add = async |request: &str| {
        let writes = vec![update(&place, id("n"), "ADD n :0", &[number(1)])];
        store.transact(&place.0, writes, token("t", request), &Origin::default()).await
    };
    assert!(add("a").await.unwrap().is_some());
    clock.advance(Duration::from_secs(599));
    stores.sweep().await;
    assert!(add("a").await.unwrap().is_none());
    clock.advance(Duration::from_secs(1));
    stores.sweep().await;
    assert!(add("b").await.unwrap().is_some());
    assert_eq!(get(store, &place, id("n")).await, Some(of_id("n", 2)));
}

pub(in crate::contract) async fn what_tables_hold_is_counted_until_it_is_gone(stores: &Stores) {
    let store = &*stores.tables;
    let place = fresh(store, "contract-tablebytes", by_id()).await;
    let before = held(stores, &place.0).await;
    let written = of_id("a", 1);
    make(store, &place, put(&place, written.clone())).await.unwrap();
    let one = held(stores, &place.0).await - before;
    assert_eq!(one, written.size() as u64 + 100);
    make(store, &place, put(&place, of_id("b", 1))).await.unwrap();
    assert_eq!(held(stores, &place.0).await - before, 2 * one);
    make(store, &place, delete(&place, id("b"))).await.unwrap();
    assert_eq!(held(stores, &place.0).await - before, one);
    store.delete_table(&place.0, &place.1).await.unwrap();
    assert_eq!(held(stores, &place.0).await, before);
}
