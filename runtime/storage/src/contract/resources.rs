use std::time::Duration;

use lambent_types::{InvalidName, Namespace, Quota, ResourceKind, Schedule, Specification};
use serde::{Deserialize, Serialize};

use super::samples::{namespace, schedule};
use crate::changes::Changes as _;
use crate::resources::{NewResource, ResourceError};
use crate::stores::Stores;

/// A kind that no backend has heard of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sample {
    name: SampleName,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct SampleName(String);

impl std::str::FromStr for SampleName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for SampleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Specification for Sample {
    const KIND: ResourceKind = ResourceKind { noun: "sample", quota: Quota::Schedules };
    type Name = SampleName;

    fn name(&self) -> &SampleName {
        &self.name
    }
}

fn sample(name: &str, text: &str) -> Sample {
    Sample { name: SampleName(name.into()), text: text.into() }
}

async fn held(stores: &Stores, ns: &Namespace) -> u64 {
    let held = stores.holdings(ns).await.unwrap();
    held.iter().find(|one| one.quota == Sample::KIND.quota).map_or(0, |one| one.used)
}

/// What is not known beforehand is kept like everything else.
pub(super) async fn a_new_kind_needs_nothing_of_a_backend(stores: &Stores) {
    let (ns, other) = (namespace("contract-kind"), namespace("contract-kind-2"));
    let store = stores.resources.of::<Sample>();
    store.put(&ns, &sample("B", "first"), None).await.unwrap();
    store.put(&ns, &sample("a", "second"), None).await.unwrap();
    store.put(&other, &sample("b", "of another"), None).await.unwrap();
    assert_eq!((held(stores, &ns).await, held(stores, &other).await), (2, 1));
    let found = store.get(&ns, &SampleName("b".into())).await.unwrap().unwrap();
    assert_eq!(found.specification, sample("B", "first"));
    // Names are unique ignoring case, and a revision does not come again.
    store.put(&ns, &sample("b", "third"), None).await.unwrap();
    let all = store.list(&ns).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|one| (one.specification, one.revision)).collect();
    assert_eq!((&all[0].0, &all[1].0), (&sample("a", "second"), &sample("b", "third")));
    assert!(all[1].1 > found.revision && all.len() == 2);
    store.delete(&ns, &SampleName("B".into())).await.unwrap();
    let again = store.delete(&ns, &SampleName("b".into())).await;
    assert!(matches!(again, Err(ResourceError::NotFound)), "{again:?}");
    assert_eq!(held(stores, &ns).await, 1);
    store.put(&ns, &sample("b", "fourth"), None).await.unwrap();
    let renewed = store.get(&ns, &SampleName("b".into())).await.unwrap().unwrap();
    assert!(renewed.revision > all[1].1);
    // One of another kind and the same name is another, and is not in the feed of this.
    let end = store.changes().position().await.unwrap();
    stores.resources.of().put(&ns, &schedule("b"), None).await.unwrap();
    assert_eq!(store.list(&ns).await.unwrap().len(), 2);
    let own = store.changes().since(end, Duration::ZERO).await.unwrap();
    assert!(own.is_empty(), "{own:?}");
    let all = stores.resources.changes().since(end, Duration::ZERO).await.unwrap();
    assert!(!all.is_empty(), "the change is in the feed of all kinds");
    stores.resources.of::<Schedule>().delete(&ns, &"b".parse().unwrap()).await.unwrap();
    assert_eq!(store.get(&ns, &SampleName("b".into())).await.unwrap(), Some(renewed));
    for (ns, name) in [(&ns, "a"), (&ns, "b"), (&other, "b")] {
        store.delete(ns, &SampleName(name.into())).await.unwrap();
    }
    assert_eq!((held(stores, &ns).await, held(stores, &other).await), (0, 0));
}

