//! Transactions over two tables and an index, through the death of the process that makes them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lambent_storage::contract::samples::namespace;
use lambent_storage::{ItemPlace, ItemScan, Stores, TableAction, TableWrite, Tables};
use lambent_storage_embedded::{DataDir, Options};
use lambent_tables::expression::Placeholders;
use lambent_tables::{
    Given, Index, IndexName, Item, KeyAttribute, KeySchema, KeyType, Projection, StreamRecord,
    StreamSequence, StreamView, TableDefinition, Value,
};
use lambent_types::{Origin, SystemClock, TableName};
use serde_json::json;

/// Where the writer writes; a process without it is no writer.
const HOME: &str = "LAMBENT_TEST_TABLES";
/// How often the writer is killed, and how much it acknowledges at least before.
const ROUNDS: usize = 3;
const ACKNOWLEDGED: usize = 50;

fn open(path: &Path) -> Stores {
    let data = DataDir::open(path).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock)).unwrap()
}

fn name(text: &str) -> TableName {
    text.parse().unwrap()
}

fn by_kind() -> IndexName {
    "by-kind".parse().unwrap()
}

fn definition() -> TableDefinition {
    let attribute = |name: &str| KeyAttribute { name: name.into(), kind: KeyType::S };
    let key = |name| KeySchema { hash: attribute(name), range: None };
    let index = Index { key: key("kind"), projection: Projection::All };
    let global_indexes = BTreeMap::from([(by_kind(), index)]);
    let stream = Some(StreamView::NewAndOldImages);
    TableDefinition { global_indexes, stream, ..TableDefinition::new(key("id")) }
}

fn item(json: serde_json::Value) -> Item {
    Item::from_json(&json).unwrap()
}

/// Takes one from an account and gives it to another, and says so in a book.
fn transfer(number: usize) -> Vec<TableWrite> {
    let write =
        |table, action| TableWrite { table: name(table), action, condition: None, returns: false };
    let add = |account: &str, by: &str| {
        let values = [(":by".to_owned(), Given::from(Value::N(by.parse().unwrap())))].into();
        let mut placeholders = Placeholders::new(None, Some(values)).unwrap();
        let update = placeholders.update("ADD n :by").unwrap();
        write("accounts", TableAction::Update(item(json!({ "id": { "S": account } })), update))
    };
    let entry = json!({ "id": { "S": number.to_string() }, "kind": { "S": "transfer" } });
    vec![add("a", "-1"), add("b", "1"), write("book", TableAction::Put(item(entry)))]
}

#[tokio::test]
#[ignore = "is run by the next test, in a process that it kills"]
async fn a_writer() {
    let Ok(home) = std::env::var(HOME) else { return };
    let stores = open(Path::new(&home));
    let ns = namespace("ns");
    for table in ["accounts", "book"] {
        drop(stores.tables.create_table(&ns, &name(table), definition()).await);
    }
    let first = written(&*stores.tables).await.0;
    for number in first.. {
        stores.tables.transact(&ns, transfer(number), None, &Origin::default()).await.unwrap();
        println!("\nacknowledged {}", number + 1);
    }
}

/// How many entries the book has, and how many of them its index.
async fn written(tables: &dyn Tables) -> (usize, usize) {
    let mut counts = [0, 0];
    for (count, index) in counts.iter_mut().zip([None, Some(by_kind())]) {
        let mut scan = ItemScan { index, ..ItemScan::default() };
        loop {
            let page = tables.scan(&namespace("ns"), &name("book"), scan.clone()).await.unwrap();
            *count += page.items.len();
            scan.after = page.next;
            if scan.after.is_none() {
                break;
            }
        }
    }
    (counts[0], counts[1])
}

/// All records of the stream of a table.
async fn streamed(tables: &dyn Tables, table: &str) -> Vec<StreamRecord> {
    let (ns, table) = (namespace("ns"), name(table));
    let label = tables.stream(&ns, &table, None).await.unwrap().unwrap().label;
    let (mut all, mut from) = (Vec::new(), StreamSequence::FIRST);
    loop {
        let read = tables.stream_records(&ns, &table, &label, from, 1000, Duration::ZERO);
        let page = read.await.unwrap();
        if page.records.is_empty() {
            return all;
        }
        all.extend(page.records.into_iter().map(|change| change.record));
        from = page.next;
    }
}

