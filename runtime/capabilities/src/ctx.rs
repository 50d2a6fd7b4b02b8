use std::sync::{Arc, OnceLock};

use lambent_engine::Egress;
use lambent_storage::{KeyValue, Objects, Queues};
use lambent_types::{FunctionVersion, Namespace, Origin, Recursion};

use crate::blobstore::Streams;
use crate::egress::{Guarded, Network, OwnDoors};
use crate::keyvalue::{CursorKey, Cursors};

/// What all invocations of a node share.
pub struct Shared {
    /// Where `wasi:blobstore` leads.
    pub(crate) objects: Arc<dyn Objects>,
    /// Where `wasi:keyvalue` leads.
    pub(crate) keyvalue: Arc<dyn KeyValue>,
    /// Where `wasi:messaging` leads.
    pub(crate) queues: Arc<dyn Queues>,
    /// Where outgoing `wasi:http` leads.
    pub(crate) network: Network,
    /// What cursors are made with.
    pub(crate) cursor_key: CursorKey,
    /// The node's own doors, once it has any.
    pub(crate) doors: OnceLock<Arc<dyn OwnDoors>>,
}

impl Shared {
    /// Leads guests to these stores and to this network. Cursors that guests
    /// were given are good for as long as `cursor_key` is the same; it must be
    /// secret.
    #[must_use]
    pub fn new(
        objects: Arc<dyn Objects>,
        keyvalue: Arc<dyn KeyValue>,
        queues: Arc<dyn Queues>,
        network: Network,
        cursor_key: [u8; 32],
    ) -> Self {
        let cursor_key = CursorKey::new(cursor_key);
        Self { objects, keyvalue, queues, network, cursor_key, doors: OnceLock::new() }
    }

    /// Says where the node's own doors are, so that requests to them say what led
    /// to them. Only the first call counts.
    pub fn set_doors(&self, doors: Arc<dyn OwnDoors>) {
        drop(self.doors.set(doors));
    }
}

/// What the capabilities know of one invocation: the state of its store.
pub struct Ctx {
    pub(crate) shared: Arc<Shared>,
    pub(crate) function: Arc<FunctionVersion>,
    origin: Origin,
    /// The origin of the changes that the function makes, once it makes one.
    changes: Option<Origin>,
    pub(crate) cursors: Cursors,
    /// Bytes of the messages the guest holds.
    pub(crate) messages_bytes: usize,
    /// The streams of objects it has open.
    pub(crate) streams: Streams,
}

impl Ctx {
    /// For an invocation of `function`; `origin` is what led to it, `function`
    /// itself not included.
    #[must_use]
    pub fn new(shared: Arc<Shared>, function: Arc<FunctionVersion>, origin: Origin) -> Self {
        Self {
            shared,
            function,
            origin,
            changes: None,
            cursors: Cursors::default(),
            messages_bytes: 0,
            streams: Streams::default(),
        }
    }

    /// What sends the function's HTTP requests, as far as it was granted them:
    /// the [`Invocation::outgoing`](lambent_engine::Invocation) of its invocation.
    #[must_use]
    pub fn outgoing(&self) -> Arc<dyn Egress> {
        Arc::new(Guarded::new(self.shared.clone(), self.function.clone(), self.origin.clone()))
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.function.namespace
    }

    /// Makes [`changes`](Self::changes) true; to be called before a change.
    pub(crate) fn stamp(&mut self) -> Result<(), Recursion> {
        if self.changes.is_none() {
            self.changes = Some(self.origin.enter(&self.function.name)?);
        }
        Ok(())
    }

    /// What the changes that the function makes come from: what led to it, and
    /// the function itself.
    pub(crate) fn changes(&self) -> &Origin {
        self.changes.as_ref().unwrap_or(&self.origin)
    }
}
