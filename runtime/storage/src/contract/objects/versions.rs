use lambent_types::{BucketName, Namespace, Origin, VersionId, Versioning};

use super::{collect, fresh, put, read, stream};
use crate::objects::{
    Condition, CopyObject, Deleted, ListVersions, ListedVersion, ObjectError, ObjectPlace, Objects,
    PutObject, Version,
};

type Place = (Namespace, BucketName);

async fn remove(
    objects: &dyn Objects,
    (ns, b): &Place,
    key: &str,
    version: Option<VersionId>,
) -> Deleted {
    let origin = Origin::default();
    objects.delete_version(ns, b, (key, version), Condition::None, &origin).await.unwrap()
}

async fn bytes_of(
    objects: &dyn Objects,
    (ns, b): &Place,
    key: &str,
    version: Option<VersionId>,
) -> Vec<u8> {
    let (object, bytes) = objects.get_version(ns, b, (key, version), None).await.unwrap();
    assert!(version.is_none() || object.version == version, "{object:?}");
    collect(bytes).await
}

/// What is listed of a bucket: key, version, whether it is a marker, and whether it is the newest.
async fn listed(
    objects: &dyn Objects,
    (ns, b): &Place,
) -> Vec<(String, Option<VersionId>, bool, bool)> {
    let list = ListVersions { limit: 100, ..ListVersions::default() };
    let page = objects.list_versions(ns, b, list).await.unwrap();
    assert_eq!(page.next, None);
    let told = |ListedVersion { version, is_latest }: ListedVersion| {
        let marker = matches!(version, Version::Marker(_));
        (version.key().to_owned(), version.id(), marker, is_latest)
    };
    page.versions.into_iter().map(told).collect()
}

pub(crate) async fn former_versions_stay_and_come_back(objects: &dyn Objects) {
    let place = fresh(objects, "contract-versions").await;
    let (ns, b) = &place;
    assert_eq!(put(objects, &place, "k", "null").await.version, None);
    let enabled = objects.set_versioning(ns, b, Versioning::Enabled).await.unwrap();
    assert_eq!(enabled.versioning, Versioning::Enabled);
    assert_eq!(objects.bucket(ns, b).await.unwrap(), Some(enabled));
    assert_eq!(objects.head(ns, b, "k").await.unwrap().version, Some(VersionId::Null));
    let one = put(objects, &place, "k", "one").await.version;
    let two = put(objects, &place, "k", "two").await.version;
    assert!(matches!((one, two), (Some(VersionId::Made { .. }), Some(VersionId::Made { .. }))));
    let all = [(None, "two"), (two, "two"), (one, "one"), (Some(VersionId::Null), "null")];
    for (version, bytes) in all {
        assert_eq!(bytes_of(objects, &place, "k", version).await, bytes.as_bytes());
    }
    let marked = remove(objects, &place, "k", None).await;
    assert!(marked.existed && marked.marker, "{marked:?}");
    assert_eq!(read(objects, &place, "k").await, None);
    let Version::Marker(marker) = objects.find(ns, b, "k", None).await.unwrap() else { panic!() };
    assert_eq!(Some(marker.version), marked.version);
    let of_marker = objects.get_version(ns, b, ("k", marked.version), None).await;
    assert!(matches!(of_marker, Err(ObjectError::Marker)));
    let k = |version, marker, latest| ("k".to_owned(), version, marker, latest);
    let (marked_k, null) = (k(marked.version, true, true), Some(VersionId::Null));
    let rest = [k(two, false, false), k(one, false, false), k(null, false, false)];
    assert_eq!(listed(objects, &place).await, [&[marked_k][..], &rest[..]].concat());
    assert!(matches!(objects.delete_bucket(ns, b).await, Err(ObjectError::NotEmpty)));
    // Without the marker the object is there again; and without that, the one before.
    let removed = remove(objects, &place, "k", marked.version).await;
    assert_eq!(removed, marked);
    assert_eq!(bytes_of(objects, &place, "k", None).await, b"two");
    assert!(!remove(objects, &place, "k", two).await.marker);
    assert_eq!(bytes_of(objects, &place, "k", None).await, b"one");
    assert_eq!(remove(objects, &place, "k", two).await, Deleted::default());
    let gone = objects.find(ns, b, "k", two).await;
    assert!(matches!(gone, Err(ObjectError::NoVersion)), "{gone:?}");
    remove(objects, &place, "k", null).await;
    remove(objects, &place, "k", one).await;
    assert_eq!(listed(objects, &place).await, []);
    let off = objects.set_versioning(ns, b, Versioning::Off).await;
    assert!(matches!(off, Err(ObjectError::Invalid(_))), "{off:?}");
    objects.delete_bucket(ns, b).await.unwrap();
}

