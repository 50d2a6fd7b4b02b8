use std::time::Duration;

use futures::StreamExt as _;
use lambent_types::{ObjectChange, Origin, Source, Trigger};

use super::samples::{name, namespace};
use crate::event_log::Channel;
use crate::keyvalue::{Change, Expect, KeyValueError, SetOptions};
use crate::objects::{Condition, ObjectError, PutObject};
use crate::queues::{QueueAttributes, QueueError};
use crate::resources::ResourceError;
use crate::stores::Stores;

fn trigger(text: &str, source: Source) -> Trigger {
    Trigger {
        name: text.parse().unwrap(),
        function: Some(name("f").into()),
        send_to: None,
        source,
        patterns: Vec::new(),
        delivery: None,
        enabled: true,
    }
}

fn of_bucket(changes: Vec<ObjectChange>, prefix: &str, suffix: &str) -> Source {
    let bucket = "bucket".parse().unwrap();
    Source::Object { bucket, changes, prefix: prefix.into(), suffix: suffix.into() }
}

fn of_keyspace(prefix: &str) -> Source {
    Source::KeyValue { keyspace: "space".parse().unwrap(), prefix: prefix.into() }
}

fn of_queue() -> Source {
    let queue = "queue".parse().unwrap();
    Source::Queue {
        queue,
        batch_size: 10,
        batch_window_ms: 0,
        concurrency_max: 1,
        item_failures: true,
    }
}

/// Takes everything from a trigger's channel: kind and subject, in order.
async fn told(stores: &Stores, ns: &lambent_types::Namespace, trigger: &str) -> Vec<String> {
    let channel = Channel::Trigger(trigger.parse().unwrap());
    let lease = Duration::from_secs(60);
    let got = stores.events.receive(ns, &channel, 100, lease, Duration::ZERO).await.unwrap();
    got.iter()
        .map(|one| {
            let kind = one.event.kind.split('.').nth(2).unwrap_or_default();
            assert!(one.group.is_none() || one.group == one.event.subject);
            format!("{kind} {}", one.event.subject.as_deref().unwrap_or_default())
        })
        .collect()
}

pub(super) async fn changes_go_to_the_triggers_they_fit(stores: &Stores) {
    let triggers = stores.resources.of::<Trigger>();
    let ns = namespace("contract-fits");
    let (bucket, space) = ("bucket".parse().unwrap(), "space".parse().unwrap());
    stores.objects.create_bucket(&ns, &bucket).await.unwrap();
    stores.keyvalue.create_keyspace(&ns, &space).await.unwrap();
    for (text, source) in [
        ("all", of_bucket(Vec::new(), "", "")),
        ("gone", of_bucket(vec![ObjectChange::Deleted], "", "")),
        ("images", of_bucket(vec![ObjectChange::Created], "in/", ".png")),
        ("keys", of_keyspace("")),
        ("users", of_keyspace("user/")),
    ] {
        triggers.put(&ns, &trigger(text, source), None).await.unwrap();
    }
    let origin = Origin::default();
    for key in ["in/a.png", "in/a.txt", "b.png"] {
        let bytes = futures::stream::iter([Ok("x".into())]).boxed();
        let put = PutObject::default();
        stores.objects.put(&ns, &bucket, key, put, bytes, &origin).await.unwrap();
    }
    let none = Condition::None;
    stores.objects.delete(&ns, &bucket, "b.png", none.clone(), &origin).await.unwrap();
    // Nothing happens when what is not there is deleted.
    stores.objects.delete(&ns, &bucket, "b.png", none, &origin).await.unwrap();
    let set = |key: &str| Change::Set {
        key: key.into(),
        value: "1".into(),
        options: SetOptions::default(),
    };
    let delete = Change::Delete { key: "user/1".into(), expect: Expect::Any };
    let changes = vec![set("user/1"), set("x"), delete];
    stores.keyvalue.apply(&ns, &space, changes, &origin).await.unwrap();
    stores.keyvalue.increment(&ns, &space, "x", 1, &origin).await.unwrap();

    let created = |key| format!("created {key}");
    let all = [created("in/a.png"), created("in/a.txt"), created("b.png"), "deleted b.png".into()];
    assert_eq!(told(stores, &ns, "all").await, all);
    assert_eq!(told(stores, &ns, "gone").await, ["deleted b.png"]);
    assert_eq!(told(stores, &ns, "images").await, [created("in/a.png")]);
    // Those of one key in their order; between keys there is none.
    let keys = told(stores, &ns, "keys").await;
    let of = |key: &str| keys.iter().filter(|one| one.ends_with(key)).cloned().collect::<Vec<_>>();
    assert_eq!((of(" x"), keys.len()), (vec!["set x".into(), "set x".into()], 4));
    assert_eq!(of(" user/1"), ["set user/1", "deleted user/1"]);
    assert_eq!(told(stores, &ns, "users").await, ["set user/1", "deleted user/1"]);

    // What a trigger is for may change, and holds from then on.
    triggers.put(&ns, &trigger("users", of_keyspace("y")), None).await.unwrap();
    stores.keyvalue.apply(&ns, &space, vec![set("user/2"), set("y")], &origin).await.unwrap();
    assert_eq!(told(stores, &ns, "users").await, ["set y"]);
}

