pub(super) mod concurrency;
pub(super) mod copies;
pub(super) mod listing;
pub(super) mod multipart;
pub(super) mod streams;
pub(super) mod versions;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use lambent_types::{BucketName, Namespace, Origin, Precondition, bounds};

use super::samples::namespace;
use crate::objects::{
    ByteStream, CompleteUpload, Condition, Object, ObjectError, Objects, PutObject,
};
use crate::quota::Quota;

/// The bytes as a stream of one chunk.
fn stream(bytes: impl Into<Bytes>) -> ByteStream {
    let bytes = bytes.into();
    futures::stream::once(async move { Ok(bytes) }).boxed()
}

async fn collect(stream: ByteStream) -> Vec<u8> {
    stream.try_collect::<Vec<_>>().await.unwrap().concat()
}

fn bucket(text: &str) -> BucketName {
    text.parse().unwrap()
}

/// A new bucket in a namespace of its own.
async fn fresh(objects: &dyn Objects, namespace_: &str) -> (Namespace, BucketName) {
    let (ns, b) = (namespace(namespace_), bucket("photos"));
    objects.create_bucket(&ns, &b).await.unwrap();
    (ns, b)
}

async fn put(
    objects: &dyn Objects,
    (ns, b): &(Namespace, BucketName),
    key: &str,
    bytes: &str,
) -> Object {
    let bytes = stream(bytes.to_owned());
    objects.put(ns, b, key, PutObject::default(), bytes, &Origin::default()).await.unwrap()
}

async fn read(
    objects: &dyn Objects,
    (ns, b): &(Namespace, BucketName),
    key: &str,
) -> Option<Vec<u8>> {
    match objects.get(ns, b, key, None).await {
        Ok((_, bytes)) => Some(collect(bytes).await),
        Err(ObjectError::NoObject) => None,
        Err(error) => panic!("{error}"),
    }
}

pub(super) async fn buckets_come_and_go(objects: &dyn Objects) {
    let (ns, other) = (namespace("contract-buckets"), namespace("contract-buckets2"));
    let (a, b) = (bucket("aaa"), bucket("b.b-1"));
    assert_eq!(objects.bucket(&ns, &a).await.unwrap(), None);
    assert!(matches!(objects.delete_bucket(&ns, &a).await, Err(ObjectError::NoBucket)));
    let created = objects.create_bucket(&ns, &b).await.unwrap();
    assert_eq!(created.name, b);
    assert!(matches!(objects.create_bucket(&ns, &b).await, Err(ObjectError::Exists)));
    let first = objects.create_bucket(&ns, &a).await.unwrap();
    assert_eq!(objects.buckets(&ns).await.unwrap(), [first, created.clone()]);
    assert_eq!(objects.bucket(&ns, &b).await.unwrap(), Some(created));
    // Names of namespaces are unique ignoring case; other namespaces see nothing.
    assert!(objects.bucket(&namespace("CONTRACT-buckets"), &b).await.unwrap().is_some());
    assert!(objects.buckets(&other).await.unwrap().is_empty());

    let place = (ns.clone(), b.clone());
    put(objects, &place, "k", "v").await;
    assert!(matches!(objects.delete_bucket(&ns, &b).await, Err(ObjectError::NotEmpty)));
    assert!(objects.delete(&ns, &b, "k", Condition::None, &Origin::default()).await.unwrap());
    let upload = objects.begin_upload(&ns, &b, "k", PutObject::default()).await.unwrap();
    assert!(matches!(objects.delete_bucket(&ns, &b).await, Err(ObjectError::NotEmpty)));
    objects.abort_upload(&ns, &b, &upload.id).await.unwrap();
    objects.delete_bucket(&ns, &b).await.unwrap();
    assert_eq!(objects.bucket(&ns, &b).await.unwrap(), None);
    assert!(matches!(objects.head(&ns, &b, "k").await, Err(ObjectError::NoBucket)));
}

