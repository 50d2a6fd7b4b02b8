//! What only the embedded tables have: rows that can be damaged, work that a crash interrupts, and
//! room that comes back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambent_storage::contract::samples::namespace;
use lambent_storage::{
    ItemPlace, ItemQuery, ItemScan, Quota, StorageError, Stores, TableAction, TableError,
    TableWrite,
};
use lambent_storage_embedded::backup::{backup, restore};
use lambent_storage_embedded::{DataDir, Options};
use lambent_tables::expression::KeyCondition;
use lambent_tables::{
    Index, IndexName, Item, KeyAttribute, KeySchema, KeyType, KeyValue, Projection, TableDefinition,
};
use lambent_types::{Namespace, Origin, SystemClock, TableName};
use rusqlite::Connection;
use serde_json::json;

use crate::backup::silent;

fn open(path: &Path) -> Stores {
    let data = DataDir::open(path).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock)).unwrap()
}

fn place() -> (Namespace, TableName) {
    (namespace("ns"), "items".parse().unwrap())
}

fn text(name: &str) -> KeyAttribute {
    KeyAttribute { name: name.into(), kind: KeyType::S }
}

fn plain() -> TableDefinition {
    TableDefinition::new(KeySchema { hash: text("id"), range: None })
}

fn by_group() -> (IndexName, TableDefinition) {
    let name: IndexName = "by-group".parse().unwrap();
    let key = KeySchema { hash: text("group"), range: None };
    let index = Index { key, projection: Projection::All };
    (name.clone(), TableDefinition { global_indexes: BTreeMap::from([(name, index)]), ..plain() })
}

fn item(n: usize) -> Item {
    let json = json!({ "id": { "S": format!("{n:05}") }, "group": { "S": "g" } });
    Item::from_json(&json).unwrap()
}

fn put(n: usize) -> TableWrite {
    let action = TableAction::Put(item(n));
    TableWrite { table: place().1, action, condition: None, returns: false }
}

async fn put_many(stores: &Stores, count: usize) {
    for first in (0..count).step_by(100) {
        let writes = (first..count.min(first + 100)).map(put).collect();
        stores.tables.transact(&place().0, writes, None, &Origin::default()).await.unwrap();
    }
}

/// How many items of the group there are, by the index.
async fn grouped(stores: &Stores) -> Result<usize, TableError> {
    let (ns, table) = place();
    let hash = KeyValue::S("g".into());
    let key =
        KeyCondition { hash, from: std::ops::Bound::Unbounded, to: std::ops::Bound::Unbounded };
    let query = ItemQuery { index: Some(by_group().0), ..ItemQuery::new(key) };
    Ok(stores.tables.query(&ns, &table, query).await?.items.len())
}

/// The file of the only shard.
fn shard(home: &Path) -> PathBuf {
    let files = std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    let is_shard = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("shard-") && name.ends_with(".db")
    };
    files.into_iter().find(is_shard).unwrap()
}

fn count(database: &Connection, table: &str) -> i64 {
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn damaged_rows_are_found_out() {
    let home = tempfile::tempdir().unwrap();
    let (ns, table) = place();
    let stores = open(home.path());
    stores.tables.create_table(&ns, &table, by_group().1).await.unwrap();
    put_many(&stores, 2).await;
    let database = Connection::open(shard(home.path())).unwrap();
    let corrupt = |result: Result<(), TableError>| {
        let found = matches!(result, Err(TableError::Storage(StorageError::Corrupt { .. })));
        assert!(found, "{result:?}");
    };
    // An index that leads to an item that is not of its group, or to none.
    database.execute("UPDATE item_index SET place = CAST(place || x'61' AS BLOB)", []).unwrap();
    let whole = ItemScan { index: Some(by_group().0), ..ItemScan::default() };
    corrupt(stores.tables.scan(&ns, &table, whole.clone()).await.map(drop));
    database
        .execute("UPDATE item_index SET place = substr(place, 1, length(place) - 1)", [])
        .unwrap();
    assert_eq!(grouped(&stores).await.unwrap(), 2);
    database.execute("UPDATE item SET key = CAST(key || x'00' AS BLOB) WHERE id = 1", []).unwrap();
    corrupt(stores.tables.scan(&ns, &table, whole).await.map(drop));
    corrupt(stores.tables.scan(&ns, &table, ItemScan::default()).await.map(drop));
    database
        .execute("UPDATE item SET key = substr(key, 1, length(key) - 1) WHERE id = 1", [])
        .unwrap();
    // A body that is another.
    database
        .execute("UPDATE item SET body = CAST(body || x'00' AS BLOB) WHERE id = 1", [])
        .unwrap();
    let first = Item::from_json(&json!({ "id": { "S": "00000" } })).unwrap();
    let places = vec![ItemPlace { table: table.clone(), key: first }];
    corrupt(stores.tables.get_items(&ns, places).await.map(drop));
    corrupt(stores.tables.transact(&ns, vec![put(0)], None, &Origin::default()).await.map(drop));
    stores.tables.transact(&ns, vec![put(1), put(2)], None, &Origin::default()).await.unwrap();
    // A table that is another: what is in memory of it is not taken for it.
    database
        .execute("UPDATE table_ SET body = replace(body, 'group', 'grouq'), version = 9", [])
        .unwrap();
    corrupt(stores.tables.scan(&ns, &table, ItemScan::default()).await.map(drop));
}

/// An index is filled in pieces, and a process that ends in between goes on where it was.
#[tokio::test]
async fn filling_an_index_goes_on_after_a_crash() {
    let home = tempfile::tempdir().unwrap();
    let (ns, table) = place();
    let stores = open(home.path());
    stores.tables.create_table(&ns, &table, plain()).await.unwrap();
    put_many(&stores, 1000).await;
    let (name, definition) = by_group();
    let updated = stores.tables.update_table(&ns, &table, definition, None).await.unwrap();
    assert!(updated.indexes[&name].filling);
    let filled = updated.indexes[&name].items;
    assert!((1..1000).contains(&filled), "{filled}");
    assert!(matches!(grouped(&stores).await, Err(TableError::Filling(_))));

    // What is in the files at any moment is what a crash would leave.
    let crashed = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() && (name == "format" || name.starts_with("shard-")) {
            std::fs::copy(&path, crashed.path().join(name)).unwrap();
        }
    }
    let stores = open(crashed.path());
    assert!(matches!(grouped(&stores).await, Err(TableError::Filling(_))));
    for _ in 0..100 {
        stores.sweep().await;
        if grouped(&stores).await.is_ok() {
            break;
        }
    }
    assert_eq!(grouped(&stores).await.unwrap(), 1000);
    let found = stores.tables.table(&ns, &table).await.unwrap().unwrap();
    assert_eq!(found.indexes[&name].items, 1000);
    let database = Connection::open(shard(crashed.path())).unwrap();
    assert_eq!(count(&database, "item_index"), 1000);
}

