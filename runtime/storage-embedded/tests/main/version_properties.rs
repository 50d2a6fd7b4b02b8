//! Random operations on buckets that keep versions, against a model that is nothing but lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use lambent_storage::{
    Condition, CopyObject, ListObjects, ListVersions, ObjectPlace, Objects, PutObject, Quota,
    Stores, Version,
};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{BucketName, ManualClock, Namespace, Origin, VersionId, Versioning};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Operation {
    Versioning(Versioning),
    Put(&'static str, Vec<u8>),
    Delete(&'static str),
    /// The version is one of those that the model has of the key, by its place.
    DeleteVersion(&'static str, usize),
    /// From the version at this place to another key.
    Copy(&'static str, usize, &'static str),
}

const KEYS: [&str; 4] = ["a", "a/b", "a/c", "b"];

fn operation() -> impl Strategy<Value = Operation> {
    let key = || prop::sample::select(KEYS.to_vec());
    let state = prop::sample::select(vec![Versioning::Enabled, Versioning::Suspended]);
    let bytes = prop::collection::vec(any::<u8>(), 0..9);
    prop_oneof![
        1 => state.prop_map(Operation::Versioning),
        5 => (key(), bytes).prop_map(|(key, bytes)| Operation::Put(key, bytes)),
        2 => key().prop_map(Operation::Delete),
        3 => (key(), 0..5_usize).prop_map(|(key, place)| Operation::DeleteVersion(key, place)),
        2 => (key(), 0..5_usize, key()).prop_map(|(from, place, to)| Operation::Copy(from, place, to)),
    ]
}

/// What one version is: its id, and its bytes unless it is a delete marker.
type Known = (VersionId, Option<Vec<u8>>);

/// Of each key all versions, the oldest first.
#[derive(Default)]
struct Model {
    versioning: Versioning,
    keys: BTreeMap<&'static str, Vec<Known>>,
}

impl Model {
    fn of(&mut self, key: &'static str) -> &mut Vec<Known> {
        self.keys.entry(key).or_default()
    }

    /// Puts what a store made where it belongs, by what versions mean.
    fn add(&mut self, key: &'static str, id: Option<VersionId>, bytes: Option<Vec<u8>>) {
        let id = match self.versioning {
            Versioning::Off => {
                assert_eq!(id, None);
                VersionId::Null
            }
            Versioning::Suspended => {
                assert_eq!(id, Some(VersionId::Null));
                VersionId::Null
            }
            Versioning::Enabled => {
                assert!(matches!(id, Some(VersionId::Made { .. })), "{id:?}");
                id.unwrap()
            }
        };
        let all = self.of(key);
        assert!(id == VersionId::Null || all.iter().all(|(known, _)| *known != id));
        all.retain(|(known, _)| *known != id);
        all.push((id, bytes));
    }

    fn at(&self, key: &str, place: usize) -> Option<Known> {
        self.keys.get(key).and_then(|all| all.get(place)).cloned()
    }
}

struct Subject<'s> {
    objects: &'s dyn Objects,
    ns: Namespace,
    b: BucketName,
}

impl Subject<'_> {
    async fn run(&self, model: &mut Model, operation: &Operation) {
        let (objects, ns, b, origin) = (self.objects, &self.ns, &self.b, &Origin::default());
        match operation {
            Operation::Versioning(versioning) => {
                objects.set_versioning(ns, b, *versioning).await.unwrap();
                model.versioning = *versioning;
            }
            Operation::Put(key, bytes) => {
                let given = Bytes::from(bytes.clone());
                let stream = futures::stream::once(async move { Ok(given) }).boxed();
                let put = objects.put(ns, b, key, PutObject::default(), stream, origin).await;
                model.add(key, put.unwrap().version, Some(bytes.clone()));
            }
            Operation::Delete(key) => {
                let deleted = objects.delete_version(ns, b, (key, None), Condition::None, origin);
                let deleted = deleted.await.unwrap();
                let newest = model.of(key).last().cloned();
                assert_eq!(deleted.existed, newest.is_some_and(|(_, bytes)| bytes.is_some()));
                assert_eq!(deleted.marker, !model.versioning.is_off());
                match model.versioning {
                    Versioning::Off => model.of(key).clear(),
                    _ => model.add(key, deleted.version, None),
                }
            }
            Operation::DeleteVersion(key, place) => {
                let Some((id, bytes)) = model.at(key, *place) else { return };
                let version = (*key, Some(id));
                let deleted = objects.delete_version(ns, b, version, Condition::None, origin);
                let deleted = deleted.await.unwrap();
                assert!(deleted.existed);
                assert_eq!(deleted.marker, bytes.is_none());
                model.of(key).remove(*place);
            }
            Operation::Copy(from, place, to) => {
                let Some((id, bytes)) = model.at(from, *place) else { return };
                let copy = CopyObject { version: Some(id), ..CopyObject::default() };
                let (from, to_) =
                    (ObjectPlace { bucket: b, key: from }, ObjectPlace { bucket: b, key: to });
                let copied = objects.copy(ns, from, to_, copy, origin).await;
                match bytes {
                    Some(bytes) => model.add(to, copied.unwrap().version, Some(bytes)),
                    None => assert!(copied.is_err()),
                }
            }
        }
    }

    /// Whether a store has what the model has, read in every way.
    async fn check(&self, model: &Model, limit: usize) {
        let (objects, ns, b) = (self.objects, &self.ns, &self.b);
        let mut expected = Vec::new();
        let mut present = Vec::new();
        for (key, all) in &model.keys {
            for (place, (id, bytes)) in all.iter().rev().enumerate() {
                expected.push(((*key).to_owned(), *id, bytes.is_none(), place == 0));
                let read = objects.get_version(ns, b, (key, Some(*id)), None).await;
                match bytes {
                    None => assert!(read.is_err()),
                    Some(bytes) => {
                        let (object, stream) = read.unwrap();
                        let read = stream.try_collect::<Vec<_>>().await.unwrap().concat();
                        assert_eq!((object.size, &read), (bytes.len() as u64, bytes));
                    }
                }
            }
            let newest = all.last().and_then(|(_, bytes)| bytes.as_ref());
            assert_eq!(objects.head(ns, b, key).await.is_ok(), newest.is_some());
            present.extend(newest.map(|_| (*key).to_owned()));
        }
        let list = ListObjects { limit: 100, ..ListObjects::default() };
        let page = objects.list(ns, b, list).await.unwrap();
        let found: Vec<String> = page.objects.into_iter().map(|object| object.key).collect();
        assert_eq!(found, present);
        let mut list = ListVersions { limit, ..ListVersions::default() };
        let mut found = Vec::new();
        loop {
            let page = objects.list_versions(ns, b, list.clone()).await.unwrap();
            assert!(page.versions.len() <= limit);
            found.extend(page.versions.into_iter().map(|one| {
                let (key, marker) =
                    (one.version.key().to_owned(), matches!(one.version, Version::Marker(_)));
                (key, one.version.id().unwrap_or(VersionId::Null), marker, one.is_latest)
            }));
            let Some((key, version)) = page.next else { break };
            (list.after, list.after_version) = (Some(key), version);
        }
        assert_eq!(found, expected);
    }
}

async fn check_held(stores: &Stores, ns: &Namespace, model: &Model) {
    let held = stores.holdings(ns).await.unwrap();
    let of = |quota| held.iter().find(|one| one.quota == quota).unwrap().used;
    let all = || model.keys.values().flatten();
    let bytes = all().filter_map(|(_, bytes)| bytes.as_ref()).map(Vec::len).sum::<usize>();
    assert_eq!(of(Quota::Objects), all().count() as u64);
    assert_eq!(of(Quota::ObjectBytes), bytes as u64);
}

async fn follow(stores: &Stores, clock: &ManualClock, operations: &[Operation], limit: usize) {
    let (ns, b): (Namespace, BucketName) = ("one".parse().unwrap(), "photos".parse().unwrap());
    stores.objects.create_bucket(&ns, &b).await.unwrap();
    let subject = Subject { objects: &*stores.objects, ns: ns.clone(), b: b.clone() };
    let mut model = Model::default();
    for operation in operations {
        clock.advance(std::time::Duration::from_secs(1));
        subject.run(&mut model, operation).await;
        subject.check(&model, limit).await;
        check_held(stores, &ns, &model).await;
    }
    for (key, all) in std::mem::take(&mut model.keys) {
        assert!(all.is_empty() || stores.objects.delete_bucket(&ns, &b).await.is_err());
        for (id, _) in all {
            let version = (key, Some(id));
            let origin = Origin::default();
            let deleted = stores.objects.delete_version(&ns, &b, version, Condition::None, &origin);
            assert!(deleted.await.unwrap().existed);
        }
    }
    check_held(stores, &ns, &model).await;
    stores.objects.delete_bucket(&ns, &b).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn versions_come_and_go_as_in_lists(
        operations in prop::collection::vec(operation(), 1..40), limit in 1..6_usize
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
            let home = tempfile::tempdir().unwrap();
            let data = DataDir::open(home.path()).unwrap();
            let options = Options::default();
            let stores = lambent_storage_embedded::open(&data, options, clock.clone()).unwrap();
            follow(&stores, &clock, &operations, limit).await;
            let blobs = walk(&home.path().join("objects"));
            assert_eq!(blobs, 0, "bytes that no version has are left");
            let memory = Stores::memory(clock.clone(), Options::default().quotas);
            follow(&memory, &clock, &operations, limit).await;
        });
    }
}

/// How many files there are below a folder.
fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}
