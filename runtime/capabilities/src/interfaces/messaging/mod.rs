//! `wasi:messaging` over queues: a topic is a queue's name, metadata are a
//! message's attributes.
//!
//! Of the shapes published as 0.2.0-draft this is the latest, in which a
//! message is made of its data alone and `send` takes the topic. On a FIFO
//! queue the metadata `lambent-group` and `lambent-deduplication` are the
//! message's group and deduplication id. Requests that wait for a reply are
//! refused: a queue has no way back.

pub(crate) mod bindings;

use std::collections::BTreeMap;

use bytes::Bytes;
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Parts, cost, wasmtime};
use lambent_service::NewMessage;
use lambent_types::QueueName;

use self::bindings::wasi::messaging::types::{self, Metadata, Topic};
use self::bindings::wasi::messaging::{producer, request_reply};
use crate::ctx::Ctx;
use crate::error::{Error, quoted, told};

/// A connection to the node's queues; there is nothing else to connect to.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct Client;

/// Options of a request; refused with the request.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct RequestOptions;

/// A message that the guest holds.
#[derive(Debug, Default)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct Message {
    pub(crate) topic: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) data: Bytes,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Bytes of all the messages that one invocation holds at a time.
const HELD_BYTES_MAX: usize = 16 << 20;
/// Metadata that one message has at the most: all that a queue takes of them fits,
/// and counting their bytes stays short.
const METADATA_MAX: usize = 1000;
/// The metadata that is a FIFO message's group.
pub(crate) const GROUP: &str = "lambent-group";
/// The metadata that is a FIFO message's deduplication id.
const DEDUPLICATION: &str = "lambent-deduplication";

type Handle = Resource<Message>;

impl Message {
    fn bytes(&self) -> usize {
        self.data.len()
            + self.content_type.as_ref().map_or(0, String::len)
            + size(self.metadata.iter())
    }
}

fn size<'a>(metadata: impl Iterator<Item = (&'a String, &'a String)>) -> usize {
    metadata.map(|(key, value)| key.len() + value.len()).sum()
}

/// Gives the guest a message to hold.
pub(crate) fn hold(host: &mut Host<Ctx>, message: Message) -> wasmtime::Result<Handle> {
    let bytes = message.bytes();
    let handle = host.table().push(message)?;
    account(host, 0, bytes)?;
    Ok(handle)
}

/// Changes a message that the guest holds.
fn change(
    host: &mut Host<Ctx>,
    message: &Handle,
    change: impl FnOnce(&mut Message),
) -> wasmtime::Result<()> {
    let message = host.table().get_mut(message)?;
    let before = message.bytes();
    change(message);
    let count = message.metadata.len();
    if count > METADATA_MAX {
        return Err(wasmtime::format_err!(
            "a message has {count} metadata; the most is {METADATA_MAX}"
        ));
    }
    let after = message.bytes();
    account(host, before, after)
}

fn release(host: &mut Host<Ctx>, message: Handle) -> wasmtime::Result<Message> {
    let message = host.table().delete(message)?;
    account(host, message.bytes(), 0)?;
    Ok(message)
}

fn account(host: &mut Host<Ctx>, before: usize, after: usize) -> wasmtime::Result<()> {
    let held = &mut host.state().messages_bytes;
    *held = held.saturating_sub(before).saturating_add(after);
    if *held > HELD_BYTES_MAX {
        return Err(wasmtime::format_err!(
            "the function holds messages of more than {HELD_BYTES_MAX} bytes together"
        ));
    }
    Ok(())
}

impl types::Host for Host<Ctx> {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<types::Error> {
        match error {
            Error::Denied(text) => Ok(types::Error::PermissionDenied(text)),
            Error::Missing(text) | Error::Other(text) => Ok(types::Error::Other(text)),
            Error::Trap(error) => Err(error),
        }
    }
}

impl types::HostClient for Host<Ctx> {
    fn connect(&mut self, _name: String) -> Result<Resource<Client>, Error> {
        Ok(self.table().push(Client)?)
    }

    fn disconnect(&mut self, _client: Resource<Client>) -> Result<(), Error> {
        Ok(())
    }

    fn drop(&mut self, client: Resource<Client>) -> wasmtime::Result<()> {
        self.table().delete(client)?;
        Ok(())
    }
}

impl types::HostMessage for Host<Ctx> {
    fn new(&mut self, data: Vec<u8>) -> wasmtime::Result<Handle> {
        self.charge(cost::bytes(data.len()));
        hold(self, Message { data: data.into(), ..Message::default() })
    }

