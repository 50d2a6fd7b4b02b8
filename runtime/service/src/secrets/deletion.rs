//! Secrets that are deleted, and restored as long as that may be.

use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{Error, ErrorCode};

use super::entry::{RECORDS, Secret};
use super::name::SecretId;
use crate::operation::Operation;
use crate::records::Write;
use crate::scope::Scope;
use crate::sealed_records::{Row, SealedRecords};

const DAY: Duration = Duration::from_secs(86_400);

impl Scope {
    /// Deletes a secret so that it can be restored for so many days, or, without any, at once and for good.
    /// Returns it and when it is gone.
    ///
    /// # Errors
    /// `SecretNotFound`, `InvalidRequest` (it was deleted already, and is not to be gone at once); the store
    /// failed.
    pub async fn delete_secret(
        &self,
        id: &SecretId,
        recovery_days: Option<u32>,
    ) -> Result<(Secret, Timestamp), Error> {
        self.perform(Operation::DeleteSecret, id.name(), async {
            let _changing = self.service.sealing.lock().await;
            loop {
                let (mut secret, revision) = self.find_secret(Operation::DeleteSecret, id).await?;
                let now = self.service.clock.now();
                let Some(days) = recovery_days else {
                    self.take_away(&secret).await?;
                    return Ok((secret, now));
                };
                if secret.deleted.is_some() {
                    return Err(Error::new(
                        ErrorCode::InvalidRequest,
                        "You can't perform this operation on the secret because it was already scheduled \
                         for deletion.",
                    ));
                }
                let gone = now.checked_add(DAY * days).unwrap_or(Timestamp::MAX);
                secret.deleted = Some((now, gone));
                // The store forgets the values by itself: they are gone then whatever happens.
                let rows = self.rows_until(&secret, Some(self.until(gone))).await?;
                if self.replace_secret(&mut secret, revision, rows).await? {
                    return Ok((secret, gone));
                }
            }
        })
        .await
    }

    /// Restores a secret that was deleted. One that was not stays as it is.
    ///
    /// # Errors
    /// `SecretNotFound`; the store failed.
    pub async fn restore_secret(&self, id: &SecretId) -> Result<Secret, Error> {
        self.perform(Operation::PutSecret, id.name(), async {
            let _changing = self.service.sealing.lock().await;
            loop {
                let (mut secret, revision) = self.find_secret(Operation::PutSecret, id).await?;
                if secret.deleted.take().is_none() {
                    return Ok(secret);
                }
                let rows = self.rows_until(&secret, None).await?;
                if self.replace_secret(&mut secret, revision, rows).await? {
                    return Ok(secret);
                }
            }
        })
        .await
    }

    /// The changes that put the values of a secret again, so that they are there for this long, or for ever.
    async fn rows_until(
        &self,
        secret: &Secret,
        ttl: Option<Duration>,
    ) -> Result<Vec<Write>, Error> {
        let records = self.secret_records()?;
        let mut rows = Vec::new();
        for (id, version) in secret.versions.iter().filter(|(_, version)| version.has_value) {
            let of = secret.value_of(id);
            match records.row::<()>(of).await? {
                Some(Row { sealed, .. }) => {
                    rows.push(SealedRecords::put_row(of, &Row { version: (), sealed }, ttl)?);
                }
                // It ran out a moment ago.
                None => {
                    tracing::warn!(secret = %secret.name, created = %version.created, "no value")
                }
            }
        }
        Ok(rows)
    }

    /// Deletes a secret and its values.
    pub(super) async fn take_away(&self, secret: &Secret) -> Result<(), Error> {
        let mut writes = vec![SealedRecords::delete_entry(secret.name.as_str())];
        let versions = secret.versions.iter();
        writes.extend(versions.map(|(id, _)| SealedRecords::delete_row(secret.value_of(id))));
        self.secret_records()?.write(&writes).await?;
        Ok(())
    }

    /// The names of all secrets that there are entries of.
    pub(crate) async fn secrets_held(&self) -> Result<Vec<String>, Error> {
        self.sealed(RECORDS)?.names().await
    }

    /// Deletes all secrets.
    pub(crate) async fn delete_secrets(&self) -> Result<(), Error> {
        let _changing = self.service.sealing.lock().await;
        self.sealed(RECORDS)?.delete_all().await
    }
}
