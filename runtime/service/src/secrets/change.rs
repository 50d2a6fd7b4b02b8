//! Secrets that are created, changed, and given versions.

use std::collections::{BTreeMap, BTreeSet};

use lambent_types::{Error, ErrorCode};
use uuid::Builder;

use super::entry::Secret;
use super::name::{ID_CHARS, SecretId, SecretName};
use super::value::SecretValue;
use super::versions::{CURRENT, SecretVersions};
use crate::operation::Operation;
use crate::random_id::{random_bytes, random_id};
use crate::records::Write;
use crate::scope::Scope;
use crate::sealed_records::SealedRecords;
use crate::tag_rules::set_tags;

/// Most characters of a policy; Secrets Manager's.
const POLICY_CHARS_MAX: usize = 20_480;

/// What is said of a secret that is to be.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Its name.
    pub name: SecretName,
    /// What it is for.
    pub description: String,
    /// The key that AWS would encrypt it with.
    pub kms_key: Option<String>,
    /// Its labels.
    pub tags: BTreeMap<String, String>,
    /// The value of its first version; it has none without.
    pub value: Option<SecretValue>,
    /// The id of that version; a new one if none is given. A request that is sent again is known by it.
    pub version: Option<String>,
}

/// A version of a secret that is to be.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// Its value.
    pub value: SecretValue,
    /// Its id; a new one if none is given. A request that is sent again is known by it.
    pub id: Option<String>,
    /// The labels that are moved to it; `AWSCURRENT` if none is given.
    pub stages: BTreeSet<String>,
}

/// The id of a version, which is that of the request that made it.
pub(super) fn version_id(given: Option<String>) -> Result<String, Error> {
    match given {
        Some(given) if (32..=64).contains(&given.chars().count()) => Ok(given),
        Some(_) => Err(Error::new(
            ErrorCode::InvalidConfiguration,
            "ClientRequestToken must be 32-64 characters long.",
        )),
        None => Ok(Builder::from_random_bytes(random_bytes()?).into_uuid().to_string()),
    }
}

impl Scope {
    /// Creates a secret. Returns it and the id of its first version, if it has one. The same request sent
    /// again with the id of its version does nothing more.
    ///
    /// # Errors
    /// `Conflict`: there is one of its name. `InvalidRequest`: there is one that was deleted and may be
    /// restored. `InvalidConfiguration`, `QuotaExceeded`; the store failed.
    pub async fn create_secret(&self, new: NewSecret) -> Result<(Secret, Option<String>), Error> {
        let name = new.name.clone();
        self.perform(Operation::PutSecret, name.as_str(), async {
            let _changing = self.service.sealing.lock().await;
            self.make_secret(&new).await
        })
        .await
    }

    /// As [`Self::create_secret`], of who holds the lock of changes.
    pub(super) async fn make_secret(
        &self,
        new: &NewSecret,
    ) -> Result<(Secret, Option<String>), Error> {
        let version = match &new.value {
            Some(_) => Some(version_id(new.version.clone())?),
            None => None,
        };
        if let Some(found) = self.known(new).await? {
            return Ok((found, version));
        }
        let (name, secret) = (&new.name, self.new_secret(new, version.as_deref())?);
        let records = self.secret_records()?;
        let mut writes = vec![SealedRecords::put_entry(name.as_str(), &secret, None)?];
        if let Some((value, version)) = new.value.as_ref().zip(version.as_deref()) {
            writes.push(self.sealed_value(&records, &secret, version, value)?);
        }
        if records.write(&writes).await? { Ok((secret, version)) } else { Err(exists(name)) }
    }

    /// The secret that there is already, if the same request made it. One that is gone is taken away.
    async fn known(&self, new: &NewSecret) -> Result<Option<Secret>, Error> {
        let name = &new.name;
        let found: Option<(Secret, u64)> = self.secret_records()?.find(name.as_str()).await?;
        let Some((found, _)) = found else { return Ok(None) };
        if found.is_gone(self.service.clock.now()) {
            self.take_away(&found).await?;
            return Ok(None);
        }
        if found.deleted.is_some() {
            return Err(Error::new(
                ErrorCode::InvalidRequest,
                "You can't create this secret because a secret with this name is already scheduled for \
                 deletion.",
            ));
        }
        match (&new.version, &new.value) {
            (Some(version), Some(value)) if found.versions.get(version).is_some() => {
                self.check_same(&found, version, value).await?;
                Ok(Some(found))
            }
            _ => Err(exists(name)),
        }
    }

