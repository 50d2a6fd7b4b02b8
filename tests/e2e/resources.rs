//! What is in a node's buckets, keyspaces and queues, and what waits for its triggers, by
//! the typed client; and the examples, as their `lambent.toml` says.

use std::process::Command;
use std::time::Duration;

use lambent_api::client::{Client, Error, Message, PutObject, found};
use lambent_api::kinds::Trigger;
use lambent_api::{ListKeys, MessageView, ReceiveMessages, SetKey};
use lambent_test_support::root;
use serde_json::{Value, json};

use crate::client::Ask;
use crate::node::{Node, eventually, guest_code, lambent, run};
use crate::typed::named;

impl Node {
    /// A request to the native API, with the key.
    pub(crate) fn native(&self, method: &str, target: &str) -> Ask {
        self.ask(method, &format!("/v1{target}")).key(&self.key)
    }

    /// Puts an object; returns whether it is new.
    pub(crate) async fn put_object(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> bool {
        let (bucket, owned) = (named(bucket), key.to_owned());
        let put = move |client: &Client| {
            let length = bytes.len() as u64;
            client.put_object(&bucket, &owned, &PutObject::default(), length, &mut &bytes[..])
        };
        self.must(key, put).await.is_created()
    }

    /// Gets an object, if it is there.
    pub(crate) async fn get_object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let (bucket, owned) = (named(bucket), key.to_owned());
        let get = move |client: &Client| -> Result<_, Error> {
            let Some(object) = found(client.get_object(&bucket, &owned, None))? else {
                return Ok(None);
            };
            let mut bytes = Vec::new();
            object.copy(|piece| {
                bytes.extend_from_slice(piece);
                Ok::<_, Error>(())
            })?;
            Ok(Some(bytes))
        };
        self.must(key, get).await
    }

    /// Deletes an object.
    pub(crate) async fn delete_object(&self, bucket: &str, key: &str) {
        let (bucket, owned) = (named(bucket), key.to_owned());
        self.must(key, move |client| client.delete_object(&bucket, &owned)).await;
    }

    /// Sets a key.
    pub(crate) async fn set_key(&self, keyspace: &str, key: &str, value: &str) {
        let (keyspace, owned, value) = (named(keyspace), key.to_owned(), value.to_owned());
        let set = move |client: &Client| {
            client.set_key(&keyspace, &owned, value.as_bytes(), SetKey::default(), None)
        };
        self.must(key, set).await;
    }

    /// The value of a key, if it has one.
    pub(crate) async fn get_key(&self, keyspace: &str, key: &str) -> Option<String> {
        let (keyspace, owned) = (named(keyspace), key.to_owned());
        let get = move |client: &Client| found(client.get_key(&keyspace, &owned));
        let entry = self.must(key, get).await?;
        Some(String::from_utf8_lossy(&entry.value).into_owned())
    }

    /// Deletes a key.
    pub(crate) async fn delete_key(&self, keyspace: &str, key: &str) {
        let (keyspace, owned) = (named(keyspace), key.to_owned());
        self.must(key, move |client| client.delete_key(&keyspace, &owned, None)).await;
    }

    /// All keys that begin so.
    pub(crate) async fn list_keys(&self, keyspace: &str, prefix: &str) -> Vec<String> {
        let (space, prefix) = (named(keyspace), Some(prefix.to_owned()));
        let list = move |client: &Client| -> Result<_, Error> {
            let mut list = ListKeys { prefix, limit: Some(1000), ..ListKeys::default() };
            let mut keys = Vec::new();
            loop {
                let page = client.list_keys(&space, &list)?.value()?;
                keys.extend(page.keys);
                match page.next {
                    Some(next) => list.after = Some(next),
                    None => return Ok(keys),
                }
            }
        };
        self.must(keyspace, list).await
    }

    /// The value of a key, once it is this.
    pub(crate) async fn key_becomes(&self, keyspace: &str, key: &str, value: Option<&str>) {
        let what = format!("{keyspace}/{key} to be {value:?}");
        eventually(&what, async || {
            (self.get_key(keyspace, key).await.as_deref() == value).then_some(())
        })
        .await;
    }