pub(crate) async fn suspended_buckets_replace_the_null_version(objects: &dyn Objects) {
    let place = fresh(objects, "contract-suspended").await;
    let (ns, b) = &place;
    objects.set_versioning(ns, b, Versioning::Enabled).await.unwrap();
    let made = put(objects, &place, "k", "made").await.version;
    objects.set_versioning(ns, b, Versioning::Suspended).await.unwrap();
    let null = Some(VersionId::Null);
    assert_eq!(put(objects, &place, "k", "a").await.version, null);
    assert_eq!(put(objects, &place, "k", "b").await.version, null);
    let k = |version, marker, latest| ("k".to_owned(), version, marker, latest);
    assert_eq!(listed(objects, &place).await, [k(null, false, true), k(made, false, false)]);
    let marked = remove(objects, &place, "k", None).await;
    assert_eq!(marked, Deleted { existed: true, version: null, marker: true });
    assert_eq!(listed(objects, &place).await, [k(null, true, true), k(made, false, false)]);
    let again = remove(objects, &place, "k", None).await;
    assert_eq!(again, Deleted { existed: false, version: null, marker: true });
    // A version of the time before stays below; what is written takes the marker's place.
    assert_eq!(put(objects, &place, "k", "c").await.version, null);
    assert_eq!(listed(objects, &place).await, [k(null, false, true), k(made, false, false)]);
    assert_eq!(bytes_of(objects, &place, "k", made).await, b"made");
    objects.set_versioning(ns, b, Versioning::Enabled).await.unwrap();
    let newest = put(objects, &place, "k", "d").await.version;
    let kept = [k(newest, false, true), k(null, false, false), k(made, false, false)];
    assert_eq!(listed(objects, &place).await, kept);
}

pub(crate) async fn versions_are_copied_tagged_and_judged(objects: &dyn Objects) {
    let place = fresh(objects, "contract-version-use").await;
    let (ns, b) = &place;
    let origin = &Origin::default();
    objects.set_versioning(ns, b, Versioning::Enabled).await.unwrap();
    let one = put(objects, &place, "k", "one").await;
    let two = put(objects, &place, "k", "two").await;
    // A former one becomes the newest by a copy onto its own key.
    let from = ObjectPlace { bucket: b, key: "k" };
    let copy = CopyObject { version: one.version, keeps_metadata: true, ..CopyObject::default() };
    let copied = objects.copy(ns, from, from, copy, origin).await.unwrap();
    assert_eq!(copied.etag, one.etag);
    assert!(copied.version != one.version && copied.version.is_some());
    remove(objects, &place, "k", one.version).await;
    assert_eq!(bytes_of(objects, &place, "k", copied.version).await, b"one");
    // Tags are of a version.
    let tags = std::collections::BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    objects.set_tags(ns, b, ("k", two.version), tags.clone()).await.unwrap();
    let Version::Object(tagged) = objects.find(ns, b, "k", two.version).await.unwrap() else {
        panic!()
    };
    assert_eq!((tagged.tags, tagged.sequence), (tags, two.sequence));
    assert!(objects.head(ns, b, "k").await.unwrap().tags.is_empty());
    // A write judges the newest, also if that says that the object is deleted.
    let write = async |condition| {
        let details = PutObject { condition, ..PutObject::default() };
        objects.put(ns, b, "k", details, stream("x"), origin).await
    };
    let stale = write(Condition::Etag(two.etag.clone())).await;
    assert!(matches!(stale, Err(ObjectError::Condition { .. })), "{stale:?}");
    let marked = remove(objects, &place, "k", None).await;
    let copy = CopyObject { version: marked.version, ..CopyObject::default() };
    let refused = objects.copy(ns, from, from, copy, origin).await;
    assert!(matches!(refused, Err(ObjectError::Marker)), "{refused:?}");
    write(Condition::Absent).await.unwrap();
    // A deletion of a version judges that.
    let unmet = Condition::Etag(one.etag);
    let kept = objects.delete_version(ns, b, ("k", two.version), unmet, origin).await;
    assert!(matches!(kept, Err(ObjectError::Condition { .. })), "{kept:?}");
    let met = Condition::Etag(two.etag);
    objects.delete_version(ns, b, ("k", two.version), met.clone(), origin).await.unwrap();
    let gone = objects.delete_version(ns, b, ("k", two.version), met, origin).await.unwrap();
    assert_eq!(gone, Deleted::default());
}

pub(crate) async fn lists_of_versions_continue(objects: &dyn Objects) {
    let place = fresh(objects, "contract-version-lists").await;
    let (ns, b) = &place;
    put(objects, &place, "b/2", "null").await;
    objects.set_versioning(ns, b, Versioning::Enabled).await.unwrap();
    for key in ["a", "b/1", "b/2", "b/2", "c", "a", "a"] {
        put(objects, &place, key, key).await;
    }
    remove(objects, &place, "b/1", None).await;
    remove(objects, &place, "c", None).await;
    let all = listed(objects, &place).await;
    let keys: Vec<&str> = all.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!(keys, ["a", "a", "a", "b/1", "b/1", "b/2", "b/2", "b/2", "c", "c"]);
    for limit in 1..12 {
        let (mut list, mut found) = (ListVersions { limit, ..ListVersions::default() }, Vec::new());
        loop {
            let page = objects.list_versions(ns, b, list.clone()).await.unwrap();
            assert!(page.versions.len() <= limit);
            let told = page.versions.iter().map(|one| (one.version.id(), one.is_latest));
            found.extend(told);
            let Some((key, version)) = page.next else { break };
            (list.after, list.after_version) = (Some(key), version);
        }
        let expected: Vec<_> = all.iter().map(|(_, id, _, latest)| (*id, *latest)).collect();
        assert_eq!(found, expected, "{limit}");
    }
    let grouped = ListVersions {
        delimiter: Some("/".into()),
        after: Some("a".into()),
        limit: 2,
        ..ListVersions::default()
    };
    let page = objects.list_versions(ns, b, grouped).await.unwrap();
    assert_eq!((page.common_prefixes, page.versions.len()), (vec!["b/".to_owned()], 1));
    assert_eq!(page.next.unwrap().0, "c");
}
