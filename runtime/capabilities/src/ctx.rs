use std::sync::Arc;

use lambent_engine::Egress;
use lambent_storage::{KeyValue, Objects, Queues};
use lambent_types::{FunctionVersion, Namespace, Origin, Recursion};

use crate::cursor_key::CursorKey;
use crate::cursors::Cursors;
use crate::egress::{Guarded, Network, OwnDoors, Routes};
use crate::object_streams::ObjectStreams;

/// What all invocations of a node share.
pub struct Shared {
    /// Where `wasi:blobstore` leads.
    pub(crate) objects: Arc<dyn Objects>,
    /// Where `wasi:keyvalue` leads.
    pub(crate) keyvalue: Arc<dyn KeyValue>,
    /// Where `wasi:messaging` leads.
    pub(crate) queues: Arc<dyn Queues>,
    /// Where outgoing `wasi:http` leads.
    routes: Arc<Routes>,
    /// What cursors are made with.
    pub(crate) cursor_key: CursorKey,
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
        let (routes, cursor_key) = (Arc::new(Routes::new(network)), CursorKey::new(cursor_key));
        Self { objects, keyvalue, queues, routes, cursor_key }
    }

    /// Says where the node's own doors are, so that requests to them say what led
    /// to them. Only the first call counts.
    pub fn set_doors(&self, doors: Arc<dyn OwnDoors>) {
        self.routes.set_doors(doors);
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
    pub(crate) streams: ObjectStreams,
}

impl Ctx {
    /// The state for an invocation of `function`; `origin` is what led to it, `function`
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
            streams: ObjectStreams::default(),
        }
    }

    /// What sends the function's HTTP requests, as far as it was granted them:
    /// the [`Invocation::outgoing`](lambent_engine::Invocation) of its invocation.
    #[must_use]
    pub fn outgoing(&self) -> Arc<dyn Egress> {
        let routes = self.shared.routes.clone();
        Arc::new(Guarded::new(routes, self.function.clone(), self.origin.clone()))
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.function.namespace
    }

    /// Makes [`changes`](Self::changes) include the function; to be called before a change.
    pub(crate) fn stamp(&mut self) -> Result<(), Recursion> {
        if self.changes.is_none() {
            self.changes = Some(self.origin.enter(&self.function.name)?);
        }
        Ok(())
    }

    /// The origin of the changes that the function makes: what led to it, and the
    /// function itself.
    pub(crate) fn changes(&self) -> &Origin {
        self.changes.as_ref().unwrap_or(&self.origin)
    }
}
