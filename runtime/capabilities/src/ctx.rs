use std::sync::Arc;

use lambent_engine::Egress;
use lambent_files::{Image, ScratchOptions, Vfs};
use lambent_service::{DataPlane, DataScope};
use lambent_types::{FunctionVersion, Namespace, Origin};

use crate::cursor_key::CursorKey;
use crate::cursors::Cursors;
use crate::egress::{Guarded, Network, OwnDoors, Routes};
use crate::filesystem::Files;
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
    /// What the function may do with the node's data.
    pub(crate) scope: DataScope,
    pub(crate) cursors: Cursors,
    /// Bytes of the messages the guest holds.
    pub(crate) messages_bytes: usize,
    /// The streams of objects it has open.
    pub(crate) streams: ObjectStreams,
    /// What its files are made of, and they, once it asked for them.
    files: (Option<(Arc<Image>, ScratchOptions)>, Option<Files>),
}

impl Ctx {
    /// The state for an invocation of `function`; `origin` is what led to it, `function`
    /// itself not included.
    #[must_use]
    pub fn new(shared: Arc<Shared>, function: Arc<FunctionVersion>, origin: Origin) -> Self {
        let scope = shared.data.function_scope(function.clone(), origin);
        Self {
            shared,
            function,
            scope,
            cursors: Cursors::default(),
            messages_bytes: 0,
            streams: ObjectStreams::default(),
            files: (None, None),
        }
    }

    /// Gives the function files; without, it has no directory.
    #[must_use]
    pub fn with_files(mut self, image: Arc<Image>, scratch: ScratchOptions) -> Self {
        self.files = (Some((image, scratch)), None);
        self
    }

    /// The files, which are made when they are asked for.
    pub(crate) fn files(&mut self) -> Option<Files> {
        let (given, files) = &mut self.files;
        if files.is_none() {
            *files = given.take().map(|(image, scratch)| Files::new(Vfs::new(image, scratch)));
        }
        files.clone()
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