pub(super) async fn sources_are_kept_while_a_trigger_names_them(stores: &Stores) {
    let triggers = stores.resources.of::<Trigger>();
    let ns = namespace("contract-sources");
    let (bucket, space) = ("bucket".parse().unwrap(), "space".parse().unwrap());
    let queue = "queue".parse().unwrap();
    let sources = [("b", of_bucket(Vec::new(), "", "")), ("k", of_keyspace("")), ("q", of_queue())];
    for (text, source) in sources.clone() {
        let missing = triggers.put(&ns, &trigger(text, source), None).await;
        assert!(matches!(missing, Err(ResourceError::NoSource)), "{missing:?}");
    }
    stores.objects.create_bucket(&ns, &bucket).await.unwrap();
    stores.keyvalue.create_keyspace(&ns, &space).await.unwrap();
    stores.queues.put_queue(&ns, &queue, QueueAttributes::default()).await.unwrap();
    for (text, source) in sources {
        triggers.put(&ns, &trigger(text, source), None).await.unwrap();
    }
    let other = triggers.put(&ns, &trigger("B", of_keyspace("")), None).await;
    assert!(matches!(other, Err(ResourceError::OtherSource)), "{other:?}");
    // Another kind of source is another one, also if it is called the same.
    let same_name = "bucket".parse().unwrap();
    stores.keyvalue.create_keyspace(&ns, &same_name).await.unwrap();
    let source = Source::KeyValue { keyspace: same_name.clone(), prefix: String::new() };
    let other = triggers.put(&ns, &trigger("b", source), None).await;
    assert!(matches!(other, Err(ResourceError::OtherSource)), "{other:?}");
    stores.keyvalue.delete_keyspace(&ns, &same_name).await.unwrap();
    let names =
        triggers.list(&ns).await.unwrap().into_iter().map(|one| one.specification.name.key());
    assert_eq!(names.collect::<Vec<_>>(), ["b", "k", "q"]);
    assert!(triggers.get(&ns, &"Q".parse().unwrap()).await.unwrap().is_some());

    let refused = stores.objects.delete_bucket(&ns, &bucket).await;
    assert!(matches!(refused, Err(ObjectError::Triggered(_))), "{refused:?}");
    let refused = stores.keyvalue.delete_keyspace(&ns, &space).await;
    assert!(matches!(refused, Err(KeyValueError::Triggered(_))), "{refused:?}");
    let refused = stores.queues.delete_queue(&ns, &queue).await;
    assert!(matches!(refused, Err(QueueError::Triggered(_))), "{refused:?}");

    let put = Change::Set { key: "k".into(), value: "1".into(), options: SetOptions::default() };
    stores.keyvalue.apply(&ns, &space, vec![put], &Origin::default()).await.unwrap();
    let channel = Channel::Trigger("k".parse().unwrap());
    assert_eq!(stores.events.depth(&ns, &channel).await.unwrap().ready, 1);
    for text in ["b", "k", "q"] {
        triggers.delete(&ns, &text.parse().unwrap()).await.unwrap();
        let again = triggers.delete(&ns, &text.parse().unwrap()).await;
        assert!(matches!(again, Err(ResourceError::NotFound)), "{again:?}");
    }
    // The events that waited went with it.
    assert_eq!(stores.events.depth(&ns, &channel).await.unwrap(), crate::Depth::default());
    assert!(!triggers.all().await.unwrap().iter().any(|(owner, _)| *owner == ns));
    stores.objects.delete_bucket(&ns, &bucket).await.unwrap();
    stores.queues.delete_queue(&ns, &queue).await.unwrap();
}
