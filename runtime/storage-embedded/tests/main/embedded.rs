use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use lambent_storage::contract::{self, samples};
use lambent_storage::{
    CompleteUpload, Condition, Expected, LogQuery, ObjectError, PutObject, StorageError, Stores,
};
use lambent_storage_embedded::{DataDir, OpenError, Options};
use lambent_types::{Digest, ErrorCode, Origin, Package, SystemClock};
use rusqlite::Connection;

fn open(path: &Path) -> Stores {
    lambent_storage_embedded::open(
        &DataDir::open(path).unwrap(),
        Options::default(),
        Arc::new(SystemClock),
    )
    .unwrap()
}

fn refused(path: &Path) -> OpenError {
    match lambent_storage_embedded::open(
        &DataDir::open(path).unwrap(),
        Options::default(),
        Arc::new(SystemClock),
    ) {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    contract::check_tables(&stores).await;
    contract::check_registry(stores.registry).await;
    contract::check_code(stores.code).await;
    contract::check_logs(stores.logs).await;
    contract::check_objects(stores.objects).await;
    contract::check_keyvalue(stores.keyvalue).await;
    contract::check_queues(stores.queues).await;
    contract::check_event_log(stores.events).await;
    contract::check_usage(stores.usage).await;
}

/// With nothing in memory, and with so little that entries come and go.
#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract_with_hardly_any_cache() {
    for cache_bytes in [0, 4096] {
        let home = tempfile::tempdir().unwrap();
        let options = Options { cache_bytes, ..Options::default() };
        let stores = lambent_storage_embedded::open(
            &DataDir::open(home.path()).unwrap(),
            options,
            Arc::new(SystemClock),
        )
        .unwrap();
        contract::check_registry(stores.registry).await;
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let home = tempfile::tempdir().unwrap();
    let (ns, f, code) = (samples::namespace("ns"), samples::name("F"), Bytes::from("code"));
    let digest = Digest::of(&code);
    let stores = open(home.path());
    stores.code.put(digest, code.clone()).await.unwrap();
    stores.registry.put(samples::head(&ns, &f, "code"), None).await.unwrap();
    stores.registry.publish(&ns, &f, None).await.unwrap();
    let version = stores.registry.publish(&ns, &f, None).await.unwrap();
    stores.registry.delete_version(&ns, &f, 1).await.unwrap();
    let function = stores.registry.function(&ns, &f).await.unwrap();
    let gone = samples::name("gone");
    let deleted = stores.registry.put(samples::head(&ns, &gone, "x"), None).await.unwrap();
    stores.registry.delete(&ns, &gone, None).await.unwrap();
    let record = samples::record(&ns, &f, "line");
    stores.logs.append(record.clone());
    // Not flushed: closing writes what is queued.
    drop(stores);

    let stores = open(home.path());
    assert_eq!(stores.code.get(digest).await.unwrap(), Some(code));
    assert_eq!(stores.registry.function(&ns, &f).await.unwrap(), function);
    assert_eq!(stores.registry.version(&ns, &f, 1).await.unwrap(), None);
    assert_eq!(stores.registry.version(&ns, &f, 2).await.unwrap(), Some(version));
    assert_eq!(stores.registry.function(&ns, &gone).await.unwrap(), None);
    let page = stores.logs.query(LogQuery::new(ns.clone(), f.clone())).await.unwrap();
    assert_eq!(page.records, [(1, record)]);

    // Neither numbers nor revisions start again.
    stores.registry.publish(&ns, &f, None).await.unwrap();
    assert_eq!(stores.registry.function(&ns, &f).await.unwrap().unwrap().last_version, 3);
    let again = stores.registry.put(samples::head(&ns, &gone, "x"), Some(Expected::Absent)).await;
    assert!(again.unwrap().revision > deleted.revision);
}

/// What is in the files at any moment is what a crash would leave.
#[tokio::test]
async fn a_copy_of_the_files_has_every_acknowledged_change() {
    let home = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let (ns, f) = (samples::namespace("ns"), samples::name("f"));
    let stores = open(home.path());
    let written = stores.registry.put(samples::head(&ns, &f, "code"), None).await.unwrap();
    for file in ["format", "control.db", "control.db-wal"] {
        std::fs::copy(home.path().join(file), crashed.path().join(file)).unwrap();
    }
    let recovered = open(crashed.path());
    assert_eq!(recovered.registry.function(&ns, &f).await.unwrap(), Some(written));
}

#[tokio::test]
async fn the_directory_is_locked_as_long_as_any_store_is_open() {
    let home = tempfile::tempdir().unwrap();
    let Stores { logs, .. } = open(home.path());
    assert!(matches!(DataDir::open(home.path()), Err(OpenError::Locked { .. })));
    drop(logs);
    DataDir::open(home.path()).unwrap();
}

#[tokio::test]
async fn damaged_code_is_detected_and_can_be_uploaded_again() {
    let home = tempfile::tempdir().unwrap();
    let code = Bytes::from_static(b"some code");
    let digest = Digest::of(&code);
    let stores = open(home.path());
    stores.code.put(digest, code.clone()).await.unwrap();
    let text = digest.to_string();
    let file = home.path().join("code").join(&text[..2]).join(format!("{text}.wasm"));
    std::fs::write(&file, b"some cope").unwrap();
    let error = stores.code.get(digest).await.unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    stores.code.put(digest, code.clone()).await.unwrap();
    assert_eq!(stores.code.get(digest).await.unwrap(), Some(code));
}

#[tokio::test]
async fn uploads_that_were_cut_short_are_cleared_away() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()));
    let left = home.path().join("code/incoming/0");
    std::fs::write(&left, b"half").unwrap();
    let stores = open(home.path());
    assert!(!left.exists());
    assert!(stores.code.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_row_is_detected_and_harms_no_other() {
    let home = tempfile::tempdir().unwrap();
    let (ns, f, g) = (samples::namespace("ns"), samples::name("f"), samples::name("g"));
    let stores = open(home.path());
    for name in [&f, &g] {
        stores.registry.put(samples::head(&ns, name, "code"), None).await.unwrap();
        stores.registry.publish(&ns, name, None).await.unwrap();
    }
    drop(stores);
    let database = Connection::open(home.path().join("control.db")).unwrap();
    database
        .execute("UPDATE function SET body = replace(body, 'code', 'cope') WHERE name = 'f'", [])
        .unwrap();
    let other = Digest::of(b"other");
    database
        .execute("UPDATE version SET digest = ?1 WHERE function = 2", [other.as_bytes()])
        .unwrap();
    drop(database);

    let stores = open(home.path());
    let error = stores.registry.function(&ns, &f).await.unwrap_err();
    assert!(error.to_string().contains("function \"f\" of namespace \"ns\""), "{error}");
    assert_eq!(lambent_types::Error::from(error).code(), ErrorCode::Internal);
    let error = stores.registry.put(samples::head(&ns, &f, "x"), None).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert!(stores.registry.function(&ns, &g).await.unwrap().is_some());
    let error = stores.registry.version(&ns, &g, 1).await.unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    stores.registry.put(samples::head(&ns, &g, "y"), None).await.unwrap();
    // So that nothing is collected on the word of a damaged row.
    assert!(stores.registry.digests().await.is_err());
}

#[tokio::test]
async fn databases_that_cannot_be_used_are_refused() {
    for (file, version) in [("control.db", 4), ("logs.db", 3)] {
        let home = tempfile::tempdir().unwrap();
        drop(open(home.path()));
        let path = home.path().join(file);
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = refused(home.path());
        assert!(matches!(
            error,
            OpenError::NewerFormat { found: 99, supported, .. } if supported == version
        ));
        assert!(error.to_string().contains(file), "{error}");

        std::fs::write(&path, "this is no database, whatever its name says".repeat(100)).unwrap();
        let error = refused(home.path());
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(file), "{error}");
    }
}

