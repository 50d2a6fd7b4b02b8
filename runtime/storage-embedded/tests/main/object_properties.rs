//! Random operations on the embedded backend, against the one in memory.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use lambent_storage::{
    ByteStream, CompleteUpload, Condition, ListObjects, Object, ObjectError, Objects, PutObject,
    Quota, Quotas, Stores,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{BucketName, ManualClock, Namespace, Origin};
use proptest::prelude::*;

/// One operation in one of two namespaces.
#[derive(Debug, Clone)]
enum Operation {
    Put(bool, String, Vec<u8>, Expect),
    Delete(bool, String, Expect),
    Get(bool, String, Option<(u64, u64)>),
    List(bool, ListObjects),
    Multipart(bool, String, Vec<(u32, Vec<u8>)>, u32),
}

/// Conditions by what is there, so that they often hold.
#[derive(Debug, Clone, Copy)]
enum Expect {
    Nothing,
    Absent,
    Current,
    Stale,
}

fn key() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "..",
        "../a",
        "/",
        "/etc/passwd",
        "\0",
        "a\0b",
        "a/b",
        "a/b/c",
        "a//",
        "é",
        "e\u{301}",
        "\u{10ffff}",
        "\u{202e}",
        "%2f",
        "a%",
        "a_",
    ]);
    prop_oneof![
        4 => nasty.prop_map(str::to_owned),
        2 => "[ab/]{1,4}",
        1 => any::<String>().prop_filter("a key has 1 to 1024 bytes", |key| {
            (1..=1024).contains(&key.len())
        }),
    ]
}

fn expect() -> impl Strategy<Value = Expect> {
    prop::sample::select(vec![
        Expect::Nothing,
        Expect::Nothing,
        Expect::Absent,
        Expect::Current,
        Expect::Stale,
    ])
}

fn operation() -> impl Strategy<Value = Operation> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let range = prop::option::of((0..50_u64, 0..60_u64));
    let list = (
        prop_oneof![Just(String::new()), key()],
        prop::option::of(prop::sample::select(vec!["/", "a", "//", "é"])),
        prop::option::of(key()),
        0..6_usize,
    );
    let list = list.prop_map(|(prefix, delimiter, after, limit)| ListObjects {
        prefix,
        delimiter: delimiter.map(str::to_owned),
        after,
        limit,
    });
    let parts = prop::collection::vec((0..4_u32, bytes()), 0..3);
    prop_oneof![
        4 => (any::<bool>(), key(), bytes(), expect())
            .prop_map(|(ns, key, bytes, expect)| Operation::Put(ns, key, bytes, expect)),
        2 => (any::<bool>(), key(), expect())
            .prop_map(|(ns, key, expect)| Operation::Delete(ns, key, expect)),
        2 => (any::<bool>(), key(), range)
            .prop_map(|(ns, key, range)| Operation::Get(ns, key, range)),
        3 => (any::<bool>(), list).prop_map(|(ns, list)| Operation::List(ns, list)),
        1 => (any::<bool>(), key(), parts, 0..4_u32)
            .prop_map(|(ns, key, parts, used)| Operation::Multipart(ns, key, parts, used)),
    ]
}

fn stream(bytes: &[u8]) -> ByteStream {
    let bytes = bytes.to_vec().into();
    futures::stream::once(async move { Ok(bytes) }).boxed()
}

/// What can be compared of an outcome: everything but what is random.
type Outcome = Result<String, String>;

fn told<T: std::fmt::Debug>(result: Result<T, ObjectError>) -> Outcome {
    result.map(|done| format!("{done:?}")).map_err(|error| format!("{error:?}"))
}

async fn condition(
    objects: &dyn Objects,
    (ns, b): (&Namespace, &BucketName),
    key: &str,
    expect: Expect,
) -> Condition {
    let current = objects.head(ns, b, key).await.ok().map(|object: Object| object.etag);
    match expect {
        Expect::Nothing => Condition::None,
        Expect::Absent => Condition::Absent,
        Expect::Current => current.map_or(Condition::Absent, Condition::Etag),
        Expect::Stale => Condition::Etag("stale".into()),
    }
}

