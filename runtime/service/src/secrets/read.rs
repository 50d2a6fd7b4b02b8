//! Secrets that are listed, described and read.

use lambent_types::{Error, ErrorCode};

use super::entry::Secret;
use super::name::SecretId;
use super::value::SecretValue;
use super::versions::{CURRENT, SecretVersion};
use crate::operation::Operation;
use crate::scope::Scope;
use crate::sealed_records::Row;

/// A version of a secret with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSecret {
    /// What is known of the secret.
    pub secret: Secret,
    /// The version's id.
    pub id: String,
    /// The version.
    pub version: SecretVersion,
    /// Its value.
    pub value: SecretValue,
}

impl Scope {
    /// All secrets by name; with those that were deleted and may be restored, if they are asked for.
    ///
    /// # Errors
    /// The store failed.
    pub async fn secrets(&self, with_deleted: bool) -> Result<Vec<Secret>, Error> {
        self.perform(Operation::ListSecrets, "", async {
            let now = self.service.clock.now();
            let mut all: Vec<Secret> = self.secret_records()?.list("").await?;
            all.retain(|secret| !secret.is_gone(now) && (with_deleted || secret.deleted.is_none()));
            Ok(all)
        })
        .await
    }

    /// What is known of a secret, also of one that was deleted and may be restored.
    ///
    /// # Errors
    /// `SecretNotFound`; the store failed.
    pub async fn describe_secret(&self, id: &SecretId) -> Result<Secret, Error> {
        let operation = Operation::DescribeSecret;
        self.perform(operation, id.name(), async { Ok(self.find_secret(operation, id).await?.0) })
            .await
    }

    /// The value of a version: of the one of this id, which has to have this label if both are given, or of
    /// the one of this label. Without either it is what is current.
    ///
    /// # Errors
    /// `SecretNotFound` (there is no such secret, or no such version of it with a value), `InvalidRequest` (it
    /// was deleted, or the version does not have the label); the store failed.
    pub async fn secret_value(
        &self,
        id: &SecretId,
        version: Option<&str>,
        stage: Option<&str>,
    ) -> Result<FoundSecret, Error> {
        let operation = Operation::GetSecretValue;
        self.perform(operation, id.name(), async {
            loop {
                let (secret, revision) = self.find_secret(operation, id).await?;
                secret.check_lasts()?;
                let version = version_of(&secret, version, stage)?;
                if let Some(value) = self.value_of(&secret, &version).await? {
                    let found = secret.versions.get(&version).cloned();
                    let found = found.ok_or_else(|| no_value(Some(&version), None))?;
                    return Ok(FoundSecret { secret, id: version, version: found, value });
                }
                // It was changed meanwhile, or its row is lost.
                if self.find_secret(operation, id).await?.1 == revision {
                    tracing::error!(
                        name = secret.name.as_str(),
                        version,
                        "the row of a secret's value is missing"
                    );
                    return Err(Error::new(ErrorCode::Internal, "a secret's value is missing"));
                }
            }
        })
        .await
    }

    /// The value of a version that has one.
    pub(super) async fn value_of(
        &self,
        secret: &Secret,
        version: &str,
    ) -> Result<Option<SecretValue>, Error> {
        let (records, of) = (self.secret_records()?, secret.value_of(version));
        let row: Option<Row<()>> = records.row(of).await?;
        row.map(|row| SecretValue::of_bytes(records.open(of, &row)?)).transpose()
    }
}

/// The id of the version that is meant, which has a value.
fn version_of(secret: &Secret, id: Option<&str>, stage: Option<&str>) -> Result<String, Error> {
    let labelled = secret.versions.labelled(stage.unwrap_or(CURRENT));
    let meant = id.or(labelled);
    let found = meant.and_then(|id| Some((id, secret.versions.get(id)?)));
    let (meant, version) = found.ok_or_else(|| no_value(id, stage))?;
    if stage.is_some_and(|stage| !version.stages.contains(stage)) {
        return Err(Error::new(
            ErrorCode::InvalidRequest,
            "You provided a VersionStage that is not associated to the provided VersionId.",
        ));
    }
    if version.has_value { Ok(meant.to_owned()) } else { Err(no_value(id, stage)) }
}

fn no_value(id: Option<&str>, stage: Option<&str>) -> Error {
    let what = match id {
        Some(id) => format!("VersionId: {id}"),
        None => format!("staging label: {}", stage.unwrap_or(CURRENT)),
    };
    let what: String = what.chars().take(300).collect();
    let detail = format!("Secrets Manager can't find the specified secret value for {what}");
    Error::new(ErrorCode::SecretNotFound, detail)
}
