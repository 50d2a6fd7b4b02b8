//! Functions that are files: how tests install runtimes, and deploy and call what they run.

use lambent_api::InstallRuntime;
use lambent_api::client::{Client, Upload};
use lambent_api::kinds::{Queue, Trigger};
use lambent_api::types::ConfigurationPatch;
use lambent_package::{Builder, Limits, pack};
use lambent_test_support::root;
use serde_json::{Value, json};

use crate::client::PATIENCE;
use crate::node::{Node, eventually};
use crate::typed::{named, read};

/// A package of these files.
pub(crate) fn package(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Limits::LAMBDA);
    for (path, text) in files {
        builder.add_bytes(path, text.as_bytes()).unwrap();
    }
    let mut zip = Vec::new();
    builder.write(&mut zip).unwrap();
    zip
}

impl Node {
    /// Installs a runtime, or a new version of one.
    pub(crate) async fn install_runtime(&self, name: &str, code: Vec<u8>) -> Value {
        let runtime = named(name);
        let install = move |client: &Client| {
            let bytes = code.len() as u64;
            client
                .install_runtime(&runtime, &InstallRuntime::default(), &mut &code[..], bytes)?
                .json()
        };
        // To compile one takes minutes where other tests run beside.
        let installed = self.typed_within(PATIENCE * 4, install).await;
        installed.unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }

    /// Deploys a package as a public function, configured by `change`.
    pub(crate) async fn deploy_package(
        &self,
        function: &str,
        zip: Vec<u8>,
        change: Value,
    ) -> Value {
        let mut configuration = json!({ "public": true });
        configuration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (name, patch): (_, ConfigurationPatch) = (named(function), read(configuration));
        let deploy = move |client: &Client| {
            let upload = Upload::new(&zip, &patch)?;
            client.deploy(&name, &upload, &mut upload.reader(), None)?.json()
        };
        self.must(function, deploy).await
    }

    /// Publishes files as a layer.
    pub(crate) async fn publish_layer(&self, layer: &str, files: &[(String, Vec<u8>)]) {
        let mut builder = Builder::new(Limits::LAMBDA);
        for (path, bytes) in files {
            builder.add_bytes(path, bytes).unwrap();
        }
        let mut zip = Vec::new();
        builder.write(&mut zip).unwrap();
        let name = named(layer);
        self.must("publish", move |client: &Client| client.publish_layer(&name, &zip).map(drop))
            .await;
    }

    /// What a function answers to an event.
    pub(crate) async fn answer(&self, function: &str, event: &Value) -> Value {
        self.invoke(function, &event.to_string()).await.json()
    }

    /// What a published version answers to an event, and how its instance was had.
    pub(crate) async fn answer_of(
        &self,
        function: &str,
        version: u32,
        event: &Value,
    ) -> (Value, String) {
        let path = format!("/{function}/invocations?qualifier={version}");
        let reply = self.api("POST", &path).body(event.to_string()).send().await;
        let id = reply.header("lambent-request-id").to_owned();
        let record = self.record(function, &id).await;
        (reply.json(), record["meter"]["start"].as_str().unwrap().to_owned())
    }

    /// Publishes a function with snapshots, and returns what two fresh instances of it answer.
    pub(crate) async fn restored(&self, function: &str, event: &Value) -> [Value; 2] {
        self.configure(function, json!({ "snapshot": true, "reuse": 1 })).await;
        let name = named(function);
        let publish = move |client: &Client| client.publish(&name)?.json();
        let published = self.must(function, publish).await;
        let version = published["version"].as_str().unwrap().parse().unwrap();
        let [first, second] = [
            self.answer_of(function, version, event).await,
            self.answer_of(function, version, event).await,
        ];
        assert_eq!([&*first.1, &*second.1], ["restored", "restored"]);
        [first.0, second.0]
    }

    /// Has a function receive the messages 1 to 3, of which it says once that 2 failed, and
    /// returns what it logged until it had that one again: `message` with its body and how often
    /// it came.
    pub(crate) async fn one_message_fails(&self, function: &str) -> String {
        self.create::<Queue>("numbers", read(json!({ "visibility_timeout_ms": 1000 }))).await;
        for number in 1..=3 {
            let send = self.ask("POST", "/v1/queues/numbers/messages").key(&self.key);
            assert!(send.body(number.to_string()).send().await.status < 300);
        }
        let source = json!({ "kind": "queue", "queue": "numbers" });
        self.wire::<Trigger>("numbers", json!({ "function": function, "source": source })).await;
        let lines = eventually("the message again", async || {
            let records = self.records(function).await;
            let lines = records.iter().map(Value::to_string).collect::<String>();
            lines.contains("message 2 2").then_some(lines)
        });
        let lines = lines.await;
        assert!(lines.contains("message 1 1") && lines.contains("message 3 1"), "{lines}");
        assert!(!lines.contains("message 1 2") && !lines.contains("message 3 2"), "{lines}");
        lines
    }
}

/// A language whose functions are tested: by which of AWS's names its runtime is asked for, and
/// what is called unless a test says otherwise.
pub(crate) struct Language {
    /// The folder of its runtime.
    pub(crate) folder: &'static str,
    pub(crate) runtime: &'static str,
    pub(crate) handler: &'static str,
}

impl Language {
    /// Deploys a package as a function in the language.
    pub(crate) async fn deploy(&self, node: &Node, function: &str, zip: Vec<u8>, change: Value) {
        let mut configuration = json!({
            "runtime": self.runtime, "handler": self.handler, "timeout_ms": 30_000,
        });
        configuration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        node.deploy_package(function, zip, configuration).await;
    }

    /// Deploys every handler that is beside the runtime, each by the name of its folder, and
    /// checks that it answers its event twice as it should; returns how many those are.
    pub(crate) async fn check_handlers(&self, node: &Node) -> usize {
        let handlers = root().join("runtime/runtimes").join(self.folder).join("tests/handlers");
        let mut count = 0;
        for folder in std::fs::read_dir(handlers).unwrap() {
            let folder = folder.unwrap().path();
            let case = std::fs::read(folder.join("event.json")).unwrap();
            let case: Value = serde_json::from_slice(&case).unwrap();
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            let mut change = json!({});
            for member in ["environment", "handler"] {
                if let Some(given) = case.get(member) {
                    change[member] = given.clone();
                }
            }
            let mut zip = Vec::new();
            pack(&folder, &mut zip, &Limits::LAMBDA).unwrap();
            self.deploy(node, &name, zip, change).await;
            for _ in 0..2 {
                assert_eq!(node.answer(&name, &case["event"]).await, case["answer"], "{name}");
            }
            count += 1;
        }
        count
    }
}

/// Python, in which several files of tests write functions.
pub(crate) const PYTHON: Language =
    Language { folder: "python", runtime: "python3.12", handler: "lambda_function.lambda_handler" };