    /// All keys and their values, once there are this many.
    pub(crate) async fn keys(&self, keyspace: &str, prefix: &str, count: usize) -> Vec<Value> {
        let keys = eventually(&format!("{count} keys in {keyspace}"), async || {
            Some(self.list_keys(keyspace, prefix).await).filter(|keys| keys.len() >= count)
        })
        .await;
        assert_eq!(keys.len(), count, "{keys:?}");
        let mut values = Vec::new();
        for key in keys {
            let value = self.get_key(keyspace, &key).await.unwrap();
            values.push(serde_json::from_str(&value).unwrap());
        }
        values
    }

    /// Sends a message.
    pub(crate) async fn send_message(&self, queue: &str, body: &str) {
        let (name, body) = (named(queue), body.to_owned());
        let send = move |client: &Client| {
            let content_type = Some("text/plain");
            let message = Message { body: body.as_bytes(), content_type, ..Message::default() };
            client.send_message(&name, &message)
        };
        let sent = self.must(queue, send).await;
        assert_eq!(sent.status(), 201, "{sent:?}");
    }

    /// Receives messages.
    pub(crate) async fn receive(&self, queue: &str, how: ReceiveMessages) -> Vec<MessageView> {
        let name = named(queue);
        let receive = move |client: &Client| client.receive_messages(&name, &how)?.value();
        self.must(queue, receive).await.messages
    }

    /// Deletes messages that were received.
    pub(crate) async fn delete_messages(&self, queue: &str, received: &[MessageView]) {
        for message in received {
            let (name, receipt) = (named(queue), message.receipt.clone());
            self.must(queue, move |client| client.delete_message(&name, &receipt)).await;
        }
    }

    /// Receives and deletes messages until there were this many.
    pub(crate) async fn messages(&self, queue: &str, count: usize) -> Vec<Value> {
        let found = tokio::sync::Mutex::new(Vec::new());
        let how = ReceiveMessages {
            limit: Some(10),
            visibility: Some(Duration::from_secs(60)),
            wait: Some(Duration::from_secs(1)),
        };
        eventually(&format!("{count} messages in {queue}"), async || {
            let mut found = found.lock().await;
            let received = self.receive(queue, how).await;
            self.delete_messages(queue, &received).await;
            found.extend(received.iter().map(|message| serde_json::to_value(message).unwrap()));
            (found.len() >= count).then_some(())
        })
        .await;
        let found = found.into_inner();
        assert_eq!(found.len(), count, "{found:?}");
        found
    }

    /// Wires a function to a source of events.
    pub(crate) async fn trigger(&self, function: &str, source: Value, delivery: Value) {
        let name = format!("to-{function}-from-{}", source["kind"].as_str().unwrap());
        let trigger = json!({ "function": function, "source": source, "delivery": delivery });
        self.wire::<Trigger>(&name, trigger).await;
    }

    /// Waits until every event of a trigger is handled or given up.
    pub(crate) async fn drained(&self, trigger: &str) {
        eventually(&format!("the end of the events of {trigger}"), async || {
            let depth = self.describe::<Trigger>(trigger).await.depth;
            (depth.ready + depth.in_flight + depth.delayed == 0).then_some(())
        })
        .await;
    }

    /// Applies the `lambent.toml` of an example, with the component the tests
    /// built and with some of its text replaced.
    pub(crate) async fn apply_example(&self, example: &str, replace: &[(&str, &str)]) {
        guest_code(example).await;
        let folder = root().join("guest-examples").join(example);
        let mut manifest = std::fs::read_to_string(folder.join("lambent.toml")).unwrap();
        let built = format!("target/wasm32-wasip2/release/{}.wasm", example.replace('-', "_"));
        let component = lambent_test_support::guest(example);
        let component = (built.as_str(), component.to_str().unwrap());
        for (from, to) in [&[component], replace].concat() {
            assert!(manifest.contains(from), "{example}/lambent.toml has no {from:?}");
            manifest = manifest.replace(from, to);
        }
        let file = self.path(&format!("{example}.toml"));
        std::fs::write(&file, manifest).unwrap();
        let mut command: Command = lambent(&["apply", file.to_str().unwrap(), "--yes"]);
        command.env("LAMBENT_DATA", self.data().path());
        let done = tokio::task::spawn_blocking(|| run(command)).await.unwrap();
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}
