//! Messages that are sent, over `wasi:messaging`.

use std::cell::RefCell;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object, Result, Value};

use super::refused;
use crate::bindings::wasi::messaging::producer;
use crate::bindings::wasi::messaging::types::{self, Client, Message};
use crate::files::bytes_of;

thread_local! {
    /// The connection that all messages go by.
    static CLIENT: RefCell<Option<Client>> = const { RefCell::new(None) };
}

/// Gives up the handle.
pub(super) fn reset() {
    CLIENT.take();
}

/// Adds the function to an object.
pub(super) fn add(object: &Object<'_>) -> Result<()> {
    object.set("send", Func::from(send))
}

fn send<'js>(
    ctx: Ctx<'js>,
    queue: String,
    body: Value<'js>,
    content_type: Option<String>,
    metadata: Vec<Vec<String>>,
) -> Result<()> {
    let message = Message::new(&bytes_of(&ctx, &body)?);
    if let Some(content_type) = content_type {
        message.set_content_type(&content_type);
    }
    let pairs = metadata.into_iter().filter_map(|pair| <[String; 2]>::try_from(pair).ok());
    let pairs: Vec<_> = pairs.map(|[name, value]| (name, value)).collect();
    if !pairs.is_empty() {
        message.set_metadata(&pairs);
    }
    let sent = CLIENT.with_borrow_mut(|client| {
        if client.is_none() {
            *client = Some(Client::connect(&queue)?);
        }
        match client {
            Some(client) => producer::send(client, &queue, message),
            None => Ok(()),
        }
    });
    sent.map_err(|error| refused(&ctx, text(&error)))
}

fn text(error: &types::Error) -> &str {
    match error {
        types::Error::Timeout => "the queue did not answer in time",
        types::Error::Connection(text)
        | types::Error::PermissionDenied(text)
        | types::Error::Other(text) => text,
    }
}
