//! `wasi:keyvalue`, both drafts over the same keys.

use lambent_storage::{Quota, Quotas};
use lambent_types::{FunctionName, Lineage, Origin, Outcome, RequestId, Root};
use serde_json::{Value, json};
use tokio_rustls::rustls::RootCertStore;

use crate::support::{Names, World, event, function, limits};
use lambent_types::Handler;

const DRAFTS: [&str; 2] = ["keyvalue", "keyvalue2"];

async fn world() -> World {
    let world = World::new();
    world.keys.create("default", "cache").await;
    world
}

fn grants(access: &str) -> Value {
    json!({ "keyspaces": { "cache": access } })
}

fn call(draft: &str, mut deed: Value) -> Value {
    deed["use"] = draft.into();
    deed["store"] = "cache".into();
    deed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_drafts_read_what_either_wrote() {
    let world = world().await;
    for (writer, reader) in [(DRAFTS[0], DRAFTS[1]), (DRAFTS[1], DRAFTS[0])] {
        let run = world
            .run(
                grants("read-write"),
                json!([
                    call(writer, json!({ "do": "set", "key": "a", "value": writer })),
                    call(reader, json!({ "do": "get", "key": "a" })),
                    call(reader, json!({ "do": "exists", "key": "a" })),
                    call(writer, json!({ "do": "delete", "key": "a" })),
                    call(writer, json!({ "do": "delete", "key": "a" })),
                    call(reader, json!({ "do": "exists", "key": "a" })),
                    call(reader, json!({ "do": "get", "key": "a" })),
                    call(writer, json!({ "do": "increment", "key": "n", "by": 2 })),
                    call(reader, json!({ "do": "get", "key": "n" })),
                ]),
            )
            .await;
        assert_eq!(run.ok(1), writer);
        assert_eq!(run.ok(2), true);
        assert_eq!((run.ok(5), run.ok(6)), (&json!(false), &Value::Null));
        assert_eq!(*run.ok(8), json!(run.ok(7).to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_keyspace_is_an_error_that_says_what_to_do() {
    let quotas = Quotas::default().with(Quota::KeyvalueBytes, 10).with(Quota::Keys, 2);
    let world = World::with(quotas, Names(&[]), RootCertStore::empty());
    world.keys.create("default", "cache").await;
    for draft in DRAFTS {
        let set = |key, value| call(draft, json!({ "do": "set", "key": key, "value": value }));
        let calls = json!([
            set("a", "1234"),
            set("b", "123456"),
            set("b", "1"),
            set("c", "1"),
            call(draft, json!({ "do": "increment", "key": "n", "by": 2 })),
            call(draft, json!({ "do": "delete", "key": "a" })),
            set("c", "1"),
        ]);
        let run = world.run(grants("read-write"), calls).await;
        assert!(run.error(1).contains("lambent serve --quota-keyvalue"), "{}", run.error(1));
        for full in [3, 4] {
            let told = run.error(full);
            assert!(told.contains("lambent serve --quota-key-count"), "{told}");
        }
        run.ok(6);
        let clear = ["b", "c"].map(|key| call(draft, json!({ "do": "delete", "key": key })));
        world.run(grants("read-write"), json!(clear)).await.ok(1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_differ_in_shape_and_not_in_content() {
    let run = world()
        .await
        .run(
            grants("read-write"),
            json!([
                call("keyvalue", json!({ "do": "set-many", "pairs": [["a", "1"], ["b", "2"]] })),
                call("keyvalue", json!({ "do": "get-many", "keys": ["a", "no", "b"] })),
                call("keyvalue2", json!({ "do": "get-many", "keys": ["a", "no", "b"] })),
                call("keyvalue2", json!({ "do": "delete-many", "keys": ["a", "no"] })),
                call("keyvalue2", json!({ "do": "list" })),
            ]),
        )
        .await;
    assert_eq!(*run.ok(1), json!([["a", "1"], null, ["b", "2"]]));
    assert_eq!(*run.ok(2), json!([["a", "1"], ["no", null], ["b", "2"]]));
    assert_eq!(*run.ok(4), json!({ "keys": ["b"], "cursor": null }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_go_on_where_their_cursor_says() {
    let world = world().await;
    let pair = |n: usize| json!([format!("k{n:04}"), ""]);
    let set = |from: usize| {
        let pairs: Vec<_> = (from..from + 900).map(pair).collect();
        call("keyvalue", json!({ "do": "set-many", "pairs": pairs }))
    };
    world.run(grants("write"), json!([set(0), set(900), set(1800)])).await;
    for draft in DRAFTS {
        let mut keys = Vec::new();
        let mut cursor = Value::Null;
        loop {
            // Each page in an invocation of its own: a cursor outlives one.
            let list = call(draft, json!({ "do": "list", "cursor": cursor }));
            let run = world.run(grants("read"), json!([list])).await;
            let page = run.ok(0);
            keys.extend(page["keys"].as_array().unwrap().clone());
            cursor = page["cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(keys.len(), 2700, "{draft}");
        assert!(keys.is_sorted_by_key(|key| key.as_str().unwrap().to_owned()), "{draft}");
    }
    let beyond = call("keyvalue", json!({ "do": "list", "cursor": 1_000_000 }));
    let run = world.run(grants("read"), json!([beyond])).await;
    assert_eq!(*run.ok(0), json!({ "keys": [], "cursor": null }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_nobody_gave_is_an_error() {
    let world = world().await;
    world.keys.create("default", "other").await;
    let pairs: Vec<_> = (0..600).map(|n| json!([format!("k{n:04}"), ""])).collect();
    let set = |store: &str| {
        let mut set = call("keyvalue2", json!({ "do": "set-many", "pairs": pairs }));
        set["store"] = store.into();
        set
    };
    let more = call("keyvalue2", json!({ "do": "set-many", "pairs": [["l", ""]] }));
    let again: Vec<_> = (600..1200).map(|n| json!([format!("k{n:04}"), ""])).collect();
    let again = call("keyvalue2", json!({ "do": "set-many", "pairs": again }));
    let grants = json!({ "keyspaces": { "cache": "read-write", "other": "read-write" } });
    let list = |store: &str, cursor: &str| {
        let mut list = call("keyvalue2", json!({ "do": "list", "cursor": cursor }));
        list["store"] = store.into();
        list
    };
    let first = call("keyvalue2", json!({ "do": "list" }));
    let calls = json!([set("cache"), set("other"), again, more, first]);
    let run = world.run(grants.clone(), calls).await;
    let cursor = run.ok(4)["cursor"].as_str().unwrap().to_owned();
    let calls = json!([
        list("cache", &cursor),
        list("other", &cursor),
        list("cache", "0"),
        list("cache", "k0001"),
        list("cache", ""),
        list("cache", &format!("{cursor}A")),
    ]);
    let run = world.run(grants, calls).await;
    assert_eq!(run.ok(0)["keys"].as_array().unwrap().len(), 201);
    for index in 1..6 {
        assert!(run.error(index).contains("not one that list-keys gave"), "{}", run.error(index));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_loses_to_whoever_came_between() {
    let run = world()
        .await
        .run(
            grants("read-write"),
            json!([
                call("keyvalue2", json!({ "do": "swap", "key": "a", "value": "1" })),
                call("keyvalue2", json!({ "do": "swap", "key": "a", "value": "2" })),
                call(
                    "keyvalue2",
                    json!({ "do": "swap", "key": "a", "value": "3", "meanwhile": "other" })
                ),
                call("keyvalue2", json!({ "do": "get", "key": "a" })),
            ]),
        )
        .await;
    assert_eq!((run.ok(0), run.ok(1)), (&json!("swapped"), &json!("swapped")));
    assert_eq!(*run.ok(2), json!({ "found": "other" }));
    assert_eq!(run.ok(3), "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_are_signed_only_where_the_interface_is() {
    let run = world()
        .await
        .run(
            grants("write"),
            json!([
                call("keyvalue2", json!({ "do": "increment", "key": "n", "by": -3 })),
                call("keyvalue", json!({ "do": "increment", "key": "n", "by": 1 })),
                call("keyvalue", json!({ "do": "set", "key": "t", "value": "text" })),
                call("keyvalue", json!({ "do": "increment", "key": "t", "by": 1 })),
            ]),
        )
        .await;
    assert_eq!(run.ok(0), -3);
    assert!(run.error(1).contains("the counter is -2"), "{}", run.error(1));
    assert!(run.error(3).contains("no decimal number"), "{}", run.error(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_reached_without_a_grant_of_its_kind() {
    let world = world().await;
    for draft in DRAFTS {
        let open = json!([call(draft, json!({ "do": "open" }))]);
        let run = world.run(json!({}), open).await;
        assert!(run.error(0).contains("AccessDenied"), "{}", run.error(0));
        assert!(
            run.logged(
                "function \"f\" may not read keyspace \"cache\"; grant it: \
                 lambent grant add f keyspace:cache=read"
            ),
            "{:?}",
            run.log
        );

        let reads = [
            json!({ "do": "get", "key": "a" }),
            json!({ "do": "exists", "key": "a" }),
            json!({ "do": "list" }),
            json!({ "do": "get-many", "keys": ["a"] }),
        ];
        let writes = [
            json!({ "do": "set", "key": "a", "value": "" }),
            json!({ "do": "delete", "key": "a" }),
            json!({ "do": "increment", "key": "n", "by": 1 }),
            json!({ "do": "set-many", "pairs": [["a", ""]] }),
            json!({ "do": "delete-many", "keys": ["a"] }),
        ];
        for (access, good, bad) in
            [("read", &reads[..], &writes[..]), ("write", &writes[..], &reads[..])]
        {
            let calls = good.iter().chain(bad).map(|deed| call(draft, deed.clone()));
            let run = world.run(grants(access), calls.collect()).await;
            for index in 0..good.len() {
                run.ok(index);
            }
            for index in good.len()..good.len() + bad.len() {
                assert!(run.error(index).contains("AccessDenied"), "{access} {index}");
            }
            let lines = "in [functions.f.grants.keyspaces]: cache = \"read-write\"";
            assert!(run.logged(lines), "{:?}", run.log);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_does_not_see_the_keys_of_another() {
    let world = world().await;
    world.keys.create("other", "cache").await;
    let set = json!([call("keyvalue", json!({ "do": "set", "key": "a", "value": "mine" }))]);
    world.run(grants("write"), set).await;
    let get = json!([call("keyvalue", json!({ "do": "get", "key": "a" }))]);
    let run = world.run_in("other", grants("read"), get).await;
    assert_eq!(*run.ok(0), Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_not_there_is_said_to_be_missing() {
    let granted = json!({ "keyspaces": { "gone": "read", "default": "read" } });
    let world = world().await;
    world.keys.create("default", "default").await;
    let calls = json!([
        { "use": "keyvalue", "do": "open", "store": "gone" },
        { "use": "keyvalue2", "do": "open", "store": "gone" },
        { "use": "keyvalue", "do": "open", "store": "not a name" },
        { "use": "keyvalue", "do": "open", "store": "" },
    ]);
    let run = world.run(granted, calls).await;
    assert!(run.error(0).contains("NoSuchStore") && run.error(1).contains("NoSuchStore"));
    assert!(run.logged("create it first: lambent keyspace create gone"));
    assert!(run.error(2).contains("keyspace name"), "{}", run.error(2));
    run.ok(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_say_which_functions_led_to_them() {
    let world = world().await;
    let f: FunctionName = "f".parse().unwrap();
    let before = Lineage::default().enter(&"first".parse().unwrap()).unwrap();
    let root = Some(Root { id: RequestId::new().0, events: 7 });
    let origin = Origin { lineage: before.clone(), root, trace_parent: Some("00-1-2-01".into()) };
    let expected = Origin { lineage: before.enter(&f).unwrap(), ..origin.clone() };
    let calls = json!([
        call("keyvalue", json!({ "do": "set", "key": "a", "value": "" })),
        call("keyvalue2", json!({ "do": "increment", "key": "n", "by": 1 })),
    ]);
    let probe = ("guest-capabilities", Handler::Event);
    let data = event("test", calls.to_string());
    let end =
        world.event(probe, function("default", grants("write")), (origin, limits()), data).await;
    assert_eq!(end.outcome, Outcome::Ok);
    assert_eq!(*world.keys.origins.lock().unwrap(), [expected.clone(), expected]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_call_gives_back_is_bounded() {
    let world = world().await;
    let big = "x".repeat(1 << 20);
    let pairs: Vec<_> = (0..5).map(|n| json!([format!("k{n}"), big])).collect();
    let set = call("keyvalue", json!({ "do": "set-many", "pairs": pairs }));
    world.run(grants("write"), json!([set])).await.ok(0);
    // The same value again and again is as large as as many different ones.
    let keys = |count: usize| (0..count).map(|n| format!("k{}", n % 5)).collect::<Vec<_>>();
    let get = |count| json!([call("keyvalue", json!({ "do": "get-many", "keys": keys(count) }))]);
    let run = world.run(grants("read"), get(40)).await;
    assert!(run.error(0).contains("get fewer at once"), "{}", run.error(0));
    let run = world.run(grants("read"), get(1001)).await;
    assert!(run.error(0).contains("the most is 1000"), "{}", run.error(0));
}
