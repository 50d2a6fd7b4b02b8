use bytes::Bytes;
use lambent_storage::OpenCode;
use lambent_types::{Digest, Error, ErrorCode};

use crate::service::Service;

impl Service {
    /// Reads code that a version refers to.
    pub(crate) async fn stored(&self, digest: Digest) -> Result<Bytes, Error> {
        self.stores().code.get(digest).await?.ok_or_else(|| missing(digest))
    }

    /// Opens code that a version refers to.
    pub(crate) async fn opened(&self, digest: Digest) -> Result<OpenCode, Error> {
        self.stores().code.open(digest).await?.ok_or_else(|| missing(digest))
    }
}

fn missing(digest: Digest) -> Error {
    tracing::error!(%digest, "code that a version refers to is missing");
    Error::new(ErrorCode::Internal, "the code is missing; see the server's log")
}