/// Of many who have read one revision, one replaces it.
pub(super) async fn a_resource_is_replaced_as_it_was_read(stores: &Stores) {
    let ns = namespace("contract-replace");
    let store = stores.resources.of::<Sample>();
    let conflict = |result| match result {
        Err(ResourceError::Conflict) => {}
        other => panic!("{other:?}"),
    };
    store.replace(&ns, &sample("a", "first"), 0).await.unwrap();
    conflict(store.replace(&ns, &sample("A", "another first"), 0).await);
    let name = SampleName("a".into());
    let read = store.get(&ns, &name).await.unwrap().unwrap();
    assert_eq!(read.specification, sample("a", "first"));
    store.replace(&ns, &sample("a", "second"), read.revision).await.unwrap();
    conflict(store.replace(&ns, &sample("a", "third"), read.revision).await);
    store.delete(&ns, &name).await.unwrap();
    conflict(store.replace(&ns, &sample("a", "third"), read.revision).await);
    let (store, ns) = (&store, &ns);
    let puts = (0..8)
        .map(|n| async move { store.replace(ns, &sample("a", &n.to_string()), 0).await.is_ok() });
    let made = futures::future::join_all(puts).await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    store.delete(ns, &name).await.unwrap();
}

/// What cannot be read keeps nothing else from being read.
pub(super) async fn what_is_none_of_its_kind_is_left_out(stores: &Stores) {
    let ns = namespace("contract-none");
    let store = stores.resources.of::<Sample>();
    for name in ["a", "b", "c", "d"] {
        store.put(&ns, &sample(name, "good"), None).await.unwrap();
    }
    let none = |name: &str| NewResource {
        name: name.into(),
        body: "{}".into(),
        next: None,
        expected: None,
    };
    for name in ["b", "d"] {
        stores.resources.put(Sample::KIND, &ns, none(name)).await.unwrap();
    }
    let names = |one: &crate::Stored<Sample>| one.specification.name.to_string();
    let listed = store.list(&ns).await.unwrap();
    assert_eq!(listed.iter().map(names).collect::<Vec<_>>(), ["a", "c"]);
    let error = store.get(&ns, &SampleName("b".into())).await.unwrap_err();
    assert!(matches!(error, crate::StorageError::Corrupt { .. }), "{error}");
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = store.page(after, 1).await.unwrap();
        found.extend(page.iter().filter(|(owner, _)| *owner == ns).map(|(_, one)| names(one)));
        if next.is_none() {
            break;
        }
        after = next;
    }
    assert_eq!(found, ["a", "c"]);
    // Whoever puts it again repairs it.
    store.put(&ns, &sample("b", "good"), None).await.unwrap();
    for name in ["a", "b", "c", "d"] {
        store.delete(&ns, &SampleName(name.into())).await.unwrap();
    }
}

/// Every resource of a kind is found once, of whichever namespace, page by page.
pub(super) async fn resources_are_read_in_pages(stores: &Stores) {
    let store = stores.resources.of::<Schedule>();
    let owners: Vec<_> = (0..9).map(|n| namespace(&format!("contract-page-{n}"))).collect();
    let mut all = Vec::new();
    for owner in &owners {
        for text in ["b", "A", "c-0"] {
            store.put(owner, &schedule(text), None).await.unwrap();
            all.push((owner.clone(), text.to_ascii_lowercase()));
        }
    }
    all.sort_by_key(|(owner, name)| (owner.key(), name.clone()));
    for limit in [1, 4, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = store.page(after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let key =
                |(owner, one): (_, crate::Stored<Schedule>)| (owner, one.specification.name.key());
            found.extend(page.into_iter().map(key));
            if next.is_none() {
                break;
            }
            after = next;
        }
        found.retain(|(owner, _)| owners.contains(owner));
        assert_eq!(found, all, "in pages of {limit}");
    }
    for owner in &owners {
        for text in ["a", "b", "c-0"] {
            store.delete(owner, &text.parse().unwrap()).await.unwrap();
        }
    }
}
