use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::kind;
use crate::{Event, Failure, FromEvent};

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyChange {
    /// It got a value, for the first time or anew.
    Set,
    /// It was deleted.
    Deleted,
    /// Its time to live was over.
    Expired,
}

/// A change of a key in a keyspace. Those of one key come in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyEvent {
    /// The same for every attempt at this event.
    pub id: String,
    /// 1 for the first delivery of this event, then 2, and so on.
    pub attempt: u32,
    /// When it happened.
    pub time: Option<SystemTime>,
    /// What happened.
    pub change: KeyChange,
    /// The key's keyspace.
    pub keyspace: String,
    /// The key.
    pub key: String,
    /// What it was; `None` if there was no value.
    pub old: Option<Vec<u8>>,
    /// What it is; `None` if it was deleted or expired.
    pub new: Option<Vec<u8>>,
    /// The revision of the change; grows with every change of the key.
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