/// Checks that each transfer has a record in each stream for each item that it wrote, in its place.
async fn check_streams(tables: &dyn Tables, entries: usize) {
    let records = streamed(tables, "book").await;
    assert_eq!(records.len(), entries);
    for (number, record) in records.iter().enumerate() {
        assert_eq!(record.sequence, StreamSequence(number as u64 + 1));
        assert_eq!(record.keys, item(json!({ "id": { "S": number.to_string() } })));
    }
    let records = streamed(tables, "accounts").await;
    assert_eq!(records.len(), 2 * entries);
    let mut amounts = BTreeMap::new();
    for (number, record) in records.into_iter().enumerate() {
        let account = ["a", "b"][number % 2];
        assert_eq!(record.keys, item(json!({ "id": { "S": account } })));
        // Each begins with what the one before it has left.
        assert_eq!(amounts.insert(account, record.new), record.old.map(Some));
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_whole_after_the_writer_is_killed() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..ROUNDS {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["table_crash::a_writer", "--exact", "--ignored", "--nocapture"])
            .env(HOME, home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut acknowledged = 0;
        let mut next = |lines: &mut std::io::Lines<_>| {
            let line: String = lines.next()?.ok()?;
            if let Some(number) = line.strip_prefix("acknowledged ") {
                acknowledged = number.parse().unwrap();
            }
            Some(acknowledged)
        };
        let mut seen = 0;
        while seen < ACKNOWLEDGED {
            let before = next(&mut lines).expect("the writer ended");
            seen += usize::from(before > 0);
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        while next(&mut lines).is_some() {}

        let stores = open(home.path());
        let (entries, indexed) = written(&*stores.tables).await;
        assert!(entries >= acknowledged, "{entries} of {acknowledged}");
        assert_eq!(entries, indexed);
        check_streams(&*stores.tables, entries).await;
        let places = ["a", "b"].map(|account| ItemPlace {
            table: name("accounts"),
            key: item(json!({ "id": { "S": account } })),
        });
        let found = stores.tables.get_items(&namespace("ns"), places.to_vec()).await.unwrap();
        let amount = |at: usize| match found[at].as_ref().unwrap().get("n") {
            Some(Value::N(n)) => n.to_string().parse::<i64>().unwrap(),
            other => panic!("{other:?}"),
        };
        let moved = i64::try_from(entries).unwrap();
        assert_eq!((amount(0), amount(1)), (-moved, moved));
        let book = stores.tables.table(&namespace("ns"), &name("book")).await.unwrap().unwrap();
        assert_eq!(book.items, entries as u64);
        assert_eq!(book.indexes[&by_kind()].items, entries as u64);
    }
}

/// Items of a table that is backed up: many more than are copied at once.
const BACKED_UP: usize = 5000;

fn versioned(number: usize, version: &str) -> TableWrite {
    let item = item(json!({ "id": { "S": number.to_string() }, "kind": { "S": version } }));
    TableWrite {
        table: name("kept"),
        action: TableAction::Put(item),
        condition: None,
        returns: false,
    }
}

async fn put_version(stores: &Stores, version: &str) {
    let ns = namespace("ns");
    for first in (0..BACKED_UP).step_by(100) {
        let writes = (first..first + 100).map(|number| versioned(number, version)).collect();
        stores.tables.transact(&ns, writes, None, &Origin::default()).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "is run by the next test, in a process that it kills"]
async fn a_backer_up() {
    let Ok(home) = std::env::var(HOME) else { return };
    let (stores, ns) = (open(Path::new(&home)), namespace("ns"));
    stores.tables.create_table(&ns, &name("kept"), definition()).await.unwrap();
    put_version(&stores, "old").await;
    stores.tables.create_backup(&ns, &name("kept"), "back-up").await.unwrap();
    println!("\nbegun");
    // Copies and writes in turns, until it is killed.
    loop {
        stores.sweep().await;
        put_version(&stores, "new").await;
    }
}

#[tokio::test]
#[ignore = "is run by the next test, in a process that it kills"]
async fn a_restorer() {
    let Ok(home) = std::env::var(HOME) else { return };
    let (stores, ns) = (open(Path::new(&home)), namespace("ns"));
    let backup = stores.tables.backups(&ns, None, None, 1).await.unwrap().remove(0);
    let definition = TableDefinition { stream: None, ..definition() };
    stores.tables.restore_backup(&ns, &backup.id, &name("copy"), definition).await.unwrap();
    println!("\nbegun");
    loop {
        stores.sweep().await;
    }
}

/// Runs one of those above, and kills it as soon as it has begun.
fn run_and_kill(test: &str, home: &Path) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args([&format!("table_crash::{test}"), "--exact", "--ignored", "--nocapture"])
        .env(HOME, home)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "begun"), "it ended");
    process.kill().unwrap();
    process.wait().unwrap();
}

#[tokio::test]
async fn a_backup_and_a_restored_table_are_whole_after_the_process_is_killed() {
    let home = tempfile::tempdir().unwrap();
    let ns = namespace("ns");
    run_and_kill("a_backer_up", home.path());
    {
        let stores = open(home.path());
        for _ in 0..1000 {
            if stores.tables.backups(&ns, None, None, 1).await.unwrap()[0].whole {
                break;
            }
            stores.sweep().await;
        }
        assert!(stores.tables.backups(&ns, None, None, 1).await.unwrap()[0].whole);
    }
    run_and_kill("a_restorer", home.path());
    let stores = open(home.path());
    for _ in 0..1000 {
        if !stores.tables.table(&ns, &name("copy")).await.unwrap().unwrap().restoring {
            break;
        }
        stores.sweep().await;
    }
    let (mut found, mut scan) = (0, ItemScan { index: Some(by_kind()), ..ItemScan::default() });
    loop {
        let page = stores.tables.scan(&ns, &name("copy"), scan.clone()).await.unwrap();
        for item in &page.items {
            assert_eq!(item.get("kind"), Some(&Value::S("old".into())), "{item:?}");
        }
        found += page.items.len();
        scan.after = page.next;
        if scan.after.is_none() {
            break;
        }
    }
    assert_eq!(found, BACKED_UP);
}