    /// Fails unless a version that there is has this value.
    async fn check_same(
        &self,
        secret: &Secret,
        version: &str,
        value: &SecretValue,
    ) -> Result<(), Error> {
        if self.value_of(secret, version).await?.as_ref() == Some(value) {
            return Ok(());
        }
        let detail = format!(
            "You can't use ClientRequestToken {version} because that value is already in use for a version \
             of secret {}.",
            secret.name
        );
        Err(Error::new(ErrorCode::Conflict, detail))
    }

    fn new_secret(&self, new: &NewSecret, version: Option<&str>) -> Result<Secret, Error> {
        let now = self.service.clock.now();
        let mut versions = SecretVersions::default();
        if let Some(version) = version {
            versions.put(version, &[CURRENT.to_owned()].into(), true, now)?;
        }
        let mut secret = Secret {
            name: new.name.clone(),
            id: random_id("", ID_CHARS)?,
            created: now,
            changed: now,
            description: None,
            kms_key: new.kms_key.clone(),
            tags: BTreeMap::new(),
            versions,
            deleted: None,
            rotation: None,
            policy: None,
        };
        secret.describe(new.description.clone())?;
        set_tags(&mut secret.tags, &new.tags)?;
        Ok(secret)
    }

    /// The change that puts the value of a version.
    fn sealed_value(
        &self,
        records: &SealedRecords<'_>,
        secret: &Secret,
        version: &str,
        value: &SecretValue,
    ) -> Result<Write, Error> {
        let of = secret.value_of(version);
        SealedRecords::put_row(of, &records.seal(of, (), &value.to_bytes()?)?, None)
    }

    /// Changes a secret as `change` does, and its rows as that says.
    pub(super) async fn change_secret<T>(
        &self,
        id: &SecretId,
        change: impl Fn(&mut Secret) -> Result<(T, Vec<Write>), Error>,
    ) -> Result<(Secret, T), Error> {
        self.perform(Operation::PutSecret, id.name(), async {
            let _changing = self.service.sealing.lock().await;
            loop {
                let (mut secret, revision) = self.find_secret(Operation::PutSecret, id).await?;
                secret.check_lasts()?;
                let (told, rows) = change(&mut secret)?;
                if self.replace_secret(&mut secret, revision, rows).await? {
                    return Ok((secret, told));
                }
            }
        })
        .await
    }

    /// Puts a secret in the place of the one of this revision. Returns whether that was still there.
    pub(super) async fn replace_secret(
        &self,
        secret: &mut Secret,
        revision: u64,
        rows: Vec<Write>,
    ) -> Result<bool, Error> {
        secret.changed = self.service.clock.now();
        let mut writes = rows;
        writes.push(SealedRecords::put_entry(secret.name.as_str(), secret, Some(revision))?);
        self.secret_records()?.write(&writes).await
    }

    /// Says what a secret is for and which key of AWS's it would have, each if it is given, and gives it a
    /// version, if there is one. Returns the secret and the id of that version. The same request sent again
    /// with that id adds no other.
    ///
    /// # Errors
    /// `SecretNotFound`; `InvalidRequest`: it was deleted. `Conflict`: the id is that of a version with
    /// another value. `InvalidConfiguration`, `QuotaExceeded`; the store failed.
    pub async fn update_secret(
        &self,
        id: &SecretId,
        (description, kms_key): (Option<String>, Option<String>),
        new: Option<NewVersion>,
    ) -> Result<(Secret, Option<String>), Error> {
        self.perform(Operation::PutSecret, id.name(), async {
            let _changing = self.service.sealing.lock().await;
            self.alter_secret(id, (description.as_deref(), kms_key.as_deref()), new.as_ref()).await
        })
        .await
    }

