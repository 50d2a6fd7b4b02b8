use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use lambent_storage::contract::samples;
use lambent_storage::{LogQuery, Stores};
use lambent_storage_embedded::{DataDir, LogOptions, Options};
use lambent_types::SystemClock;

fn open(path: &Path, logs: LogOptions) -> Stores {
    let options = Options { logs, ..Options::default() };
    lambent_storage_embedded::open(&DataDir::open(path).unwrap(), options, Arc::new(SystemClock))
        .unwrap()
}

#[tokio::test]
async fn old_records_are_deleted() {
    let home = tempfile::tempdir().unwrap();
    let (ns, f) = (samples::namespace("ns"), samples::name("f"));
    let options = LogOptions { age_max: Duration::from_secs(3600), ..LogOptions::default() };
    let stores = open(home.path(), options);
    for number in 0..2500 {
        let mut record = samples::record(&ns, &f, &number.to_string());
        if number < 2400 {
            record.started -= SignedDuration::from_hours(2);
        }
        assert!(stores.logs.append(record));
    }
    drop(stores);

    let stores = open(home.path(), options);
    stores.logs.flush().await;
    let query = LogQuery { limit: 10_000, ..LogQuery::new(ns.clone(), f.clone()) };
    let page = stores.logs.query(query.clone()).await.unwrap();
    assert_eq!(page.records.len(), 100);
    assert_eq!(page.records[0].0, 2401);
    drop(stores);

    // Cursors go on even when nothing is left.
    let options = LogOptions { age_max: Duration::ZERO, ..options };
    let stores = open(home.path(), options);
    stores.logs.flush().await;
    let page = stores.logs.query(query.clone()).await.unwrap();
    assert_eq!((page.records.len(), page.next), (0, 2500));
    stores.logs.append(samples::record(&ns, &f, "next"));
    stores.logs.flush().await;
    assert_eq!(stores.logs.query(query).await.unwrap().next, 2501);
}

#[tokio::test]
async fn the_oldest_records_go_when_there_are_too_many() {
    let home = tempfile::tempdir().unwrap();
    let (ns, f) = (samples::namespace("ns"), samples::name("f"));
    let bytes_max = 1 << 20;
    let stores = open(home.path(), LogOptions { bytes_max, ..LogOptions::default() });
    for number in 0..600 {
        let line = format!("{number} {}", "x".repeat(10_000));
        assert!(stores.logs.append(samples::record(&ns, &f, &line)));
        if number % 50 == 49 {
            stores.logs.flush().await;
        }
    }
    stores.logs.flush().await;
    let query = LogQuery { limit: 10_000, ..LogQuery::new(ns, f) };
    let records = stores.logs.query(query).await.unwrap().records;
    assert_eq!(records.last().unwrap().0, 600);
    assert!((10..=200).contains(&records.len()), "{} records are left", records.len());
    assert!(records.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1));
    drop(stores);
    let size = std::fs::metadata(home.path().join("logs.db")).unwrap().len();
    assert!(size < 3 * bytes_max, "{size} bytes");
}

/// One namespace's flood takes nothing from another that has less than its part.
#[tokio::test]
async fn a_flood_evicts_its_own_records() {
    let home = tempfile::tempdir().unwrap();
    let f = samples::name("f");
    let options = LogOptions { bytes_max: 1 << 20, ..LogOptions::default() };
    let write = async |stores: &Stores, name: &str, records: usize| {
        for number in 0..records {
            let line = format!("{number} {}", "x".repeat(10_000));
            let namespace = samples::namespace(name);
            assert!(stores.logs.append(samples::record(&namespace, &f, &line)));
            if number % 50 == 49 {
                stores.logs.flush().await;
            }
        }
        stores.logs.flush().await;
    };
    let kept = async |stores: &Stores, name: &str| {
        let query = LogQuery::new(samples::namespace(name), f.clone());
        let query = LogQuery { limit: 10_000, ..query };
        stores.logs.query(query).await.unwrap().records
    };
    let stores = open(home.path(), options);
    write(&stores, "quiet", 20).await;
    write(&stores, "flood", 300).await;
    assert_eq!(kept(&stores, "quiet").await.len(), 20);
    drop(stores);
    // Nor after a restart.
    let stores = open(home.path(), options);
    write(&stores, "flood", 300).await;
    assert_eq!(kept(&stores, "quiet").await.len(), 20);
    let flood = kept(&stores, "flood").await;
    assert_eq!(flood.last().unwrap().0, 620);
    assert!((10..=100).contains(&flood.len()), "{} records are left", flood.len());
}

#[tokio::test]
async fn what_the_queue_cannot_hold_is_dropped_and_counted() {
    let home = tempfile::tempdir().unwrap();
    let (ns, f) = (samples::namespace("ns"), samples::name("f"));
    let options = LogOptions { queue_bytes_max: 20_000, ..LogOptions::default() };
    let stores = open(home.path(), options);
    let mut kept = 0;
    for _ in 0..1000 {
        kept += u64::from(stores.logs.append(samples::record(&ns, &f, "line")));
    }
    assert!((1..1000).contains(&kept), "{kept} were kept");
    assert_eq!(stores.logs.dropped(), 1000 - kept);
    stores.logs.flush().await;
    let query = LogQuery { limit: 10_000, ..LogQuery::new(ns.clone(), f.clone()) };
    assert_eq!(stores.logs.query(query.clone()).await.unwrap().records.len() as u64, kept);

    // There is room again.
    assert!(stores.logs.append(samples::record(&ns, &f, "line")));
    stores.logs.flush().await;
    assert_eq!(stores.logs.query(query).await.unwrap().records.len() as u64, kept + 1);
}

#[tokio::test]
async fn a_block_that_cannot_be_read_hides_no_other() {
    let home = tempfile::tempdir().unwrap();
    let (ns, f) = (samples::namespace("ns"), samples::name("f"));
    let stores = open(home.path(), LogOptions::default());
    for _ in 0..3 {
        stores.logs.append(samples::record(&ns, &f, "line"));
        stores.logs.flush().await;
    }
    drop(stores);
    let database = rusqlite::Connection::open(home.path().join("logs.db")).unwrap();
    let damage = "UPDATE block SET body = substr(body, 1, length(body) - 1) WHERE cursor = 2";
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    drop(database);
    let stores = open(home.path(), LogOptions::default());
    let page = stores.logs.query(LogQuery::new(ns, f)).await.unwrap();
    assert_eq!(page.records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 3]);
}
