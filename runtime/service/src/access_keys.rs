//! Access keys: what a client of one namespace shows.
//!
//! No secret is stored. A secret is the HMAC of its key's id under a key that only
//! the node has, so that it can be worked out again where a protocol signs with it,
//! and is looked up by its SHA-256 when it is shown.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lambent_types::{Error, ErrorCode, Namespace};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::operation::Operation;
use crate::principal::Principal;
use crate::random_id::random_id;
use crate::records::{Records, Write};
use crate::scope::Scope;
use crate::secret_seed::is_secret;
use crate::service::Service;

const RECORDS: &str = "access-keys";
/// Most keys of a namespace: they are listed in one answer.
const KEYS_MAX: usize = 1000;
/// Most characters of a description.
const DESCRIPTION_CHARS_MAX: usize = 256;

/// What is known of an access key. Its secret is not: it is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Its id, which is no secret: 20 characters, as AWS's tools expect them.
    pub id: String,
    /// The namespace that it opens.
    pub namespace: Namespace,
    /// What it is for.
    pub description: String,
    /// When it was created.
    pub created: Timestamp,
    /// From when on it opens nothing.
    pub expires: Option<Timestamp>,
}

/// A key that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedKey {
    /// What is known of it.
    pub key: AccessKey,
    /// Its secret, which is never shown again.
    pub secret: String,
}

fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

fn key_of_id(namespace: &Namespace, id: &str) -> String {
    format!("id/{}/{id}", namespace.key())
}

fn key_of_secret(secret: &str) -> String {
    format!("secret/{}", hash(secret))
}

impl Service {
    fn access_keys(&self) -> Result<Records<'_>, Error> {
        Records::of(&*self.stores().keyvalue, RECORDS)
    }

    /// Whose secret this is; nobody's, if it is none, or its key was deleted or
    /// has expired.
    ///
    /// # Errors
    /// The store failed.
    pub async fn authenticate(&self, secret: &[u8]) -> Result<Option<Principal>, Error> {
        let secret = std::str::from_utf8(secret).ok();
        let Some(secret) = secret.filter(|text| is_secret(text)) else { return Ok(None) };
        let found: Option<AccessKey> = self.access_keys()?.get(&key_of_secret(secret)).await?;
        let now = self.clock.now();
        let good = found.filter(|key| key.expires.is_none_or(|expires| now < expires));
        Ok(good.map(|key| Principal::Key { id: key.id, namespace: key.namespace }))
    }

    /// The secret that a key's owner signs with, and who that is; nothing, if there is no such key, or
    /// it was deleted or has expired.
    ///
    /// # Errors
    /// The store failed.
    pub async fn signing_secret(&self, id: &str) -> Result<Option<(String, Principal)>, Error> {
        let secret = self.seed.secret(id);
        let principal = self.authenticate(secret.as_bytes()).await?;
        Ok(principal.map(|principal| (secret, principal)))
    }
}

impl Scope {
    /// Creates a key for the scope's namespace.
    ///
    /// # Errors
    /// `Forbidden`, `InvalidRequest` (its end is past, or its description is too
    /// long), `QuotaExceeded`; the store failed.
    pub async fn create_access_key(
        &self,
        description: String,
        expires: Option<Timestamp>,
    ) -> Result<CreatedKey, Error> {
        let id = random_id("LKIA", 16)?;
        self.perform(Operation::CreateAccessKey, &id, async {
            self.principal().check_may_administer()?;
            let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidRequest, detail));
            let created = self.service.clock.now();
            if let Some(expires) = expires.filter(|expires| *expires <= created) {
                return invalid(format!("the key would have expired already, at {expires}"));
            }
            if description.chars().count() > DESCRIPTION_CHARS_MAX {
                return invalid(format!(
                    "the description has more than {DESCRIPTION_CHARS_MAX} characters"
                ));
            }
            if self.access_keys().await?.len() >= KEYS_MAX {
                let detail = format!(
                    "namespace \"{}\" has {KEYS_MAX} access keys, the most; delete one",
                    self.namespace()
                );
                return Err(Error::new(ErrorCode::QuotaExceeded, detail));
            }
            let (id, namespace) = (id.clone(), self.namespace().clone());
            let secret = self.service.seed.secret(&id);
            let key = AccessKey { id, namespace, description, created, expires };
            let records = [
                Write::create(key_of_id(&key.namespace, &key.id), &key)?,
                Write::create(key_of_secret(&secret), &key)?,
            ];
            if !self.service.access_keys()?.write(&records).await? {
                return Err(Error::new(ErrorCode::Conflict, "the key's id is taken; try again"));
            }
            Ok(CreatedKey { key, secret })
        })
        .await
    }

    /// The keys of the scope's namespace, by id.
    ///
    /// # Errors
    /// `Forbidden`; the store failed.
    pub async fn access_keys(&self) -> Result<Vec<AccessKey>, Error> {
        self.perform(Operation::ListAccessKeys, "", async {
            self.principal().check_may_administer()?;
            self.service.access_keys()?.list(&key_of_id(self.namespace(), "")).await
        })
        .await
    }

    /// What is known of one key of the scope's namespace.
    ///
    /// # Errors
    /// `Forbidden`, `AccessKeyNotFound`; the store failed.
    pub async fn access_key(&self, id: &str) -> Result<AccessKey, Error> {
        self.perform(Operation::DescribeAccessKey, id, async {
            self.principal().check_may_administer()?;
            let found = self.service.access_keys()?.get(&key_of_id(self.namespace(), id)).await?;
            found.ok_or_else(|| {
                let id: String = id.chars().take(64).collect();
                let detail = format!("namespace \"{}\" has no access key {id:?}", self.namespace());
                Error::new(ErrorCode::AccessKeyNotFound, detail)
            })
        })
        .await
    }

    /// What is known of the key that the principal showed; nothing, if it showed none of its
    /// namespace's.
    ///
    /// # Errors
    /// The store failed.
    pub async fn own_access_key(&self) -> Result<Option<AccessKey>, Error> {
        let Principal::Key { id, .. } = self.principal() else { return Ok(None) };
        self.perform(Operation::DescribeAccessKey, id, async {
            self.service.access_keys()?.get(&key_of_id(self.namespace(), id)).await
        })
        .await
    }

    /// Deletes a key: from then on it opens nothing.
    ///
    /// # Errors
    /// `Forbidden`, `AccessKeyNotFound`; the store failed.
    pub async fn delete_access_key(&self, id: &str) -> Result<(), Error> {
        self.perform(Operation::DeleteAccessKey, id, async {
            let key = self.access_key(id).await?;
            self.service.access_keys()?.write(&self.deletions(&key)).await?;
            Ok(())
        })
        .await
    }

    fn deletions(&self, key: &AccessKey) -> [Write; 2] {
        let secret = self.service.seed.secret(&key.id);
        [Write::Delete(key_of_id(&key.namespace, &key.id)), Write::Delete(key_of_secret(&secret))]
    }
}

/// Deletes all keys of the scope's namespace.
pub(crate) async fn delete_all(scope: &Scope) -> Result<(), Error> {
    for key in scope.access_keys().await? {
        scope.service.access_keys()?.write(&scope.deletions(&key)).await?;
    }
    Ok(())
}