    /// As [`Self::update_secret`], of who holds the lock of changes.
    pub(super) async fn alter_secret(
        &self,
        id: &SecretId,
        (description, kms_key): (Option<&str>, Option<&str>),
        new: Option<&NewVersion>,
    ) -> Result<(Secret, Option<String>), Error> {
        let version = match new {
            Some(new) => Some(version_id(new.id.clone())?),
            None => None,
        };
        loop {
            let (mut secret, revision) = self.find_secret(Operation::PutSecret, id).await?;
            secret.check_lasts()?;
            if let Some(description) = description {
                secret.describe(description.to_owned())?;
            }
            if let Some(kms_key) = kms_key {
                secret.kms_key = Some(kms_key.to_owned());
            }
            let rows = match new.zip(version.as_deref()) {
                Some((new, version)) => self.add_version(&mut secret, version, new).await?,
                None => Vec::new(),
            };
            if self.replace_secret(&mut secret, revision, rows).await? {
                return Ok((secret, version));
            }
        }
    }

    /// Adds a version to a secret, unless it is there already. Returns the changes of its rows.
    async fn add_version(
        &self,
        secret: &mut Secret,
        version: &str,
        new: &NewVersion,
    ) -> Result<Vec<Write>, Error> {
        if secret.versions.get(version).is_some_and(|version| version.has_value) {
            self.check_same(secret, version, &new.value).await?;
            return Ok(Vec::new());
        }
        let stages = match new.stages.is_empty() {
            true => [CURRENT.to_owned()].into(),
            false => new.stages.clone(),
        };
        let gone = secret.versions.put(version, &stages, true, self.service.clock.now())?;
        let mut rows =
            vec![self.sealed_value(&self.secret_records()?, secret, version, &new.value)?];
        rows.extend(gone.iter().map(|id| SealedRecords::delete_row(secret.value_of(id))));
        Ok(rows)
    }

    /// Moves a label from the version that has it to another, or to none.
    ///
    /// # Errors
    /// `SecretNotFound`, `InvalidRequest` (it was deleted), `InvalidConfiguration` (the label is not on the
    /// version, or is needed there), `QuotaExceeded`; the store failed.
    pub async fn move_secret_stage(
        &self,
        id: &SecretId,
        stage: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Secret, Error> {
        let moved = self.change_secret(id, |secret| {
            secret.versions.move_stage(stage, from, to)?;
            Ok(((), Vec::new()))
        });
        Ok(moved.await?.0)
    }

    /// Sets labels of a secret, and takes others away.
    ///
    /// # Errors
    /// `SecretNotFound`, `InvalidRequest` (it was deleted), `InvalidConfiguration`, `QuotaExceeded`; the
    /// store failed.
    pub async fn tag_secret(
        &self,
        id: &SecretId,
        set: &BTreeMap<String, String>,
        remove: &[String],
    ) -> Result<Secret, Error> {
        let tagged = self.change_secret(id, |secret| {
            secret.tags.retain(|key, _| !remove.contains(key));
            set_tags(&mut secret.tags, set)?;
            Ok(((), Vec::new()))
        });
        Ok(tagged.await?.0)
    }

    /// Keeps a policy with a secret, or none: it decides nothing.
    ///
    /// # Errors
    /// `SecretNotFound`, `InvalidRequest` (it was deleted), `InvalidConfiguration` (it is no JSON object, or
    /// too long); the store failed.
    pub async fn set_secret_policy(
        &self,
        id: &SecretId,
        policy: Option<&str>,
    ) -> Result<Secret, Error> {
        let fits = policy.is_none_or(|text| {
            let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
            text.chars().count() <= POLICY_CHARS_MAX && object.is_ok()
        });
        if !fits {
            let detail =
                format!("A policy is a JSON object of at most {POLICY_CHARS_MAX} characters.");
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        let kept = self.change_secret(id, |secret| {
            secret.policy = policy.map(str::to_owned);
            Ok(((), Vec::new()))
        });
        Ok(kept.await?.0)
    }
}

fn exists(name: &SecretName) -> Error {
    let detail = format!("The operation failed because the secret {name} already exists.");
    Error::new(ErrorCode::Conflict, detail)
}
