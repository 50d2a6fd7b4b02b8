use std::time::Duration;

use lambent_types::QueueName;
use serde_json::{Value, json};
use ureq::http::Method;

use super::resources::query;
use crate::client::{Call, Client, Payload, TIMEOUT};
use crate::error::CliError;

/// A message to send.
#[derive(Debug, Default)]
pub(crate) struct Message<'a> {
    /// The message's body.
    pub(crate) body: &'a [u8],
    /// The body's media type.
    pub(crate) content_type: Option<&'a str>,
    /// Attributes by name.
    pub(crate) attributes: &'a [(String, String)],
    /// The message's group, on a FIFO queue.
    pub(crate) group: Option<&'a str>,
    /// The id by which a FIFO queue recognises a duplicate.
    pub(crate) deduplication: Option<&'a str>,
    /// How long the message cannot be received at first.
    pub(crate) delay: Option<Duration>,
}

fn below(queue: &QueueName, what: &str) -> String {
    format!("/v1/queues/{queue}/{what}")
}

impl Client {
    /// Sends a message; returns its id and place.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn send_message(
        &self,
        queue: &QueueName,
        message: &Message<'_>,
    ) -> Result<Value, CliError> {
        let delay = message.delay.map(|delay| ("delay", format!("{}ms", delay.as_millis())));
        let target = format!("{}{}", below(queue, "messages"), query(delay.as_slice()));
        let mut call = Call::new(Method::POST, target);
        call.body = Payload::Bytes(message.body);
        for (name, value) in message.attributes {
            call = call.header(format!("lambent-attr-{name}"), value);
        }
        let others = [
            ("content-type", message.content_type),
            ("lambent-group", message.group),
            ("lambent-deduplication", message.deduplication),
        ];
        for (name, value) in others {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        self.send(call)?.json()
    }

    /// Receives messages, as `{"messages": […]}`; waits up to `wait` for one.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn receive_messages(
        &self,
        queue: &QueueName,
        limit: u32,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Value, CliError> {
        let ms = |duration: Duration| format!("{}ms", duration.as_millis());
        let mut parameters = vec![("limit", limit.to_string()), ("wait", ms(wait))];
        parameters.extend(visibility.map(|visibility| ("visibility", ms(visibility))));
        let target = format!("{}{}", below(queue, "receive"), query(&parameters));
        self.send(Call::new(Method::POST, target).timeout(TIMEOUT + wait))?.json()
    }

    /// Deletes messages that were received.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn delete_messages(
        &self,
        queue: &QueueName,
        receipts: &[String],
    ) -> Result<Value, CliError> {
        let body = json!({ "receipts": receipts }).to_string();
        let call = Call::new(Method::POST, below(queue, "delete"))
            .body("application/json", Payload::Bytes(body.as_bytes()));
        self.send(call)?.json()
    }

    /// Deletes all messages, as `{"deleted": n}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn purge(&self, queue: &QueueName) -> Result<Value, CliError> {
        self.send(Call::new(Method::POST, below(queue, "purge")))?.json()
    }

    /// Moves at most `limit` dead letters back to where they came from, as
    /// `{"moved": n}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn redrive(&self, queue: &QueueName, limit: u64) -> Result<Value, CliError> {
        let target = format!("{}?limit={limit}", below(queue, "redrive"));
        self.send(Call::new(Method::POST, target))?.json()
    }
}
