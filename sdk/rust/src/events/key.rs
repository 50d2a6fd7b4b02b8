use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::kind;
use crate::{Event, Failure, FromEvent};

/// The kind of change of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyChange {
    /// The key got a value, for the first time or again.
    Set,
    /// The key was deleted.
    Deleted,
    /// The key's time to live was over.
    Expired,
}

/// A change of a key in a keyspace. The changes of one key come in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyEvent {
    /// The event's id, which is the same for every attempt.
    pub id: String,
    /// The number of this attempt at the event, from 1.
    pub attempt: u32,
    /// When the change happened.
    pub time: Option<SystemTime>,
    /// The kind of change.
    pub change: KeyChange,
    /// The key's keyspace.
    pub keyspace: String,
    /// The key.
    pub key: String,
    /// The value before the change; `None` if there was none.
    pub old: Option<Vec<u8>>,
    /// The value after the change; `None` if the key was deleted or expired.
    pub new: Option<Vec<u8>>,
    /// The revision of the change, which grows with every change of the key.
    pub revision: u64,
}

#[derive(Deserialize)]
struct Data {
    keyspace: String,
    key: String,
    revision: u64,
    old: Option<Value>,
    new: Option<Value>,
    #[serde(default)]
    expired: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Value {
    Text(String),
    Base64(String),
}

impl Value {
    fn bytes(self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Base64(text) => BASE64_STANDARD.decode(text).map_err(Failure::invalid_input),
        }
    }
}

impl FromEvent for KeyEvent {
    fn from_event(event: Event) -> Result<Self, Failure> {
        let known = [
            ("lambent.key.set.v1", KeyChange::Set),
            ("lambent.key.deleted.v1", KeyChange::Deleted),
        ];
        let change = kind(&event, "changes of keys", &known)?;
        let data: Data = event.json()?;
        Ok(Self {
            id: event.id,
            attempt: event.attempt,
            time: event.time,
            change: if data.expired { KeyChange::Expired } else { change },
            keyspace: data.keyspace,
            key: data.key,
            old: data.old.map(Value::bytes).transpose()?,
            new: data.new.map(Value::bytes).transpose()?,
            revision: data.revision,
        })
    }
}
