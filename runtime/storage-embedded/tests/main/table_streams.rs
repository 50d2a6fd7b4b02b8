//! Streams of the embedded tables: what they do when the clock is set, and when rows are damaged.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambent_storage::contract::samples::namespace;
use lambent_storage::{
    Quota, StorageError, Stores, StreamPage, TableAction, TableError, TableWrite,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_tables::{
    Item, KeyAttribute, KeySchema, KeyType, StreamSequence, StreamView, TableDefinition,
};
use lambent_types::{Clock, Origin, TableName};
use rusqlite::Connection;
use serde_json::json;

/// A clock that is set to any time.
#[derive(Debug)]
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Timestamp::from_second(1_800_000_000).unwrap())))
    }

    fn turn(&self, hours: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn open(path: &Path, clock: Arc<dyn Clock>) -> Stores {
    let data = DataDir::open(path).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), clock).unwrap()
}

fn table() -> TableName {
    "items".parse().unwrap()
}

/// A store with a table that has a stream.
async fn fresh(path: &Path, clock: Arc<dyn Clock>) -> Stores {
    let stores = open(path, clock);
    let hash = KeyAttribute { name: "id".into(), kind: KeyType::S };
    let definition = TableDefinition {
        stream: Some(StreamView::NewAndOldImages),
        ..TableDefinition::new(KeySchema { hash, range: None })
    };
    stores.tables.create_table(&namespace("ns"), &table(), definition).await.unwrap();
    stores
}

/// Writes an item that is another with each number.
async fn put(stores: &Stores, number: usize) {
    let json = json!({ "id": { "S": "a" }, "n": { "N": number.to_string() } });
    let action = TableAction::Put(Item::from_json(&json).unwrap());
    let write = TableWrite { table: table(), action, condition: None, returns: false };
    let (ns, origin) = (namespace("ns"), Origin::default());
    stores.tables.transact(&ns, vec![write], None, &origin).await.unwrap();
}

async fn read(stores: &Stores, from: u64) -> Result<StreamPage, TableError> {
    let ns = namespace("ns");
    let label = stores.tables.stream(&ns, &table(), None).await.unwrap().unwrap().label;
    let from = StreamSequence(from);
    stores.tables.stream_records(&ns, &table(), &label, from, 1000, Duration::ZERO).await
}

/// The first record that is kept, and the next to come.
async fn kept(stores: &Stores) -> (u64, u64) {
    let stream = stores.tables.stream(&namespace("ns"), &table(), None).await.unwrap().unwrap();
    (stream.oldest.0, stream.next.0)
}

async fn held(stores: &Stores) -> u64 {
    let holdings = stores.holdings(&namespace("ns")).await.unwrap();
    holdings.into_iter().find(|one| one.quota == Quota::TableBytes).unwrap().used
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_record_for_ever() {
    let home = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let stores = fresh(home.path(), clock.clone()).await;
    put(&stores, 1).await;
    let item = held(&stores).await;
    let year = 365 * 24;
    clock.turn(-year);
    put(&stores, 2).await;
    stores.sweep().await;
    assert_eq!(read(&stores, 1).await.unwrap().records.len(), 2);
    clock.turn(23);
    stores.sweep().await;
    put(&stores, 3).await;
    assert_eq!(kept(&stores).await, (1, 4));
    clock.turn(2);
    stores.sweep().await;
    assert_eq!(kept(&stores).await, (3, 4));
    // It goes on where it was, also in another process.
    drop(stores);
    let stores = open(home.path(), clock.clone());
    put(&stores, 4).await;
    assert_eq!(kept(&stores).await, (3, 5));
    clock.turn(year);
    stores.sweep().await;
    assert_eq!(kept(&stores).await, (5, 5));
    assert!(held(&stores).await < item, "what is left is the item");
}

#[tokio::test]
async fn many_records_are_trimmed_in_pieces() {
    let home = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let stores = fresh(home.path(), clock.clone()).await;
    for number in 0..600 {
        put(&stores, number).await;
    }
    clock.turn(25);
    for _ in 0..100 {
        stores.sweep().await;
        if kept(&stores).await == (601, 601) {
            return;
        }
    }
    panic!("{:?}", kept(&stores).await);
}

#[tokio::test]
async fn damaged_records_are_told_and_trimmed() {
    let home = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let stores = fresh(home.path(), clock.clone()).await;
    for number in 0..3 {
        put(&stores, number).await;
    }
    for file in std::fs::read_dir(home.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "db")
            && path.file_name().unwrap().to_string_lossy().starts_with("shard-")
        {
            let connection = Connection::open(path).unwrap();
            let sql = "UPDATE stream_record SET new = keys WHERE sequence = 2";
            connection.execute(sql, []).unwrap();
        }
    }
    for from in [1, 2] {
        let damaged = read(&stores, from).await;
        assert!(
            matches!(&damaged, Err(TableError::Storage(StorageError::Corrupt { .. }))),
            "{damaged:?}"
        );
    }
    assert_eq!(read(&stores, 3).await.unwrap().records.len(), 1);
    clock.turn(25);
    stores.sweep().await;
    assert_eq!(kept(&stores).await, (4, 4));
}
