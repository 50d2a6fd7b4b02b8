use lambent_types::KeyspaceName;
use serde_json::Value;
use ureq::http::Method;

use super::resources::query;
use crate::client::{Call, Client, Payload, Reply, path_key};
use crate::error::CliError;

fn key_path(keyspace: &KeyspaceName, key: &str) -> String {
    format!("/v1/keyspaces/{keyspace}/keys/{}", path_key(key))
}

fn if_revision(call: Call<'_>, revision: Option<u64>) -> Call<'_> {
    match revision {
        Some(0) => call.header("if-none-match", "*"),
        Some(revision) => call.header("if-match", format!("\"{revision}\"")),
        None => call,
    }
}

impl Client {
    /// A key's value, with its revision as the etag.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn get_key(&self, keyspace: &KeyspaceName, key: &str) -> Result<Reply, CliError> {
        self.send(Call::new(Method::GET, key_path(keyspace, key)))
    }

    /// Sets a key; the answer's etag is its new revision.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn set_key(
        &self,
        keyspace: &KeyspaceName,
        key: &str,
        value: &[u8],
        ttl: Option<&str>,
        revision: Option<u64>,
    ) -> Result<Reply, CliError> {
        let ttl = ttl.map(|ttl| ("ttl", ttl.to_owned()));
        let target = format!("{}{}", key_path(keyspace, key), query(ttl.as_slice()));
        let call =
            Call::new(Method::PUT, target).body("application/octet-stream", Payload::Bytes(value));
        self.send(if_revision(call, revision))
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn delete_key(
        &self,
        keyspace: &KeyspaceName,
        key: &str,
        revision: Option<u64>,
    ) -> Result<(), CliError> {
        let call = Call::new(Method::DELETE, key_path(keyspace, key));
        self.send(if_revision(call, revision)).map(drop)
    }

    /// Adds to a counter; returns what it then is.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn increment_key(
        &self,
        keyspace: &KeyspaceName,
        key: &str,
        by: i64,
    ) -> Result<Value, CliError> {
        let key = path_key(key);
        let target = format!("/v1/keyspaces/{keyspace}/increments/{key}?by={by}");
        self.send(Call::new(Method::POST, target))?.json()
    }

    /// A page of keys, as `{"keys": […], "next": …}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn list_keys(
        &self,
        keyspace: &KeyspaceName,
        filter: &[(&str, String)],
    ) -> Result<Value, CliError> {
        let target = format!("/v1/keyspaces/{keyspace}/keys{}", query(filter));
        self.send(Call::new(Method::GET, target))?.json()
    }
}
