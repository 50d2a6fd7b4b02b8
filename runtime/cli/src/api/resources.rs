//! The calls that all resources have in common: they are listed, read and deleted by
//! name. All are also created alike, except functions, whose code is uploaded.

use serde_json::Value;
use ureq::http::Method;

use crate::client::{Call, Client, Payload, query_value};
use crate::error::{CliError, Exit};

/// The kinds of resources, in an order in which each may refer to those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Holds objects.
    Bucket,
    /// Holds keys.
    Keyspace,
    /// Holds messages.
    Queue,
    /// Handles events.
    Function,
    /// Wires events to a function.
    Trigger,
    /// Invokes a function at times.
    Schedule,
}

impl Kind {
    /// The word for one.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Keyspace => "keyspace",
            Self::Queue => "queue",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::Schedule => "schedule",
        }
    }

    /// The word for all, in paths and in the API's JSON.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Bucket => "buckets",
            Self::Keyspace => "keyspaces",
            Self::Queue => "queues",
            Self::Function => "functions",
            Self::Trigger => "triggers",
            Self::Schedule => "schedules",
        }
    }
}

fn path(kind: Kind, name: &str) -> String {
    format!("/v1/{}/{name}", kind.plural())
}

impl Client {
    /// All resources of a kind.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn resources(&self, kind: Kind) -> Result<Vec<Value>, CliError> {
        let all = format!("/v1/{}", kind.plural());
        let mut target = all.clone();
        let mut items = Vec::new();
        loop {
            let mut page = self.send(Call::new(Method::GET, target))?.json()?;
            if let Some(Value::Array(more)) = page.get_mut(kind.plural()).map(Value::take) {
                items.extend(more);
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => target = format!("{all}?after={}", query_value(next)),
                None => return Ok(items),
            }
        }
    }

    /// Gets one resource.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn resource(&self, kind: Kind, name: &str) -> Result<Value, CliError> {
        self.send(Call::new(Method::GET, path(kind, name)))?.json()
    }

    /// Makes a resource, or makes it so; the flag says whether it is new.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn put_resource(
        &self,
        kind: Kind,
        name: &str,
        description: Option<&Value>,
    ) -> Result<(Value, bool), CliError> {
        let body = description.map(Value::to_string).unwrap_or_default();
        let call = Call::new(Method::PUT, path(kind, name));
        let call = match description {
            Some(_) => call.body("application/json", Payload::Bytes(body.as_bytes())),
            None => call,
        };
        let reply = self.send(call)?;
        let value = if reply.body.is_empty() { Value::Null } else { reply.json()? };
        Ok((value, reply.status == 201))
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn delete_resource(&self, kind: Kind, name: &str) -> Result<(), CliError> {
        self.send(Call::new(Method::DELETE, path(kind, name))).map(drop)
    }

    /// Gets what functions used and how full quotas are, as `{"usage": […], "quotas": […]}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn usage(&self, range: &[(&str, String)]) -> Result<Value, CliError> {
        let target = format!("/v1/usage{}", query(range));
        self.send(Call::new(Method::GET, target))?.json()
    }
}

/// A query of these names and values; empty if there are none.
pub(crate) fn query(pairs: &[(&str, String)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", query_value(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

/// `None` instead of an error that says that there is no such thing.
///
/// # Errors
/// Any other error.
pub(crate) fn found<T>(result: Result<T, CliError>) -> Result<Option<T>, CliError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.exit() == Exit::Failed && error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canned::{Canned, answer};

    #[test]
    fn lists_are_read_to_their_end() {
        let server = Canned::start(vec![
            answer("200 OK", r#"{"buckets":[{"name":"a"}],"next":"a"}"#),
            answer("200 OK", r#"{"buckets":[{"name":"b"}]}"#),
        ]);
        let client = Client::new(server.endpoint(), None).unwrap();
        assert_eq!(client.resources(Kind::Bucket).unwrap().len(), 2);
        assert!(server.requests()[1].starts_with("GET /v1/buckets?after=a "));
    }

    #[test]
    fn what_is_not_there_is_told_from_what_failed() {
        let problem = |status: u16, code: &str| {
            format!(
                r#"{{"type":"about:blank","title":"t","status":{status},"code":"{code}","detail":"d","retryable":false}}"#
            )
        };
        let server = Canned::start(vec![
            answer("404 Not Found", &problem(404, "bucket-not-found")),
            answer("500 Oops", &problem(500, "internal")),
        ]);
        let client = Client::new(server.endpoint(), None).unwrap();
        assert!(found(client.resource(Kind::Bucket, "abc")).unwrap().is_none());
        assert!(found(client.resource(Kind::Bucket, "abc")).is_err());
        server.requests();
    }
}
