use std::io::{Error, ErrorKind};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use lambent_types::{Origin, bounds};

use super::{collect, fresh, listing, put, read};
use crate::objects::{ByteStream, CompleteUpload, Condition, ObjectError, Objects, PutObject};

/// Odd sizes of chunks, so that no boundary of a backend falls on one of theirs.
const CHUNK: usize = 100_003;

/// Bytes that repeat nowhere near, from `start` on.
fn pattern(start: u64, len: usize) -> Vec<u8> {
    let byte = |at: u64| ((at / 8).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (at % 8 * 8)) as u8;
    (start..start + len as u64).map(byte).collect()
}

fn long(size: u64) -> ByteStream {
    let chunks = (0..size).step_by(CHUNK).map(move |at| {
        let len = (size - at).min(CHUNK as u64) as usize;
        Ok(Bytes::from(pattern(at, len)))
    });
    futures::stream::iter(chunks).boxed()
}

pub(in crate::contract) async fn ranges_are_read(objects: &dyn Objects) {
    let place = fresh(objects, "contract-ranges").await;
    let (ns, b) = &place;
    let size = 3_500_000;
    let origin = &Origin::default();
    objects.put(ns, b, "long", PutObject::default(), long(size), origin).await.unwrap();
    assert!(read(objects, &place, "long").await.unwrap() == pattern(0, size as usize));
    let mib = 1 << 20;
    for range in
        [0..1, mib - 1..mib + 1, mib..2 * mib, 777_777..3_333_333, size - 1..u64::MAX, 5..5]
    {
        let (object, bytes) = objects.get(ns, b, "long", Some(range.clone())).await.unwrap();
        assert_eq!(object.size, size);
        let len = range.end.min(size) - range.start;
        assert!(collect(bytes).await == pattern(range.start, len as usize), "{range:?}");
    }
    put(objects, &place, "empty", "").await;
    for (key, start, end) in [("long", size, size + 1), ("empty", 0, 1)] {
        match objects.get(ns, b, key, Some(start..end)).await.map(|(object, _)| object) {
            Err(ObjectError::Range { size }) => assert_eq!(size, start),
            other => panic!("{other:?}"),
        }
    }
}

pub(in crate::contract) async fn readers_go_on_undisturbed(objects: &dyn Objects) {
    let place = fresh(objects, "contract-readers").await;
    let (ns, b) = &place;
    let origin = &Origin::default();
    let size = 4_000_000;
    objects.put(ns, b, "k", PutObject::default(), long(size), origin).await.unwrap();
    let upload = objects.begin_upload(ns, b, "parts", PutObject::default()).await.unwrap();
    let first = long(bounds::PART_BYTES_MIN);
    let first = objects.put_part(ns, b, &upload.id, 1.into(), first).await.unwrap();
    let last = objects.put_part(ns, b, &upload.id, 2.into(), long(size)).await.unwrap();
    let named = [(1, first.etag), (2, last.etag)];
    objects
        .complete_upload(ns, b, &upload.id, CompleteUpload::of(&named, Condition::None), origin)
        .await
        .unwrap();

    let (_, replaced) = objects.get(ns, b, "k", None).await.unwrap();
    let (_, mut deleted) = objects.get(ns, b, "parts", None).await.unwrap();
    let begin = deleted.next().await.unwrap().unwrap();
    put(objects, &place, "k", "new").await;
    assert!(objects.delete(ns, b, "parts", Condition::None, origin).await.unwrap());
    // Time for whoever deletes bytes in the background to do it too early.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(collect(replaced).await == pattern(0, size as usize));
    let rest = collect(deleted).await;
    let mut whole = pattern(0, bounds::PART_BYTES_MIN as usize);
    whole.extend(pattern(0, size as usize));
    assert!(whole.starts_with(&begin) && whole[begin.len()..] == rest);
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"new");
}

