use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lambent_api::client::Client;
use lambent_api::kinds::Trigger;
use lambent_api::{MessageView, query};

use super::ledger::{Ledger, Written, contents, is_poison};
use super::setup::SEEN;
use crate::node::Node;
use crate::typed::named;

/// How long what is left over may take: retries wait for leases and timeouts.
const SETTLING: Duration = Duration::from_secs(120);

/// Checks the node against the books.
pub(super) async fn all(node: &Node, ledger: &Ledger) {
    handled(node, ledger).await;
    objects(node, ledger).await;
    let (keys, counters) = {
        let books = ledger.books();
        (books.keys.clone(), books.counters.clone())
    };
    for (key, written) in keys {
        within(node, ("in", &key), written).await;
    }
    for (counter, written) in counters {
        within(node, ("counters", &counter), written).await;
    }
    let violations = node.get_key(SEEN, "violations").await;
    assert_eq!(violations, None, "out of order, or done twice");
}

/// A number is what was acknowledged, or what was sent and may have arrived.
async fn within(node: &Node, (keyspace, key): (&str, &str), written: Written) {
    let value = node.get_key(keyspace, key).await;
    let found = value.map_or(0, |value| value.parse().unwrap());
    let Written { acknowledged, sent } = written;
    assert!((acknowledged..=sent).contains(&found), "{key}: {acknowledged} {found} {sent}");
}

async fn objects(node: &Node, ledger: &Ledger) {
    let names: Vec<_> = ledger.books().objects.iter().cloned().collect();
    for name in names {
        let object = node.get_object("in-objects", &name).await;
        assert_eq!(object, Some(contents(&name)), "{name}");
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
        let seen: BTreeSet<_> = node.list_keys(SEEN, "").await.into_iter().collect();
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
    let all = node.must("triggers", |client| client.all::<Trigger>()?.json()).await;
    all.to_string()
}

/// Takes what has arrived in the dead-letter queue, however often.
async fn take_given_up(node: &Node, given_up: &mut BTreeSet<String>) {
    loop {
        let how = query::read("limit=100&visibility=60s").unwrap();
        let messages = node.receive("given-up", how).await;
        if messages.is_empty() {
            return;
        }
        let receipts = messages.iter().map(|message| message.receipt.clone()).collect();
        given_up.extend(messages.iter().map(name));
        let delete = move |client: &Client| client.delete_messages(&named("given-up"), receipts);
        node.must("given-up", delete).await;
    }
}

/// What was given up: an invocation by its id, a message by its text.
fn name(dead: &MessageView) -> String {
    match dead.attributes.get("id") {
        Some(id) => format!("invocation/{id}"),
        None => format!("message/{}", dead.text.as_ref().unwrap()),
    }
}
