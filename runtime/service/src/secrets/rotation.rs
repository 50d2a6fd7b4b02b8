//! Secrets that a function rotates: it makes the next value, sets it where it is used, tests it, and makes it
//! current, in four steps of which each is an invocation.

use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{Error, ErrorCode, Event, FunctionName, QualifiedFunction, RequestId};
use serde_json::{Value, json};

use super::change::version_id;
use super::entry::{Rotation, Secret};
use super::name::SecretId;
use super::rotation_dates::RotationDates;
use super::rotation_rules::RotationRules;
use super::versions::{CURRENT, PENDING};
use crate::operation::Operation;
use crate::records::Write;
use crate::scope::Scope;
use crate::sealed_records::SealedRecords;

/// The steps in their order; Secrets Manager's.
const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];
/// The step that tests the configuration when nothing is rotated yet.
const TEST: &str = "testSecret";

/// What is wanted of a rotation.
#[derive(Debug, Clone)]
pub struct Rotate {
    /// The function; the one that rotates it already, if none is given.
    pub function: Option<QualifiedFunction>,
    /// When it is to be rotated, as AWS's tools say it.
    pub rules: Option<Value>,
    /// Whether it is rotated now. If it is not, the function's test is run.
    pub immediately: bool,
    /// The id of the version that is made; a new one if none is given.
    pub version: Option<String>,
    /// What the function is told that the secret is called.
    pub told: String,
}

impl Scope {
    /// Notes how a secret is rotated, and rotates it unless that is to be later; returns when the function is
    /// done. A rotation that was not finished is tried again with its version. Returns the secret as it is
    /// then, and the version that is made.
    ///
    /// # Errors
    /// `SecretNotFound`; `InvalidRequest`: it was deleted, no function was ever named, or a step of it
    /// failed: what is current stays so. `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`,
    /// `InvalidConfiguration`; as for invocations; the store failed.
    pub async fn rotate_secret(
        &self,
        id: &SecretId,
        wanted: Rotate,
    ) -> Result<(Secret, String), Error> {
        self.check(Operation::PutSecret, id.name())?;
        let fresh = version_id(wanted.version.clone())?;
        if let Some(rules) = &wanted.rules {
            RotationRules::read(rules)?;
        }
        let function = match &wanted.function {
            Some(function) => function.clone(),
            None => self
                .find_secret(Operation::PutSecret, id)
                .await?
                .0
                .rotation
                .map(|it| it.function)
                .ok_or_else(none)?,
        };
        let handle = self.handle::<FunctionName>(function.name.as_str())?;
        handle.invocable(function.qualifier.clone()).await?;
        let immediately = wanted.immediately;
        // Before the secret says so, so that no rotation is forgotten.
        self.note_rotation(id).await?;
        let (secret, version) = self
            .change_secret(id, |secret| {
                let now = self.service.clock.now();
                noted(secret, &wanted, function.clone(), now)?;
                begun(secret, &fresh, immediately, now)
            })
            .await?;
        self.service.rotations.notify_one();
        let steps = if immediately { &STEPS[..] } else { &[TEST] };
        self.take_steps(steps, &function, &version, &wanted.told).await?;
        if !immediately {
            return Ok((secret, version));
        }
        Ok((self.finish_rotation(id).await?, version))
    }

    /// Has a function do steps of a rotation, one after the other.
    async fn take_steps(
        &self,
        steps: &[&str],
        function: &QualifiedFunction,
        version: &str,
        told: &str,
    ) -> Result<(), Error> {
        for step in steps {
            self.step(function, step, version, told).await?;
        }
        Ok(())
    }

    /// Has a function rotate a secret, from a version that was begun on.
    pub(super) async fn take_all_steps(
        &self,
        function: &QualifiedFunction,
        version: &str,
        told: &str,
    ) -> Result<(), Error> {
        self.take_steps(&STEPS, function, version, told).await
    }

    /// Notes that a secret was rotated, now.
    pub(super) async fn finish_rotation(&self, id: &SecretId) -> Result<Secret, Error> {
        let finished = self.change_secret(id, |secret| {
            let now = self.service.clock.now();
            if let Some(rotation) = &mut secret.rotation {
                rotation.rotated = Some(now);
                let rules = rotation.read_rules();
                rotation.dates.rotated(rules.as_ref(), now);
            }
            Ok(((), Vec::new()))
        });
        Ok(finished.await?.0)
    }