#[tokio::test]
async fn what_is_deleted_comes_back_as_room() {
    let home = tempfile::tempdir().unwrap();
    let (ns, table) = place();
    let stores = open(home.path());
    let timed = TableDefinition { time_to_live: Some("end".into()), ..by_group().1 };
    stores.tables.create_table(&ns, &table, timed).await.unwrap();
    put_many(&stores, 1500).await;
    let mut far = item(7);
    far.insert("end".into(), lambent_tables::Value::N("9000000000".parse().unwrap()));
    let far = TableWrite { action: TableAction::Put(far), ..put(7) };
    stores.tables.transact(&ns, vec![far], None, &Origin::default()).await.unwrap();
    let database = Connection::open(shard(home.path())).unwrap();
    assert_eq!((count(&database, "item"), count(&database, "item_expiry")), (1500, 1));
    stores.tables.delete_table(&ns, &table).await.unwrap();
    // The quota is free at once, and the name is.
    let held = stores.holdings(&ns).await.unwrap();
    let held =
        held.into_iter().filter(|one| matches!(one.quota, Quota::Tables | Quota::TableBytes));
    assert!(held.into_iter().all(|one| one.used == 0));
    stores.tables.create_table(&ns, &table, plain()).await.unwrap();
    put_many(&stores, 3).await;
    for _ in 0..100 {
        stores.sweep().await;
        if count(&database, "item_trash") == 0 {
            break;
        }
    }
    for (of, left) in [("item", 3), ("item_index", 0), ("item_expiry", 0), ("item_trash", 0)] {
        assert_eq!(count(&database, of), left, "{of}");
    }
    assert_eq!(count(&database, "table_count"), 1);
}

#[tokio::test]
async fn tables_are_in_a_backup() {
    let home = tempfile::tempdir().unwrap();
    let (ns, table) = place();
    let stores = open(home.path());
    stores.tables.create_table(&ns, &table, by_group().1).await.unwrap();
    put_many(&stores, 300).await;
    let before = stores.tables.table(&ns, &table).await.unwrap();
    let out = tempfile::tempdir().unwrap();
    let (file, restored) = (out.path().join("backup"), out.path().join("data"));
    backup(home.path(), &file, &mut silent()).unwrap();
    put_many(&stores, 400).await;
    restore(&file, &restored, &mut silent()).unwrap();
    let stores = open(&restored);
    assert_eq!(stores.tables.table(&ns, &table).await.unwrap(), before);
    assert_eq!(grouped(&stores).await.unwrap(), 300);
}

/// Below the reserve of free disk items are read and deleted, and none is added.
#[tokio::test]
async fn little_room_is_left_for_deletions() {
    let home = tempfile::tempdir().unwrap();
    let (ns, table) = place();
    let stores = open(home.path());
    stores.tables.create_table(&ns, &table, by_group().1).await.unwrap();
    put_many(&stores, 3).await;
    drop(stores);
    let options = Options { disk_reserve: Some(u64::MAX), ..Options::default() };
    let data = DataDir::open(home.path()).unwrap();
    let stores = lambent_storage_embedded::open(&data, options, Arc::new(SystemClock)).unwrap();
    let refused = stores.tables.transact(&ns, vec![put(7)], None, &Origin::default()).await;
    let full = matches!(refused, Err(TableError::Storage(StorageError::NoSpace { .. })));
    assert!(full, "{refused:?}");
    let key = Item::from_json(&json!({ "id": { "S": "00001" } })).unwrap();
    let delete = TableWrite { action: TableAction::Delete(key), ..put(1) };
    stores.tables.transact(&ns, vec![delete], None, &Origin::default()).await.unwrap();
    assert_eq!(grouped(&stores).await.unwrap(), 2);
    stores.tables.delete_table(&ns, &table).await.unwrap();
    stores.sweep().await;
    let database = Connection::open(shard(home.path())).unwrap();
    assert_eq!(count(&database, "item"), 0);
}
