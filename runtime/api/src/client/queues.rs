use std::time::Duration;

use http::Method;
use lambent_types::{QueueName, bounds};

use super::{Answer, Call, Client, Error, Payload, TIMEOUT};
use crate::{
    Deleted, MESSAGES, MessagesToSend, PeekMessages, PeekedMessages, Purged, Receipts,
    ReceiveMessages, Received, RedriveMessages, Redriven, SendMessage, SentMessages, SentView,
    Visibility, headers, paths, query,
};

/// A message to send.
#[derive(Debug, Clone, Default)]
pub struct Message<'a> {
    /// The message's body.
    pub body: &'a [u8],
    /// The body's media type.
    pub content_type: Option<&'a str>,
    /// Attributes by name.
    pub attributes: &'a [(String, String)],
    /// The message's group, on a FIFO queue.
    pub group: Option<&'a str>,
    /// The id by which a FIFO queue recognises a duplicate.
    pub deduplication: Option<&'a str>,
    /// How long the message cannot be received at first.
    pub delay: Option<Duration>,
}

fn of(path: &str, queue: &QueueName, query: &str) -> String {
    format!("{}{query}", paths::fill(path, &[queue.as_str()]))
}

fn receipt_path(queue: &QueueName, receipt: &str) -> String {
    paths::fill(paths::RECEIPT, &[queue.as_str(), receipt])
}

impl Client {
    /// Sends a message.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn send_message(
        &self,
        queue: &QueueName,
        message: &Message<'_>,
    ) -> Result<Answer<SentView>, Error> {
        let query = query::write(&SendMessage { delay: message.delay });
        let query = query.map_err(Error::unsendable)?;
        let mut call = Call::new(Method::POST, of(paths::MESSAGES, queue, &query));
        call.body = Payload::Bytes(message.body);
        for (name, value) in message.attributes {
            call = call.header(format!("{}{name}", headers::ATTRIBUTE_PREFIX), value);
        }
        let others = [
            (http::header::CONTENT_TYPE, message.content_type),
            (headers::GROUP, message.group),
            (headers::DEDUPLICATION, message.deduplication),
        ];
        for (name, value) in others {
            if let Some(value) = value {
                call = call.header(name.as_str(), value);
            }
        }
        self.send(call)
    }

    /// Sends several messages, all or none.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn send_messages(
        &self,
        queue: &QueueName,
        messages: &MessagesToSend,
    ) -> Result<Answer<SentMessages>, Error> {
        let body = serde_json::to_vec(messages).map_err(Error::unsendable)?;
        let call = Call::new(Method::POST, of(paths::MESSAGES, queue, ""));
        self.send(call.body(MESSAGES, Payload::Bytes(&body)))
    }

    /// Receives messages, and waits for the first as long as is asked for.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn receive_messages(
        &self,
        queue: &QueueName,
        receive: &ReceiveMessages,
    ) -> Result<Answer<Received>, Error> {
        let query = query::write(receive).map_err(Error::unsendable)?;
        let call = Call::new(Method::POST, of(paths::RECEIVE, queue, &query));
        self.send(call.timeout(TIMEOUT + receive.wait.unwrap_or(bounds::WAIT_MAX)))
    }

    /// Deletes a message that was received.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_message(&self, queue: &QueueName, receipt: &str) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, receipt_path(queue, receipt))).map(drop)
    }

    /// Sets when a message that was received can be received again.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn change_visibility(
        &self,
        queue: &QueueName,
        receipt: &str,
        visibility: Visibility,
    ) -> Result<(), Error> {
        let body = serde_json::to_vec(&visibility).map_err(Error::unsendable)?;
        let call = Call::new(Method::PATCH, receipt_path(queue, receipt)).json(&body);
        self.send::<()>(call).map(drop)
    }

    /// Deletes messages that were received.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_messages(
        &self,
        queue: &QueueName,
        receipts: Vec<String>,
    ) -> Result<Answer<Deleted>, Error> {
        let body = serde_json::to_vec(&Receipts { receipts }).map_err(Error::unsendable)?;
        let call = Call::new(Method::POST, of(paths::DELETE_MESSAGES, queue, ""));
        self.send(call.json(&body))
    }

    /// Looks at messages without receiving them.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn peek_messages(
        &self,
        queue: &QueueName,
        peek: &PeekMessages,
    ) -> Result<Answer<PeekedMessages>, Error> {
        let query = query::write(peek).map_err(Error::unsendable)?;
        self.send(Call::new(Method::GET, of(paths::MESSAGES, queue, &query)))
    }

    /// Deletes everything in a queue.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn purge(&self, queue: &QueueName) -> Result<Answer<Purged>, Error> {
        self.send(Call::new(Method::POST, of(paths::PURGE, queue, "")))
    }

    /// Moves dead letters back to where they came from.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn redrive(
        &self,
        queue: &QueueName,
        redrive: &RedriveMessages,
    ) -> Result<Answer<Redriven>, Error> {
        let query = query::write(redrive).map_err(Error::unsendable)?;
        self.send(Call::new(Method::POST, of(paths::REDRIVE, queue, &query)))
    }
}
