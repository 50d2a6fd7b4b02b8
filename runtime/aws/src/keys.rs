//! The keys that open a node: the root key, those of namespaces, and temporary ones.

use std::sync::Arc;

use lambent_service::{Principal, Service, Session, ShownSession};

use crate::fault::{AuthFault, Fault};

/// The key that every emulator of AWS takes, and a node in development; and its secret.
pub(crate) const TEST_KEY: &str = "test";

/// The id and the secret of the root key, which opens everything.
pub struct RootCredentials {
    /// Its id, which is no secret.
    pub access_key: String,
    /// Its secret.
    pub secret: String,
}

/// Finds the secrets of keys, and whose they are.
pub(crate) struct Keys {
    pub(crate) node: Arc<Service>,
    pub(crate) root: RootCredentials,
    /// Whether no key is asked for.
    pub(crate) dev: bool,
}

impl Keys {
    /// The secret of an access key, and whose it is; nothing, if there is no such key. With a temporary
    /// one a `token` has to come, which says what it is.
    pub(crate) async fn find(
        &self,
        access_key: &str,
        token: Option<&str>,
    ) -> Result<Option<(String, Principal)>, Fault> {
        let lasting = self.lasting(access_key).await?;
        match token {
            Some(token) if lasting.is_none() => self.temporary(access_key, token).await,
            _ => Ok(lasting),
        }
    }

    /// The secret of a key that was not taken with another.
    async fn lasting(&self, access_key: &str) -> Result<Option<(String, Principal)>, Fault> {
        if access_key == self.root.access_key {
            return Ok(Some((self.root.secret.clone(), Principal::Root)));
        }
        if self.dev && access_key == TEST_KEY {
            return Ok(Some((TEST_KEY.to_owned(), Principal::Anyone)));
        }
        let found = self.node.signing_secret(access_key).await;
        found.map_err(|error| Fault::of(&error, |_| None))
    }

    async fn temporary(
        &self,
        access_key: &str,
        token: &str,
    ) -> Result<Option<(String, Principal)>, Fault> {
        let shown = self.node.session(access_key, token).await;
        match shown.map_err(|error| Fault::of(&error, |_| None))? {
            ShownSession::Lasting(session, secret) if self.has_issuer(&session).await? => {
                Ok(Some((secret, session.into())))
            }
            // In development other keys are let in unlooked at, and so are those of AWS's own.
            ShownSession::Unknown if self.dev => Ok(None),
            ShownSession::Lasting(..) | ShownSession::Unknown => Err(Fault::auth(
                AuthFault::UnknownToken,
                "The security token included in the request is invalid",
            )),
            ShownSession::Over => Err(Fault::auth(
                AuthFault::ExpiredToken,
                "The security token included in the request is expired",
            )),
        }
    }

    /// Whether the key that a session was taken with still opens the session's namespace.
    async fn has_issuer(&self, session: &Session) -> Result<bool, Fault> {
        let issuer = self.lasting(&session.issuer).await?;
        let opens = |(_, principal): (String, Principal)| principal.may_enter(&session.namespace);
        Ok(issuer.map_or(self.dev, opens))
    }
}
