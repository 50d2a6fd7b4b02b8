use bytes::Bytes;
use lambent_types::{Origin, bounds};

use super::{bucket, collect, fresh, put, read, stream};
use crate::objects::{CompleteUpload, Condition, ObjectError, Objects, PutObject};

const PART: usize = bounds::PART_BYTES_MIN as usize;

fn bytes(byte: u8, len: usize) -> Bytes {
    vec![byte; len].into()
}

pub(in crate::contract) async fn parts_become_an_object(objects: &dyn Objects) {
    let place = fresh(objects, "contract-multipart").await;
    let (ns, b) = &place;
    let origin = &Origin::default();
    let details = PutObject {
        content_type: Some("image/jpeg".into()),
        headers: [("cache-control".to_owned(), "no-cache".to_owned())].into(),
        metadata: [("a".to_owned(), "b".to_owned())].into(),
        condition: Condition::None,
        ..PutObject::default()
    };
    let before = put(objects, &place, "k", "old").await;
    let upload = objects.begin_upload(ns, b, "k", details.clone()).await.unwrap();
    assert!(upload.id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-'));
    let other = objects.begin_upload(ns, b, "k", PutObject::default()).await.unwrap();
    assert_eq!(objects.uploads(ns, b).await.unwrap(), [upload.clone(), other.clone()]);

    let id = &upload.id;
    let three = objects.put_part(ns, b, id, 7.into(), stream("tail")).await.unwrap();
    let stale = objects.put_part(ns, b, id, 1.into(), stream("replaced")).await.unwrap();
    let one = objects.put_part(ns, b, id, 1.into(), stream(bytes(1, PART))).await.unwrap();
    let two = objects.put_part(ns, b, id, 3.into(), stream(bytes(2, PART + 1))).await.unwrap();
    let unused = objects.put_part(ns, b, id, 10_000.into(), stream("unused")).await.unwrap();
    assert_eq!(
        objects.parts(ns, b, id).await.unwrap(),
        [one.clone(), two.clone(), three.clone(), unused]
    );
    assert_ne!(stale.etag, one.etag);
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"old");

    let named = [(1, one.etag), (3, two.etag), (7, three.etag)];
    let object = objects
        .complete_upload(ns, b, id, CompleteUpload::of(&named, Condition::None), origin)
        .await
        .unwrap();
    assert_eq!(object.size as usize, 2 * PART + 5);
    assert_eq!(object.etag, "2bf922b5b715fc8e99a43a66b140b66b-3");
    assert_eq!(
        (object.content_type.clone(), &object.headers, &object.metadata),
        (details.content_type, &details.headers, &details.metadata)
    );
    assert!(object.sequence > before.sequence);
    assert_eq!(objects.head(ns, b, "k").await.unwrap(), object);
    let whole = [bytes(1, PART), bytes(2, PART + 1), Bytes::from("tail")].concat();
    assert!(read(objects, &place, "k").await.unwrap() == whole);
    // Ranges across the parts.
    for range in [0..1, PART - 1..PART + 1, 5..2 * PART + 3, 2 * PART..2 * PART + 100] {
        let wanted = &whole[range.start..range.end.min(whole.len())];
        let range = range.start as u64..range.end as u64;
        let (_, found) = objects.get(ns, b, "k", Some(range)).await.unwrap();
        assert!(collect(found).await == wanted);
    }
    // The upload is over.
    assert!(matches!(objects.parts(ns, b, id).await, Err(ObjectError::NoUpload)));
    let again = objects
        .complete_upload(ns, b, id, CompleteUpload::of(&named, Condition::None), origin)
        .await;
    assert!(matches!(again, Err(ObjectError::NoUpload)));
    assert_eq!(objects.uploads(ns, b).await.unwrap(), [other]);
    // It can be replaced and deleted like any other.
    put(objects, &place, "k", "new").await;
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"new");
}

