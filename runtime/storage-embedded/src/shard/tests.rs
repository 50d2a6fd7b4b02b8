use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use jiff::Timestamp;
use lambent_types::{Namespace, SystemClock};
use rusqlite::{Connection, ffi};

use super::{Shard, ShardSchema, Tx};
use crate::data_dir::DataDir;
use crate::messages::receive::{PerGroup, Until, receive};
use crate::messages::row::failed;
use crate::messages::send::{New, send};
use crate::messages::settle::{Ticket, delete, end_leases};
use crate::{amounts, messages};
use lambent_storage::{NamespaceQuotas, QueueError, Quotas, Space, StorageError};

const LINE: i64 = 1;

fn open(home: &tempfile::TempDir) -> Arc<Shard> {
    const SCHEMA: ShardSchema = ShardSchema {
        migrations: &[amounts::SCHEMA, messages::SCHEMA, messages::SCHEMA_FIRST_RECEIVED],
        opened: end_leases,
    };
    let data = DataDir::open(home.path()).unwrap();
    let limits = (NamespaceQuotas::new(Quotas::default()), Space::unlimited());
    Shard::open(("test.db", &SCHEMA), &data, Arc::new(SystemClock), limits).unwrap()
}

fn put(tx: &mut Tx<'_>, bytes: usize) -> Result<i64, StorageError> {
    let body = vec![0; bytes];
    let new =
        New { head: r#"{"id":"one"}"#, body: &body, group: None, sent: tx.now, visible: tx.now };
    send(tx, LINE, &new)
}

fn count(connection: &Connection) -> Result<i64, StorageError> {
    connection.query_row("SELECT COUNT(*) FROM message", [], |row| row.get(0)).map_err(failed)
}

fn pages_max(tx: &Tx<'_>, more: i64) -> Result<(), StorageError> {
    let pages: i64 =
        tx.connection.pragma_query_value(None, "page_count", |row| row.get(0)).map_err(failed)?;
    let set = format!("PRAGMA max_page_count = {}", pages + more);
    tx.connection.query_row(&set, [], |_| Ok(())).map_err(failed)
}

/// Keeps the writer busy until it is dropped, so that what is asked for
/// meanwhile goes into one batch.
async fn hold(shard: &Arc<Shard>) -> std::sync::mpsc::Sender<()> {
    let (release, released) = std::sync::mpsc::channel();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let shard = Arc::clone(shard);
    tokio::spawn(async move {
        let held = shard.write(0, move |_| {
            begun.send(()).unwrap();
            // Its end is a release too.
            let _ = released.recv();
            Ok::<(), StorageError>(())
        });
        held.await
    });
    has_begun.await.unwrap();
    release
}

#[tokio::test]
async fn a_full_disk_undoes_the_batch_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let shard = open(&home);
    let first = shard.write(0, |tx| put(tx, 1)).await.unwrap();
    shard.write(0, |tx| pages_max(tx, 10)).await.unwrap();
    let told = Arc::new(AtomicBool::new(false));
    let effect = Arc::clone(&told);
    let held = hold(&shard).await;
    let mut small = Box::pin(shard.write(0, move |tx| {
        tx.after_commit(move || effect.store(true, Ordering::SeqCst));
        put(tx, 1)
    }));
    let mut large = Box::pin(shard.write(0, |tx| put(tx, 1 << 20)));
    let mut after = Box::pin(shard.write(0, |tx| put(tx, 1)));
    assert!((&mut small).now_or_never().is_none());
    assert!((&mut large).now_or_never().is_none());
    assert!((&mut after).now_or_never().is_none());
    drop(held);
    for failed in [small.await, large.await, after.await] {
        assert!(matches!(failed, Err(StorageError::Unavailable { .. })), "{failed:?}");
    }
    assert!(!told.load(Ordering::SeqCst));
    assert_eq!(shard.readers().read(count).await.unwrap(), 1);

    // There is room again: it goes on, and with a number of its own.
    shard.write(0, |tx| pages_max(tx, 10_000)).await.unwrap();
    let second = shard.write(0, |tx| put(tx, 1 << 20)).await.unwrap();
    drop(shard);
    let third = open(&home).write(0, |tx| put(tx, 1)).await.unwrap();
    assert!(first < second && second < third, "{first} {second} {third}");
}

fn take(tx: &mut Tx<'_>) -> Result<Ticket, StorageError> {
    let received =
        receive(tx, LINE, 1, Until::Time(Timestamp::MAX), PerGroup::All, |_, _| Ok(true))?;
    Ok(Ticket { seq: received.taken[0].seq, lease: received.taken[0].lease })
}

