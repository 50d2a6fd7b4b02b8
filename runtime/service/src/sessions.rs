//! Sessions: temporary keys in the name of a role, which whoever has a key takes for a time.
//!
//! Nothing of a session is stored. Its token says what it is, sealed with a key that only nodes have,
//! and its secret is worked out of the token: runtime/adr/0061.

use std::time::Duration;

use lambent_types::{Error, ErrorCode, Role, RoleName};

use crate::operation::Operation;
use crate::principal::Principal;
use crate::random_id::random_id;
use crate::scope::Scope;
use crate::service::Service;
use crate::session::Session;

/// What the ids of temporary keys begin with, as AWS's do.
const PREFIX: &str = "ASIA";

/// A session that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunSession {
    /// What it is.
    pub session: Session,
    /// What its holder signs with.
    pub secret: String,
    /// What its holder sends with every request.
    pub token: String,
}

/// What the token of a session turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownSession {
    /// That of a session which lasts; and what its holder signs with.
    Lasting(Session, String),
    /// That of a session which is over.
    Over,
    /// None of this node's, or that of another key.
    Unknown,
}

impl Service {
    /// What the token that came with a temporary key is. Whether the session's issuer is still somebody
    /// is for the caller to ask.
    ///
    /// # Errors
    /// The store failed.
    pub async fn session(&self, access_key: &str, token: &str) -> Result<ShownSession, Error> {
        let Some(session) = self.seed.unsealed::<Session>(token) else {
            return Ok(ShownSession::Unknown);
        };
        if session.access_key != access_key {
            return Ok(ShownSession::Unknown);
        }
        if self.clock.now() >= session.expires {
            return Ok(ShownSession::Over);
        }
        let roles = self.stores().resources.of::<Role>();
        let role = roles.get(&session.namespace, &session.role).await?;
        if role.is_none_or(|role| role.specification.id != session.role_id) {
            return Ok(ShownSession::Unknown);
        }
        let secret = self.seed.secret_of_token(token);
        Ok(ShownSession::Lasting(session, secret))
    }
}

impl Scope {
    /// Takes temporary keys in the name of a role. `issuer` is the id of the key that the principal
    /// showed; those of a session end with it.
    ///
    /// # Errors
    /// `RoleNotFound`, `InvalidRequest` (it would last longer than sessions of the role may); the store
    /// failed.
    pub async fn assume_role(
        &self,
        role: &RoleName,
        name: String,
        seconds: u32,
        issuer: &str,
    ) -> Result<BegunSession, Error> {
        self.perform(Operation::AssumeRole, role.as_str(), async {
            let role = self.handle::<RoleName>(role.as_str())?.describe().await?.specification;
            if seconds > role.session_seconds_max {
                let detail = "The requested DurationSeconds exceeds the MaxSessionDuration set for \
                              this role.";
                return Err(Error::new(ErrorCode::InvalidRequest, detail));
            }
            let ends = self.service.clock.now().checked_add(Duration::from_secs(seconds.into()));
            let ends = ends.map_err(|error| {
                Error::new(ErrorCode::InvalidRequest, format!("it would never end: {error}"))
            })?;
            let (issuer, expires) = match self.principal() {
                Principal::Session(session) => (session.issuer.as_str(), ends.min(session.expires)),
                _ => (issuer, ends),
            };
            let session = Session {
                access_key: random_id(PREFIX, 16)?,
                issuer: issuer.to_owned(),
                namespace: self.namespace().clone(),
                role: role.name,
                role_id: role.id,
                name,
                expires,
            };
            let token = self.service.seed.sealed(&session)?;
            let secret = self.service.seed.secret_of_token(&token);
            Ok(BegunSession { session, secret, token })
        })
        .await
    }
}
