//! Volumes as power left them, on the rig of `rig.rs`: what was synced is there, a name that
//! a file was renamed to leads to one that had it, and no file has another's bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::rig::Rig;
use crate::cli::{self, ok};
use crate::node::Node;
use crate::volumes::{act, deploy, good};

const CUTS: u64 = 20;
const WRITERS: u64 = 2;
/// Files of each writer that stay, the latest; more than are looked for, since the writers go on
/// while the disk is copied.
const KEPT: u64 = 20;
/// Rounds that may be made meanwhile.
const MEANWHILE: u64 = KEPT / 2;

/// What a writer writes in a round, of more than one block.
fn text(writer: u64, round: u64) -> String {
    format!("{writer}-{round};").repeat(2000)
}

/// How many rounds of each writer were acknowledged, and when they are to end.
#[derive(Default)]
struct Progress {
    done: [AtomicU64; WRITERS as usize],
    stop: AtomicBool,
}

/// One round: a file that is synced, one that is renamed once it is, and one that is removed.
fn round(writer: u64, round: u64) -> Value {
    let at = |name: String| format!("/mnt/data/{name}");
    let text = text(writer, round);
    let new = at(format!("new-{writer}"));
    let mut actions = vec![
        json!(["sync", at(format!("{writer}-{round}")), text]),
        json!(["sync", new, text]),
        json!(["rename", new, at(format!("current-{writer}"))]),
    ];
    if round > KEPT {
        actions.push(json!(["remove", at(format!("{writer}-{}", round - KEPT))]));
    }
    actions.into()
}

async fn write(node: Arc<Node>, progress: Arc<Progress>, writer: u64) {
    for number in 1.. {
        let body = round(writer, number).to_string();
        let ask = node.api("POST", "/f/invocations").header("content-type", "application/json");
        let Ok(reply) = ask.body(body).try_send().await else { return };
        if progress.stop.load(Ordering::Relaxed) || reply.status != 200 {
            return;
        }
        let told = reply.json();
        assert!(told.as_array().unwrap().iter().all(|told| told.get("ok").is_some()), "{told}");
        progress.done[writer as usize].store(number, Ordering::Release);
    }
}

async fn check(node: &Node, writer: u64, done: u64) {
    let files = (done + MEANWHILE + 1).saturating_sub(KEPT).max(1)..=done;
    let actions: Vec<_> = files
        .clone()
        .map(|number| json!(["read", format!("/mnt/data/{writer}-{number}")]))
        .collect();
    for (told, number) in act(node, "f", actions.into()).await.into_iter().zip(files) {
        assert_eq!(told, good(text(writer, number)), "file {number} of writer {writer}, {done}");
    }
    // That a round's file was synced made the rename of the one before durable.
    let told = act(node, "f", json!([["read", format!("/mnt/data/current-{writer}")]])).await;
    let may = done.saturating_sub(1).max(1)..=done + MEANWHILE;
    let is_one = may.clone().any(|number| told[0] == good(text(writer, number)));
    assert!(is_one || done <= 1, "current of writer {writer} is none of {may:?}: {told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and loop devices"]
async fn what_was_synced_in_a_volume_survives_a_power_cut() {
    let mut rig = Rig::new(CUTS);
    let cuts = rig.cuts;
    let mut rounds = 0;
    for number in 0..cuts {
        let running = rig.disk();
        let node = Arc::new(Node::start_in(&running.directory, &[]));
        ok(&node, &["volume", "create", "data", "--max", "16MiB"]).await;
        deploy(&node, "f", "data:/mnt/data").await;
        Rig::settle(&running);
        let progress = Arc::new(Progress::default());
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(node.clone(), progress.clone(), writer)))
            .collect();
        tokio::time::sleep(Duration::from_millis(rig.random.within(100..1500))).await;
        let done = progress.done.each_ref().map(|done| done.load(Ordering::Acquire));
        rig.cut();
        progress.stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        node.kill();
        drop((node, running));

        let found = rig.found();
        let node = Node::start_in(&found.directory, &[]);
        for (writer, done) in (0..WRITERS).zip(done) {
            check(&node, writer, done).await;
            rounds += done;
        }
        let listed = act(&node, "f", json!([["list", "/mnt/data"]])).await;
        let shown = cli::json(&node, &["volume", "describe", "data"]).await;
        let names = listed[0]["ok"].as_array().unwrap().len();
        assert_eq!(shown["usage"]["files"], names, "{listed:?}");
        println!("cut {number}: after {done:?} rounds, {names} files");
        node.stop().await;
    }
    assert!(rounds > cuts, "hardly anything was written: it proves nothing");
}
