use std::collections::BTreeMap;

use lambent_tables::{Item, Projection, TableDefinition};
use lambent_types::{Origin, TableName};
use serde_json::json;

use super::indexes::index;
use super::time::held;
use super::{Place, by_id, delete, fresh, get, id, invalid, item, make, name, of_id, put, table};
use crate::stores::Stores;
use crate::tables::{ItemScan, TableBackup, TableError, Tables};

/// More than any backend copies at once.
const ITEMS: usize = 1000;

fn of(n: usize, version: usize) -> Item {
    let (key, version) = (format!("{n:04}"), version.to_string());
    item(json!({ "id": { "S": key }, "group": { "S": "g" }, "version": { "N": version } }))
}

async fn put_all(store: &dyn Tables, place: &Place, version: usize) {
    for first in (0..ITEMS).step_by(100) {
        let writes = (first..first + 100).map(|n| put(place, of(n, version))).collect();
        store.transact(&place.0, writes, None, &Origin::default()).await.unwrap();
    }
}

async fn all(store: &dyn Tables, place: &Place) -> Vec<Item> {
    let (mut all, mut scan) = (Vec::new(), ItemScan::default());
    loop {
        let page = store.scan(&place.0, &place.1, scan.clone()).await.unwrap();
        all.extend(page.items);
        scan.after = page.next;
        if scan.after.is_none() {
            return all;
        }
    }
}

async fn whole(stores: &Stores, place: &Place, id: &str) -> TableBackup {
    for _ in 0..1000 {
        let found = stores.tables.backup(&place.0, id).await.unwrap().unwrap();
        if found.whole {
            return found;
        }
        stores.sweep().await;
    }
    panic!("the back-up is never whole");
}

async fn restored(stores: &Stores, place: &Place) {
    for _ in 0..1000 {
        if !table(&*stores.tables, place).await.restoring {
            return;
        }
        let read = stores.tables.scan(&place.0, &place.1, ItemScan::default()).await;
        assert!(matches!(read, Err(TableError::Restoring(_))), "{read:?}");
        let written = make(&*stores.tables, place, put(place, of_id("x", 1))).await;
        assert!(matches!(written, Err(TableError::Restoring(_))), "{written:?}");
        stores.sweep().await;
    }
    panic!("the table is never restored");
}

fn indexed() -> TableDefinition {
    let by_group = index("group:S", None, Projection::All);
    TableDefinition {
        global_indexes: BTreeMap::from([("by-group".parse().unwrap(), by_group)]),
        ..by_id()
    }
}

pub(in crate::contract) async fn a_backup_is_of_one_moment(stores: &Stores) {
    let store = &*stores.tables;
    let place = fresh(store, "contract-backups", indexed()).await;
    put_all(store, &place, 1).await;
    let as_it_was = all(store, &place).await;
    let before = held(stores, &place.0).await;
    let made = store.create_backup(&place.0, &place.1, "first").await.unwrap();
    assert_eq!((made.items, made.name.as_str(), &made.table), (1000, "first", &place.1));
    assert_eq!(made.bytes, table(store, &place).await.bytes);

    // What is written while it is copied, it does not have: neither what is written, nor once
    // more, nor what is new; and what is deleted it has.
    put_all(store, &place, 2).await;
    for n in (0..ITEMS).step_by(7) {
        make(store, &place, put(&place, of(n, 3))).await.unwrap();
    }
    for n in (0..ITEMS).step_by(3) {
        make(store, &place, delete(&place, id(&format!("{n:04}")))).await.unwrap();
        make(store, &place, put(&place, of_id(&format!("new {n}"), 1))).await.unwrap();
    }
    let whole = whole(stores, &place, &made.id).await;
    assert_eq!(whole, TableBackup { whole: true, ..made });
    let backup_bytes = held(stores, &place.0).await;

    let copy: Place = (place.0.clone(), name("copy"));
    store.restore_backup(&place.0, &whole.id, &copy.1, indexed()).await.unwrap();
    restored(stores, &copy).await;
    assert_eq!(all(store, &copy).await, as_it_was);
    let shown = table(store, &copy).await;
    assert_eq!((shown.items, shown.bytes), (whole.items, whole.bytes));
    let by_group = "by-group".parse::<lambent_tables::IndexName>().unwrap();
    assert_eq!(shown.indexes[&by_group].items, 1000);
    // A table of its own: what is written to one, the other does not have.
    make(store, &copy, delete(&copy, id("0001"))).await.unwrap();
    assert!(get(store, &place, id("0001")).await.is_some());
    make(store, &copy, put(&copy, of(1, 1))).await.unwrap();
    // It counts as much as the table did, with the index that it has.
    assert_eq!(held(stores, &place.0).await, backup_bytes + before);
    store.delete_table(&copy.0, &copy.1).await.unwrap();
    assert_eq!(held(stores, &place.0).await, backup_bytes);
    store.delete_table(&place.0, &place.1).await.unwrap();
    store.delete_backup(&place.0, &whole.id).await.unwrap();
    stores.sweep().await;
    assert_eq!(held(stores, &place.0).await, 0);
}