pub(in crate::contract) async fn uploads_refuse_what_does_not_fit(objects: &dyn Objects) {
    let place = fresh(objects, "contract-badparts").await;
    let (ns, b) = &place;
    let upload = objects.begin_upload(ns, b, "k", PutObject::default()).await.unwrap();
    let id = &upload.id;
    for number in [0, 10_001] {
        let refused = objects.put_part(ns, b, id, number.into(), stream("x")).await;
        assert!(matches!(refused, Err(ObjectError::Invalid(_))), "{refused:?}");
    }
    let missing = objects.put_part(ns, b, "nothing", 1.into(), stream("x")).await;
    assert!(matches!(missing, Err(ObjectError::NoUpload)), "{missing:?}");
    let small = objects.put_part(ns, b, id, 1.into(), stream("x")).await.unwrap();
    let last = objects.put_part(ns, b, id, 2.into(), stream("y")).await.unwrap();
    let (one, two) = ((1, small.etag), (2, last.etag));
    let refused: [(&[(u32, String)], &str); 5] = [
        (&[], "no part"),
        (&[(3, one.1.clone())], "part 3"),
        (&[(1, two.1.clone())], "etag"),
        (&[two.clone(), one.clone()], "order"),
        (&[one.clone(), two], "1 bytes"),
    ];
    for (parts, says) in refused {
        match objects
            .complete_upload(
                ns,
                b,
                id,
                CompleteUpload::of(parts, Condition::None),
                &Origin::default(),
            )
            .await
        {
            Err(ObjectError::Invalid(text)) => assert!(text.contains(says), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    // None of this hurt the upload.
    objects
        .complete_upload(ns, b, id, CompleteUpload::of(&[one], Condition::None), &Origin::default())
        .await
        .unwrap();
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"x");
}

pub(in crate::contract) async fn uploads_can_be_conditional_and_aborted(objects: &dyn Objects) {
    let place = fresh(objects, "contract-aborts").await;
    let (ns, b) = &place;
    let absent = PutObject { condition: Condition::Absent, ..PutObject::default() };
    let upload = objects.begin_upload(ns, b, "k", absent).await.unwrap();
    let part = objects.put_part(ns, b, &upload.id, 1.into(), stream("x")).await.unwrap();
    put(objects, &place, "k", "first").await;
    let named = [(1, part.etag)];
    let origin = &Origin::default();
    let late = objects
        .complete_upload(ns, b, &upload.id, CompleteUpload::of(&named, Condition::None), origin)
        .await;
    match late {
        // Told of the object, not of the upload.
        Err(ObjectError::Condition { key, current: Some(_) }) => assert_eq!(key, "k"),
        other => panic!("{other:?}"),
    }
    objects.delete(ns, b, "k", Condition::None, origin).await.unwrap();
    // What is said when it is completed counts too, and the upload goes on.
    let other = Condition::Etag("other".into());
    let late =
        objects.complete_upload(ns, b, &upload.id, CompleteUpload::of(&named, other), origin).await;
    assert!(matches!(late, Err(ObjectError::Condition { current: None, .. })), "{late:?}");
    objects
        .complete_upload(ns, b, &upload.id, CompleteUpload::of(&named, Condition::None), origin)
        .await
        .unwrap();
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"x");

    let upload = objects.begin_upload(ns, b, "gone", PutObject::default()).await.unwrap();
    objects.put_part(ns, b, &upload.id, 1.into(), stream("x")).await.unwrap();
    let elsewhere = objects.create_bucket(ns, &bucket("elsewhere")).await.unwrap().name;
    let other = objects.abort_upload(ns, &elsewhere, &upload.id).await;
    assert!(matches!(other, Err(ObjectError::NoUpload)), "{other:?}");
    objects.abort_upload(ns, b, &upload.id).await.unwrap();
    let twice = objects.abort_upload(ns, b, &upload.id).await;
    assert!(matches!(twice, Err(ObjectError::NoUpload)), "{twice:?}");
    let late = objects.put_part(ns, b, &upload.id, 1.into(), stream("x")).await;
    assert!(matches!(late, Err(ObjectError::NoUpload)), "{late:?}");
    assert_eq!(read(objects, &place, "gone").await, None);
}