    /// Has a function do one step.
    async fn step(
        &self,
        function: &QualifiedFunction,
        step: &str,
        version: &str,
        told: &str,
    ) -> Result<(), Error> {
        let handle = self.handle::<FunctionName>(function.name.as_str())?;
        let invocable = handle.invocable(function.qualifier.clone()).await?;
        let data = json!({ "Step": step, "SecretId": told, "ClientRequestToken": version });
        let id = RequestId::new();
        let event = Event {
            id: id.to_string(),
            source: "/secretsmanager".into(),
            kind: Event::INVOCATION.into(),
            subject: None,
            time_ns: None,
            content_type: Some("application/json".into()),
            schema: None,
            extensions: Vec::new(),
            attempt: 1,
            data: Bytes::from(data.to_string()),
        };
        let invoked = handle.invoke(invocable, id, event).await?;
        if invoked.record.outcome.is_ok() {
            return Ok(());
        }
        let detail = format!(
            "The rotation failed: step {step} of function {function} did not succeed, in invocation {id}. \
             What is current stays so."
        );
        Err(Error::new(ErrorCode::InvalidRequest, detail))
    }

    /// Has a secret not rotated any more; how it was is kept.
    ///
    /// # Errors
    /// `SecretNotFound`; `InvalidRequest`: it was deleted, or is not rotated; the store failed.
    pub async fn cancel_secret_rotation(&self, id: &SecretId) -> Result<Secret, Error> {
        let cancelled = self.change_secret(id, |secret| {
            let rotation = secret.rotation.as_mut().ok_or_else(none)?;
            rotation.enabled = false;
            Ok(((), Vec::new()))
        });
        Ok(cancelled.await?.0)
    }
}

impl Rotation {
    /// Its rules, if they name dates. Only such are noted that can be read.
    pub(super) fn read_rules(&self) -> Option<RotationRules> {
        RotationRules::read(self.rules.as_ref()?).ok().flatten()
    }
}

/// Notes how a secret is rotated from now on, and when next.
fn noted(
    secret: &mut Secret,
    wanted: &Rotate,
    function: QualifiedFunction,
    now: Timestamp,
) -> Result<(), Error> {
    let before = secret.rotation.take();
    let (rotated, mut dates) = match &before {
        Some(before) => (before.rotated, before.dates.clone()),
        None => (None, RotationDates::default()),
    };
    let rules = wanted.rules.clone();
    if rules.is_some() || !before.as_ref().is_some_and(|before| before.enabled) {
        dates.clear();
    }
    let rules = rules.or_else(|| before?.rules);
    let told = wanted.told.clone();
    let mut rotation = Rotation { function, rules, enabled: true, rotated, told, dates };
    if let Some(rules) = rotation.read_rules() {
        rotation.dates.revise(&rules, rotated, now);
        if rotation.dates.next.is_none() {
            let detail = "The rotation rules name no date that is still to come.";
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
    }
    secret.rotation = Some(rotation);
    Ok(())
}

/// Notes the version that a rotation makes: the one of a rotation that was not finished, or a new one, which
/// has no value yet.
pub(super) fn begun(
    secret: &mut Secret,
    fresh: &str,
    immediately: bool,
    now: Timestamp,
) -> Result<(String, Vec<Write>), Error> {
    let current = secret.versions.labelled(CURRENT);
    if !immediately {
        return Ok((current.unwrap_or(fresh).to_owned(), Vec::new()));
    }
    let unfinished = secret.versions.labelled(PENDING).filter(|id| Some(*id) != current);
    if let Some(version) = unfinished {
        return Ok((version.to_owned(), Vec::new()));
    }
    if secret.versions.get(fresh).is_some() {
        let detail = format!("ClientRequestToken {fresh} is that of a version already.");
        return Err(Error::new(ErrorCode::InvalidRequest, detail));
    }
    let gone = secret.versions.put(fresh, &[PENDING.to_owned()].into(), false, now)?;
    let rows = gone.iter().map(|id| SealedRecords::delete_row(secret.value_of(id)));
    Ok((fresh.to_owned(), rows.collect()))
}

fn none() -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured \
         and you didn't include such an ARN as a parameter in this call.",
    )
}
