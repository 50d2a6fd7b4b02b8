//! Messages sent to queues, over `wasi:messaging`; the feature `queue`.
//!
//! A function reaches the queues it was granted: `queues = { orders = "write" }`.
//! To receive messages, let a trigger call the function with
//! [`QueueMessage`](crate::QueueMessage)s.
//!
//! ```no_run
//! # fn main() -> Result<(), lambent_sdk::Failure> {
//! use lambent_sdk::queue::{Message, Queue};
//!
//! let orders = Queue::open("orders")?;
//! orders.send("three lamps")?;
//! orders.send(Message::json(&["lamp", "bulb"])?.attribute("tenant", "t1"))?;
//! # Ok(())
//! # }
//! ```

use std::{error, fmt};

use serde::Serialize;

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::queue::wasi::messaging;
#[cfg(not(target_family = "wasm"))]
use crate::testing::queue as messaging;
use messaging::producer;
use messaging::types::{self as wit, Client};

/// A queue of the function's namespace.
#[derive(Debug)]
pub struct Queue {
    name: String,
    client: Client,
}

/// The reason why a queue did not take a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueError {
    /// The queue took too long.
    Timeout,
    /// The queue cannot be reached.
    Connection(String),
    /// The function was not granted the queue.
    Denied(String),
    /// Any other reason, in words.
    Other(String),
}

impl fmt::Display for QueueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Timeout => "the queue did not answer in time",
            Self::Connection(text) | Self::Denied(text) | Self::Other(text) => text,
        })
    }
}

impl error::Error for QueueError {}

impl From<wit::Error> for QueueError {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::Timeout => Self::Timeout,
            wit::Error::Connection(text) => Self::Connection(text),
            wit::Error::PermissionDenied(text) => Self::Denied(text),
            wit::Error::Other(text) => Self::Other(text),
        }
    }
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    body: Vec<u8>,
    content_type: Option<String>,
    attributes: Vec<(String, String)>,
}

impl Message {
    /// Makes a message of bytes.
    #[must_use]
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Makes a message of a value as JSON.
    ///
    /// # Errors
    /// Fails if the value has no form in JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value).map_err(Failure::invalid_output)?;
        Ok(Self::new(body).content_type("application/json"))
    }

    /// Sets the media type of the body.
    #[must_use]
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Attaches an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Sets the group, which a FIFO queue needs: messages of one group keep their order.
    #[must_use]
    pub fn group(self, group: impl Into<String>) -> Self {
        self.attribute("lambent-group", group)
    }

    /// Sets the id by which a FIFO queue recognises a message that is sent again: within
    /// five minutes, a second message of the same id is not kept.
    #[must_use]
    pub fn deduplication(self, id: impl Into<String>) -> Self {
        self.attribute("lambent-deduplication", id)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::new(text).content_type("text/plain; charset=utf-8")
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl Queue {
    /// Opens the queue of this name.
    ///
    /// # Errors
    /// Fails if the queue cannot be reached.
    pub fn open(name: &str) -> Result<Self, QueueError> {
        Ok(Self { name: name.to_owned(), client: Client::connect(name)? })
    }

    /// Sends a message. Once this returns, it will not be lost.
    ///
    /// # Errors
    /// Fails if the function was not granted the queue, or the message was not taken.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), QueueError> {
        let Message { body, content_type, attributes } = message.into();
        let message = wit::Message::new(&body);
        if let Some(content_type) = content_type {
            message.set_content_type(&content_type);
        }
        if !attributes.is_empty() {
            message.set_metadata(&attributes);
        }
        Ok(producer::send(&self.client, &self.name, message)?)
    }
}
