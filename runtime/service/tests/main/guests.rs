//! Functions as principals, and the records of what was done.

use std::io;
use std::sync::{Arc, Mutex};

use lambent_service::{DataPlane, DataScope, Operation, Principal};
use lambent_storage::contract::samples;
use lambent_storage::{
    Change, Expect, MoveBack, NewMessage, PutObject, QueueAttributes, SetOptions,
};
use lambent_types::{
    Access, BucketName, ErrorCode, Grants, KeyspaceName, Origin, QueueName, TableName, bounds,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

use crate::fixture::Fixture;

/// What function `f` with these grants may do over the fixture's stores.
fn guest(
    fixture: &Fixture,
    namespace: &str,
    grants: serde_json::Value,
    origin: Origin,
) -> DataScope {
    let mut function = samples::head(&samples::namespace(namespace), &samples::name("f"), "code");
    function.configuration.grants = serde_json::from_value::<Grants>(grants).unwrap();
    let data = Arc::new(DataPlane::new(fixture.stores.clone(), CancellationToken::new()));
    data.function_scope(Arc::new(function), origin)
}

/// A function of the default namespace with these grants.
pub(crate) fn guest_of(fixture: &Fixture, grants: serde_json::Value) -> DataScope {
    guest(fixture, "default", grants, Origin::default())
}

fn set(key: &str) -> Vec<Change> {
    let options = SetOptions { expect: Expect::Any, ttl: None };
    vec![Change::Set { key: key.into(), value: "v".into(), options }]
}

#[tokio::test]
async fn a_function_may_do_what_its_grants_say_and_nothing_else() {
    let fixture = Fixture::new().await;
    for name in ["granted", "other"] {
        fixture.scope.handle::<BucketName>(name).unwrap().create().await.unwrap();
        fixture.scope.handle::<KeyspaceName>(name).unwrap().create().await.unwrap();
        fixture.table(name).await;
        fixture
            .scope
            .handle::<QueueName>(name)
            .unwrap()
            .put(QueueAttributes::default())
            .await
            .unwrap();
    }
    for granted in [None, Some(Access::Read), Some(Access::Write), Some(Access::ReadWrite)] {
        let grants = match granted {
            None => json!({}),
            Some(access) => {
                let of_one = json!({ "granted": access });
                json!({
                    "buckets": of_one, "keyspaces": of_one, "queues": of_one, "tables": of_one,
                })
            }
        };
        let scope = guest(&fixture, "default", grants, Origin::default());
        for &operation in Operation::ALL {
            let checks = async |name: &str| {
                [
                    scope.handle::<BucketName>(name).unwrap().check(operation).await,
                    scope.handle::<KeyspaceName>(name).unwrap().check(operation).await,
                    scope.handle::<QueueName>(name).unwrap().check(operation).await,
                    scope.handle::<TableName>(name).unwrap().check(operation).await,
                ]
            };
            let wanted = operation.access();
            let may =
                granted.is_some_and(|granted| wanted.is_none_or(|wanted| granted.allows(wanted)));
            for check in checks("granted").await {
                assert_eq!(check.is_ok(), may, "{granted:?} {operation:?}");
            }
            for check in checks("other").await {
                let refused = check.unwrap_err();
                assert_eq!(refused.code(), ErrorCode::Forbidden, "{operation:?}");
                assert!(refused.detail().contains("[functions.f.grants."), "{refused}");
                assert!(!refused.detail().contains("does not exist"), "{refused}");
            }
            for check in checks("nowhere").await {
                let detail = check.unwrap_err().detail().to_owned();
                assert!(detail.contains("does not exist either; create it: lambent "), "{detail}");
            }
        }
    }
}

/// The operations themselves check, not only who asks before.
#[tokio::test]
async fn operations_that_were_not_granted_do_nothing() {
    let fixture = Fixture::new().await;
    let root = &fixture.scope;
    root.handle::<BucketName>("data").unwrap().create().await.unwrap();
    root.handle::<KeyspaceName>("data").unwrap().create().await.unwrap();
    root.handle::<QueueName>("data").unwrap().put(QueueAttributes::default()).await.unwrap();
    let none = guest(&fixture, "default", json!({}), Origin::default());
    let (bucket, keys) =
        (none.handle::<BucketName>("data").unwrap(), none.handle::<KeyspaceName>("data").unwrap());
    let queue = none.handle::<QueueName>("data").unwrap();
    let message = NewMessage { body: "m".into(), ..NewMessage::default() };
    let bytes = || Box::pin(futures::stream::once(async { Ok("b".into()) }));
    let refused = [
        bucket.describe().await.err(),
        bucket.clear().await.err(),
        bucket.head("o").await.err(),
        bucket.write("o", PutObject::default(), bytes()).await.err(),
        bucket.put("o", PutObject::default(), bytes()).await.err(),
        bucket.delete().await.err(),
        keys.find("k").await.err(),
        keys.apply(set("k")).await.err(),
        keys.increment("k", 1).await.err(),
        queue.send(vec![message]).await.err(),
        queue.purge().await.err(),
    ];
    for error in refused {
        assert_eq!(error.unwrap().code(), ErrorCode::Forbidden);
    }
    assert!(root.handle::<KeyspaceName>("data").unwrap().find("k").await.unwrap().is_none());
    assert_eq!(root.handle::<QueueName>("data").unwrap().depth().await.unwrap().ready, 0);
    // The same name in its own namespace is another keyspace, and nobody has created it.
    let elsewhere = json!({ "keyspaces": { "data": "read-write" } });
    let stranger = guest(&fixture, "elsewhere", elsewhere, Origin::default());
    let error = stranger.handle::<KeyspaceName>("data").unwrap().find("k").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::KeyspaceNotFound);
    assert!(error.detail().ends_with("lambent keyspace create data"), "{error}");
}

