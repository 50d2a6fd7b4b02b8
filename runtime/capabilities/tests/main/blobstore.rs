//! `wasi:blobstore`: objects in and out, as streams.

use lambent_storage::contract::samples;
use lambent_storage::{Quota, Quotas};
use serde_json::{Value, json};
use tokio_rustls::rustls::RootCertStore;

use crate::support::{Names, World};

async fn world() -> World {
    let world = World::new();
    world.create_bucket("default", "photos").await;
    world
}

fn grants(access: &str) -> Value {
    json!({ "buckets": { "photos": access } })
}

fn call(deed: &str, rest: Value) -> Value {
    let mut call = rest;
    call["use"] = "blobstore".into();
    call["do"] = deed.into();
    if call.get("container").is_none() {
        call["container"] = "photos".into();
    }
    call
}

fn write(name: &str, data: &str) -> Value {
    call("write", json!({ "name": name, "data": data }))
}

fn read(name: &str, start: u64, end: u64) -> Value {
    call("read", json!({ "name": name, "start": start, "end": end }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_written_and_read_in_parts() {
    let calls = json!([
        write("a", "0123456789"),
        read("a", 0, u64::MAX),
        read("a", 2, 4),
        read("a", 8, 100),
        read("a", 10, 20),
        read("a", 4, 2),
        read("no", 0, 10),
        write("empty", ""),
        read("empty", 0, 10),
        call("info", json!({ "name": "a" })),
        call("has", json!({ "name": "a" })),
        call("has", json!({ "name": "no" })),
        call("container-info", json!({})),
    ]);
    let run = world().await.run(grants("read-write"), calls).await;
    assert_eq!(*run.ok(1), json!({ "size": 10, "data": "0123456789" }));
    assert_eq!(*run.ok(2), json!({ "size": 3, "data": "234" }));
    assert_eq!(*run.ok(3), json!({ "size": 2, "data": "89" }));
    assert!(run.error(4).contains("ends at byte 10, before the range"), "{}", run.error(4));
    assert!(run.error(5).contains("ends before it begins"), "{}", run.error(5));
    assert!(run.error(6).contains("has no object \"no\""), "{}", run.error(6));
    assert_eq!(*run.ok(8), json!({ "size": 0, "data": "" }));
    assert_eq!(*run.ok(9), json!({ "name": "a", "container": "photos", "size": 10 }));
    assert_eq!((run.ok(10), run.ok(11)), (&json!(true), &json!(false)));
    assert_eq!(run.ok(12)["name"], "photos");
    assert!(run.ok(12)["created"].as_u64().unwrap() > 1_700_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_object_streams_both_ways_through_a_small_guest() {
    let much = json!({ "name": "big", "bytes": 40 << 20, "finish": true });
    let calls = json!([
        call("write-much", much),
        call("read-much", json!({ "name": "big" })),
        read("big", 0, u64::MAX),
    ]);
    let run = world().await.run(grants("read-write"), calls).await;
    assert_eq!((run.ok(0), run.ok(1)), (&json!(40 << 20), &json!(40 << 20)));
    assert!(run.error(2).contains("take more than"), "{}", run.error(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_finished_is_not_there() {
    let world = world().await;
    let deed = |name: &str, late: usize, finish: bool| {
        let rest = json!({ "name": name, "bytes": 400 << 10, "late": late, "finish": finish });
        call("write-much", rest)
    };
    let calls = json!([
        deed("dropped", 0, false),
        call("has", json!({ "name": "dropped" })),
        deed("late", 100 << 10, true),
        call("info", json!({ "name": "late" })),
        deed("too-late", 300 << 10, true),
        call("has", json!({ "name": "too-late" })),
    ]);
    let run = world.run(grants("read-write"), calls).await;
    run.ok(0);
    assert_eq!(run.ok(1), false);
    assert_eq!(run.ok(3)["size"], 400 << 10);
    assert!(run.error(4).contains("write-data before writing"), "{}", run.error(4));
    assert_eq!(run.ok(5), false);
}

/// As wasmCloud's guide writes objects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_finished_or_dropped_while_its_stream_is_there() {
    let deed = |name: &str, finish: bool| {
        call("write-open", json!({ "name": name, "data": "all of it", "finish": finish }))
    };
    let calls = json!([
        deed("finished", true),
        read("finished", 0, 100),
        deed("dropped", false),
        call("has", json!({ "name": "dropped" })),
    ]);
    let run = world().await.run(grants("read-write"), calls).await;
    assert_eq!((run.ok(0), run.ok(2)), (&json!("closed"), &json!("closed")));
    assert_eq!(run.ok(1)["data"], "all of it");
    assert_eq!(run.ok(3), false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_is_told_at_the_end() {
    let quotas = Quotas::default().with(Quota::ObjectBytes, 1 << 20);
    let world = World::with(quotas, Names(&[]), RootCertStore::empty());
    world.create_bucket("default", "photos").await;
    let much = call("write-much", json!({ "name": "a", "bytes": 2 << 20, "finish": true }));
    let run = world.run(grants("read-write"), json!([much])).await;
    let told = run.error(0);
    assert!(told.contains("finish the value") || told.contains("larger quota"), "{told}");
    let namespace = samples::namespace("default");
    let head = world.objects.head(&namespace, &"photos".parse().unwrap(), "a").await;
    assert!(head.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_in_pages() {
    let names: Vec<_> = (0..7).map(|n| format!("n{n}")).collect();
    let mut calls: Vec<_> = names.iter().map(|name| write(name, "")).collect();
    calls.push(call("list", json!({ "page": 3, "skip": 0 })));
    calls.push(call("list", json!({ "page": 5, "skip": 4 })));
    calls.push(call("delete", json!({ "names": ["n0", "gone", "n1"] })));
    calls.push(call("delete", json!({ "names": ["n2"] })));
    calls.push(call("list", json!({ "page": 10, "skip": 0 })));
    calls.push(call("clear", json!({})));
    calls.push(call("list", json!({ "page": 10, "skip": 0 })));
    let run = world().await.run(grants("read-write"), json!(calls)).await;
    let pages = json!([["n0", "n1", "n2"], ["n3", "n4", "n5"], ["n6"]]);
    assert_eq!(*run.ok(7), json!({ "skipped": 0, "pages": pages }));
    assert_eq!(*run.ok(8), json!({ "skipped": 4, "pages": [["n4", "n5", "n6"]] }));
    assert_eq!(run.ok(11)["pages"], json!([["n3", "n4", "n5", "n6"]]));
    assert_eq!(run.ok(13)["pages"], json!([[]]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_copied_and_moved_between_buckets() {
    let world = world().await;
    world.create_bucket("default", "small").await;
    let grants = json!({ "buckets": { "photos": "read-write", "small": "read-write" } });
    let transfer = |deed: &str, from: [&str; 2], to: [&str; 2]| json!({ "use": "blobstore", "do": deed, "from": from, "to": to });
    let calls = json!([
        write("a", "data"),
        transfer("copy", ["photos", "a"], ["small", "b"]),
        transfer("move", ["small", "b"], ["photos", "c"]),
        transfer("move", ["photos", "c"], ["photos", "c"]),
        transfer("copy", ["photos", "no"], ["small", "b"]),
        read("c", 0, 100),
        call("has", json!({ "container": "small", "name": "b" })),
        transfer("copy", ["photos", "a"], ["elsewhere", "b"]),
    ]);
    let run = world.run(grants, calls).await;
    for index in 1..=3 {
        run.ok(index);
    }
    assert!(run.error(4).contains("has no object \"no\""));
    assert_eq!(run.ok(5)["data"], "data");
    assert_eq!(run.ok(6), false);
    assert!(run.error(7).contains("may not write bucket \"elsewhere\""), "{}", run.error(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_reached_without_a_grant_of_its_kind() {
    let world = world().await;
    world.run(grants("write"), json!([write("a", "data")])).await;
    let run = world.run(json!({}), json!([read("a", 0, 10)])).await;
    let refusal = "function \"f\" may not read bucket \"photos\"; grant it: lambent grant add f \
                   bucket:photos=read";
    let lines = "or in lambent.toml, in [functions.f.grants.buckets]: photos = \"read\"";
    assert_eq!(run.error(0), format!("{refusal}\n{lines}"));
    assert!(run.logged(refusal) && lines.lines().all(|line| run.logged(line)));
    let reads = [
        read("a", 0, 10),
        call("list", json!({ "page": 1, "skip": 0 })),
        call("has", json!({ "name": "a" })),
        call("info", json!({ "name": "a" })),
    ];
    let writes = [
        write("b", ""),
        call("delete", json!({ "names": ["b"] })),
        call("clear", json!({})),
        call("delete-container", json!({})),
        call("create", json!({})),
    ];
    let cases = [("read", &reads, &writes[..], "write"), ("write", &reads, &writes[..], "read")];
    for (access, reads, writes, missing) in cases {
        let (good, bad) =
            if access == "read" { (&reads[..], writes) } else { (writes, &reads[..]) };
        let calls: Vec<_> = good.iter().chain(bad).cloned().collect();
        let run = world.run(grants(access), json!(calls)).await;
        for index in 0..good.len() {
            run.ok(index);
        }
        for index in good.len()..calls.len() {
            let text = format!("may not {missing} bucket \"photos\"");
            assert!(run.error(index).contains(&text), "{}", run.error(index));
            assert!(run.error(index).contains("read-write"), "{}", run.error(index));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_are_of_their_namespace() {
    let world = world().await;
    world.run(grants("write"), json!([write("a", "secret")])).await.ok(0);
    let exists = call("container-exists", json!({}));
    let run = world.run_in("other", grants("read"), json!([read("a", 0, 10), exists])).await;
    assert!(run.error(0).contains("lambent bucket create photos"), "{}", run.error(0));
    assert_eq!(run.ok(1), false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_values_are_bounded() {
    let world = world().await;
    let hoard = |count: u32| call("hoard", json!({ "count": count }));
    // An object that is being written, and its stream, count as one.
    let run =
        world.run(grants("write"), json!([hoard(32), hoard(33), hoard(100), hoard(32)])).await;
    for index in [0, 3] {
        run.ok(index);
    }
    for index in [1, 2] {
        let error = run.error(index);
        assert!(error.contains("has 32 objects open to be read or written"), "{error}");
    }
}
