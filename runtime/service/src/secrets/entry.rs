//! What is known of a secret beside its values.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{Error, ErrorCode, QualifiedFunction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::name::{SecretId, SecretName};
use super::rotation_dates::RotationDates;
use super::versions::SecretVersions;
use crate::operation::Operation;
use crate::scope::Scope;
use crate::sealed_records::{SealedRecords, ValueOf};

/// The kind of their records.
pub(super) const RECORDS: &str = "secrets";
/// Most characters of a description; Secrets Manager's.
const DESCRIPTION_CHARS_MAX: usize = 2_048;

/// What is known of a secret: all but its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// The end of its ARN, which another secret of the same name does not have.
    pub id: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it was changed the last time.
    pub changed: Timestamp,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The key of AWS's that it would be encrypted with there: kept, and used for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Its versions.
    pub versions: SecretVersions,
    /// When it was deleted, and when it is gone, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<(Timestamp, Timestamp)>,
    /// How it is rotated, if that was ever said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// The policy that AWS's tools gave it: kept, and decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// How a secret is rotated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rotation {
    /// The function that rotates it.
    pub function: QualifiedFunction,
    /// When it is to be rotated, as AWS's tools say it; without, it is rotated when it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Value>,
    /// Whether it is rotated at all.
    pub enabled: bool,
    /// When it was rotated the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated: Option<Timestamp>,
    /// What the function is told that the secret is called.
    #[serde(default)]
    pub told: String,
    /// Its dates by the rules.
    #[serde(default)]
    pub dates: RotationDates,
}

impl Secret {
    /// Which row the value of a version is in.
    pub(super) fn value_of<'a>(&'a self, version: &'a str) -> ValueOf<'a> {
        ValueOf { name: self.name.as_str(), id: &self.id, version }
    }

    /// Whether it is gone, though its entry may still be there.
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.deleted.is_some_and(|(_, gone)| now >= gone)
    }

    /// Fails if it was deleted, though it may be restored.
    pub(super) fn check_lasts(&self) -> Result<(), Error> {
        if self.deleted.is_none() {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::InvalidRequest,
            "You can't perform this operation on the secret because it was marked for deletion.",
        ))
    }

    /// Says what it is for.
    pub(super) fn describe(&mut self, description: String) -> Result<(), Error> {
        if description.chars().count() > DESCRIPTION_CHARS_MAX {
            let detail = format!("A description has at most {DESCRIPTION_CHARS_MAX} characters.");
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        self.description = Some(description).filter(|text| !text.is_empty());
        Ok(())
    }
}

/// No such secret.
pub(super) fn not_found() -> Error {
    Error::new(ErrorCode::SecretNotFound, "Secrets Manager can't find the specified secret.")
}

impl Scope {
    pub(super) fn secret_records(&self) -> Result<SealedRecords<'_>, Error> {
        self.sealed(RECORDS)
    }

    /// The secret that is named, and its revision, also if it was deleted and may be restored.
    pub(super) async fn find_secret(
        &self,
        operation: Operation,
        id: &SecretId,
    ) -> Result<(Secret, u64), Error> {
        let (records, now) = (self.secret_records()?, self.service.clock.now());
        for (name, id) in id.candidates() {
            if name.parse::<SecretName>().is_err() {
                continue;
            }
            let found: Option<(Secret, u64)> = records.find(name).await?;
            let is_meant = |(secret, _): &(Secret, u64)| {
                id.is_none_or(|id| secret.id == id) && !secret.is_gone(now)
            };
            if let Some(found) = found.filter(is_meant) {
                // An ARN may be of another name than it looks.
                self.check(operation, found.0.name.as_str())?;
                return Ok(found);
            }
        }
        Err(not_found())
    }

    /// How long something is still there that is gone at that time.
    pub(super) fn until(&self, gone: Timestamp) -> Duration {
        Duration::try_from(gone.duration_since(self.service.clock.now())).unwrap_or_default()
    }
}
