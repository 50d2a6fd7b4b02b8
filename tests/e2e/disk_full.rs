//! A full disk is told, loses nothing, and is over when there is room again.
//!
//! Needs root and loop devices:
//! `cargo test --test e2e disk_full -- --ignored`.

use lambent_api::kinds::{Bucket, Keyspace, Queue};
use lambent_api::types::QueueAttributes;

use crate::client::Ask;
use crate::image::{Mount, image};
use crate::node::Node;

const MIB: usize = 1 << 20;

/// Nothing but the disk bounds what is written.
const BARE: &[&str] = &[
    "--disk-reserve=0",
    "--quota-objects=unlimited",
    "--quota-keyvalue=unlimited",
    "--quota-messages=unlimited",
];

fn ask(node: &Node, method: &str, path: &str) -> Ask {
    node.ask(method, path).key(&node.key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and loop devices"]
async fn a_full_disk_is_told_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let disk = home.path().join("disk");
    image(&disk, 128 << 20, "mkfs.ext4");
    let mount = Mount::new(&disk);
    let node = Node::start_in(&mount.directory, BARE);
    node.deploy("hello", "hello-http", "").await;
    assert!(node.create::<Bucket>("full", Default::default()).await);
    assert!(node.create::<Keyspace>("full", ()).await);
    assert!(node.create::<Queue>("full", QueueAttributes::default()).await);
    let object = |number: usize| format!("/v1/buckets/full/objects/{number}");
    let mut kept = 0;
    let refused = loop {
        let byte = u8::try_from(kept % 251).unwrap();
        let reply = ask(&node, "PUT", &object(kept)).body(vec![byte; 2 * MIB]).send().await;
        if reply.status != 201 {
            break reply;
        }
        kept += 1;
        assert!(kept < 100, "the disk is larger than it should be");
    };
    let detail = refused.problem(503, "storage-unavailable");
    assert!(detail.contains("disk") || detail.contains("store"), "{detail}");
    // Small writes fill what is left, and are refused as clearly.
    let mut keys = 0;
    loop {
        let path = format!("/v1/keyspaces/full/keys/{keys}");
        let reply = ask(&node, "PUT", &path).body(vec![b'v'; MIB]).send().await;
        if reply.status == 503 {
            reply.problem(503, "storage-unavailable");
            break;
        }
        keys += 1;
        assert!(keys < 200, "the disk is larger than it should be");
    }
    assert_eq!(node.get("hello", "/").await.status, 200, "what needs no disk goes on");
    for number in 0..kept {
        let byte = u8::try_from(number % 251).unwrap();
        let found = node.get_object("full", &number.to_string()).await;
        assert!(found == Some(vec![byte; 2 * MIB]), "object {number} is lost or damaged");
    }
    for number in 0..kept.min(20) {
        // Deleting needs a little room in the log of the database itself.
        let reply = ask(&node, "DELETE", &object(number)).send().await;
        assert!(matches!(reply.status, 204 | 503), "{number}: {reply:?}");
    }
    node.kill();

    let node = Node::start_in(&mount.directory, BARE);
    for number in 0..kept.min(20) {
        let reply = ask(&node, "DELETE", &object(number)).send().await;
        assert!(matches!(reply.status, 204 | 404), "{number}: {reply:?}");
    }
    for key in 0..keys {
        let value = node.get_key("full", &key.to_string()).await;
        assert_eq!(value.map(|value| value.len()), Some(MIB), "{key}");
    }
    let reply = ask(&node, "PUT", &object(0)).body(vec![1; MIB]).send().await;
    assert_eq!(reply.status, 201, "there is room again: {reply:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and loop devices"]
async fn below_the_reserve_only_deletes_are_taken() {
    let home = tempfile::tempdir().unwrap();
    let disk = home.path().join("disk");
    image(&disk, 128 << 20, "mkfs.ext4");
    let mount = Mount::new(&disk);
    let flags = [&BARE[1..], &["--disk-reserve=64MiB"]].concat();
    let node = Node::start_in(&mount.directory, &flags);
    node.deploy("hello", "hello-http", "").await;
    assert!(node.create::<Bucket>("full", Default::default()).await);
    let object = |number: usize| format!("/v1/buckets/full/objects/{number}");
    let put = |number| ask(&node, "PUT", &object(number)).body(vec![7; 2 * MIB]);
    let mut kept = 0;
    let refused = loop {
        let reply = put(kept).send().await;
        if reply.status != 201 {
            break reply;
        }
        kept += 1;
        assert!(kept < 100, "the reserve is not kept");
    };
    let detail = refused.problem(507, "disk-reserve");
    assert!(detail.contains("--disk-reserve"), "{detail}");
    assert!(kept > 5, "only {kept} objects were taken");
    assert_eq!(node.get("hello", "/").await.status, 200);
    let ready = ask(&node, "GET", "/readyz").send().await;
    assert_eq!(ready.status, 200);
    assert!(ready.text().contains("only deletes are taken"), "{ready:?}");
    let metrics = ask(&node, "GET", "/metrics").send().await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("\nlambent_disk_low 1\n"));
    for number in 0..kept {
        assert_eq!(ask(&node, "DELETE", &object(number)).send().await.status, 204, "{number}");
    }
    assert_eq!(put(0).send().await.status, 201, "there is room again");
    node.stop().await;
}
