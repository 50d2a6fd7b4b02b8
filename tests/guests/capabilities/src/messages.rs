use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Answer, text};

wit_bindgen::generate!({
    path: "../../../wit/deps/messaging",
    world: "wasi:messaging/imports-request-reply",
});

use wasi::messaging::producer::send;
use wasi::messaging::request_reply::request;
use wasi::messaging::types::{Client, Message};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Call {
    Send {
        topic: String,
        data: String,
        metadata: Vec<(String, String)>,
    },
    Request {
        topic: String,
    },
    /// Holds so many messages of so many bytes.
    Hoard {
        count: usize,
        bytes: usize,
    },
    /// Makes and drops as many, one after the other.
    Churn {
        count: usize,
        bytes: usize,
    },
}

pub(crate) fn call(call: Call) -> Answer {
    let client = Client::connect("default").map_err(text)?;
    match call {
        Call::Send { topic, data, metadata } => {
            let message = Message::new(data.as_bytes());
            message.set_content_type("text/plain");
            message.set_metadata(&metadata);
            message.add_metadata("removed", "soon");
            message.remove_metadata("removed");
            send(&client, &topic, message).map(|()| Value::Null).map_err(text)
        }
        Call::Request { topic } => {
            let message = Message::new(b"?");
            request(&client, &topic, &message, None).map(|all| json!(all.len())).map_err(text)
        }
        Call::Hoard { count, bytes } => {
            let messages: Vec<_> = (0..count).map(|_| Message::new(&vec![0; bytes])).collect();
            Ok(json!(messages.len()))
        }
        Call::Churn { count, bytes } => {
            (0..count).for_each(|_| drop(Message::new(&vec![0; bytes])));
            Ok(json!(count))
        }
    }
}
