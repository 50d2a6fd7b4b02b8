//! Two nodes over the same stores: what one is told, the other does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lambent_server::{Backend, Options, Server};
use lambent_storage::{Quotas, Stores};
use lambent_types::SystemClock;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{Ask, Reply};
use crate::node::{LAMBENT, eventually, guest_code};

/// A node in this process, whose stores others may share.
struct Peer {
    address: SocketAddr,
    key: String,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
    _data: tempfile::TempDir,
}

impl Peer {
    async fn start(stores: &Stores) -> Self {
        let (data, stores) = (tempfile::tempdir().unwrap(), stores.clone());
        let options = Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            compiler: Some(LAMBENT.into()),
            backend: Backend::new(move |_| Ok(stores.clone())),
            ..Options::new(data.path())
        };
        let server = Server::start(options).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            server.run_until(async { drop(stopped.await) }).await.unwrap();
        });
        let key = std::fs::read(data.path().join("root-key.json")).unwrap();
        let key: Value = serde_json::from_slice(&key).unwrap();
        let key = key["secret"].as_str().unwrap().to_owned();
        Self { address, key, stop, running, _data: data }
    }

    fn ask(&self, method: &str, target: &str) -> Ask {
        Ask::new(self.address, method, target).key(&self.key)
    }

    async fn put(&self, target: &str, what: Value) -> Reply {
        let ask = self.ask("PUT", target).header("content-type", "application/json");
        let reply = ask.body(what.to_string()).send().await;
        assert!(reply.status < 300, "{target}: {}", reply.text());
        reply
    }

    async fn deploy(&self, function: &str, guest: &str, query: &str) {
        let ask = self.ask("PUT", &format!("/v1/functions/{function}?public=true&{query}"));
        let ask = ask.header("content-type", "application/wasm").body(guest_code(guest).await);
        let reply = ask.send().await;
        assert!(reply.status < 300, "{}", reply.text());
    }

    /// Calls a function by its URL.
    async fn call(&self, function: &str, target: &str) -> Reply {
        let host = format!("{function}.localhost");
        Ask::new(self.address, "GET", target).header("host", &host).send().await
    }

    async fn records(&self, function: &str) -> Vec<Value> {
        let logs = self.ask("GET", &format!("/v1/functions/{function}/logs")).send().await;
        logs.json()["records"].as_array().cloned().unwrap_or_default()
    }

    /// How a call of a function was started.
    async fn started(&self, function: &str) -> String {
        let reply = self.call(function, "/state").await;
        let id = reply.header("lambent-request-id");
        let record = eventually("the record of a call", async || {
            self.records(function).await.into_iter().find(|record| record["id"] == id)
        })
        .await;
        record["meter"]["start"].as_str().unwrap().to_owned()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }
}

async fn two() -> (Peer, Peer) {
    let stores = Stores::memory(Arc::new(SystemClock), Quotas::default());
    (Peer::start(&stores).await, Peer::start(&stores).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_deploys_the_other_runs() {
    let (one, other) = two().await;
    one.deploy("ready", "guest-probe", "provisioned=1").await;
    assert_eq!(other.call("ready", "/state").await.text(), "1");
    // The other makes instances ahead, as it is told to by the registry's feed alone.
    eventually("an instance that was made ahead", async || {
        (other.started("ready").await == "ready").then_some(())
    })
    .await;
    one.deploy("ready", "guest-probe", "provisioned=0").await;
    eventually("no instance that was made ahead", async || {
        (other.started("ready").await != "ready").then_some(())
    })
    .await;
    let gone = one.ask("DELETE", "/v1/functions/ready").send().await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    other.ask("GET", "/v1/functions/ready").send().await.problem(404, "function-not-found");
    // Whether there is a function is told only to who may call it.
    assert_eq!(other.call("ready", "/state").await.status, 401);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_handled_once_whichever_node_it_comes_by() {
    let (one, other) = two().await;
    one.deploy("probe", "guest-probe", "reuse=1").await;
    let bucket = one.ask("PUT", "/v1/buckets/photos").send().await;
    assert_eq!(bucket.status, 201, "{}", bucket.text());
    let source = json!({ "kind": "object", "bucket": "photos" });
    one.put("/v1/triggers/photo", json!({ "function": "probe", "source": source })).await;
    for key in ["a", "b", "c"] {
        let put = other.ask("PUT", &format!("/v1/buckets/photos/objects/{key}"));
        assert_eq!(put.body("bytes").send().await.status, 201);
    }
    let soon = jiff::Timestamp::now() + Duration::from_secs(3);
    let expression = format!("at({})", soon.strftime("%Y-%m-%dT%H:%M:%S"));
    let schedule = json!({ "function": "probe", "expression": expression });
    other.put("/v1/schedules/once", schedule).await;
    eventually("three objects and a schedule", async || {
        (one.records("probe").await.len() >= 4).then_some(())
    })
    .await;
    // Neither node does again what the other has done.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let records = one.records("probe").await;
    assert_eq!(records.len(), 4, "{records:#?}");
    // A trigger that is gone is gone for both.
    assert_eq!(other.ask("DELETE", "/v1/triggers/photo").send().await.status, 204);
    let put = one.ask("PUT", "/v1/buckets/photos/objects/d");
    assert_eq!(put.body("bytes").send().await.status, 201);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(other.records("probe").await.len(), 4);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn namespaces_and_keys_are_known_to_both() {
    let (one, other) = two().await;
    one.put("/v1/namespaces/team", json!({ "quotas": { "buckets": 1 } })).await;
    let create = one.ask("POST", "/v1/access-keys").header("lambent-namespace", "team");
    let create = create.header("content-type", "application/json").body("{}");
    let made = create.send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, secret) = (made.json()["id"].clone(), made.json()["secret"].clone());
    let team = Peer { key: secret.as_str().unwrap().to_owned(), ..other };
    assert_eq!(team.ask("PUT", "/v1/buckets/first").send().await.status, 201);
    // The quota that one node was given is enforced by the other.
    let full = team.ask("PUT", "/v1/buckets/second").send().await;
    full.problem(507, "quota-exceeded");
    let revoke = one.ask("DELETE", &format!("/v1/access-keys/{}", id.as_str().unwrap()));
    let revoked = revoke.header("lambent-namespace", "team").send().await;
    assert_eq!(revoked.status, 204, "{}", revoked.text());
    team.ask("GET", "/v1/buckets").send().await.problem(401, "unauthorized");
    one.stop().await;
    team.stop().await;
}
