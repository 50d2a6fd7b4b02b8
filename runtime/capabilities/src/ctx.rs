use std::sync::Arc;

use lambent_engine::Egress;
use lambent_files::{Image, ScratchOptions};
use lambent_service::{DataPlane, DataScope};
use lambent_types::{FunctionVersion, Namespace, Origin};

use crate::cursor_key::CursorKey;
use crate::cursors::Cursors;
use crate::egress::{Guarded, Network, OwnDoors, Routes};
use crate::object_streams::ObjectStreams;

/// What all invocations of a node share.
pub struct Shared {
    /// Where `wasi:blobstore`, `wasi:keyvalue` and `wasi:messaging` lead.
    data: Arc<DataPlane>,
    /// Where outgoing `wasi:http` leads.
    routes: Arc<Routes>,
    /// What cursors are made with.
    pub(crate) cursor_key: CursorKey,
}

impl Shared {
    /// Leads guests to this data and to this network. Cursors that guests
    /// were given are good for as long as `cursor_key` is the same; it must be
    /// secret.
    #[must_use]
    pub fn new(data: Arc<DataPlane>, network: Network, cursor_key: [u8; 32]) -> Self {
        let (routes, cursor_key) = (Arc::new(Routes::new(network)), CursorKey::new(cursor_key));
        Self { data, routes, cursor_key }
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
    /// What the function may do with the node's data. It is most of the state, which is moved some
    /// twenty times on its way to the store.
    pub(crate) scope: Box<DataScope>,
    pub(crate) cursors: Cursors,
    /// Bytes of the messages the guest holds.
    pub(crate) messages_bytes: usize,
    /// The streams of objects it has open.
    pub(crate) streams: ObjectStreams,
    /// What the files of its instance are made of; none if it has no directory.
    pub(crate) mount: Option<Mount>,
}

/// What the files of an instance are made of.
#[derive(Clone)]
pub struct Mount {
    /// The read-only part, which instances share.
    pub image: Arc<Image>,
    /// The writable directory, of which each instance has its own.
    pub scratch: ScratchOptions,
}

impl Ctx {
    /// The state for an invocation of `function`; `origin` is what led to it, `function`
    /// itself not included.
    #[must_use]
    pub fn new(shared: Arc<Shared>, function: Arc<FunctionVersion>, origin: Origin) -> Self {
        let scope = Box::new(shared.data.function_scope(function.clone(), origin));
        Self {
            shared,
            function,
            scope,
            cursors: Cursors::default(),
            messages_bytes: 0,
            streams: ObjectStreams::default(),
            mount: None,
        }
    }

    /// Gives the function files; without, it has no directory. An instance keeps the files
    /// that its first invocation had.
    #[must_use]
    pub fn with_files(mut self, mount: Option<Mount>) -> Self {
        self.mount = mount;
        self
    }

    /// What sends the function's HTTP requests, as far as it was granted them:
    /// the [`Invocation::outgoing`](lambent_engine::Invocation) of its invocation.
    #[must_use]
    pub fn outgoing(&self) -> Arc<dyn Egress> {
        let routes = self.shared.routes.clone();
        Arc::new(Guarded::new(routes, self.function.clone(), self.scope.origin().clone()))
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        self.scope.namespace()
    }
}