    fn topic(&mut self, message: Handle) -> wasmtime::Result<Option<Topic>> {
        Ok(self.table().get(&message)?.topic.clone())
    }

    fn content_type(&mut self, message: Handle) -> wasmtime::Result<Option<String>> {
        Ok(self.table().get(&message)?.content_type.clone())
    }

    fn set_content_type(&mut self, message: Handle, content_type: String) -> wasmtime::Result<()> {
        self.charge(cost::bytes(content_type.len()));
        change(self, &message, |message| message.content_type = Some(content_type))
    }

    fn data(&mut self, message: Handle) -> wasmtime::Result<Vec<u8>> {
        let data = self.table().get(&message)?.data.to_vec();
        self.charge(cost::bytes(data.len()));
        Ok(data)
    }

    fn set_data(&mut self, message: Handle, data: Vec<u8>) -> wasmtime::Result<()> {
        self.charge(cost::bytes(data.len()));
        change(self, &message, |message| message.data = data.into())
    }

    fn metadata(&mut self, message: Handle) -> wasmtime::Result<Option<Metadata>> {
        let metadata = &self.table().get(&message)?.metadata;
        let pairs = metadata.iter().map(|(key, value)| (key.clone(), value.clone()));
        let pairs: Option<Metadata> = (!metadata.is_empty()).then(|| pairs.collect());
        let owed = cost::list(metadata.len(), size(metadata.iter()));
        self.charge(owed);
        Ok(pairs)
    }

    fn add_metadata(
        &mut self,
        message: Handle,
        key: String,
        value: String,
    ) -> wasmtime::Result<()> {
        self.charge(cost::list(1, key.len() + value.len()));
        change(self, &message, |message| drop(message.metadata.insert(key, value)))
    }

    fn set_metadata(&mut self, message: Handle, metadata: Metadata) -> wasmtime::Result<()> {
        let bytes = size(metadata.iter().map(|(key, value)| (key, value)));
        self.charge(cost::list(metadata.len(), bytes));
        change(self, &message, |message| message.metadata = metadata.into_iter().collect())
    }

    fn remove_metadata(&mut self, message: Handle, key: String) -> wasmtime::Result<()> {
        self.charge(cost::bytes(key.len()));
        change(self, &message, |message| drop(message.metadata.remove(&key)))
    }

    fn drop(&mut self, message: Handle) -> wasmtime::Result<()> {
        release(self, message).map(drop)
    }
}

impl producer::Host for Host<Ctx> {
    async fn send(
        &mut self,
        _client: Resource<Client>,
        topic: Topic,
        message: Handle,
    ) -> Result<(), Error> {
        let mut message = release(self, message).map_err(Error::Trap)?;
        self.charge(cost::list(message.metadata.len(), topic.len() + message.bytes()));
        let queue: QueueName = topic
            .parse()
            .map_err(|error| Error::Other(format!("topic {}: {error}", quoted(&topic))))?;
        let Parts { state: ctx, log, .. } = self.parts();
        let new = NewMessage {
            group: message.metadata.remove(GROUP),
            deduplication: message.metadata.remove(DEDUPLICATION),
            body: message.data,
            content_type: message.content_type,
            attributes: message.metadata,
            ..NewMessage::default()
        };
        told(log, ctx.scope.resource(&queue).send(vec![new]).await).map(drop)
    }
}

fn no_replies() -> Error {
    Error::Other(
        "queues carry no replies; send, and let the answer come as a message of another queue"
            .into(),
    )
}

impl request_reply::Host for Host<Ctx> {
    fn request(
        &mut self,
        _client: Resource<Client>,
        _topic: Topic,
        _message: Handle,
        _options: Option<Resource<RequestOptions>>,
    ) -> Result<Vec<Handle>, Error> {
        Err(no_replies())
    }

    fn reply(&mut self, _reply_to: Handle, message: Handle) -> Result<(), Error> {
        release(self, message).map_err(Error::Trap)?;
        Err(no_replies())
    }
}

impl request_reply::HostRequestOptions for Host<Ctx> {
    fn new(&mut self) -> wasmtime::Result<Resource<RequestOptions>> {
        Ok(self.table().push(RequestOptions)?)
    }

    fn set_timeout_ms(
        &mut self,
        _options: Resource<RequestOptions>,
        _timeout_ms: u32,
    ) -> wasmtime::Result<()> {
        Ok(())
    }

    fn set_expected_replies(
        &mut self,
        _options: Resource<RequestOptions>,
        _expected: u32,
    ) -> wasmtime::Result<()> {
        Ok(())
    }

    fn drop(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<()> {
        self.table().delete(options)?;
        Ok(())
    }
}