pub(super) async fn an_object_is_kept_as_it_was_given(objects: &dyn Objects) {
    let place = fresh(objects, "contract-objects").await;
    let (ns, b) = &place;
    let origin = Origin::default();
    assert!(matches!(objects.head(ns, b, "k").await, Err(ObjectError::NoObject)));
    assert!(matches!(objects.get(ns, b, "k", None).await, Err(ObjectError::NoObject)));
    let details = PutObject {
        content_type: Some("text/plain; charset=utf-8".into()),
        headers: bounds::OBJECT_HEADERS.map(|name| (name.to_owned(), format!("of {name}"))).into(),
        metadata: [("who".to_owned(), "Zoë \u{1f600}".to_owned())].into(),
        condition: Condition::None,
        ..PutObject::default()
    };
    let chunks = ["hel", "", "lo"].map(|chunk| Ok(Bytes::from(chunk)));
    let chunks = futures::stream::iter(chunks).boxed();
    let object = objects.put(ns, b, "k", details.clone(), chunks, &origin).await.unwrap();
    assert_eq!(object.etag, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!((object.key.as_str(), object.size), ("k", 5));
    assert_eq!(object.content_type, details.content_type);
    assert_eq!((&object.headers, &object.metadata), (&details.headers, &details.metadata));
    assert_eq!(objects.head(ns, b, "k").await.unwrap(), object);
    let (found, bytes) = objects.get(ns, b, "k", None).await.unwrap();
    assert_eq!((found, collect(bytes).await), (object.clone(), b"hello".to_vec()));

    // Replacing it leaves nothing of it.
    let empty = put(objects, &place, "k", "").await;
    assert_eq!(empty.etag, "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!((empty.size, empty.content_type.as_deref()), (0, None));
    assert!(empty.headers.is_empty() && empty.metadata.is_empty());
    assert!(empty.sequence > object.sequence);
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"");

    assert!(objects.delete(ns, b, "k", Condition::None, &origin).await.unwrap());
    assert!(!objects.delete(ns, b, "k", Condition::None, &origin).await.unwrap());
    assert_eq!(read(objects, &place, "k").await, None);
    // Also a deletion counts, so that what comes after it is known to be later.
    assert!(put(objects, &place, "k", "x").await.sequence > empty.sequence + 1);
}

pub(super) async fn conditions_are_enforced(objects: &dyn Objects) {
    let place = fresh(objects, "contract-conditions").await;
    let (ns, b) = &place;
    let origin = &Origin::default();
    let write = async |condition: Condition, bytes: &'static str| {
        let details = PutObject { condition, ..PutObject::default() };
        objects.put(ns, b, "k", details, stream(bytes), origin).await
    };
    let refused = |result: Result<Object, ObjectError>, etag: Option<&str>| match result {
        Err(ObjectError::Condition { key, current }) => {
            assert_eq!((key.as_str(), current.as_deref()), ("k", etag));
        }
        other => panic!("{other:?}"),
    };
    refused(write(Condition::Etag("x".into()), "0").await, None);
    let one = write(Condition::Absent, "1").await.unwrap();
    refused(write(Condition::Absent, "2").await, Some(&one.etag));
    refused(write(Condition::Etag("x".into()), "2").await, Some(&one.etag));
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"1");
    let two = write(Condition::Etag(one.etag.clone()), "2").await.unwrap();
    let stale = Condition::Etag(one.etag);
    let kept = objects.delete(ns, b, "k", stale.clone(), origin).await.map(|_| two.clone());
    refused(kept, Some(&two.etag));
    assert!(objects.delete(ns, b, "k", Condition::Etag(two.etag.clone()), origin).await.unwrap());
    refused(objects.delete(ns, b, "k", stale, origin).await.map(|_| two.clone()), None);
    assert!(!objects.delete(ns, b, "k", Condition::Absent, origin).await.unwrap());
}

pub(super) async fn conditions_of_header_fields_are_enforced(objects: &dyn Objects) {
    let place = fresh(objects, "contract-preconditions").await;
    let (ns, b) = &place;
    let origin = &Origin::default();
    let matching = |tags: &str| Precondition {
        if_match: Some(tags.parse().unwrap()),
        ..Precondition::default()
    };
    let since = |time: Timestamp| Precondition {
        if_unmodified_since: Some(time),
        ..Precondition::default()
    };
    let write = async |precondition: &Precondition| {
        let condition = Condition::When(precondition.clone());
        let put = PutObject { condition, ..PutObject::default() };
        objects.put(ns, b, "k", put, stream("x"), origin).await
    };
    let refused = async |precondition: &Precondition| {
        let written = write(precondition).await;
        assert!(matches!(written, Err(ObjectError::Condition { .. })), "{written:?}");
        let condition = Condition::When(precondition.clone());
        let deleted = objects.delete(ns, b, "k", condition, origin).await;
        assert!(matches!(deleted, Err(ObjectError::Condition { .. })), "{deleted:?}");
    };
    refused(&matching("*")).await;
    let one = write(&Precondition::default()).await.unwrap();
    let earlier = since(one.modified - SignedDuration::from_secs(1));
    let weak = matching(&format!("W/\"{}\"", one.etag));
    for stale in [&earlier, &weak, &matching("\"a\", \"b\"")] {
        refused(stale).await;
    }
    for good in [since(one.modified), matching("*"), matching(&format!("\"a\", \"{}\"", one.etag))]
    {
        write(&good).await.unwrap();
    }
    let condition = Condition::When(matching("*"));
    assert!(objects.delete(ns, b, "k", condition, origin).await.unwrap());
}

