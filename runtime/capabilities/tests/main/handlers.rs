//! Exports whose types are this crate's own.

use lambent_engine::Finished;
use lambent_types::occurrence::{KeyData, KeyValueData};
use lambent_types::{Event, Handler, Origin, Outcome, Output};
use serde_json::{Value, json};

use crate::support::{World, component, event, function, limits};

fn message(data: &'static str) -> Event {
    let mut event = event("/queues/orders", data);
    event.content_type = Some("text/plain".into());
    event.extensions.push(("attributes".into(), r#"{"k":"v"}"#.into()));
    event
}

async fn handle(world: &World, grants: Value, message: Event) -> Finished<Output> {
    let relay = ("guest-peer-wasmcloud-messaging", Handler::Messaging);
    let function = function("default", grants);
    world.event(relay, function, (Origin::default(), limits()), message).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_handler_gets_the_message_whole() {
    let world = World::new();
    world.mailbox.create("default", "relayed");
    let grants = json!({ "queues": { "relayed": "write" } });
    let end = handle(&world, grants.clone(), message("hello")).await;
    assert_eq!((end.outcome, end.meter.bytes_in), (Outcome::Ok, 5));
    let [(relayed, _)] = &world.mailbox.of("default", "relayed")[..] else { panic!("not one") };
    assert_eq!(relayed.body, "hello");
    assert_eq!(relayed.content_type.as_deref(), Some("text/plain"));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(relayed.attributes, [pair("from", "orders"), pair("k", "v")].into());

    let end = handle(&world, grants, message("no")).await;
    let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
    assert_eq!(failure.kind, "MessagingError.Other");
    assert_eq!(failure.message, "the message said no");

    let end = handle(&world, json!({}), message("hello")).await;
    let Outcome::FunctionError(failure) = end.outcome else { panic!("{:?}", end.outcome) };
    assert_eq!(failure.kind, "MessagingError.PermissionDenied");
    let lines = "in [functions.f.grants.queues]: relayed = \"write\"";
    assert!(failure.message.contains(lines), "{}", failure.message);
}

fn change(key: &str, value: Option<KeyValueData>) -> Event {
    let data = KeyData {
        keyspace: "watched".into(),
        key: key.into(),
        revision: 1,
        old: None,
        new: value,
        expired: false,
    };
    event("/keyspaces/watched", serde_json::to_vec(&data).unwrap())
}

async fn watch(world: &World, grants: Value, change: Event) -> Finished<Output> {
    let watcher = ("guest-watcher", Handler::Watcher2);
    let function = function("default", grants);
    world.event(watcher, function, (Origin::default(), limits()), change).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_is_told_values_of_any_bytes() {
    let world = World::new();
    world.keys.create("default", "watched").await;
    let grants = json!({ "keyspaces": { "watched": "read" } });
    let said = |end: Finished<Output>| {
        assert_eq!(end.outcome, Outcome::Ok);
        end.logs.lines[0].text.clone()
    };
    let text = Some(KeyValueData::Text("hi".into()));
    let end = watch(&world, grants.clone(), change("a", text.clone())).await;
    assert_eq!(said(end), "set a [104, 105], there: Ok(false)");
    let bytes = Some(KeyValueData::Base64("/wA=".into()));
    let end = watch(&world, grants.clone(), change("a", bytes)).await;
    assert_eq!(said(end), "set a [255, 0], there: Ok(false)");
    let end = watch(&world, grants.clone(), change("a", None)).await;
    assert_eq!(said(end), "deleted a, there: Ok(false)");
    // Being told of a key is no grant to read it.
    let end = watch(&world, json!({}), change("a", None)).await;
    assert!(end.logs.lines.iter().any(|line| line.text.contains("AccessDenied")));
    let end = watch(&world, grants, change("trap", text)).await;
    assert!(matches!(end.outcome, Outcome::Trapped { .. }), "{:?}", end.outcome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_draft_of_the_watcher_is_called_too() {
    let world = World::new();
    world.keys.create("default", "watched").await;
    world.keys.create("default", "copies").await;
    let grants = json!({ "keyspaces": { "watched": "read", "copies": "write" } });
    let watcher = ("guest-peer-wasmcloud-watcher", Handler::Watcher);
    let change = change("a", Some(KeyValueData::Text("hi".into())));
    let function = function("default", grants);
    let end = world.event(watcher, function, (Origin::default(), limits()), change).await;
    assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs.lines);
    assert_eq!(world.keys.value("default", "copies", "a").await.unwrap(), "hi");
    assert_eq!(world.keys.value("default", "copies", "changes").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_says_how_it_can_be_called() {
    let cases = [
        ("guest-watcher", Handler::Watcher2),
        ("guest-peer-wasmcloud-watcher", Handler::Watcher),
        ("guest-peer-wasmcloud-messaging", Handler::Messaging),
        ("guest-capabilities", Handler::Event),
    ];
    for (guest, handler) in cases {
        assert_eq!(component(guest).await.handlers(), [handler], "{guest}");
    }
}
