//! The feeds of changes: nothing is missed, whoever is too slow is told so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lambent_types::{FunctionName, Namespace, Specification, Trigger};
use tokio::task::JoinSet;

use super::samples::{head, name, namespace, schedule};
use crate::changes::{Batch, Changes as _, Position};
use crate::specifications::Specifications;
use crate::stores::Stores;

/// Long enough for whatever is to come.
const LONG: Duration = Duration::from_secs(60);

/// One kind of resource, all of it in one namespace.
#[async_trait]
trait Kind: Clone + Send + Sync + 'static {
    type Name: Send + Sync + std::fmt::Display;
    async fn position(&self) -> Position;
    async fn since(&self, after: Position, wait: Duration) -> Batch<Self::Name>;
    async fn put(&self, name: &str);
    async fn delete(&self, name: &str);
    async fn exists(&self, name: &Self::Name) -> bool;
    async fn list(&self) -> BTreeSet<String>;
}

#[derive(Clone)]
struct Functions(Stores, Namespace);
#[derive(Clone)]
struct Resources<S> {
    stores: Stores,
    namespace: Namespace,
    make: fn(&str) -> S,
}

impl<S: Specification> Resources<S> {
    fn all(&self) -> Specifications<'_, S> {
        self.stores.resources.of()
    }
}

#[async_trait]
impl Kind for Functions {
    type Name = FunctionName;
    async fn position(&self) -> Position {
        self.0.registry.changes().position().await.unwrap()
    }
    async fn since(&self, after: Position, wait: Duration) -> Batch<FunctionName> {
        self.0.registry.changes().since(after, wait).await.unwrap()
    }
    async fn put(&self, text: &str) {
        self.0.registry.put(head(&self.1, &name(text), "code"), None).await.unwrap();
    }
    async fn delete(&self, text: &str) {
        drop(self.0.registry.delete(&self.1, &name(text), None).await);
    }
    async fn exists(&self, name: &FunctionName) -> bool {
        self.0.registry.function(&self.1, name).await.unwrap().is_some()
    }
    async fn list(&self) -> BTreeSet<String> {
        let all = self.0.registry.list(&self.1, None, 1000).await.unwrap();
        all.iter().map(|function| function.latest.name.to_string()).collect()
    }
}

#[async_trait]
impl<S: Specification> Kind for Resources<S> {
    type Name = S::Name;
    async fn position(&self) -> Position {
        self.all().changes().position().await.unwrap()
    }
    async fn since(&self, after: Position, wait: Duration) -> Batch<S::Name> {
        self.all().changes().since(after, wait).await.unwrap()
    }
    async fn put(&self, text: &str) {
        self.all().put(&self.namespace, &(self.make)(text), None).await.unwrap();
    }
    async fn delete(&self, text: &str) {
        let name = (self.make)(text).name().clone();
        drop(self.all().delete(&self.namespace, &name).await);
    }
    async fn exists(&self, name: &S::Name) -> bool {
        self.all().get(&self.namespace, name).await.unwrap().is_some()
    }
    async fn list(&self) -> BTreeSet<String> {
        let all = self.all().list(&self.namespace).await.unwrap();
        all.iter().map(|one| one.specification.name().to_string()).collect()
    }
}