/// Keys that would be something else to a file system, a database or a URL.
pub(super) const NASTY: [&str; 16] = [
    "..",
    "../../../../etc/passwd",
    "/etc/passwd",
    "a//b/./c/..",
    "C:\\Windows\\con",
    "\0",
    "nul\0in\u{1}side\r\n\t\u{7f}",
    "'; DROP TABLE object; --",
    "%2e%2e%2f?a=b#c",
    " ",
    "e\u{301}",
    "\u{e9}",
    "\u{202e}gnp.exe",
    "\u{feff}\u{fffd}\u{10ffff}",
    "👩‍👩‍👧‍👦",
    "photo",
];

pub(super) async fn any_key_is_kept_exactly(objects: &dyn Objects) {
    let place = fresh(objects, "contract-keys").await;
    let (ns, b) = &place;
    let longest = "é".repeat(bounds::OBJECT_KEY_BYTES_MAX / 2);
    let mut keys: Vec<&str> = NASTY.into_iter().chain(["PHOTO", &longest]).collect();
    for key in &keys {
        put(objects, &place, key, key).await;
    }
    keys.sort_unstable();
    let page = objects.list(ns, b, listing::all()).await.unwrap();
    assert_eq!(page.objects.iter().map(|object| &object.key).collect::<Vec<_>>(), keys);
    for key in &keys {
        assert_eq!(read(objects, &place, key).await.unwrap(), key.as_bytes());
        let deleted = objects.delete(ns, b, key, Condition::None, &Origin::default()).await;
        assert!(deleted.unwrap());
        assert_eq!(read(objects, &place, key).await, None);
    }
    assert!(objects.list(ns, b, listing::all()).await.unwrap().objects.is_empty());
}

pub(super) async fn what_is_out_of_bounds_is_refused(objects: &dyn Objects) {
    let (ns, b) = fresh(objects, "contract-bounds").await;
    let invalid = async |key: &str, put: PutObject, says: &str| {
        let origin = &Origin::default();
        match objects.put(&ns, &b, key, put.clone(), stream("x"), origin).await {
            Err(ObjectError::Invalid(text)) => assert!(text.contains(says), "{text}"),
            other => panic!("{other:?}"),
        }
        let begun = objects.begin_upload(&ns, &b, key, put).await;
        assert!(matches!(begun, Err(ObjectError::Invalid(_))), "{begun:?}");
    };
    let with = |name: &str, value: &str| PutObject {
        metadata: [(name.to_owned(), value.to_owned())].into(),
        ..PutObject::default()
    };
    let typed = |text: &str| PutObject { content_type: Some(text.into()), ..PutObject::default() };
    invalid("", PutObject::default(), "empty").await;
    let long = "x".repeat(bounds::OBJECT_KEY_BYTES_MAX + 1);
    invalid(&long, PutObject::default(), "1025 bytes").await;
    invalid("k", with("n", &"x".repeat(2048)), "2049 bytes").await;
    invalid("k", with("Name", "v"), "Name").await;
    invalid("k", with("", "v"), "name").await;
    invalid("k", with("n", "a\r\nb"), "control").await;
    invalid("k", typed(""), "content type").await;
    invalid("k", typed("text/plain\r\nx: y"), "control").await;
    assert!(objects.list(&ns, &b, listing::all()).await.unwrap().objects.is_empty());
    let put = objects
        .put(&ns, &b, "k", with("n", &"x".repeat(2047)), stream("x"), &Origin::default())
        .await;
    assert_eq!(put.unwrap().metadata["n"].len(), 2047);
}

pub(super) async fn a_bucket_that_is_not_there_is_said_so(objects: &dyn Objects) {
    let (ns, b) = (namespace("contract-nobucket"), bucket("none"));
    let origin = &Origin::default();
    let none = |result: Result<(), ObjectError>| {
        assert!(matches!(result, Err(ObjectError::NoBucket)), "{result:?}");
    };
    let put = PutObject::default;
    none(objects.put(&ns, &b, "k", put(), stream("x"), origin).await.map(drop));
    none(objects.head(&ns, &b, "k").await.map(drop));
    none(objects.get(&ns, &b, "k", None).await.map(drop));
    none(objects.delete(&ns, &b, "k", Condition::None, origin).await.map(drop));
    none(objects.list(&ns, &b, listing::all()).await.map(drop));
    none(objects.begin_upload(&ns, &b, "k", put()).await.map(drop));
    none(objects.put_part(&ns, &b, "u", 1.into(), stream("x")).await.map(drop));
    none(objects.parts(&ns, &b, "u").await.map(drop));
    none(
        objects
            .complete_upload(&ns, &b, "u", CompleteUpload::of(&[], Condition::None), origin)
            .await
            .map(drop),
    );
    none(objects.abort_upload(&ns, &b, "u").await);
    none(objects.uploads(&ns, &b).await.map(drop));
}

