//! Namespaces and the keys that open them.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::client::{Call, Client, Payload};
use crate::error::CliError;

impl Client {
    /// The namespaces that the key may enter.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn namespaces(&self) -> Result<Value, CliError> {
        self.send(Call::new(Method::GET, "/v1/namespaces"))?.json()
    }

    /// One namespace.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn namespace(&self, name: &str) -> Result<Value, CliError> {
        self.send(Call::new(Method::GET, format!("/v1/namespaces/{name}")))?.json()
    }

    /// Creates a namespace, or gives the one that is there these quotas of its own; without
    /// any it keeps those that it has. The flag says whether it is new.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn put_namespace(
        &self,
        name: &str,
        quotas: Option<&Value>,
    ) -> Result<(Value, bool), CliError> {
        let body = quotas.map(|quotas| json!({ "quotas": quotas }).to_string());
        let mut call = Call::new(Method::PUT, format!("/v1/namespaces/{name}"));
        if let Some(body) = &body {
            call = call.body("application/json", Payload::Bytes(body.as_bytes()));
        }
        let reply = self.send(call)?;
        Ok((reply.json()?, reply.status == 201))
    }

    /// Deletes a namespace: with `contents` all that it holds, else an empty one.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn delete_namespace(&self, name: &str, contents: bool) -> Result<(), CliError> {
        let query = if contents { "?contents=delete" } else { "" };
        let target = format!("/v1/namespaces/{name}{query}");
        self.send(Call::new(Method::DELETE, target)).map(drop)
    }

    /// The access keys of the namespace.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn access_keys(&self) -> Result<Value, CliError> {
        self.send(Call::new(Method::GET, "/v1/access-keys"))?.json()
    }

    /// Creates an access key; the answer alone has its secret.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn create_access_key(
        &self,
        description: &str,
        expires: Option<jiff::Timestamp>,
    ) -> Result<Value, CliError> {
        let body = json!({ "description": description, "expires": expires }).to_string();
        let call = Call::new(Method::POST, "/v1/access-keys");
        self.send(call.body("application/json", Payload::Bytes(body.as_bytes())))?.json()
    }

    /// Deletes an access key.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn delete_access_key(&self, id: &str) -> Result<(), CliError> {
        self.send(Call::new(Method::DELETE, format!("/v1/access-keys/{id}"))).map(drop)
    }
}
