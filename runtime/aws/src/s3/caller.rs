//! Who sends a request, and what it may do: asked by `s3s` while it checks the signature, and by
//! operations once that is done.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use lambent_service::{BucketHandle, Principal, Scope};
use lambent_types::{BucketName, Origin};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3Result, s3_error};

use super::error;
use crate::credential::Credential;
use crate::keys::Keys;

/// Who a request says it is from.
pub(crate) enum Signer {
    /// Nobody: it is not signed, or it is a form, which says so within.
    Nobody,
    /// In development: a key that is none of the node's. Its signature is not looked at.
    Any(Credential),
    /// The holder of a key.
    Holder { credential: Credential, secret: String, principal: Principal },
}

/// Who sends one request. It is not known before its signature was looked at.
pub(super) struct Caller {
    pub(super) keys: Arc<Keys>,
    /// The token that the body of the request has, with a temporary key.
    pub(super) token: Option<String>,
    /// The access key that the head of the request names, its secret, and whose it is.
    pub(super) claimed: Option<(String, String, Principal)>,
    /// Whose key the request turned out to be signed with.
    pub(super) known: OnceLock<Principal>,
    pub(super) origin: Origin,
}

impl Caller {
    /// The secret of a key that the body of the request names, and whose it is.
    async fn found(&self, access_key: &str) -> S3Result<(String, Principal)> {
        let found = self.keys.find(access_key, self.token.as_deref()).await;
        found.map_err(|fault| error::of_fault(&fault))?.ok_or_else(error::unknown_key)
    }

    /// What the caller may do.
    pub(super) async fn scope(&self) -> S3Result<Scope> {
        let principal = match self.known.get() {
            Some(principal) => principal.clone(),
            // Who names a key in the head of a request is nobody else for what the body says.
            None if self.keys.dev && self.claimed.is_none() => Principal::Anyone,
            None => return Err(s3_error!(AccessDenied, "Access Denied")),
        };
        let scope = self.keys.node.scope(principal, None, self.origin.clone()).await;
        scope.map_err(|error| error::of(&error))
    }
}

/// Access to buckets for one request.
pub(super) struct Buckets(pub(super) Arc<Caller>);

impl Buckets {
    pub(super) async fn scope(&self) -> S3Result<Scope> {
        self.0.scope().await
    }
}

/// The handle of a bucket.
pub(super) fn bucket<'s>(scope: &'s Scope, name: &str) -> S3Result<BucketHandle<'s>> {
    let name: BucketName = name.parse().map_err(|error: lambent_types::InvalidName| {
        S3Error::with_message(s3s::S3ErrorCode::InvalidBucketName, error.to_string())
    })?;
    let handle = scope.handle::<BucketName>(name.as_str());
    handle.map_err(|error| error::of(&error))
}

/// Gives the secrets of keys to who checks signatures.
pub(super) struct Secrets(pub(super) Arc<Caller>);

#[async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let caller = &self.0;
        let (secret, principal) = match &caller.claimed {
            Some((claimed, secret, principal)) if claimed == access_key => {
                (secret.clone(), principal.clone())
            }
            _ => caller.found(access_key).await?,
        };
        // Whoever is wrong about the secret gets no further.
        let _ = caller.known.set(principal);
        Ok(secret.into())
    }
}

/// Lets in whoever signs, and in development everyone.
pub(super) struct Access(pub(super) Arc<Caller>);

#[async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_some() || self.0.keys.dev {
            return Ok(());
        }
        Err(s3_error!(AccessDenied, "Access Denied"))
    }
}
