use std::fmt;
use std::sync::Arc;

use lambent_types::{Error, ErrorCode, FunctionVersion, Namespace};

use crate::session::Session;

/// Who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Whoever reaches a node in development, which asks nobody for a key.
    Anyone,
    /// The holder of the node's root key, who administers it.
    Root,
    /// The holder of an access key, which belongs to one namespace.
    Key {
        /// The key's id.
        id: String,
        /// The namespace that it opens.
        namespace: Namespace,
    },
    /// The holder of temporary keys, who may do in their namespace what their issuer may, and
    /// administers nothing.
    Session(Arc<Session>),
    /// A function, which may do what its grants say, in its own namespace.
    Function(Arc<FunctionVersion>),
    /// The node itself, which does what follows from what a client has changed.
    Node,
}

impl Principal {
    /// The namespace of what it asks for when it names none.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        match self {
            Self::Anyone | Self::Root | Self::Node => Namespace::default(),
            Self::Key { namespace, .. } => namespace.clone(),
            Self::Session(session) => session.namespace.clone(),
            Self::Function(function) => function.namespace.clone(),
        }
    }

    /// Whether it may do something in `namespace`.
    #[must_use]
    pub fn may_enter(&self, namespace: &Namespace) -> bool {
        match self {
            Self::Anyone | Self::Root | Self::Node => true,
            Self::Key { .. } | Self::Session(_) | Self::Function(_) => {
                self.namespace().key() == namespace.key()
            }
        }
    }

    /// Whether it may make and delete namespaces and keys.
    #[must_use]
    pub const fn may_administer(&self) -> bool {
        matches!(self, Self::Anyone | Self::Root | Self::Node)
    }

    /// Whether it is somebody outside of the node.
    pub(crate) const fn is_client(&self) -> bool {
        matches!(self, Self::Anyone | Self::Root | Self::Key { .. } | Self::Session(_))
    }

    /// Fails unless it may do something in `namespace`. Whether there is one of
    /// that name is not told.
    pub(crate) fn check_may_enter(&self, namespace: &Namespace) -> Result<(), Error> {
        if self.may_enter(namespace) {
            return Ok(());
        }
        let own = self.namespace();
        let detail = format!("the key is for namespace \"{own}\", and for no other");
        Err(Error::new(ErrorCode::Forbidden, detail))
    }

    pub(crate) fn check_may_administer(&self) -> Result<(), Error> {
        if self.may_administer() {
            return Ok(());
        }
        let detail = "only the root key administers namespaces and access keys";
        Err(Error::new(ErrorCode::Forbidden, detail))
    }

    /// What the records of invocations that it asks for call it: the key's id, or that of the key
    /// that temporary keys were taken with; nothing if it showed no key.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Anyone | Self::Function(_) | Self::Node => None,
            Self::Root => Some("root"),
            Self::Key { id, .. } => Some(id),
            Self::Session(session) => Some(&session.issuer),
        }
    }
}

impl From<Session> for Principal {
    fn from(session: Session) -> Self {
        Self::Session(Arc::new(session))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(function) => write!(f, "function/{}", function.name),
            Self::Session(session) => write!(f, "{}/{session}", session.issuer),
            Self::Node => f.write_str("node"),
            client => f.write_str(client.id().unwrap_or("anyone")),
        }
    }
}
