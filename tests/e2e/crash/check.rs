use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ledger::{Ledger, Written, contents, is_poison};
use super::setup::SEEN;
use crate::client::Ask;
use crate::node::Node;

/// How long what is left over may take: retries wait for leases and timeouts.
const SETTLING: Duration = Duration::from_secs(120);

fn ask(node: &Node, method: &str, path: &str) -> Ask {
    node.ask(method, path).key(&node.key)
}

/// Checks the node against the books.
pub(super) async fn all(node: &Node, ledger: &Ledger) {
    handled(node, ledger).await;
    objects(node, ledger).await;
    let (keys, counters) = {
        let books = ledger.books();
        (books.keys.clone(), books.counters.clone())
    };
    for (key, written) in keys {
        within(node, &format!("/v1/keyspaces/in/keys/{key}"), written).await;
    }
    for (counter, written) in counters {
        within(node, &format!("/v1/keyspaces/counters/keys/{counter}"), written).await;
    }
    let violations = ask(node, "GET", &format!("/v1/keyspaces/{SEEN}/keys/violations"));
    let violations = violations.send().await;
    assert_eq!(violations.status, 404, "out of order, or done twice: {}", violations.text());
}

/// A number is what was acknowledged, or what was sent and may have arrived.
async fn within(node: &Node, path: &str, written: Written) {
    let reply = ask(node, "GET", path).send().await;
    let found = if reply.status == 404 { 0 } else { reply.text().parse().unwrap() };
    let Written { acknowledged, sent } = written;
    assert!((acknowledged..=sent).contains(&found), "{path}: {acknowledged} {found} {sent}");
}

async fn objects(node: &Node, ledger: &Ledger) {
    let names: Vec<_> = ledger.books().objects.iter().cloned().collect();
    for name in names {
        let path = format!("/v1/buckets/in-objects/objects/{name}");
        let reply = ask(node, "GET", &path).send().await;
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
        assert_eq!(&reply.body[..], contents(&name), "{name}");
    }
}

/// Waits until every event is handled or given up.
async fn handled(node: &Node, ledger: &Ledger) {
    let (mut expected, mut dead) = (BTreeSet::new(), BTreeSet::new());
    {
        let books = ledger.books();
        expected.extend(books.objects.iter().map(|name| format!("object/{name}")));
        expected.extend(books.sets.iter().map(|set| format!("key/{set}")));
        for (group, written) in &books.groups {
            expected.extend((1..=written.acknowledged).map(|n| format!("fifo/{group}/{n}")));
        }
        for (kind, names) in [("message", &books.messages), ("invocation", &books.invocations)] {
            for name in names {
                let target = if is_poison(name) { &mut dead } else { &mut expected };
                target.insert(format!("{kind}/{name}"));
            }
        }
    }
    let deadline = Instant::now() + SETTLING;
    let mut given_up = BTreeSet::new();
    let mut told = Instant::now();
    loop {
        let seen = seen(node).await;
        take_given_up(node, &mut given_up).await;
        // A message that was in hand at three kills is given up, as its queue says: a
        // receive counts, whatever became of the node. Nothing is lost by that either.
        let in_hand = |name: &String| name.starts_with("message/") && given_up.contains(name);
        let missing: Vec<_> = expected.difference(&seen).filter(|name| !in_hand(name)).collect();
        let alive: Vec<_> = dead.difference(&given_up).collect();
        if missing.is_empty() && alive.is_empty() {
            let in_hand: Vec<_> = expected.difference(&seen).filter(|name| in_hand(name)).collect();
            if !in_hand.is_empty() {
                println!("given up, since they were in hand at three kills: {in_hand:?}");
            }
            return;
        }
        if told.elapsed() > Duration::from_secs(5) {
            let first: Vec<_> = missing.iter().take(3).chain(alive.iter().take(3)).collect();
            println!("{} to handle, {} to give up: {first:?}", missing.len(), alive.len());
            told = Instant::now();
        }
        assert!(
            Instant::now() < deadline,
            "not handled: {missing:?}, not given up: {alive:?}\n{}",
            triggers(node).await
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn triggers(node: &Node) -> String {
    ask(node, "GET", "/v1/triggers").send().await.text()
}

/// All keys that the function has written.
async fn seen(node: &Node) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/keyspaces/{SEEN}/keys?limit=1000{after}");
        let page = ask(node, "GET", &path).send().await.json();
        let found = page["keys"].as_array().unwrap().iter();
        keys.extend(found.map(|key| key.as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", next.replace('/', "%2F")),
            None => return keys,
        }
    }
}

/// Takes what has arrived in the dead-letter queue, however often.
async fn take_given_up(node: &Node, given_up: &mut BTreeSet<String>) {
    loop {
        let path = "/v1/queues/given-up/receive?limit=100&visibility=60s";
        let reply = ask(node, "POST", path).send().await.json();
        let messages = reply["messages"].as_array().unwrap().clone();
        if messages.is_empty() {
            return;
        }
        let receipts: Vec<Value> = messages.iter().map(|m| m["receipt"].clone()).collect();
        given_up.extend(messages.iter().map(
            |message| match message["attributes"]["id"].as_str() {
                Some(id) => format!("invocation/{id}"),
                None => format!("message/{}", message["text"].as_str().unwrap()),
            },
        ));
        let receipts = json!({ "receipts": receipts }).to_string();
        let ask = ask(node, "POST", "/v1/queues/given-up/delete");
        let reply = ask.header("content-type", "application/json").body(receipts).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}
