use std::net::SocketAddr;
use std::path::PathBuf;

use lambent_storage::StorageError;
use lambent_storage_embedded::OpenError;

use crate::certificates::TlsError;
use crate::node_secrets::KeyError;
use crate::options::InvalidOptions;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An option cannot be served with.
    #[error(transparent)]
    Options(#[from] InvalidOptions),
    /// Something else listens there.
    #[error(
        "{address} is in use by another process; stop it, or give another address with --listen"
    )]
    AddressInUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The socket that came with the process cannot be used.
    #[error("cannot listen on the socket that came with the process")]
    Inherited(#[source] std::io::Error),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// The backend cannot open the stores.
    #[error(transparent)]
    Backend(Box<dyn std::error::Error + Send + Sync>),
    /// The root key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The stores cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The quotas of namespaces or the runtimes cannot be read.
    #[error("cannot read the namespaces and the runtimes")]
    Records(#[source] lambent_types::Error),
    /// The certificates that image registries are trusted by cannot be used.
    #[error("cannot use --image-registry-ca {}", file.display())]
    Authorities {
        /// Their file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine cannot run on this machine.
    #[error("cannot start the engine")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a server ended without having been told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Connections are no longer accepted, by a fault of ours.
    #[error("the listener ended by itself; see the server's log")]
    Listener,
}