fn trigger(text: &str) -> Trigger {
    let source = r#"{"kind":"object","bucket":"photos"}"#;
    let trigger = format!(r#"{{"name":"{text}","function":"f","source":{source}}}"#);
    serde_json::from_str(&trigger).unwrap()
}

pub(super) async fn every_feed_tells_of_every_change(stores: &Stores) {
    let ns = namespace("contract-changes");
    stores.objects.create_bucket(&ns, &"photos".parse().unwrap()).await.unwrap();
    check(&Functions(stores.clone(), ns.clone())).await;
    let (stores, namespace) = (stores.clone(), ns);
    check(&Resources { stores: stores.clone(), namespace: namespace.clone(), make: trigger }).await;
    check(&Resources { stores, namespace, make: schedule }).await;
}

async fn check<K: Kind>(kind: &K) {
    a_reader_goes_on_where_it_was(kind).await;
    nothing_is_missed_between_a_listing_and_the_feed(kind).await;
    whoever_is_too_slow_lists_again(kind).await;
}

/// The names that changed after a position, and where to go on; `None`: list again.
async fn read<K: Kind>(
    kind: &K,
    after: Position,
    wait: Duration,
) -> (Option<Vec<String>>, Position) {
    match kind.since(after, wait).await {
        Batch::Changes { changed, next } => {
            let names = changed.iter().map(|one| one.name.to_string());
            (Some(names.collect()), next)
        }
        Batch::ListAgain { next } => (None, next),
    }
}

async fn a_reader_goes_on_where_it_was<K: Kind>(kind: &K) {
    let start = kind.position().await;
    assert_eq!(read(kind, start, Duration::ZERO).await, (Some(vec![]), start));
    kind.put("one").await;
    let (changed, next) = read(kind, start, LONG).await;
    assert_eq!(changed.unwrap(), ["one"]);
    assert_eq!(read(kind, next, Duration::from_millis(1)).await, (Some(vec![]), next));
    // Whoever waits is woken.
    let reader = {
        let kind = kind.clone();
        tokio::spawn(async move { read(&kind, next, LONG).await })
    };
    tokio::task::yield_now().await;
    kind.delete("one").await;
    assert_eq!(reader.await.unwrap().0.unwrap(), ["one"]);
    // The same is read again, and by any reader.
    assert_eq!(read(kind, start, LONG).await.0.unwrap(), ["one", "one"]);
}

/// Follows the feed as whoever keeps something derived of it does.
async fn follow<K: Kind>(kind: K, done: Arc<tokio::sync::Notify>) -> BTreeSet<String> {
    let mut next = kind.position().await;
    let mut known = kind.list().await;
    let mut last = false;
    loop {
        let batch = tokio::select! {
            batch = kind.since(next, if last { Duration::ZERO } else { LONG }) => batch,
            () = done.notified() => { last = true; continue }
        };
        next = batch.next();
        match batch {
            Batch::Changes { changed, .. } if changed.is_empty() && last => return known,
            Batch::Changes { changed, .. } => {
                for one in changed {
                    if kind.exists(&one.name).await {
                        known.insert(one.name.to_string());
                    } else {
                        known.remove(&one.name.to_string());
                    }
                }
            }
            Batch::ListAgain { .. } => known = kind.list().await,
        }
    }
}

async fn nothing_is_missed_between_a_listing_and_the_feed<K: Kind>(kind: &K) {
    let mut writers = JoinSet::new();
    for writer in 0..3_u64 {
        let kind = kind.clone();
        writers.spawn(async move {
            for round in 0..40_u64 {
                let name = format!("n{}", (round * 7 + writer * 3) % 11);
                if (round + writer) % 3 == 0 {
                    kind.delete(&name).await;
                } else {
                    kind.put(&name).await;
                }
            }
        });
    }
    let mut readers = Vec::new();
    for _ in 0..3 {
        let done = Arc::new(tokio::sync::Notify::new());
        readers.push((Arc::clone(&done), tokio::spawn(follow(kind.clone(), done))));
        tokio::task::yield_now().await;
    }
    writers.join_all().await;
    let there = kind.list().await;
    for (done, reader) in readers {
        done.notify_one();
        assert_eq!(reader.await.unwrap(), there);
    }
    for name in there {
        kind.delete(&name).await;
    }
}

/// A feed keeps what it likes, but never leaves anything out in silence.
async fn whoever_is_too_slow_lists_again<K: Kind>(kind: &K) {
    let start = kind.position().await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let kind = kind.clone();
        writers.spawn(async move {
            for _ in 0..150 {
                kind.put(&format!("w{writer}")).await;
            }
        });
    }
    writers.join_all().await;
    match read(kind, start, LONG).await {
        (Some(changed), _) => assert_eq!(changed.len(), 1200),
        (None, next) => {
            kind.put("later").await;
            assert_eq!(read(kind, next, LONG).await.0.unwrap(), ["later"]);
        }
    }
    // A position of a feed that is gone is not taken for one of this.
    let other = Position { feed: start.feed ^ 1, ..start };
    assert_eq!(read(kind, other, LONG).await.0, None);
    for name in kind.list().await {
        kind.delete(&name).await;
    }
}
