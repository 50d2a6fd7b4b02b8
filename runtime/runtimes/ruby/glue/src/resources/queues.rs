//! Messages that are sent, over `wasi:messaging`.

use std::cell::RefCell;

use super::{Answer, Asked, refused};
use crate::bindings::wasi::messaging::producer;
use crate::bindings::wasi::messaging::types::{Client, Error, Message};

thread_local! {
    /// The connection that all messages go by.
    static CLIENT: RefCell<Option<Client>> = const { RefCell::new(None) };
}

/// Gives up the handle.
pub(super) fn reset() {
    CLIENT.take();
}

/// Does it, if it is about queues: a queue, a body, a media type (empty if it has none), and names and
/// values of metadata.
pub(super) fn done(what: &str, asked: &Asked<'_>) -> Option<Answer> {
    (what == "send").then(|| {
        let message = Message::new(asked.bytes(2));
        if !asked.bytes(3).is_empty() {
            message.set_content_type(&asked.text(3));
        }
        let texts = asked.texts(4);
        let pairs = texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        let pairs: Vec<_> = pairs.collect();
        if !pairs.is_empty() {
            message.set_metadata(&pairs);
        }
        match sent(&asked.text(1), message) {
            Ok(()) => Ok(Vec::new()),
            Err(Error::Timeout) => Err(refused("the queue did not answer in time")),
            Err(Error::Connection(text) | Error::PermissionDenied(text) | Error::Other(text)) => {
                Err(refused(text))
            }
        }
    })
}

fn sent(queue: &str, message: Message) -> Result<(), Error> {
    CLIENT.with_borrow_mut(|client| {
        if client.is_none() {
            *client = Some(Client::connect(queue)?);
        }
        match client {
            Some(client) => producer::send(client, queue, message),
            None => Ok(()),
        }
    })
}
