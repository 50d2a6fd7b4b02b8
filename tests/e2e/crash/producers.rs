use std::sync::Arc;
use std::time::Duration;

use lambent_api::SetKey;
use lambent_api::client::{Client, Error, EventParts, Message, PutObject};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::ledger::{Ledger, contents};
use super::random::Random;
use crate::node::Node;
use crate::typed::named;

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
    /// Whether it was acknowledged; `None` if nobody knows.
    async fn acknowledged<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Client) -> Result<T, Error> + Send + 'static,
    ) -> Option<()> {
        match timeout(Duration::from_secs(20), self.node.typed(ask)).await.ok()? {
            Ok(_) => Some(()),
            Err(Error::NoAnswer(_)) => None,
            Err(error) => {
                assert_eq!(error.status(), Some(503), "{error:?}");
                None
            }
        }
    }

    async fn objects(self) {
        for index in 0.. {
            let name = format!("{}-{}-{index}", self.cycle, self.number);
            let key = name.clone();
            let put = move |client: &Client| {
                let (bytes, how) = (contents(&key), PutObject::default());
                let length = bytes.len() as u64;
                client.put_object(&named("in-objects"), &key, &how, length, &mut &bytes[..])
            };
            let Some(()) = self.acknowledged(put).await else { return };
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
            let (name, text) = (key.clone(), value.to_string());
            let set = move |client: &Client| {
                client.set_key(&named("in"), &name, text.as_bytes(), SetKey::default(), None)
            };
            let Some(()) = self.acknowledged(set).await else { return };
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
            let name = counter.clone();
            let add = move |client: &Client| client.increment_key(&named("counters"), &name, 1);
            let Some(()) = self.acknowledged(add).await else { return };
            self.ledger.books().counters.entry(counter.clone()).or_default().acknowledged += 1;
        }
    }

    async fn messages(self) {
        for index in 0.. {
            let name = format!("{}-{}-{index}", self.cycle, self.number);
            let body = name.clone();
            let send = move |client: &Client| {
                let message = Message { body: body.as_bytes(), ..Message::default() };
                client.send_message(&named("work"), &message)
            };
            let Some(()) = self.acknowledged(send).await else { return };
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
            let (within, id) = (group.clone(), format!("{group}-{number}"));
            let body = number.to_string();
            let send = move |client: &Client| {
                let message = Message {
                    body: body.as_bytes(),
                    group: Some(&within),
                    deduplication: Some(&id),
                    ..Message::default()
                };
                client.send_message(&named("jobs.fifo"), &message)
            };
            let Some(()) = self.acknowledged(send).await else { return };
            self.ledger.books().groups.entry(group.clone()).or_default().acknowledged = number;
        }
    }

    async fn invocations(self) {
        for index in 0.. {
            let name = format!("{}-{}-{index}", self.cycle, self.number);
            let id = name.clone();
            let invoke = move |client: &Client| {
                let event = EventParts { attributes: vec![("id", &id)], ..EventParts::default() };
                client.invoke_later(&named("ledger"), None, &event)
            };
            let Some(()) = self.acknowledged(invoke).await else { return };
            self.ledger.books().invocations.insert(name);
        }
    }
}
