use std::collections::BTreeMap;

use lambent_types::{Origin, Precondition, bounds};

use super::{bucket, fresh, put, read, stream};
use crate::objects::{
    Checksum, ChecksumAlgorithm, ChecksumKind, CompleteUpload, Condition, CopyObject, ObjectError,
    ObjectPlace, Objects, PutObject, PutPart,
};

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn sum(value: &str, composite: bool) -> Checksum {
    let kind = ChecksumKind { algorithm: ChecksumAlgorithm::Crc32, composite };
    Checksum { kind, value: value.to_owned() }
}

pub(crate) async fn a_copy_has_the_same_bytes(objects: &dyn Objects) {
    let place = fresh(objects, "contract-copies").await;
    let (ns, b) = &place;
    let (other, origin) = (bucket("other"), &Origin::default());
    objects.create_bucket(ns, &other).await.unwrap();
    let described = PutObject {
        content_type: Some("text/plain".into()),
        metadata: texts([("a", "b")]),
        tags: texts([("t", "1")]),
        ..PutObject::default()
    };
    described.checksum.set(sum("AAAAAA==", false));
    let source = objects.put(ns, b, "k", described, stream("hello"), origin).await.unwrap();
    assert_eq!(source.checksum, Some(sum("AAAAAA==", false)));
    let from = ObjectPlace { bucket: b, key: "k" };
    let to = ObjectPlace { bucket: &other, key: "copy" };
    let whole = CopyObject { keeps_metadata: true, keeps_tags: true, ..CopyObject::default() };
    let copy = objects.copy(ns, from, to, whole.clone(), origin).await.unwrap();
    assert_eq!((&copy.etag, copy.size, &copy.tags), (&source.etag, 5, &source.tags));
    assert_eq!((&copy.metadata, &copy.checksum), (&source.metadata, &source.checksum));
    // Each goes on without the other.
    assert!(objects.delete(ns, b, "k", Condition::None, origin).await.unwrap());
    let copied = (ns.clone(), other.clone());
    assert_eq!(read(objects, &copied, "copy").await.unwrap(), b"hello");
    // Onto itself, with other metadata; then it is replaced, and nothing is left of the bytes.
    let put_anew = PutObject { metadata: texts([("c", "d")]), ..PutObject::default() };
    let anew = CopyObject { put: put_anew, keeps_tags: true, ..CopyObject::default() };
    let again = objects.copy(ns, to, to, anew, origin).await.unwrap();
    assert_eq!((again.metadata, again.tags), (texts([("c", "d")]), source.tags));
    assert_eq!(read(objects, &copied, "copy").await.unwrap(), b"hello");
    put(objects, &copied, "copy", "other").await;
    assert_eq!(read(objects, &copied, "copy").await.unwrap(), b"other");

    let missing = objects.copy(ns, from, to, whole.clone(), origin).await;
    assert!(matches!(missing, Err(ObjectError::NoObject)), "{missing:?}");
    let unmet = Condition::When(Precondition::tag("x"));
    let source = CopyObject { source: unmet.clone(), ..whole.clone() };
    let put = PutObject { condition: Condition::Absent, ..PutObject::default() };
    for (copy, key) in [(source, "copy"), (CopyObject { put, ..whole }, "copy")] {
        let refused = objects.copy(ns, to, to, copy, origin).await;
        let Err(ObjectError::Condition { key: named, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(named, key);
    }
}

pub(crate) async fn tags_change_without_their_object(objects: &dyn Objects) {
    let place = fresh(objects, "contract-tags").await;
    let (ns, b) = &place;
    let object = put(objects, &place, "k", "v").await;
    let tagged =
        objects.set_tags(ns, b, ("k", None), texts([("a", "1"), ("b", "")])).await.unwrap();
    assert_eq!(tagged.tags, texts([("a", "1"), ("b", "")]));
    assert_eq!((tagged.sequence, tagged.modified), (object.sequence, object.modified));
    assert_eq!(objects.head(ns, b, "k").await.unwrap(), tagged);
    assert_eq!(read(objects, &place, "k").await.unwrap(), b"v");
    let missing = objects.set_tags(ns, b, ("none", None), BTreeMap::new()).await;
    assert!(matches!(missing, Err(ObjectError::NoObject)), "{missing:?}");
    let many = (0..=bounds::OBJECT_TAGS_MAX).map(|n| (n.to_string(), String::new())).collect();
    let refused = objects.set_tags(ns, b, ("k", None), many).await;
    assert!(matches!(refused, Err(ObjectError::Invalid(_))), "{refused:?}");
}

pub(crate) async fn checksums_of_parts_are_kept(objects: &dyn Objects) {
    let place = fresh(objects, "contract-checksums").await;
    let (ns, b) = &place;
    let kind = sum("", true).kind;
    let put = PutObject { checksum_kind: Some(kind), ..PutObject::default() };
    let upload = objects.begin_upload(ns, b, "k", put).await.unwrap();
    assert_eq!(upload.checksum, Some(kind));
    assert_eq!(objects.upload(ns, b, &upload.id).await.unwrap(), upload);
    let part = PutPart::from(2);
    part.checksum.set(sum("BBBBBB==", false));
    let part = objects.put_part(ns, b, &upload.id, part, stream("x")).await.unwrap();
    assert_eq!(part.checksum, Some(sum("BBBBBB==", false)));
    assert_eq!(objects.parts(ns, b, &upload.id).await.unwrap(), std::slice::from_ref(&part));
    let complete = CompleteUpload {
        checksum: Some(sum("CCCCCC==-1", true)),
        ..CompleteUpload::of(&[(2, part.etag.clone())], Condition::None)
    };
    let origin = &Origin::default();
    let object = objects.complete_upload(ns, b, &upload.id, complete, origin).await.unwrap();
    assert_eq!(object.checksum, Some(sum("CCCCCC==-1", true)));
    assert_eq!(objects.object_parts(ns, b, ("k", None)).await.unwrap(), (object, vec![part]));
    let gone = objects.upload(ns, b, &upload.id).await;
    assert!(matches!(gone, Err(ObjectError::NoUpload)), "{gone:?}");
}
