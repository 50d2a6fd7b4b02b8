//! What tests set up and read back, through the typed client. Tests whose subject is
//! the wire itself ask through `client` instead, with paths and JSON of their own.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use lambent_api::ReadLogs;
use lambent_api::client::{Client, Error, Upload};
use lambent_api::kinds::Kind;
use lambent_api::types::ConfigurationPatch;
use serde_json::Value;
use tokio::time::timeout;

use crate::client::PATIENCE;
use crate::node::{Node, eventually, guest_code};

impl Node {
    /// A typed client with the key; over a connection of its own, so that nothing of one
    /// request is left to the next.
    pub(crate) fn client(&self) -> Client {
        let endpoint = self.address.to_string().parse().unwrap();
        Client::new(endpoint).with_key(&self.key)
    }

    /// Asks through the typed client, on a thread that may block.
    pub(crate) async fn typed<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Client) -> T + Send + 'static,
    ) -> T {
        self.typed_within(PATIENCE, ask).await
    }

    /// As [`Self::typed`], for what takes longer than others.
    pub(crate) async fn typed_within<T: Send + 'static>(
        &self,
        patience: Duration,
        ask: impl FnOnce(&Client) -> T + Send + 'static,
    ) -> T {
        let client = self.client();
        let asked = tokio::task::spawn_blocking(move || ask(&client));
        timeout(patience, asked).await.expect("an answer in time").unwrap()
    }

    /// As [`Self::typed`], where only success will do; `what` is asked for.
    pub(crate) async fn must<T: Send + 'static>(
        &self,
        what: &str,
        ask: impl FnOnce(&Client) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.typed(ask).await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }

    /// Deploys a guest as a public function; `query` configures it further.
    pub(crate) async fn deploy(&self, function: &str, guest: &str, query: &str) -> Value {
        let patch = ConfigurationPatch { public: Some(true), ..configuration(query) };
        self.upload(function, guest, patch).await
    }

    /// Deploys a guest with a configuration: grants, environment, delivery.
    pub(crate) async fn deploy_with(&self, function: &str, guest: &str, change: Value) {
        self.upload(function, guest, configuration("timeout=30s")).await;
        self.configure(function, change).await;
    }

    async fn upload(&self, function: &str, guest: &str, patch: ConfigurationPatch) -> Value {
        let (name, code) = (named(function), guest_code(guest).await);
        let deploy = move |client: &Client| {
            let upload = Upload::new(&code, &patch)?;
            client.deploy(&name, &upload, &mut upload.reader(), None)?.json()
        };
        self.must(function, deploy).await
    }

    /// Changes the configuration of a function.
    pub(crate) async fn configure(&self, function: &str, change: Value) {
        let (name, patch) = (named(function), read::<ConfigurationPatch>(change));
        self.must(function, move |client| client.configure(&name, &patch, None)).await;
    }

    /// The function's records, oldest first.
    pub(crate) async fn records(&self, function: &str) -> Vec<Value> {
        let all = ReadLogs { limit: Some(1000), ..ReadLogs::default() };
        self.logs(function, all).await.unwrap_or_else(|error| panic!("{function}: {error:?}"))
    }

    /// Waits for a text in the function's records.
    pub(crate) async fn has_logged(&self, function: &str, text: &str) {
        eventually(text, async || {
            let records = self.records(function).await;
            records.iter().any(|record| record.to_string().contains(text)).then_some(())
        })
        .await;
    }

    /// The record of one invocation, when it is there.
    pub(crate) async fn record(&self, function: &str, id: &str) -> Value {
        let request = Some(id.parse().unwrap());
        eventually(&format!("the record of {id}"), async || {
            let only = ReadLogs { request, ..ReadLogs::default() };
            self.logs(function, only).await.ok()?.into_iter().next()
        })
        .await
    }

    async fn logs(&self, function: &str, filter: ReadLogs) -> Result<Vec<Value>, Error> {
        let name = named(function);
        let page = self.typed(move |client| client.logs(&name, &filter)?.json()).await?;
        Ok(page["records"].as_array().unwrap().clone())
    }

    /// Creates something, or changes it; returns whether it is new.
    pub(crate) async fn create<K: Kind>(&self, name: &str, what: K::Spec) -> bool {
        let id = named::<K::Name>(name);
        self.must(name, move |client| client.put::<K>(&id, &what)).await.is_created()
    }

    /// As [`Self::create`], of something whose JSON has its name within.
    pub(crate) async fn wire<K: Kind>(&self, name: &str, mut what: Value) -> bool {
        what["name"] = name.into();
        self.create::<K>(name, read(what)).await
    }

    /// What is known of something that there is.
    pub(crate) async fn describe<K: Kind>(&self, name: &str) -> K::View {
        let id = named::<K::Name>(name);
        self.must(name, move |client| client.describe::<K>(&id)?.value()).await
    }
}

/// A name.
pub(crate) fn named<T: FromStr<Err: Display>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// What JSON says.
pub(crate) fn read<T: serde::de::DeserializeOwned>(what: Value) -> T {
    let text = what.to_string();
    serde_json::from_value(what).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A configuration as the query of an upload gives it: `memory=64MiB&timeout=2s`.
fn configuration(query: &str) -> ConfigurationPatch {
    let mut patch = ConfigurationPatch::default();
    for (name, text) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let mut known = ConfigurationPatch::PARAMETERS.iter();
        let parameter = known.find(|parameter| parameter.name == name).expect(name);
        (parameter.set)(&mut patch, text).expect(name);
    }
    patch
}