/// Whoever takes something is answered before the commit, which may fail.
#[tokio::test]
async fn what_a_failed_batch_gave_out_is_worth_nothing() {
    let home = tempfile::tempdir().unwrap();
    let shard = open(&home);
    shard.write(0, |tx| put(tx, 1)).await.unwrap();
    shard.write(0, |tx| pages_max(tx, 10)).await.unwrap();
    let held = hold(&shard).await;
    let mut taking = Box::pin(shard.claim(take));
    let mut large = Box::pin(shard.write(0, |tx| put(tx, 1 << 20)));
    assert!((&mut taking).now_or_never().is_none());
    assert!((&mut large).now_or_never().is_none());
    drop(held);
    let lost = taking.await.unwrap();
    large.await.unwrap_err();

    let namespace: Namespace = "ns".parse().unwrap();
    let good = shard.claim(take).await.unwrap();
    assert_eq!(good.seq, lost.seq);
    for (ticket, expected) in [(lost, false), (good, true)] {
        let owner = namespace.clone();
        let deleted = shard.write(0, move |tx| delete(tx, &owner, LINE, ticket)).await;
        assert_eq!(deleted.unwrap(), expected, "{ticket:?}");
    }
}

#[tokio::test]
async fn after_an_io_error_nothing_is_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let shard = open(&home);
    let broken = shard.write(0, |tx| -> Result<(), StorageError> {
        put(tx, 1)?;
        let error = ffi::Error::new(ffi::SQLITE_IOERR);
        Err(failed(rusqlite::Error::SqliteFailure(error, None)))
    });
    broken.await.unwrap_err();
    shard.write(0, |tx| put(tx, 1)).await.unwrap_err();
    shard.claim(|tx| put(tx, 1)).await.unwrap_err();
    drop(shard);
    let shard = open(&home);
    assert_eq!(shard.readers().read(count).await.unwrap(), 0);
    shard.write(0, |tx| put(tx, 1)).await.unwrap();
}

/// What an operation wrote before it met damage must not be committed.
#[tokio::test]
async fn a_damaged_database_undoes_the_batch() {
    let home = tempfile::tempdir().unwrap();
    let shard = open(&home);
    let broken = shard.write(0, |tx| -> Result<(), StorageError> {
        put(tx, 1)?;
        let error = ffi::Error::new(ffi::SQLITE_CORRUPT);
        Err(failed(rusqlite::Error::SqliteFailure(error, None)))
    });
    broken.await.unwrap_err();
    assert_eq!(shard.readers().read(count).await.unwrap(), 0);
}

#[tokio::test]
async fn a_refused_operation_leaves_the_batch_alone() {
    let home = tempfile::tempdir().unwrap();
    let shard = open(&home);
    let told = Arc::new(AtomicBool::new(false));
    let effect = Arc::clone(&told);
    let held = hold(&shard).await;
    let mut before = Box::pin(shard.write(0, |tx| put(tx, 1)));
    let mut refused = Box::pin(shard.write(0, |tx| {
        tx.atomically(|tx| -> Result<(), QueueError> {
            put(tx, 1)?;
            tx.after_commit(move || effect.store(true, Ordering::SeqCst));
            Err(QueueError::NoQueue)
        })
    }));
    let mut after = Box::pin(shard.write(0, |tx| put(tx, 1)));
    assert!((&mut before).now_or_never().is_none());
    assert!((&mut refused).now_or_never().is_none());
    assert!((&mut after).now_or_never().is_none());
    drop(held);
    let (before, refused, after) = (before.await, refused.await, after.await);
    assert!(before.unwrap() < after.unwrap());
    assert!(matches!(refused, Err(QueueError::NoQueue)), "{refused:?}");
    assert_eq!(shard.readers().read(count).await.unwrap(), 2);
    assert!(!told.load(Ordering::SeqCst));
}

#[tokio::test]
async fn claims_see_what_is_committed_only() {
    let home = tempfile::tempdir().unwrap();
    let shard = open(&home);
    let held = hold(&shard).await;
    let mut write = Box::pin(shard.write(0, |tx| put(tx, 1)));
    let mut claim = Box::pin(shard.claim(|tx| count(tx.connection)));
    assert!((&mut write).now_or_never().is_none());
    assert!((&mut claim).now_or_never().is_none());
    drop(held);
    assert_eq!(claim.await.unwrap(), 0);
    write.await.unwrap();
    assert_eq!(shard.claim(|tx| count(tx.connection)).await.unwrap(), 1);
}
