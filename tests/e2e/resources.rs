//! A node's buckets, keyspaces, queues, triggers and schedules, by the native API;
//! and the examples, as their `lambent.toml` says.

use std::process::Command;

use lambent_test_support::root;
use serde_json::{Value, json};

use crate::client::{Ask, Reply};
use crate::node::{Node, eventually, guest_code, lambent, run};

impl Node {
    /// A request to the native API, with the key.
    pub(crate) fn native(&self, method: &str, target: &str) -> Ask {
        self.ask(method, &format!("/v1{target}")).key(&self.key)
    }

    /// Creates something, or changes it.
    pub(crate) async fn create(&self, target: &str, what: Value) {
        let ask = self.native("PUT", target).header("content-type", "application/json");
        let reply = ask.body(what.to_string()).send().await;
        assert!(matches!(reply.status, 200 | 201), "{target}: {reply:?}");
    }

    /// Puts an object; `key` is percent-encoded.
    pub(crate) async fn put_object(&self, bucket: &str, key: &str, bytes: Vec<u8>) {
        let ask = self.native("PUT", &format!("/buckets/{bucket}/objects/{key}"));
        let reply = ask.body(bytes).send().await;
        assert!(matches!(reply.status, 200 | 201), "{reply:?}");
    }

    /// Gets an object; `key` is percent-encoded.
    pub(crate) async fn get_object(&self, bucket: &str, key: &str) -> Reply {
        self.native("GET", &format!("/buckets/{bucket}/objects/{key}")).send().await
    }

    /// Sets a key; `key` is percent-encoded.
    pub(crate) async fn set_key(&self, keyspace: &str, key: &str, value: &str) {
        let ask = self.native("PUT", &format!("/keyspaces/{keyspace}/keys/{key}"));
        let reply = ask.body(value.to_owned()).send().await;
        assert!(matches!(reply.status, 200 | 201 | 204), "{reply:?}");
    }

    /// The value of a key, if it has one.
    pub(crate) async fn get_key(&self, keyspace: &str, key: &str) -> Option<String> {
        let reply = self.native("GET", &format!("/keyspaces/{keyspace}/keys/{key}")).send().await;
        assert!(matches!(reply.status, 200 | 404), "{reply:?}");
        (reply.status == 200).then(|| reply.text())
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
        let target = format!("/keyspaces/{keyspace}/keys?limit=1000&prefix={prefix}");
        let keys = eventually(&format!("{count} keys in {keyspace}"), async || {
            let reply = self.native("GET", &target).send().await;
            let keys = reply.json()["keys"].as_array().unwrap().clone();
            (keys.len() >= count).then_some(keys)
        })
        .await;
        assert_eq!(keys.len(), count, "{keys:?}");
        let mut values = Vec::new();
        for key in keys {
            let key = key.as_str().unwrap().replace('/', "%2F");
            let value = self.get_key(keyspace, &key).await.unwrap();
            values.push(serde_json::from_str(&value).unwrap());
        }
        values
    }

    /// Sends a message.
    pub(crate) async fn send_message(&self, queue: &str, body: &str) {
        let ask = self.native("POST", &format!("/queues/{queue}/messages"));
        let reply = ask.header("content-type", "text/plain").body(body.to_owned()).send().await;
        assert_eq!(reply.status, 201, "{reply:?}");
    }

    /// Receives and deletes messages until there were this many.
    pub(crate) async fn messages(&self, queue: &str, count: usize) -> Vec<Value> {
        let found = tokio::sync::Mutex::new(Vec::new());
        eventually(&format!("{count} messages in {queue}"), async || {
            let mut found = found.lock().await;
            let target = format!("/queues/{queue}/receive?limit=10&visibility=60s&wait=1s");
            let reply = self.native("POST", &target).send().await;
            assert_eq!(reply.status, 200, "{reply:?}");
            for message in reply.json()["messages"].as_array().unwrap() {
                let receipt = message["receipt"].as_str().unwrap();
                let target = format!("/queues/{queue}/receipts/{receipt}");
                let reply = self.native("DELETE", &target).send().await;
                assert!(matches!(reply.status, 200 | 204), "{reply:?}");
                found.push(message.clone());
            }
            (found.len() >= count).then_some(())
        })
        .await;
        let found = found.into_inner();
        assert_eq!(found.len(), count, "{found:?}");
        found
    }

    /// Deploys a guest with a configuration: grants, environment, delivery.
    pub(crate) async fn deploy_with(&self, function: &str, guest: &str, configuration: Value) {
        let code = guest_code(guest).await;
        let reply = self.put(function, "timeout=30s", code).await;
        assert!(matches!(reply.status, 200 | 201), "{function}: {reply:?}");
        let ask = self.api("PATCH", &format!("/{function}"));
        let ask = ask.header("content-type", "application/json");
        let reply = ask.body(configuration.to_string()).send().await;
        assert_eq!(reply.status, 200, "{function}: {reply:?}");
    }

    /// Wires a function to a source of events.
    pub(crate) async fn trigger(&self, function: &str, source: Value, delivery: Value) {
        let name = format!("to-{function}-from-{}", source["kind"].as_str().unwrap());
        let trigger = json!({ "function": function, "source": source, "delivery": delivery });
        self.create(&format!("/triggers/{name}"), trigger).await;
    }

    /// Waits until every event of a trigger is handled or given up.
    pub(crate) async fn drained(&self, trigger: &str) {
        eventually(&format!("the end of the events of {trigger}"), async || {
            let view = self.native("GET", &format!("/triggers/{trigger}")).send().await.json();
            let waiting = |kind: &str| view["depth"][kind].as_u64().unwrap();
            (waiting("ready") + waiting("in_flight") + waiting("delayed") == 0).then_some(())
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
