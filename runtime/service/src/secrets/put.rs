//! Secrets that are given a value whether they are there or not.

use std::collections::{BTreeMap, BTreeSet};

use lambent_types::{Error, ErrorCode};

use super::change::{NewSecret, NewVersion};
use super::entry::Secret;
use super::name::{SecretId, SecretName};
use super::value::SecretValue;
use crate::handle::Put;
use crate::operation::Operation;
use crate::scope::Scope;

impl Scope {
    /// Makes this the current value of a secret, which is created if there is none.
    ///
    /// # Errors
    /// `InvalidRequest` (it was deleted and may be restored), `InvalidConfiguration`, `QuotaExceeded`; the
    /// store failed.
    pub async fn put_secret(
        &self,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<Put<Secret>, Error> {
        let id = SecretId::Name(name.as_str().to_owned());
        self.perform(Operation::PutSecret, name.as_str(), async {
            let _changing = self.service.sealing.lock().await;
            let new = NewSecret {
                name: name.clone(),
                description: String::new(),
                kms_key: None,
                tags: BTreeMap::new(),
                value: Some(value.clone()),
                version: None,
            };
            let version = NewVersion { value: value.clone(), id: None, stages: BTreeSet::new() };
            loop {
                match self.make_secret(&new).await {
                    Ok((value, _)) => return Ok(Put { value, created: true }),
                    Err(error) if error.code() == ErrorCode::Conflict => {}
                    Err(error) => return Err(error),
                }
                match self.alter_secret(&id, (None, None), Some(&version)).await {
                    Ok((value, _)) => return Ok(Put { value, created: false }),
                    // Another node deleted it in between: then it is created after all.
                    Err(error) if error.code() == ErrorCode::SecretNotFound => {}
                    Err(error) => return Err(error),
                }
            }
        })
        .await
    }
}
