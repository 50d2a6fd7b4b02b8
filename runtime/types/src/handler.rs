use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A way in which a component can be called: one of the interfaces it exports.
///
/// The variants are in the order of preference for invocations: if several fit a
/// trigger, the first is used.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
pub enum Handler {
    /// `lambent:function/handler`.
    #[serde(rename = "lambent:function/handler")]
    Event,
    /// `lambent:function-async/handler`.
    #[serde(rename = "lambent:function-async/handler")]
    EventAsync,
    /// `wasi:http/handler`, version 0.3.
    #[serde(rename = "wasi:http/handler@0.3")]
    Http03,
    /// `wasi:http/incoming-handler`, version 0.2.
    #[serde(rename = "wasi:http/incoming-handler@0.2")]
    Http02,
    /// `lambent:function/batch-handler`.
    #[serde(rename = "lambent:function/batch-handler")]
    Batch,
    /// `wasi:messaging/incoming-handler`, the draft with `handle(message)`.
    #[serde(rename = "wasi:messaging/incoming-handler@0.2.0-draft")]
    Messaging,
    /// `wasi:keyvalue/watcher`, first draft.
    #[serde(rename = "wasi:keyvalue/watcher@0.2.0-draft")]
    Watcher,
    /// `wasi:keyvalue/watcher`, second draft.
    #[serde(rename = "wasi:keyvalue/watcher@0.2.0-draft2")]
    Watcher2,
    /// `wasi:cli/run`, version 0.3.
    #[serde(rename = "wasi:cli/run@0.3")]
    Run03,
    /// `wasi:cli/run`, version 0.2.
    #[serde(rename = "wasi:cli/run@0.2")]
    Run02,
}

impl Handler {
    /// Every handler, in order of preference.
    pub const ALL: [Self; 10] = [
        Self::Event,
        Self::EventAsync,
        Self::Http03,
        Self::Http02,
        Self::Batch,
        Self::Messaging,
        Self::Watcher,
        Self::Watcher2,
        Self::Run03,
        Self::Run02,
    ];

    /// Returns the interface, as the component exports it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "lambent:function/handler",
            Self::EventAsync => "lambent:function-async/handler",
            Self::Http03 => "wasi:http/handler@0.3",
            Self::Http02 => "wasi:http/incoming-handler@0.2",
            Self::Batch => "lambent:function/batch-handler",
            Self::Messaging => "wasi:messaging/incoming-handler@0.2.0-draft",
            Self::Watcher => "wasi:keyvalue/watcher@0.2.0-draft",
            Self::Watcher2 => "wasi:keyvalue/watcher@0.2.0-draft2",
            Self::Run03 => "wasi:cli/run@0.3",
            Self::Run02 => "wasi:cli/run@0.2",
        }
    }

    /// Returns whether it takes HTTP requests.
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(self, Self::Http02 | Self::Http03)
    }
}

impl fmt::Display for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kind of thing that comes to a function. It decides which export is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Incoming {
    /// An invocation, the time of a schedule, the change of an object.
    Event,
    /// Messages of a queue.
    Message,
    /// The change of a key.
    KeyChange,
    /// Changes of a table's items.
    ItemChange,
}

impl Incoming {
    /// Returns the handlers that can take it, in order of preference.
    #[must_use]
    pub const fn handlers(self) -> &'static [Handler] {
        use Handler::{
            Batch, Event, EventAsync, Http02, Http03, Messaging, Run02, Run03, Watcher, Watcher2,
        };
        match self {
            Self::Event => &[Event, EventAsync, Http03, Http02, Run03, Run02],
            Self::Message => &[Batch, Event, EventAsync, Http03, Http02, Messaging, Run03, Run02],
            Self::KeyChange => &[Event, EventAsync, Http03, Http02, Watcher2, Watcher],
            Self::ItemChange => &[Batch, Event, EventAsync, Http03, Http02],
        }
    }

    /// Chooses among the handlers of a function the one that takes it.
    #[must_use]
    pub fn handler(self, exported: &[Handler]) -> Option<Handler> {
        self.handlers().iter().copied().find(|handler| exported.contains(handler))
    }
}

/// The name of an imported or exported interface, such as `wasi:http/types@0.2.12`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Interface(pub String);

impl Interface {
    /// Returns the name without its version: `wasi:http/types`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(name, _)| name)
    }

    /// Returns the version, if there is one: `0.2.12`.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, version)| version)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
