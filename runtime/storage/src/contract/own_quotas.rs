//! Quotas of single namespaces, which may change at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use lambent_types::{KeyspaceName, Namespace, Origin};
use tokio::task::JoinSet;

use super::samples::{head, name, namespace, schedule};
use crate::keyvalue::{Change, Expect, KeyValueError, SetOptions};
use crate::namespace_quotas::OwnQuotas;
use crate::objects::{Condition, ObjectError, PutObject};
use crate::queues::{NewMessage, QueueAttributes};
use crate::quota::{Quota, QuotaExceeded};
use crate::stores::Stores;

fn limit(stores: &Stores, ns: &Namespace, quota: Quota, limit: u64) {
    stores.quotas.set(ns, OwnQuotas([(quota, Some(limit))].into()));
}

async fn set(stores: &Stores, ns: &Namespace, k: &KeyspaceName, key: String) -> bool {
    let options = SetOptions { expect: Expect::Any, ttl: None };
    let change = Change::Set { key, value: Bytes::from_static(b"v"), options };
    match stores.keyvalue.apply(ns, k, vec![change], &Origin::default()).await {
        Ok(_) => true,
        Err(KeyValueError::Quota(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Many clients at once fill a namespace whose quota is lowered and raised meanwhile, and its
/// neighbour notices nothing.
pub(super) async fn one_is_full_and_the_other_is_not(stores: &Stores) {
    let (full, free) = (namespace("contract-own-full"), namespace("contract-own-free"));
    let k: KeyspaceName = "keys".parse().unwrap();
    for ns in [&full, &free] {
        stores.keyvalue.create_keyspace(ns, &k).await.unwrap();
    }
    limit(stores, &full, Quota::Keys, 40);
    let (made, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for client in 0..16 {
        let (stores, full, k) = (stores.clone(), full.clone(), k.clone());
        let (made, stop) = (Arc::clone(&made), Arc::clone(&stop));
        clients.spawn(async move {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let key = format!("{client}-{number}");
                made.fetch_add(usize::from(set(&stores, &full, &k, key).await), Ordering::Relaxed);
            }
        });
    }
    // On a busy machine the clients begin later than this goes on.
    while made.load(Ordering::Relaxed) < 10 {
        tokio::task::yield_now().await;
    }
    for number in 0..60 {
        assert!(set(stores, &free, &k, format!("{number}")).await, "the neighbour is refused");
        if number == 20 {
            // Below what it holds, or will: what is there stays, and nothing new fits.
            limit(stores, &full, Quota::Keys, 10);
        }
    }
    stop.store(true, Ordering::Relaxed);
    clients.join_all().await;
    let held = made.load(Ordering::Relaxed) as u64;
    assert!((10..=40).contains(&held), "{held} keys were taken");
    let holdings = stores.holdings(&full).await.unwrap();
    let keys = holdings.iter().find(|one| one.quota == Quota::Keys).unwrap();
    assert_eq!((keys.used, keys.limit), (held, Some(10)));
    assert!(!set(stores, &full, &k, "more".into()).await);
    limit(stores, &full, Quota::Keys, held + 1);
    assert!(set(stores, &full, &k, "more".into()).await);
    assert!(!set(stores, &full, &k, "too many".into()).await);
    stores.quotas.set(&full, OwnQuotas::default());
    assert!(set(stores, &full, &k, "too many".into()).await);
}

/// An upload that had its bytes reserved is taken, although the quota was lowered meanwhile.
pub(super) async fn what_was_reserved_is_honoured(stores: &Stores) {
    let (ns, origin) = (namespace("contract-own-flight"), Origin::default());
    let b = "photos".parse().unwrap();
    stores.objects.create_bucket(&ns, &b).await.unwrap();
    let (reserved, lowered) =
        (Arc::new(tokio::sync::Notify::new()), tokio::sync::Semaphore::new(0));
    let (told, lowered) = (Arc::clone(&reserved), Arc::new(lowered));
    let waits = Arc::clone(&lowered);
    let bytes = futures::stream::iter(0..2).then(move |piece| {
        let (told, waits) = (Arc::clone(&told), Arc::clone(&waits));
        async move {
            if piece == 1 {
                // It is asked for once the first piece is taken.
                told.notify_one();
                drop(waits.acquire().await);
            }
            Ok(if piece == 0 { Bytes::from_static(b"123456") } else { Bytes::new() })
        }
    });
    let upload = async {
        stores.objects.put(&ns, &b, "a", PutObject::default(), bytes.boxed(), &origin).await
    };
    let change = async {
        reserved.notified().await;
        limit(stores, &ns, Quota::ObjectBytes, 2);
        lowered.add_permits(1);
    };
    let (object, ()) = tokio::join!(upload, change);
    assert_eq!(object.unwrap().size, 6);
    let one = || futures::stream::iter([Ok(Bytes::from_static(b"x"))]).boxed();
    let put = |key| stores.objects.put(&ns, &b, key, PutObject::default(), one(), &origin);
    match put("b").await {
        Err(ObjectError::Quota(QuotaExceeded { limit: 2, used: 6, .. })) => {}
        other => panic!("{other:?}"),
    }
    // Less in the place of more fits always, and what was deleted makes room.
    put("a").await.unwrap();
    put("b").await.unwrap();
    assert!(put("c").await.is_err());
    assert!(stores.objects.delete(&ns, &b, "b", Condition::None, &origin).await.unwrap());
    put("c").await.unwrap();
}

/// Every kind of resource is counted against the namespace's own quota.
pub(super) async fn each_kind_has_its_own(stores: &Stores) {
    let (ns, other) = (namespace("contract-own-kinds"), namespace("contract-own-kinds2"));
    let none = Quota::ALL.map(|quota| (quota, Some(0)));
    stores.quotas.set(&ns, OwnQuotas(none.into()));
    let attributes = QueueAttributes::default;
    let refused = [
        stores.objects.create_bucket(&ns, &"bucket".parse().unwrap()).await.is_err(),
        stores.keyvalue.create_keyspace(&ns, &"k".parse().unwrap()).await.is_err(),
        stores.queues.put_queue(&ns, &"q".parse().unwrap(), attributes()).await.is_err(),
        stores.resources.of().put(&ns, &schedule("s"), None).await.is_err(),
        stores.registry.put(head(&ns, &name("f"), "code"), None).await.is_err(),
    ];
    assert_eq!(refused, [true; 5]);
    assert!(stores.holdings(&ns).await.unwrap().iter().all(|one| one.limit == Some(0)));
    stores.objects.create_bucket(&other, &"bucket".parse().unwrap()).await.unwrap();
    stores.registry.put(head(&other, &name("f"), "code"), None).await.unwrap();
    let q = "q".parse().unwrap();
    for ns in [&ns, &other] {
        limit(stores, ns, Quota::Messages, 1);
        stores.queues.put_queue(ns, &q, attributes()).await.unwrap();
        let send = async || {
            let message = NewMessage { body: "m".into(), ..NewMessage::default() };
            stores.queues.send(ns, &q, vec![message], &Origin::default()).await
        };
        send().await.unwrap();
        assert!(send().await.is_err());
    }
    stores.registry.put(head(&ns, &name("f"), "code"), None).await.unwrap();
    limit(stores, &ns, Quota::Versions, 0);
    assert!(stores.registry.publish(&ns, &name("f"), None).await.is_err());
    stores.registry.publish(&other, &name("f"), None).await.unwrap();
}
