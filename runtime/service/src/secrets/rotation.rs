//! Secrets that a function rotates: it makes the next value, sets it where it is used, tests it, and makes it
//! current, in four steps of which each is an invocation.

use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{Error, ErrorCode, Event, FunctionName, QualifiedFunction, RequestId};
use serde_json::{Value, json};

use super::change::version_id;
use super::entry::{Rotation, Secret};
use super::name::SecretId;
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
        let (secret, version) = self
            .change_secret(id, |secret| {
                let before = secret.rotation.take();
                let rules = wanted.rules.clone();
                secret.rotation = Some(Rotation {
                    function: function.clone(),
                    rules: rules.or_else(|| before.as_ref()?.rules.clone()),
                    enabled: true,
                    rotated: before.and_then(|before| before.rotated),
                });
                begun(secret, &fresh, immediately, self.service.clock.now())
            })
            .await?;
        let steps = if immediately { &STEPS[..] } else { &[TEST] };
        for step in steps {
            self.step(&function, step, &version, &wanted.told).await?;
        }
        if !immediately {
            return Ok((secret, version));
        }
        let (secret, ()) = self
            .change_secret(id, |secret| {
                let now = self.service.clock.now();
                if let Some(rotation) = &mut secret.rotation {
                    rotation.rotated = Some(now);
                }
                Ok(((), Vec::new()))
            })
            .await?;
        Ok((secret, version))
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

/// Notes the version that a rotation makes: the one of a rotation that was not finished, or a new one, which
/// has no value yet.
fn begun(
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