#[tokio::test]
async fn the_schema_is_the_documented_one() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()));
    let database = Connection::open(home.path().join("control.db")).unwrap();
    let mode: String = database.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let strict: i64 = database
        .query_row(
            "SELECT count(*) FROM pragma_table_list WHERE strict AND schema = 'main'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(strict, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_share_commits() {
    let home = tempfile::tempdir().unwrap();
    let stores = open(home.path());
    let ns = samples::namespace("ns");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let (registry, ns) = (Arc::clone(&stores.registry), ns.clone());
        tasks.spawn(async move {
            let f = samples::name(&format!("f{number}"));
            registry.put(samples::head(&ns, &f, "code"), None).await.unwrap();
        });
    }
    tasks.join_all().await;
    drop(stores);
    let stores = open(home.path());
    assert_eq!(stores.registry.list(&ns, None, 1000).await.unwrap().len(), 500);
}

/// Before `package_use`, packages were found by a column, and what was added to them not at all.
#[tokio::test]
async fn packages_of_the_schema_before_their_table_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let (ns, f) = (samples::namespace("ns"), samples::name("f"));
    let [files, added] = ["files", "added"].map(|text| Digest::of(text.as_bytes()));
    let stores = open(home.path());
    let mut head = samples::head(&ns, &f, "runtime");
    head.code.package = Some(Package { digest: files, bytes: 5 });
    head.code.added = Some(Package { digest: added, bytes: 5 });
    stores.registry.put(head, None).await.unwrap();
    stores.registry.publish(&ns, &f, None).await.unwrap();
    stores.registry.put(samples::head(&ns, &f, "component"), None).await.unwrap();
    stores.registry.put(samples::head(&ns, &samples::name("g"), "component"), None).await.unwrap();
    drop(stores);

    let database = Connection::open(home.path().join("control.db")).unwrap();
    let undo = "DROP TABLE package_use;
        ALTER TABLE function ADD COLUMN package BLOB;
        ALTER TABLE version ADD COLUMN package BLOB;
        CREATE INDEX function_package ON function (package) WHERE package IS NOT NULL;
        CREATE INDEX version_package ON version (package) WHERE package IS NOT NULL;";
    database.execute_batch(undo).unwrap();
    database.pragma_update(None, "user_version", 3).unwrap();
    drop(database);

    let stores = open(home.path());
    for digest in [files, added] {
        assert!(stores.registry.refers_to(digest).await.unwrap());
    }
    stores.registry.delete_version(&ns, &f, 1).await.unwrap();
    for digest in [files, added] {
        assert!(!stores.registry.refers_to(digest).await.unwrap());
    }
}