pub(in crate::contract) async fn a_backup_outlives_its_table(stores: &Stores) {
    let store = &*stores.tables;
    let place = fresh(store, "contract-backups2", by_id()).await;
    put_all(store, &place, 1).await;
    let as_it_was = all(store, &place).await;
    let made = store.create_backup(&place.0, &place.1, "first").await.unwrap();
    // The table goes while it is copied, and another comes in its place.
    store.delete_table(&place.0, &place.1).await.unwrap();
    let exists = store.restore_backup(&place.0, &made.id, &place.1, indexed()).await;
    assert!(matches!(exists, Err(TableError::Invalid(_) | TableError::BackupInUse)), "{exists:?}");
    store.create_table(&place.0, &place.1, by_id()).await.unwrap();
    put_all(store, &place, 2).await;
    whole(stores, &place, &made.id).await;
    let taken = store.restore_backup(&place.0, &made.id, &place.1, by_id()).await;
    assert!(matches!(taken, Err(TableError::Exists)), "{taken:?}");
    store.delete_table(&place.0, &place.1).await.unwrap();
    store.restore_backup(&place.0, &made.id, &place.1, by_id()).await.unwrap();
    restored(stores, &place).await;
    assert_eq!(all(store, &place).await, as_it_was);
    // What is restored is deleted at any time.
    let copy: TableName = name("copy");
    store.restore_backup(&place.0, &made.id, &copy, by_id()).await.unwrap();
    store.delete_table(&place.0, &copy).await.unwrap();
    store.delete_table(&place.0, &place.1).await.unwrap();
    store.delete_backup(&place.0, &made.id).await.unwrap();
    assert_eq!(held(stores, &place.0).await, 0);
}

pub(in crate::contract) async fn backups_are_listed_and_deleted(stores: &Stores) {
    let store = &*stores.tables;
    let place = fresh(store, "contract-backups3", by_id()).await;
    let ns = &place.0;
    make(store, &place, put(&place, of_id("a", 1))).await.unwrap();
    let other: Place = (ns.clone(), name("Other"));
    store.create_table(ns, &other.1, by_id()).await.unwrap();
    let mut ids = Vec::new();
    for of in [&place, &other, &place] {
        let made = store.create_backup(ns, &of.1, "one").await.unwrap();
        ids.push(whole(stores, &place, &made.id).await.id);
    }
    ids.sort();
    let listed = async |table, after, limit| {
        let found = store.backups(ns, table, after, limit).await.unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None, 10).await, ids);
    assert_eq!(listed(None, None, 2).await, ids[..2]);
    assert_eq!(listed(None, Some(ids[0].as_str()), 10).await, ids[1..]);
    assert_eq!(listed(Some(&place.1), None, 10).await.len(), 2);
    assert_eq!(listed(Some(&other.1), None, 10).await.len(), 1);

    let missing = store.create_backup(ns, &name("none"), "one").await;
    assert!(matches!(missing, Err(TableError::NoTable(_))), "{missing:?}");
    invalid(store.create_backup(ns, &place.1, "a/b").await, "back-up");
    invalid(store.create_backup(ns, &place.1, "ab").await, "back-up");
    let copy = name("copy");
    let mut key = by_id();
    key.key.hash.name = "other".into();
    invalid(store.restore_backup(ns, &ids[0], &copy, key).await, "the key that it had");
    invalid(store.restore_backup(ns, &ids[0], &copy, indexed()).await, "by-group");
    let missing = store.restore_backup(ns, "none", &copy, by_id()).await;
    assert!(matches!(missing, Err(TableError::NoBackup(_))), "{missing:?}");
    // Another namespace sees none of it.
    let elsewhere = super::namespace("contract-backups4");
    assert_eq!(store.backups(&elsewhere, None, None, 10).await.unwrap(), []);
    let missing = store.delete_backup(&elsewhere, &ids[0]).await;
    assert!(matches!(missing, Err(TableError::NoBackup(_))), "{missing:?}");

    for id in &ids {
        store.delete_backup(ns, id).await.unwrap();
        assert_eq!(store.backup(ns, id).await.unwrap(), None);
        let again = store.delete_backup(ns, id).await;
        assert!(matches!(again, Err(TableError::NoBackup(_))), "{again:?}");
    }
}
