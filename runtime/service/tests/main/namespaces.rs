use std::time::Duration;

use lambent_service::{Principal, Scope};
use lambent_storage::fault::{Faults, When};
use lambent_storage::{Change, Expect, ListKeys, NewMessage, QueueAttributes, Redrive, SetOptions};
use lambent_types::{
    BucketName, Clock as _, ErrorCode, FunctionName, KeyspaceName, Origin, Precondition, QueueName,
};

use crate::fixture::{ANY, Fixture};

fn set(key: &str) -> Change {
    let options = SetOptions { expect: Expect::Any, ttl: None };
    Change::Set { key: key.into(), value: "value".into(), options }
}

/// Puts one of everything into a namespace.
async fn fill(scope: &Scope) {
    scope
        .handle::<FunctionName>("f")
        .unwrap()
        .deploy("one".into(), Default::default(), &ANY)
        .await
        .unwrap();
    scope.handle::<FunctionName>("f").unwrap().publish(&ANY).await.unwrap();
    scope.handle::<BucketName>("photos").unwrap().create().await.unwrap();
    let bytes = Box::pin(futures::stream::empty());
    scope
        .handle::<BucketName>("photos")
        .unwrap()
        .put("cat", Default::default(), bytes)
        .await
        .unwrap();
    scope
        .handle::<BucketName>("photos")
        .unwrap()
        .begin_upload("dog", Default::default())
        .await
        .unwrap();
    let keyspace = scope.handle::<KeyspaceName>("settings").unwrap();
    keyspace.create().await.unwrap();
    keyspace.apply((0..30).map(|n| set(&format!("k{n}"))).collect()).await.unwrap();
    scope.handle::<QueueName>("dead").unwrap().put(QueueAttributes::default()).await.unwrap();
    let redrive = Redrive { queue: "dead".parse().unwrap(), receives_max: 3 };
    let attributes = QueueAttributes { redrive: Some(redrive), ..QueueAttributes::default() };
    let queue = scope.handle::<QueueName>("a-first").unwrap();
    queue.put(attributes).await.unwrap();
    queue.send(vec![NewMessage { body: "m".into(), ..NewMessage::default() }]).await.unwrap();
    let trigger = serde_json::json!({
        "name": "t", "function": "f", "source": {"kind": "object", "bucket": "photos"},
    });
    scope.put_trigger(serde_json::from_value(trigger).unwrap()).await.unwrap();
    let schedule = serde_json::json!({"name": "s", "function": "f", "expression": "@daily"});
    scope.put_schedule(serde_json::from_value(schedule).unwrap()).await.unwrap();
    scope.create_access_key("ci".into(), None).await.unwrap();
}

#[tokio::test]
async fn they_are_made_and_listed() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    assert!(scope.put_namespace("Shop", None).await.unwrap().created);
    let again = scope.put_namespace("shop", None).await.unwrap();
    assert!(!again.created);
    assert_eq!(again.value.name.as_str(), "Shop", "a name keeps its spelling");
    let names = async || {
        let all = scope.namespaces().await.unwrap();
        all.iter().map(|info| info.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["default", "Shop"]);
    scope.delete_namespace("SHOP", false).await.unwrap();
    assert_eq!(names().await, ["default"]);
    let code = async |name| scope.delete_namespace(name, true).await.unwrap_err().code();
    assert_eq!(code("shop").await, ErrorCode::NamespaceNotFound);
    assert_eq!(code("Default").await, ErrorCode::Conflict);
    assert_eq!(code("_lambent").await, ErrorCode::InvalidName);
    for bad in ["", "a b", "_mine", "_lambent"] {
        let error = scope.put_namespace(bad, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidName, "{bad:?}");
    }
}

#[tokio::test]
async fn what_the_service_keeps_is_in_no_namespace_that_anyone_can_enter() {
    let fixture = Fixture::new().await;
    fixture.scope.put_namespace("shop", None).await.unwrap();
    let own = Some("_lambent".parse().unwrap());
    let entered = fixture.service.scope(Principal::Root, own, Origin::default()).await;
    assert_eq!(entered.err().unwrap().code(), ErrorCode::NamespaceNotFound);
}