/// Rows of schema version 8, which had no header fields, are those that are
/// written now where there are none.
#[tokio::test]
async fn objects_of_the_schema_before_header_fields_are_read() {
    let home = tempfile::tempdir().unwrap();
    let (ns, bucket, origin) =
        (samples::namespace("ns"), "bucket".parse().unwrap(), Origin::default());
    let bytes = || futures::stream::iter([Ok(Bytes::from("hello"))]).boxed();
    let stores = open(home.path());
    let objects = &stores.objects;
    objects.create_bucket(&ns, &bucket).await.unwrap();
    let put = PutObject { condition: Condition::Absent, ..PutObject::default() };
    let written = objects.put(&ns, &bucket, "k", put.clone(), bytes(), &origin).await.unwrap();
    let upload = objects.begin_upload(&ns, &bucket, "k", put).await.unwrap();
    drop(stores);

    let file = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| {
        path.file_name().is_some_and(|name| name.to_str().unwrap().starts_with("shard-"))
            && path.extension().is_some_and(|extension| extension == "db")
    });
    let database = Connection::open(file.unwrap()).unwrap();
    let body = |table: &str| -> String {
        database.query_row(&format!("SELECT body FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    let old = format!(
        "{{\"size\":5,\"etag\":\"5d41402abc4b2a76b9719d911017c592\",\"modified\":\"{}\",\"sequence\":1}}",
        written.modified
    );
    assert_eq!(body("object"), old);
    let old = format!(
        "{{\"key\":\"k\",\"put\":{{\"content_type\":null,\"metadata\":{{}},\
         \"condition\":\"absent\"}},\"started\":\"{}\"}}",
        upload.started
    );
    assert_eq!(body("upload"), old);
    // What the migrations after it made, undone.
    let undo = "DROP TABLE table_; DROP TABLE table_count; DROP TABLE item; DROP TABLE item_index;
        DROP TABLE item_expiry; DROP TABLE item_trash; DROP TABLE transaction_token;
        DROP TABLE stream; DROP TABLE stream_tail; DROP TABLE stream_mark;
        DROP TABLE stream_record; DROP TABLE stream_checkpoint;
        DROP TABLE table_backup; DROP TABLE table_restore;
        ALTER TABLE piece DROP COLUMN client_checksum;
        ALTER TABLE bucket DROP COLUMN versioning;
        DROP TABLE version;
        DROP TABLE resource;
        ALTER TABLE message DROP COLUMN first;
        CREATE TABLE trigger_ (namespace, key, line, body, checksum);
        CREATE TABLE schedule (namespace, key, next, revision, body, checksum);";
    database.execute_batch(undo).unwrap();
    database.pragma_update(None, "user_version", 8).unwrap();
    drop(database);

    let stores = open(home.path());
    let objects = &stores.objects;
    assert_eq!(objects.head(&ns, &bucket, "k").await.unwrap(), written);
    let part = objects.put_part(&ns, &bucket, &upload.id, 1.into(), bytes()).await.unwrap();
    let parts = [(1, part.etag)];
    let complete = objects.complete_upload(
        &ns,
        &bucket,
        &upload.id,
        CompleteUpload::of(&parts, Condition::None),
        &origin,
    );
    assert!(matches!(complete.await, Err(ObjectError::Condition { .. })));
}
