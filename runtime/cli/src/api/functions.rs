use std::io::Read;
use std::time::Duration;

use lambent_types::{ConfigurationPatch, FunctionName, Qualifier};
use serde_json::{Value, json};
use ureq::http::Method;

use super::resources::query;
use crate::client::{Call, Client, Payload, Reply, query_value};
use crate::deploying::{Deploying, Show};
use crate::error::CliError;
use crate::upload::Upload;

/// Compiling has its own, shorter limit in the server.
const DEPLOY_TIMEOUT: Duration = Duration::from_secs(600);

/// The longest function timeout and some time to spare.
const INVOKE_TIMEOUT: Duration = Duration::from_secs(960);

/// How many items to ask for at a time.
const PAGE: usize = 100;

fn path(name: &FunctionName) -> String {
    format!("/v1/functions/{name}")
}

fn qualified(path: String, qualifier: Option<Qualifier>) -> String {
    match qualifier {
        Some(qualifier) => format!("{path}?qualifier={}", query_value(&qualifier.to_string())),
        None => path,
    }
}

fn if_revision<'a>(call: Call<'a>, revision: Option<u64>) -> Call<'a> {
    match revision {
        Some(0) => call.header("if-none-match", "*"),
        Some(revision) => call.header("if-match", format!("\"{revision}\"")),
        None => call,
    }
}

fn invocation<'a>(
    name: &FunctionName,
    qualifier: Option<Qualifier>,
    event: &EventParts<'a>,
) -> Call<'a> {
    let target = qualified(format!("{}/invocations", path(name)), qualifier);
    let mut call = Call::new(Method::POST, target);
    call.body = Payload::Bytes(event.data);
    if let Some(content_type) = event.content_type {
        call = call.header("content-type", content_type);
    }
    for (attribute, value) in &event.attributes {
        call = call.header(format!("ce-{attribute}"), *value);
    }
    call
}

/// The result of a deploy.
pub(crate) struct Deployed {
    /// The function as it now is.
    pub(crate) function: Value,
    /// Whether the function's name is new.
    pub(crate) created: bool,
}

/// An event to invoke a function with.
#[derive(Debug, Default)]
pub(crate) struct EventParts<'a> {
    /// The data.
    pub(crate) data: &'a [u8],
    /// The data's media type.
    pub(crate) content_type: Option<&'a str>,
    /// CloudEvents attributes by name.
    pub(crate) attributes: Vec<(&'a str, &'a str)>,
}

/// A filter for log records.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogFilter {
    /// Only records after this cursor.
    pub(crate) after: Option<u64>,
    /// Only records of the last so much time, or since this instant.
    pub(crate) since: Option<String>,
    /// Only the record of this invocation.
    pub(crate) request: Option<String>,
    /// At most this many records.
    pub(crate) limit: Option<usize>,
    /// If there are none, wait this long for one.
    pub(crate) wait: Option<Duration>,
}

impl LogFilter {
    fn query(&self) -> String {
        let pairs = [
            ("after", self.after.map(|cursor| cursor.to_string())),
            ("since", self.since.clone()),
            ("request", self.request.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("wait", self.wait.map(|wait| format!("{}s", wait.as_secs()))),
        ];
        let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        query(&given.collect::<Vec<_>>())
    }
}

impl Client {
    /// Creates or updates a function; shows how far it is.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn deploy(
        &self,
        name: &FunctionName,
        code: &[u8],
        patch: &ConfigurationPatch,
        revision: Option<u64>,
        show: Show,
    ) -> Result<Deployed, CliError> {
        let upload = Upload::new(code, patch)?;
        let deploying = Deploying::start(upload.bytes(), show);
        let mut reader = deploying.follow(upload.reader());
        let body = Payload::Stream(&mut reader as &mut dyn Read, upload.bytes());
        let call = Call::new(Method::PUT, path(name))
            .body(upload.content_type.clone(), body)
            .timeout(DEPLOY_TIMEOUT);
        let reply = self.send(if_revision(call, revision))?;
        Ok(Deployed { created: reply.status == 201, function: reply.json()? })
    }