#[tokio::test]
async fn one_that_holds_something_is_deleted_only_with_it() {
    let fixture = Fixture::new().await;
    let shop = fixture.scope_of("shop").await;
    let other = fixture.scope_of("other").await;
    fill(&shop).await;
    fill(&other).await;
    let error = fixture.scope.delete_namespace("shop", false).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    for part in ["function \"f\"", "bucket \"photos\"", "queue \"a-first\"", "schedule \"s\""] {
        assert!(error.detail().contains(part), "{error}");
    }
    // That it was asked for changed nothing.
    assert_eq!(shop.buckets().await.unwrap().len(), 1);

    fixture.scope.delete_namespace("shop", true).await.unwrap();
    let gone =
        fixture.service.scope(Principal::Root, Some("shop".parse().unwrap()), Origin::default());
    assert_eq!(gone.await.err().unwrap().code(), ErrorCode::NamespaceNotFound);
    // One of the same name begins empty, and the neighbour has everything still.
    let again = fixture.scope_of("shop").await;
    assert!(again.functions(None, 1).await.unwrap().is_empty());
    assert!(again.buckets().await.unwrap().is_empty());
    assert!(again.access_keys().await.unwrap().is_empty());
    assert_eq!(other.functions(None, 9).await.unwrap().len(), 1);
    let list = ListKeys { prefix: String::new(), after: None, limit: 100 };
    let keys = other.handle::<KeyspaceName>("settings").unwrap().list(list).await.unwrap().keys;
    assert_eq!(keys.len(), 30);
    assert_eq!(other.access_keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_goes_on() {
    let fixture = Fixture::new().await;
    let enter = || {
        let shop = Some("shop".parse().unwrap());
        fixture.service.scope(Principal::Root, shop, Origin::default())
    };
    let mut interrupted = 0;
    for seed in 0..12 {
        fill(&fixture.scope_of("shop").await).await;
        let faults = Faults::new(seed);
        let failing = fixture.over(fixture.stores.clone().with_faults(&faults));
        let root = failing.scope(Principal::Root, None, Origin::default()).await.unwrap();
        faults.fail_sometimes(0.03, When::Before);
        if root.delete_namespace("shop", true).await.is_err() {
            interrupted += 1;
            // Nobody gets in meanwhile, unless it had not begun.
            match enter().await {
                Ok(_) => fixture.scope.delete_namespace("shop", true).await.unwrap(),
                Err(error) => assert_eq!(error.code(), ErrorCode::Conflict),
            }
            // The next look for garbage finishes it.
            fixture.service.collect_garbage().await.unwrap();
        }
        assert_eq!(enter().await.err().unwrap().code(), ErrorCode::NamespaceNotFound);
    }
    assert!(interrupted > 0, "no deletion was interrupted, so this proves nothing");
}

#[tokio::test]
async fn a_key_opens_its_namespace_and_no_other() {
    let fixture = Fixture::new().await;
    let shop = fixture.scope_of("shop").await;
    let made = shop.create_access_key("ci".into(), None).await.unwrap();
    let principal = fixture.service.authenticate(made.secret.as_bytes()).await.unwrap().unwrap();
    assert_eq!(principal.id(), Some(made.key.id.as_str()));
    let enter = async |namespace: Option<&str>| {
        let namespace = namespace.map(|name| name.parse().unwrap());
        let scope = fixture.service.scope(principal.clone(), namespace, Origin::default()).await;
        scope.map(|scope| scope.namespace().to_string()).map_err(|error| error.code())
    };
    assert_eq!(enter(None).await, Ok("shop".into()));
    assert_eq!(enter(Some("SHOP")).await, Ok("shop".into()));
    // Whether there is one of that name is not told.
    assert_eq!(enter(Some("default")).await, Err(ErrorCode::Forbidden));
    assert_eq!(enter(Some("nowhere")).await, Err(ErrorCode::Forbidden));
    let scope = fixture.service.scope(principal.clone(), None, Origin::default()).await.unwrap();
    let refused = [
        scope.put_namespace("mine", None).await.map(drop),
        scope.delete_namespace("shop", true).await,
        scope.describe_namespace("default").await.map(drop),
        scope.access_keys().await.map(drop),
        scope.create_access_key(String::new(), None).await.map(drop),
        scope.delete_access_key(&made.key.id).await,
    ];
    for refused in refused {
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
    }
    assert_eq!(scope.namespaces().await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_end_when_they_are_deleted_or_expire() {
    let fixture = Fixture::new().await;
    let shop = fixture.scope_of("shop").await;
    let other = fixture.scope_of("other").await;
    let at = fixture.clock.now() + Duration::from_secs(60);
    let lasting = shop.create_access_key("lasting".into(), None).await.unwrap();
    let ending = shop.create_access_key("ending".into(), Some(at)).await.unwrap();
    let good = async |secret: &str| {
        fixture.service.authenticate(secret.as_bytes()).await.unwrap().is_some()
    };
    assert!(good(&lasting.secret).await && good(&ending.secret).await);
    fixture.clock.advance(Duration::from_secs(60));
    assert!(good(&lasting.secret).await && !good(&ending.secret).await);
    let past = shop.create_access_key(String::new(), Some(at)).await.unwrap_err();
    assert_eq!(past.code(), ErrorCode::InvalidRequest);

    let id = &lasting.key.id;
    let elsewhere = other.delete_access_key(id).await.unwrap_err();
    assert_eq!(elsewhere.code(), ErrorCode::AccessKeyNotFound);
    assert!(good(&lasting.secret).await);
    shop.delete_access_key(id).await.unwrap();
    assert!(!good(&lasting.secret).await);
    assert_eq!(shop.delete_access_key(id).await.unwrap_err().code(), ErrorCode::AccessKeyNotFound);
    for wrong in ["", "lsk_", &lasting.secret[..46], &format!("{}a", lasting.secret)] {
        assert!(!good(wrong).await, "{wrong}");
    }
    let listed = shop.access_keys().await.unwrap();
    assert_eq!(listed, [ending.key]);
    shop.handle::<FunctionName>("f").unwrap().delete(&Precondition::NONE).await.unwrap_err();
}

#[tokio::test]
async fn no_secret_is_stored() {
    let fixture = Fixture::new().await;
    let made = fixture.scope.create_access_key("ci".into(), None).await.unwrap();
    let mut read = 0;
    for entry in std::fs::read_dir(fixture.path()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            read += usize::from(bytes.windows(20).any(|part| part == made.key.id.as_bytes()));
            let secret = made.secret.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{entry:?}");
        }
    }
    assert!(read > 0, "the key itself was found nowhere, so this proves nothing");
}