pub(super) async fn namespaces_see_nothing_of_each_other(objects: &dyn Objects) {
    let one = fresh(objects, "contract-one").await;
    let two = fresh(objects, "contract-two").await;
    put(objects, &one, "k", "one").await;
    assert_eq!(read(objects, &two, "k").await, None);
    put(objects, &two, "k", "two").await;
    assert_eq!(read(objects, &one, "k").await.unwrap(), b"one");
    let upload = objects.begin_upload(&one.0, &one.1, "k", PutObject::default()).await.unwrap();
    let taken = objects.put_part(&two.0, &two.1, &upload.id, 1.into(), stream("x")).await;
    assert!(matches!(taken, Err(ObjectError::NoUpload)), "{taken:?}");
    assert!(objects.uploads(&two.0, &two.1).await.unwrap().is_empty());
    // Nor does a bucket of the same namespace.
    let other = bucket("other");
    objects.create_bucket(&one.0, &other).await.unwrap();
    let taken = objects.parts(&one.0, &other, &upload.id).await;
    assert!(matches!(taken, Err(ObjectError::NoUpload)), "{taken:?}");
    objects.delete(&two.0, &two.1, "k", Condition::None, &Origin::default()).await.unwrap();
    assert_eq!(read(objects, &one, "k").await.unwrap(), b"one");
}

pub(super) async fn quotas_are_enforced(objects: &dyn Objects) {
    let place = fresh(objects, "contract-quota").await;
    let (ns, b) = &place;
    let origin = &Origin::default();
    let write = async |key: &str, len: usize| {
        let bytes = stream(vec![1; len]);
        objects.put(ns, b, key, PutObject::default(), bytes, origin).await.map(drop)
    };
    let refused = |result: Result<(), ObjectError>, quota: Quota, wanted: u64| match result {
        Err(ObjectError::Quota(error)) => assert_eq!((error.quota, error.wanted), (quota, wanted)),
        other => panic!("{other:?}"),
    };
    write("a", 6).await.unwrap();
    refused(write("b", 5).await, Quota::ObjectBytes, 11);
    // What is replaced makes room.
    write("a", 10).await.unwrap();
    refused(write("a", 11).await, Quota::ObjectBytes, 11);
    write("a", 3).await.unwrap();
    let upload = objects.begin_upload(ns, b, "c", PutObject::default()).await.unwrap();
    let id = &upload.id;
    let part = objects.put_part(ns, b, id, 1.into(), stream("1234567")).await.unwrap();
    refused(write("b", 0).await, Quota::Objects, 4);
    let more = objects.put_part(ns, b, id, 2.into(), stream("")).await.map(drop);
    refused(more, Quota::Objects, 4);
    let more = objects.begin_upload(ns, b, "d", PutObject::default()).await.map(drop);
    refused(more, Quota::Objects, 4);
    objects
        .complete_upload(ns, b, id, CompleteUpload::of(&[(1, part.etag)], Condition::None), origin)
        .await
        .unwrap();
    // The upload and its part have become one object.
    write("b", 0).await.unwrap();
    refused(write("d", 0).await, Quota::Objects, 4);
    for key in ["a", "b"] {
        assert!(objects.delete(ns, b, key, Condition::None, origin).await.unwrap());
    }
    let upload = objects.begin_upload(ns, b, "c", PutObject::default()).await.unwrap();
    objects.put_part(ns, b, &upload.id, 1.into(), stream("123")).await.unwrap();
    objects.abort_upload(ns, b, &upload.id).await.unwrap();
    write("a", 3).await.unwrap();
    objects.delete(ns, b, "a", Condition::None, origin).await.unwrap();
    // Each namespace has its own.
    objects.create_bucket(ns, &bucket("second")).await.unwrap();
    refused(objects.create_bucket(ns, &bucket("third")).await.map(drop), Quota::Buckets, 3);
    fresh(objects, "contract-quota2").await;
    objects.delete_bucket(ns, &bucket("second")).await.unwrap();
    objects.create_bucket(ns, &bucket("third")).await.unwrap();
}
