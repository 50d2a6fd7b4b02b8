use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use lambent_storage::contract::samples::{name, namespace, record};
use lambent_storage::{InvocationLogs, LogQuery, Stores};
use lambent_storage_embedded::{DataDir, LogOptions, Options};
use lambent_types::{FunctionName, InvocationRecord, RequestId, SystemClock};
use rusqlite::{Connection, params};

const APPENDERS: usize = 8;
const RECORDS: usize = 4000;
const FUNCTIONS: usize = 3;

fn open(path: &Path) -> Stores {
    let logs = LogOptions { queue_bytes_max: 1 << 30, ..LogOptions::default() };
    let options = Options { logs, ..Options::default() };
    lambent_storage_embedded::open(&DataDir::open(path).unwrap(), options, Arc::new(SystemClock))
        .unwrap()
}

fn function(number: usize) -> FunctionName {
    name(&format!("f{}", number % FUNCTIONS))
}

/// Follows a function's log page by page to where it ends now.
async fn follow(logs: &dyn InvocationLogs, query: &mut LogQuery) -> Vec<(u64, InvocationRecord)> {
    let mut records = Vec::new();
    loop {
        let page = logs.query(query.clone()).await.unwrap();
        if query.after.replace(page.next) == Some(page.next) || page.records.is_empty() {
            return records;
        }
        records.extend(page.records);
    }
}

/// Appends from many threads while others read and flush: every record is there
/// once, and a follower sees each.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_between_appending_and_flushing() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let ended = Arc::new(AtomicBool::new(false));
    let followers: Vec<_> = (0..FUNCTIONS)
        .map(|number| {
            let (logs, ended) = (Arc::clone(&stores.logs), Arc::clone(&ended));
            let all = LogQuery::new(namespace("ns"), function(number));
            let mut query = LogQuery { limit: 777, ..all };
            tokio::spawn(async move {
                let mut seen = Vec::new();
                loop {
                    let last = ended.load(Ordering::SeqCst);
                    seen.extend(follow(&*logs, &mut query).await);
                    if last {
                        return seen;
                    }
                    logs.changed(query.after.unwrap(), std::time::Duration::from_millis(10)).await;
                }
            })
        })
        .collect();
    let appenders: Vec<_> = (0..APPENDERS)
        .map(|appender| {
            let logs = Arc::clone(&stores.logs);
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for number in 0..RECORDS {
                    let record = record(&namespace("ns"), &function(number), "");
                    ids.push(record.id);
                    assert!(logs.append(record));
                    if number % 1000 == appender {
                        logs.flush().await;
                    }
                }
                ids
            })
        })
        .collect();
    let mut appended = HashSet::new();
    for appender in appenders {
        appended.extend(appender.await.unwrap());
    }
    stores.logs.flush().await;
    ended.store(true, Ordering::SeqCst);
    let mut cursors = Vec::new();
    for follower in followers {
        let seen = follower.await.unwrap();
        assert!(seen.is_sorted_by(|one, other| one.0 < other.0));
        for (cursor, record) in seen {
            assert!(appended.remove(&record.id), "read twice");
            cursors.push(cursor);
        }
    }
    cursors.sort_unstable();
    assert_eq!(appended.len(), 0);
    assert!(cursors.into_iter().eq(1..=(APPENDERS * RECORDS) as u64));
}

#[tokio::test]
async fn a_request_is_found_among_many() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    // Some ran for long, so that ends are not in the order of ids.
    let mut records: Vec<_> = (0..5000).map(|_| record(&namespace("ns"), &name("f"), "")).collect();
    records.sort_by_key(|record| record.id.0.as_u128() % 97);
    for record in &records {
        assert!(stores.logs.append(record.clone()));
    }
    stores.logs.flush().await;
    let all = LogQuery::new(namespace("ns"), name("f"));
    for newest in [false, true] {
        for record in records.iter().step_by(500) {
            let query = LogQuery { request: Some(record.id), newest, ..all.clone() };
            let page = stores.logs.query(query).await.unwrap();
            assert_eq!(page.records.len(), 1);
            assert_eq!(&page.records[0].1, record);
        }
    }
    let query = LogQuery { request: Some(RequestId::new()), ..all };
    assert!(stores.logs.query(query).await.unwrap().records.is_empty());
}

/// What the first release had.
const FIRST_SCHEMA: &str = "
    CREATE TABLE invocation (
        cursor INTEGER PRIMARY KEY AUTOINCREMENT,
        namespace TEXT NOT NULL,
        function TEXT NOT NULL,
        request BLOB NOT NULL,
        started_us INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX invocation_function ON invocation (namespace, function, cursor, started_us);
    CREATE INDEX invocation_request ON invocation (request);
    PRAGMA user_version = 1;
";

fn write_first_schema(path: &Path, records: &[InvocationRecord]) {
    let database = Connection::open(path.join("logs.db")).unwrap();
    database.execute_batch(FIRST_SCHEMA).unwrap();
    let insert = "INSERT INTO invocation (namespace, function, request, started_us, body) \
                  VALUES (?1, ?2, ?3, ?4, ?5)";
    for record in records {
        let body = serde_json::to_string(record).unwrap();
        let (id, started_us) = (record.id.0.as_bytes(), record.started.as_microsecond());
        let row = params![record.namespace.key(), record.function.key(), id, started_us, body];
        database.execute(insert, row).unwrap();
    }
}

#[tokio::test]
async fn what_the_first_release_wrote_is_read() {
    let home = tempfile::tempdir().unwrap();
    drop(DataDir::open(home.path()).unwrap());
    let mut old: Vec<_> = (0..4).map(|_| record(&namespace("Ns"), &name("F"), "old")).collect();
    old[0].started = Timestamp::now() - SignedDuration::from_hours(1);
    write_first_schema(home.path(), &old);
    let database = Connection::open(home.path().join("logs.db")).unwrap();
    // Its cursor must not come again.
    database.execute("DELETE FROM invocation WHERE cursor = 4", []).unwrap();
    drop(database);

    let stores = open(home.path());
    let new = record(&namespace("Ns"), &name("F"), "new");
    assert!(stores.logs.append(new.clone()));
    stores.logs.flush().await;
    let all = LogQuery::new(namespace("ns"), name("f"));
    let cursors = async |query| {
        let page = stores.logs.query(query).await.unwrap();
        page.records.iter().map(|(cursor, _)| *cursor).collect::<Vec<_>>()
    };
    let page = stores.logs.query(all.clone()).await.unwrap();
    assert_eq!(page.next, 5);
    let expected = [(1, &old[0]), (2, &old[1]), (3, &old[2]), (5, &new)];
    assert!(page.records.iter().map(|(cursor, record)| (*cursor, record)).eq(expected));
    let request = Some(old[2].id);
    assert_eq!(cursors(LogQuery { request, ..all.clone() }).await, [3]);
    let since = Some(old[1].started);
    assert_eq!(cursors(LogQuery { since, ..all.clone() }).await, [2, 3, 5]);
    let newest = LogQuery { newest: true, limit: 2, ..all.clone() };
    assert_eq!(cursors(newest).await, [3, 5]);
    assert_eq!(cursors(LogQuery { after: Some(2), ..all }).await, [3, 5]);
}
