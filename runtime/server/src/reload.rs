//! What a running node reads anew when it is asked to.

use std::error::Error;
use std::sync::Arc;

use crate::tls::Tls;

/// Has a server read its certificates and keys again.
#[derive(Clone)]
pub struct Reload {
    tls: Option<Arc<Tls>>,
}

impl Reload {
    pub(crate) const fn new(tls: Option<Arc<Tls>>) -> Self {
        Self { tls }
    }

    /// Reads them, and says in the log what came of it. If they cannot be used,
    /// those that are in use stay.
    pub async fn run(&self) {
        let Some(tls) = self.tls.clone() else {
            return tracing::info!("nothing to reload: the listener speaks cleartext");
        };
        match tokio::task::spawn_blocking(move || tls.reload()).await {
            Ok(Ok(names)) => tracing::info!(names, "reloaded the certificates and their keys"),
            Ok(Err(error)) => {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                tracing::error!(%error, cause, "did not reload; the certificates in use stay");
            }
            Err(error) => tracing::error!(%error, "reloading failed"),
        }
    }
}