fn broken() -> ByteStream {
    let error = || Err(Error::new(ErrorKind::ConnectionReset, "the client went away"));
    long(2_500_000).chain(futures::stream::once(async move { error() })).boxed()
}

pub(in crate::contract) async fn bytes_that_end_early_leave_nothing(objects: &dyn Objects) {
    let place = fresh(objects, "contract-broken").await;
    let (ns, b) = &place;
    let origin = &Origin::default();
    put(objects, &place, "old", "old").await;
    for key in ["old", "new"] {
        let failed = objects.put(ns, b, key, PutObject::default(), broken(), origin).await;
        match failed {
            Err(ObjectError::Input(error)) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            other => panic!("{other:?}"),
        }
    }
    let upload = objects.begin_upload(ns, b, "parts", PutObject::default()).await.unwrap();
    let failed = objects.put_part(ns, b, &upload.id, 1.into(), broken()).await;
    assert!(matches!(failed, Err(ObjectError::Input(_))), "{failed:?}");
    assert!(objects.parts(ns, b, &upload.id).await.unwrap().is_empty());

    // A writer that is dropped in the middle.
    let pending: BoxStream<'static, _> = long(2_500_000).chain(futures::stream::pending()).boxed();
    let dropped = objects.put(ns, b, "new", PutObject::default(), pending, origin);
    assert!(tokio::time::timeout(Duration::from_millis(50), dropped).await.is_err());

    assert_eq!(read(objects, &place, "old").await.unwrap(), b"old");
    let page = objects.list(ns, b, listing::all()).await.unwrap();
    assert_eq!(page.objects.len(), 1);
}

pub(in crate::contract) async fn a_refused_write_reads_no_bytes(objects: &dyn Objects) {
    let place = fresh(objects, "contract-unread").await;
    let (ns, b) = &place;
    put(objects, &place, "k", "x").await;
    let untouched = || -> ByteStream {
        futures::stream::poll_fn(|_| panic!("bytes were read for a write that cannot be")).boxed()
    };
    let absent = PutObject { condition: Condition::Absent, ..PutObject::default() };
    let origin = &Origin::default();
    let refused = objects.put(ns, b, "k", absent, untouched(), origin).await;
    assert!(matches!(refused, Err(ObjectError::Condition { .. })), "{refused:?}");
    let refused = objects.put_part(ns, b, "none", 1.into(), untouched()).await;
    assert!(matches!(refused, Err(ObjectError::NoUpload)), "{refused:?}");
}

pub(in crate::contract) async fn large_objects_come_and_go(objects: &dyn Objects, size: u64) {
    let (ns, b) = &fresh(objects, "contract-large").await;
    let origin = &Origin::default();
    let object = objects.put(ns, b, "k", PutObject::default(), sparse(size), origin).await;
    assert_eq!(object.unwrap().size, size);
    let (_, mut bytes) = objects.get(ns, b, "k", None).await.unwrap();
    let mut at = 0;
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.unwrap();
        // Looking at every byte would be most of the work.
        assert_eq!(chunk[0], pattern(at, 1)[0] * u8::from(at % SPARSE == 0));
        at += chunk.len() as u64;
    }
    assert_eq!(at, size);
    let (_, end) = objects.get(ns, b, "k", Some(size - 5..size)).await.unwrap();
    assert_eq!(collect(end).await.len(), 5);
    objects.delete(ns, b, "k", Condition::None, origin).await.unwrap();
}

/// Bytes between those of a sparse object that are not zero.
const SPARSE: u64 = 1 << 20;

fn sparse(size: u64) -> ByteStream {
    let zeros = Bytes::from(vec![0; SPARSE as usize - 1]);
    let chunks = (0..size).step_by(SPARSE as usize).flat_map(move |at| {
        let rest = (size - at - 1).min(SPARSE - 1) as usize;
        [Ok(Bytes::from(pattern(at, 1))), Ok(zeros.slice(..rest))]
    });
    futures::stream::iter(chunks).boxed()
}