async fn run(objects: &dyn Objects, b: &BucketName, operation: &Operation) -> Outcome {
    let origin = Origin::default();
    let namespace =
        |second: bool| -> Namespace { if second { "two" } else { "one" }.parse().unwrap() };
    match operation {
        Operation::Put(second, key, bytes, expect) => {
            let ns = namespace(*second);
            let condition = condition(objects, (&ns, b), key, *expect).await;
            let put = PutObject { condition, ..PutObject::default() };
            told(objects.put(&ns, b, key, put, stream(bytes), &origin).await)
        }
        Operation::Delete(second, key, expect) => {
            let ns = namespace(*second);
            let condition = condition(objects, (&ns, b), key, *expect).await;
            told(objects.delete(&ns, b, key, condition, &origin).await)
        }
        Operation::Get(second, key, range) => {
            let range = range.map(|(start, len)| start..start + len);
            match objects.get(&namespace(*second), b, key, range).await {
                Ok((object, bytes)) => {
                    let bytes = bytes.try_collect::<Vec<_>>().await.unwrap().concat();
                    Ok(format!("{object:?} {bytes:?}"))
                }
                Err(error) => Err(format!("{error:?}")),
            }
        }
        Operation::List(second, list) => {
            told(objects.list(&namespace(*second), b, list.clone()).await)
        }
        Operation::Multipart(second, key, parts, used) => {
            let ns = namespace(*second);
            let upload = match objects.begin_upload(&ns, b, key, PutObject::default()).await {
                Ok(upload) => upload,
                // An upload in progress counts as an object.
                Err(error) => return told::<()>(Err(error)),
            };
            let mut outcomes = Vec::new();
            for (number, bytes) in parts {
                let put =
                    objects.put_part(&ns, b, &upload.id, (*number).into(), stream(bytes)).await;
                outcomes.push(told(put));
            }
            let there = objects.parts(&ns, b, &upload.id).await.unwrap();
            let named: Vec<_> = there
                .iter()
                .filter(|part| part.number <= *used)
                .map(|part| (part.number, part.etag.clone()))
                .collect();
            let done = objects
                .complete_upload(
                    &ns,
                    b,
                    &upload.id,
                    CompleteUpload::of(&named, Condition::None),
                    &origin,
                )
                .await;
            if done.is_err() {
                objects.abort_upload(&ns, b, &upload.id).await.unwrap();
            }
            assert!(objects.uploads(&ns, b).await.unwrap().is_empty());
            told(done.map(|done| (outcomes, there, done)))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Both do the same, and neither namespace sees what the other does: in the
    /// reference each is a map of its own.
    #[test]
    fn any_operations_do_what_they_do_in_memory(
        operations in prop::collection::vec(operation(), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
            let home = tempfile::tempdir().unwrap();
            let data = DataDir::open(home.path()).unwrap();
            // Little enough to be reached.
            let quotas = Quotas::default().with(Quota::ObjectBytes, 200).with(Quota::Objects, 8);
            let options = Options { quotas, ..Options::default() };
            let stores = lambent_storage_embedded::open(&data, options, clock.clone()).unwrap();
            let reference = Stores::memory(clock.clone(), quotas);
            let b: BucketName = "photos".parse().unwrap();
            for namespace in ["one", "two"].map(|name| name.parse::<Namespace>().unwrap()) {
                stores.objects.create_bucket(&namespace, &b).await.unwrap();
                reference.objects.create_bucket(&namespace, &b).await.unwrap();
            }
            for operation in &operations {
                clock.advance(std::time::Duration::from_secs(1));
                let expected = run(&*reference.objects, &b, operation).await;
                let found = run(&*stores.objects, &b, operation).await;
                prop_assert_eq!(found, expected, "{:?}", operation);
            }
            Ok(())
        })?;
    }
}
