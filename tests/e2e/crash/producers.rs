use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::ledger::{Ledger, contents};
use super::random::Random;
use crate::client::Ask;
use crate::node::Node;

/// Producers of each kind: enough that writes share commits.
const EACH: u64 = 2;

/// One producer: what it is, and where it writes its books.
struct Producer {
    node: Arc<Node>,
    ledger: Arc<Ledger>,
    cycle: u64,
    number: u64,
}

/// Starts producers that go on until the node does not answer any more.
pub(super) fn start(
    node: &Arc<Node>,
    ledger: &Arc<Ledger>,
    cycle: u64,
    seed: u64,
) -> Vec<JoinHandle<()>> {
    let mut random = Random::new(seed);
    let mut work = Vec::new();
    for number in 0..EACH {
        let producer = || Producer { node: node.clone(), ledger: ledger.clone(), cycle, number };
        // Not all begin at once, so that kills meet every mixture of work.
        let mut late = |what: fn(Producer) -> Work| {
            let (producer, delay) = (producer(), random.within(0..30));
            work.push(tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(delay)).await;
                what(producer).await;
            }));
        };
        late(|producer| Box::pin(producer.objects()));
        late(|producer| Box::pin(producer.keys()));
        late(|producer| Box::pin(producer.counters()));
        late(|producer| Box::pin(producer.messages()));
        late(|producer| Box::pin(producer.groups()));
        late(|producer| Box::pin(producer.invocations()));
    }
    work
}

type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits until all producers have noticed that the node is dead.
pub(super) async fn end(work: Vec<JoinHandle<()>>) {
    for producer in work {
        producer.await.unwrap();
    }
}

impl Producer {
    fn ask(&self, method: &str, path: &str) -> Ask {
        self.node.ask(method, path).key(&self.node.key)
    }

    /// Whether it was acknowledged; `None` if nobody knows.
    async fn acknowledged(&self, ask: Ask) -> Option<()> {
        let reply = ask.patience(Duration::from_secs(20)).try_send().await.ok()?;
        assert!(matches!(reply.status, 200..=204 | 503), "{reply:?}");
        (reply.status != 503).then_some(())
    }

    async fn objects(self) {
        for index in 0.. {
            let name = format!("{}-{}-{index}", self.cycle, self.number);
            let ask = self.ask("PUT", &format!("/v1/buckets/in-objects/objects/{name}"));
            let Some(()) = self.acknowledged(ask.body(contents(&name))).await else { return };
            self.ledger.books().objects.insert(name);
        }
    }

    async fn keys(self) {
        let key = format!("key-{}", self.number);
        loop {
            let value = {
                let mut books = self.ledger.books();
                let written = books.keys.entry(key.clone()).or_default();
                written.sent += 1;
                written.sent
            };
            let ask = self.ask("PUT", &format!("/v1/keyspaces/in/keys/{key}"));
            let Some(()) = self.acknowledged(ask.body(value.to_string())).await else { return };
            let mut books = self.ledger.books();
            books.keys.entry(key.clone()).or_default().acknowledged = value;
            books.sets.insert(format!("{key}/{value}"));
        }
    }

    async fn counters(self) {
        // One for all: additions of several producers meet in one key.
        let counter = "counter".to_owned();
        loop {
            self.ledger.books().counters.entry(counter.clone()).or_default().sent += 1;
            let ask =
                self.ask("POST", &format!("/v1/keyspaces/counters/increments/{counter}?by=1"));
            let Some(()) = self.acknowledged(ask).await else { return };
            self.ledger.books().counters.entry(counter.clone()).or_default().acknowledged += 1;
        }
    }

    async fn messages(self) {
        for index in 0.. {
            let name = format!("{}-{}-{index}", self.cycle, self.number);
            let ask = self.ask("POST", "/v1/queues/work/messages").body(name.clone());
            let Some(()) = self.acknowledged(ask).await else { return };
            self.ledger.books().messages.insert(name);
        }
    }

    /// Numbered messages of one group. What was not acknowledged is sent again
    /// under the same deduplication id by the next cycle's producer.
    async fn groups(self) {
        let group = format!("group-{}", self.number);
        loop {
            let number = {
                let mut books = self.ledger.books();
                let written = books.groups.entry(group.clone()).or_default();
                written.sent = written.acknowledged + 1;
                written.sent
            };
            let ask = self.ask("POST", "/v1/queues/jobs.fifo/messages");
            let ask = ask.header("lambent-group", &group);
            let ask = ask.header("lambent-deduplication", &format!("{group}-{number}"));
            let Some(()) = self.acknowledged(ask.body(number.to_string())).await else { return };
            self.ledger.books().groups.entry(group.clone()).or_default().acknowledged = number;
        }
    }

    async fn invocations(self) {
        for index in 0.. {
            let name = format!("{}-{}-{index}", self.cycle, self.number);
            let ask = self.ask("POST", "/v1/functions/ledger/invocations");
            let ask = ask.header("prefer", "respond-async").header("ce-id", &name);
            let Some(()) = self.acknowledged(ask).await else { return };
            self.ledger.books().invocations.insert(name);
        }
    }
}