#[tokio::test]
async fn a_function_opens_no_clients_scope_of_another_namespace() {
    let fixture = Fixture::new().await;
    fixture.scope.put_namespace("other", None).await.unwrap();
    let function = samples::head(&samples::namespace("default"), &samples::name("f"), "code");
    let principal = Principal::Function(Arc::new(function));
    assert!(!principal.may_administer());
    let other = Some("other".parse().unwrap());
    let refused = fixture.service.scope(principal, other, Origin::default()).await;
    assert_eq!(refused.err().unwrap().code(), ErrorCode::Forbidden);
}

#[tokio::test]
async fn changes_come_from_the_function_that_makes_them() {
    let fixture = Fixture::new().await;
    fixture.scope.handle::<KeyspaceName>("data").unwrap().create().await.unwrap();
    let grants = json!({ "keyspaces": { "data": "read-write" } });
    let mut origin = Origin::default();
    for _ in 0..bounds::RECURSION_MAX {
        let scope = guest(&fixture, "default", grants.clone(), origin.clone());
        scope.handle::<KeyspaceName>("data").unwrap().apply(set("k")).await.unwrap();
        origin = origin.enter(&samples::name("f")).unwrap();
    }
    let scope = guest(&fixture, "default", grants, origin);
    let keys = scope.handle::<KeyspaceName>("data").unwrap();
    assert_eq!(keys.apply(set("k")).await.unwrap_err().code(), ErrorCode::LoopDetected);
    assert!(keys.find("k").await.unwrap().is_some(), "reading leads to nothing");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn clients_changes_are_recorded_with_who_where_what_and_how_it_ended() {
    let lines = Lines::default();
    // For all threads: what a callsite that another test reached first is worth to a
    // subscriber of this thread alone is not asked again. Names tell them apart.
    let subscriber = tracing_subscriber::fmt().with_ansi(false).without_time();
    let subscriber = subscriber.with_writer(lines.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let fixture = Fixture::new().await;
    let root = &fixture.scope;
    let keys = root.handle::<KeyspaceName>("audited").unwrap();
    keys.create().await.unwrap();
    keys.apply(set("k")).await.unwrap();
    keys.find("k").await.unwrap();
    root.handle::<BucketName>("audited").unwrap().delete().await.unwrap_err();
    let grants = json!({ "keyspaces": { "audited": "write" } });
    let scope = guest(&fixture, "default", grants, Origin::default());
    scope.handle::<KeyspaceName>("audited").unwrap().apply(set("k")).await.unwrap();
    let queue = root.handle::<QueueName>("audited").unwrap();
    queue.put(QueueAttributes::default()).await.unwrap();
    queue.delete_messages(&[]).await.unwrap();
    let created = root.create_access_key(String::new(), None).await.unwrap();
    // What is deleted with a namespace is not recorded one by one.
    let within = fixture.scope_of("audited").await;
    within.handle::<KeyspaceName>("audited").unwrap().create().await.unwrap();
    root.delete_namespace("audited", true).await.unwrap();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let records: Vec<_> = text
        .lines()
        .filter(|line| line.contains("name=\"audited\""))
        .filter_map(|line| Some(line.split_once("lambent::audit: ")?.1))
        .collect();
    let key = format!("operation=\"create_access_key\" name=\"{}\"", created.key.id);
    assert!(text.contains(&key), "the record says which key: {text}");
    let record_in = |namespace: &str, operation: &str, outcome: &str| {
        format!(
            "principal=root namespace={namespace} operation=\"{operation}\" name=\"audited\" \
             outcome=\"{outcome}\""
        )
    };
    let record = |operation: &str, outcome: &str| record_in("default", operation, outcome);
    assert_eq!(
        records,
        [
            record("put_keyspace", "done"),
            record("change_keys", "done"),
            record("delete_bucket", "bucket-not-found"),
            record("put_queue", "done"),
            record("delete_messages", "done"),
            record("put_namespace", "done"),
            record_in("audited", "put_keyspace", "done"),
            record("delete_namespace", "done"),
        ]
    );
}

#[tokio::test]
async fn a_function_moves_messages_to_no_queue_that_it_may_not_send_to() {
    let fixture = Fixture::new().await;
    let [dead, other]: [QueueName; 2] = ["dead", "other"].map(|name| name.parse().unwrap());
    for name in [&dead, &other] {
        let queue = fixture.scope.handle::<QueueName>(name.as_ref()).unwrap();
        queue.put(QueueAttributes::default()).await.unwrap();
    }
    let redrive = async |grants: serde_json::Value, to: Option<&QueueName>| {
        let principal = guest_of(&fixture, grants).principal().clone();
        let scope = fixture.service.scope(principal, None, Origin::default()).await.unwrap();
        let what = MoveBack { limit: 10, to: to.cloned(), only: None, dry_run: false };
        scope.redrive(&dead, what).await.map_err(|error| error.code())
    };
    let one = json!({ "queues": { "dead": "read-write" } });
    assert_eq!(redrive(one.clone(), Some(&other)).await.unwrap_err(), ErrorCode::Forbidden);
    // Where they came from is not known beforehand.
    assert_eq!(redrive(one, None).await.unwrap_err(), ErrorCode::Forbidden);
    let both = json!({ "queues": { "dead": "read-write", "other": "write" } });
    assert_eq!(redrive(both, Some(&other)).await.unwrap().count, 0);
}
