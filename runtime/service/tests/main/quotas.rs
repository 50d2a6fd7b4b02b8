use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lambent_service::{NewMessage, Principal, QueueAttributes, Scope};
use lambent_storage::fault::{Faults, When};
use lambent_storage::{OwnQuotas, Quota};
use lambent_types::{Error, ErrorCode, Origin, QueueName};
use tokio::task::JoinSet;

use crate::fixture::Fixture;

fn messages(limit: u64) -> Option<OwnQuotas> {
    Some(OwnQuotas([(Quota::Messages, Some(limit))].into()))
}

async fn send(scope: &Scope) -> Result<(), Error> {
    let message = NewMessage { body: "m".into(), ..NewMessage::default() };
    scope.handle::<QueueName>("q")?.send(vec![message]).await.map(drop)
}

async fn limit_of(scope: &Scope, quota: Quota) -> Option<u64> {
    let (_, all) = scope.describe_namespace(scope.namespace().as_str()).await.unwrap();
    all.iter().find(|one| one.quota == quota).unwrap().limit
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_fill_one_namespace_and_its_neighbour_notices_nothing() {
    let fixture = Fixture::new().await;
    let (full, free) = (fixture.scope_of("full").await, fixture.scope_of("free").await);
    for scope in [&full, &free] {
        scope.handle::<QueueName>("q").unwrap().put(QueueAttributes::default()).await.unwrap();
    }
    fixture.scope.put_namespace("full", messages(25)).await.unwrap();
    let (taken, mut clients) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for _ in 0..12 {
        let (full, taken) = (full.clone(), Arc::clone(&taken));
        clients.spawn(async move {
            for _ in 0..10 {
                match send(&full).await {
                    Ok(()) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => assert_eq!(error.code(), ErrorCode::QuotaExceeded),
                }
            }
        });
    }
    for _ in 0..40 {
        send(&free).await.unwrap();
    }
    clients.join_all().await;
    assert_eq!(taken.load(Ordering::Relaxed), 25, "as many as fit, and no more");

    // Lowered below what is held, at once and for whoever has a scope already.
    let put = fixture.scope.put_namespace("full", messages(3)).await.unwrap();
    assert!(!put.created);
    let error = send(&full).await.unwrap_err();
    assert!(error.detail().contains("holds 25 messages and may hold 3"), "{error}");
    send(&free).await.unwrap();
    fixture.scope.put_namespace("full", messages(26)).await.unwrap();
    send(&full).await.unwrap();
    send(&full).await.unwrap_err();
    // Putting it without quotas changes none; putting it with none takes those it had.
    fixture.scope.put_namespace("full", None).await.unwrap();
    send(&full).await.unwrap_err();
    fixture.scope.put_namespace("full", Some(OwnQuotas::default())).await.unwrap();
    send(&full).await.unwrap();
}

#[tokio::test]
async fn they_are_in_force_after_a_restart_also_in_the_namespace_of_every_node() {
    let fixture = Fixture::new().await;
    let shop = fixture.scope_of("shop").await;
    for name in ["shop", "default"] {
        fixture.scope.put_namespace(name, messages(1)).await.unwrap();
    }
    shop.handle::<QueueName>("q").unwrap().put(QueueAttributes::default()).await.unwrap();
    send(&shop).await.unwrap();
    drop(shop);
    let fixture = fixture.restart().await;
    // Before anyone enters it: guests do not come by a door.
    let q = "q".parse().unwrap();
    let message = NewMessage { body: "m".into(), ..NewMessage::default() };
    let (ns, origin) = ("shop".parse().unwrap(), Origin::default());
    fixture.stores.queues.send(&ns, &q, vec![message], &origin).await.unwrap_err();
    assert_eq!(limit_of(&fixture.scope, Quota::Messages).await, Some(1));
    let all = fixture.scope.namespaces().await.unwrap();
    let names: Vec<_> = all.iter().map(|info| info.name.as_str()).collect();
    assert_eq!(names, ["default", "shop"]);
    assert!(all.iter().all(|info| Some(info.quotas.clone()) == messages(1)));
    let error = fixture.scope.delete_namespace("default", true).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
}

#[tokio::test]
async fn those_of_a_deleted_namespace_are_not_of_the_next_of_its_name() {
    let fixture = Fixture::new().await;
    fixture.scope.put_namespace("shop", messages(1)).await.unwrap();
    fixture.scope.delete_namespace("shop", false).await.unwrap();
    let shop = fixture.scope_of("Shop").await;
    assert!(limit_of(&shop, Quota::Messages).await > Some(1));
    shop.handle::<QueueName>("q").unwrap().put(QueueAttributes::default()).await.unwrap();
    send(&shop).await.unwrap();
    send(&shop).await.unwrap();

    // Nor where the deletion was interrupted at any step.
    for seed in 0..20 {
        fixture.scope.put_namespace("shop", messages(1)).await.unwrap();
        let faults = Faults::new(seed);
        let failing = fixture.over(fixture.stores.clone().with_faults(&faults));
        let root = failing.scope(Principal::Root, None, Origin::default()).await.unwrap();
        faults.fail_sometimes(0.1, When::After);
        drop(root.delete_namespace("shop", true).await);
        fixture.service.collect_garbage().await.unwrap();
        drop(fixture.scope.delete_namespace("shop", true).await);
        let shop = fixture.scope_of("shop").await;
        assert!(limit_of(&shop, Quota::Messages).await > Some(1), "seed {seed}");
    }
}

#[tokio::test]
async fn only_the_root_key_sets_them() {
    let fixture = Fixture::new().await;
    let shop = fixture.scope_of("shop").await;
    let made = shop.create_access_key("ci".into(), None).await.unwrap();
    let key = fixture.service.authenticate(made.secret.as_bytes()).await.unwrap().unwrap();
    let scope = fixture.service.scope(key, None, Origin::default()).await.unwrap();
    let error = scope.put_namespace("shop", messages(9)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Forbidden);
    assert_eq!(scope.describe_namespace("shop").await.unwrap().1.len(), Quota::ALL.len());
    let error = scope.describe_namespace("default").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Forbidden);
}

/// Two services over the same stores stand for two nodes.
#[tokio::test]
async fn what_another_node_set_is_in_force_when_somebody_enters() {
    let fixture = Fixture::new().await;
    fixture.scope_of("shop").await;
    fixture.scope.put_namespace("shop", messages(7)).await.unwrap();
    // As if this node had not been told.
    fixture.stores.quotas.set(&"shop".parse().unwrap(), OwnQuotas::default());
    let shop =
        fixture.service.scope(Principal::Root, Some("shop".parse().unwrap()), Origin::default());
    assert_eq!(limit_of(&shop.await.unwrap(), Quota::Messages).await, Some(7));
}