    /// Changes a function's configuration.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn configure(
        &self,
        name: &FunctionName,
        patch: &ConfigurationPatch,
        revision: Option<u64>,
    ) -> Result<Value, CliError> {
        let body = json!(patch).to_string();
        let call = Call::new(Method::PATCH, path(name))
            .body("application/json", Payload::Bytes(body.as_bytes()));
        self.send(if_revision(call, revision))?.json()
    }

    /// Gets one function, or one version of it.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn function(
        &self,
        name: &FunctionName,
        qualifier: Option<Qualifier>,
    ) -> Result<Value, CliError> {
        self.send(Call::new(Method::GET, qualified(path(name), qualifier)))?.json()
    }

    /// All functions, as `{"functions": […], "next": null}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn functions(&self) -> Result<Value, CliError> {
        self.pages("/v1/functions", "functions")
    }

    /// All versions of a function, as `{"versions": […], "next": null}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn versions(&self, name: &FunctionName) -> Result<Value, CliError> {
        self.pages(&format!("{}/versions", path(name)), "versions")
    }

    fn pages(&self, path: &str, member: &str) -> Result<Value, CliError> {
        let mut items = Vec::new();
        let mut target = format!("{path}?limit={PAGE}");
        loop {
            let mut page = self.send(Call::new(Method::GET, target))?.json()?;
            if let Some(Value::Array(more)) = page.get_mut(member).map(Value::take) {
                items.extend(more);
            }
            let next = match &page["next"] {
                Value::String(name) => name.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Ok(json!({ member: items, "next": null })),
            };
            target = format!("{path}?limit={PAGE}&after={}", query_value(&next));
        }
    }

    /// Makes a version of the head; the flag says whether it is a new one.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn publish(&self, name: &FunctionName) -> Result<(Value, bool), CliError> {
        let reply = self.send(Call::new(Method::POST, format!("{}/versions", path(name))))?;
        Ok((reply.json()?, reply.status == 201))
    }

    /// Makes a version the head again.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn rollback(&self, name: &FunctionName, version: u64) -> Result<Value, CliError> {
        let body = json!({ "version": version }).to_string();
        let call = Call::new(Method::POST, format!("{}/rollback", path(name)))
            .body("application/json", Payload::Bytes(body.as_bytes()))
            .timeout(DEPLOY_TIMEOUT);
        self.send(call)?.json()
    }

    /// Deletes a function, or one version of it.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn delete(&self, name: &FunctionName, version: Option<u64>) -> Result<(), CliError> {
        let target = match version {
            Some(version) => format!("{}/versions/{version}", path(name)),
            None => path(name),
        };
        self.send(Call::new(Method::DELETE, target)).map(drop)
    }

    /// Invokes a function and waits for its outcome.
    ///
    /// # Errors
    /// The server's problem, or no answer; a function's failure is a reply.
    pub(crate) fn invoke(
        &self,
        name: &FunctionName,
        qualifier: Option<Qualifier>,
        event: &EventParts<'_>,
    ) -> Result<Reply, CliError> {
        self.send(invocation(name, qualifier, event).timeout(INVOKE_TIMEOUT))
    }

    /// Has a function invoked; answers when the event is stored.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn invoke_later(
        &self,
        name: &FunctionName,
        qualifier: Option<Qualifier>,
        event: &EventParts<'_>,
    ) -> Result<Reply, CliError> {
        self.send(invocation(name, qualifier, event).header("prefer", "respond-async"))
    }

    /// A page of log records, as `{"records": […], "next": cursor}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn logs(&self, name: &FunctionName, filter: &LogFilter) -> Result<Value, CliError> {
        let call = Call::new(Method::GET, format!("{}/logs{}", path(name), filter.query()));
        let timeout = call.timeout + filter.wait.unwrap_or_default();
        self.send(call.timeout(timeout))?.json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canned::{Canned, answer};

    fn client(server: &Canned) -> Client {
        Client::new(server.endpoint(), Some("k")).unwrap()
    }

    #[test]
    fn all_pages_are_one_list() {
        let server = Canned::start(vec![
            answer("200 OK", r#"{"functions":[{"name":"a"}],"next":"a"}"#),
            answer("200 OK", r#"{"functions":[{"name":"b"}],"next":null}"#),
        ]);
        let all = client(&server).functions().unwrap();
        assert_eq!(all.to_string(), r#"{"functions":[{"name":"a"},{"name":"b"}],"next":null}"#);
        assert!(server.requests()[1].starts_with("GET /v1/functions?limit=100&after=a "));
    }

    #[test]
    fn a_deploy_carries_its_precondition() {
        let server = Canned::start(vec![answer("201 Created", "{}"), answer("200 OK", "{}")]);
        let client = client(&server);
        let name = "x".parse().unwrap();
        let patch = ConfigurationPatch::default();
        assert!(client.deploy(&name, b"code", &patch, Some(0), Show::Nothing).unwrap().created);
        assert!(!client.deploy(&name, b"code", &patch, Some(7), Show::Nothing).unwrap().created);
        let requests = server.requests();
        assert!(requests[0].contains("if-none-match: *"), "{}", requests[0]);
        assert!(requests[1].contains("if-match: \"7\""), "{}", requests[1]);
    }

    #[test]
    fn an_invocation_carries_the_event() {
        let server = Canned::start(vec![answer("200 OK\r\nlambent-fuel: 7", "out")]);
        let event = EventParts {
            data: b"{}",
            content_type: Some("application/json"),
            attributes: vec![("id", "1")],
        };
        let version = Some(Qualifier::Version(2));
        let reply = client(&server).invoke(&"x".parse().unwrap(), version, &event).unwrap();
        assert_eq!((reply.body.as_slice(), reply.number("lambent-fuel")), (&b"out"[..], Some(7)));
        let request = server.requests().remove(0);
        assert!(request.starts_with("POST /v1/functions/x/invocations?qualifier=2 "), "{request}");
        assert!(request.contains("ce-id: 1"), "{request}");
    }

    #[test]
    fn log_filters_become_a_query() {
        let filter = LogFilter {
            after: Some(4),
            since: Some("2026-07-01T00:00:00Z".into()),
            wait: Some(Duration::from_secs(20)),
            ..LogFilter::default()
        };
        assert_eq!(filter.query(), "?after=4&since=2026-07-01T00:00:00Z&wait=20s");
        assert_eq!(LogFilter::default().query(), "");
    }
}
