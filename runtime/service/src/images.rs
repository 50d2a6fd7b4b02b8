//! Images: components in registries of OCI artifacts, which a node fetches from where whoever runs it
//! allows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lambent_fetch::{Authorities, FetchError, Http, Patience, Pulled, Reference, Silent, pull};
use lambent_types::{Error, ErrorCode, Image};
use tokio::sync::Semaphore;

/// How long a registry may take. Clients of AWS's wait a minute for an answer, and then ask again.
const PATIENCE: Patience =
    Patience { stalled: Duration::from_secs(10), whole: Duration::from_secs(45) };
/// How many images are fetched at once: each is whole in memory until it is stored.
const AT_ONCE: usize = 2;

/// The registries that a node fetches images from; none by default. A node reaches what its users may not,
/// so it is whoever runs it who says which.
pub struct ImageRegistries {
    allowed: Vec<String>,
    http: Option<Arc<Http>>,
    permits: Semaphore,
}

/// An image that was fetched.
pub(crate) struct FetchedImage {
    /// Its bytes.
    pub(crate) component: Bytes,
    /// What names it.
    pub(crate) image: Image,
}

impl Default for ImageRegistries {
    fn default() -> Self {
        Self { allowed: Vec::new(), http: None, permits: Semaphore::new(AT_ONCE) }
    }
}

impl ImageRegistries {
    /// The registries with these names, each as it is written in references, with its port if it has one.
    /// `authorities` are trusted in place of the public ones.
    ///
    /// # Errors
    /// What is given as authorities has no certificates.
    pub fn new(allowed: &[String], authorities: Option<&Authorities>) -> Result<Self, FetchError> {
        let allowed = allowed.iter().map(|name| name.to_lowercase()).collect();
        let http = Some(Arc::new(Http::new(PATIENCE, authorities)?));
        Ok(Self { allowed, http, ..Self::default() })
    }

    /// Fetches the component that a reference names.
    ///
    /// # Errors
    /// `InvalidRequest`: it is no reference; `Forbidden`: nothing is fetched from that registry;
    /// `ImageUnavailable`: it is not there, not for this node, no component, too large or damaged, or the
    /// registry does not answer.
    pub(crate) async fn fetch(&self, uri: &str) -> Result<FetchedImage, Error> {
        let reference: Reference = uri.parse().map_err(|error: FetchError| {
            Error::new(ErrorCode::InvalidRequest, error.to_string().replace("oci://", ""))
        })?;
        let http = self
            .http
            .clone()
            .filter(|_| self.allowed.iter().any(|allowed| allowed == reference.registry()));
        let Some(http) = http else {
            return Err(not_allowed(&reference));
        };
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(Error::new(ErrorCode::ShuttingDown, "the node is shutting down"));
        };
        let pulled = tokio::task::spawn_blocking(move || pull(&http, &reference, &Silent)).await;
        let pulled = pulled.map_err(|error| {
            tracing::error!(%error, "fetching an image failed");
            Error::new(ErrorCode::Internal, "the image could not be fetched; see the server's log")
        })?;
        let Pulled { bytes, from } = pulled.map_err(|error| unavailable(&error))?;
        let image = Image { uri: uri.to_owned(), resolved: from.resolved() };
        Ok(FetchedImage { component: bytes.into(), image })
    }
}

fn not_allowed(reference: &Reference) -> Error {
    let registry = reference.registry();
    let detail = format!(
        "this node fetches no images from {registry}; whoever runs it allows that by \
         lambent serve --image-registry {registry}; or upload the component itself"
    );
    Error::new(ErrorCode::Forbidden, detail)
}

fn unavailable(error: &FetchError) -> Error {
    let detail = match error.remedy() {
        Some(remedy) => format!("{error}; {}", remedy.replace('\n', " ")),
        None => error.to_string(),
    };
    Error::new(ErrorCode::ImageUnavailable, detail)
}
