//! Secrets that are rotated by themselves, at the dates that their rules name.
//!
//! Which secrets are rotated at all is in an index over all namespaces, which may name more than there are. What is
//! next, and what was begun, is in the entry of each secret and changes with it: who begins a rotation has the entry
//! say so, with the version that it makes, and for so long nobody else begins one. A rotation that was broken off goes
//! on after that with the same version, and one whose version is current already was done.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use lambent_types::{Error, FunctionName, Namespace, Origin, QualifiedFunction};
use serde::{Deserialize, Serialize};

use super::change::version_id;
use super::entry::Secret;
use super::name::{SecretId, SecretName};
use super::rotation::begun;
use super::versions::CURRENT;
use crate::operation::Operation;
use crate::principal::Principal;
use crate::records::{Records, Write};
use crate::scope::Scope;
use crate::service::Service;

/// The kind of the index's records.
const RECORDS: &str = "rotations";
/// Rotations at a time, of all namespaces.
const AT_ONCE: usize = 8;
/// Steps of a rotation, each of which may take as long as the function's timeout.
const STEPS: u32 = 4;
/// What a rotation takes beside its steps, at the most.
const SLACK: Duration = Duration::from_secs(10);
/// The longest sleep before the store is looked at: another node over it may have changed it.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// How often the clock is looked at while a rotation waits, since nothing tells that it was set.
const CLOCK_EVERY: Duration = Duration::from_secs(1);

/// A secret that may be rotated.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Rotated {
    namespace: Namespace,
    secret: SecretName,
}

impl Rotated {
    fn key(&self) -> String {
        format!("{} {}", self.namespace.key(), self.secret.as_str())
    }
}

/// A rotation that this node has begun.
struct Begun {
    function: QualifiedFunction,
    version: String,
    told: String,
    /// Whether its version was made current before it was broken off.
    is_done: bool,
}

impl Service {
    /// Rotates secrets at their dates until the drain. What is under way then goes on after the next start.
    pub async fn drive_rotations(self: &Arc<Self>) {
        let drain = &self.data.drain;
        loop {
            let next = drain.run_until_cancelled(self.rotate_due_secrets()).await;
            let Some(next) = next else { return };
            let next = next.unwrap_or_else(|error| {
                tracing::error!(%error, "cannot rotate secrets");
                None
            });
            if drain.run_until_cancelled(self.await_rotation(next)).await.is_none() {
                return;
            }
        }
    }

    /// Waits for a time by the clock, for a change, or as long as nothing may be looked at.
    async fn await_rotation(&self, next: Option<Timestamp>) {
        let mut left = SLEEP_MAX;
        while !left.is_zero() && next.is_none_or(|next| self.clock.now() < next) {
            let look = if next.is_some() { CLOCK_EVERY.min(left) } else { left };
            tokio::select! {
                () = self.rotations.notified() => return,
                () = tokio::time::sleep(look) => left -= look,
            }
        }
    }

    fn rotations(&self) -> Result<Records<'_>, Error> {
        Records::of(&*self.stores().keyvalue, RECORDS)
    }

    /// Rotates every secret whose date has come, and returns when those rotations have ended. One that fails is
    /// logged, and tried again later. Returns when the next is due, if one is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rotate_due_secrets(self: &Arc<Self>) -> Result<Option<Timestamp>, Error> {
        let all = self.rotations()?.list::<Rotated>("").await?;
        let rotated = futures::stream::iter(all).map(|rotated| async move {
            let next = self.rotate_if_due(&rotated).await;
            next.unwrap_or_else(|error| {
                let (namespace, secret) = (&rotated.namespace, &rotated.secret);
                tracing::warn!(%namespace, %secret, %error, "a secret cannot be rotated; trying again later");
                None
            })
        });
        let next: Vec<_> = rotated.buffer_unordered(AT_ONCE).collect().await;
        Ok(next.into_iter().flatten().min())
    }

    /// Rotates a secret if its date has come. Returns when something is to be done for it next.
    async fn rotate_if_due(
        self: &Arc<Self>,
        rotated: &Rotated,
    ) -> Result<Option<Timestamp>, Error> {
        let scope = self.scope(Principal::Node, Some(rotated.namespace.clone()), Origin::default());
        let scope = match scope.await {
            Ok(scope) => scope,
            Err(error) if error.code().status() == 404 => {
                self.rotations()?.write(&[Write::Delete(rotated.key())]).await?;
                return Ok(None);
            }
            // It is being deleted, and its secrets with it.
            Err(error) if error.code().status() == 409 => return Ok(None),
            Err(error) => return Err(error),
        };
        let id = SecretId::Name(rotated.secret.to_string());
        let found = match scope.find_secret(Operation::DescribeSecret, &id).await {
            Ok((secret, _)) => secret,
            Err(error) if error.code().status() == 404 => {
                return scope.forget_rotation(&id, rotated).await.map(|()| None);
            }
            Err(error) => return Err(error),
        };
        let now = self.clock.now();
        if found.deleted.is_some() {
            return Ok(None);
        }
        let found = match found.clone().revised(now) {
            Some(true) => {
                let now = || self.clock.now();
                scope.change_secret(&id, |secret| revise(secret, now())).await?.0
            }
            Some(false) => found,
            None => return Ok(None),
        };
        let due = wake(&found, now).is_some_and(|wake| wake <= now);
        let found = if due { scope.rotate_now(&id).await? } else { found };
        Ok(wake(&found, self.clock.now()))
    }
}

impl Scope {
    /// Has the index name a secret.
    pub(super) async fn note_rotation(&self, id: &SecretId) -> Result<(), Error> {
        let (secret, _) = self.find_secret(Operation::PutSecret, id).await?;
        let rotated = Rotated { namespace: self.namespace().clone(), secret: secret.name };
        let write = Write::put(rotated.key(), &rotated, None)?;
        self.service.rotations()?.write(&[write]).await?;
        Ok(())
    }

    /// Takes a secret from the index that there is none of any more.
    async fn forget_rotation(&self, id: &SecretId, rotated: &Rotated) -> Result<(), Error> {
        let _changing = self.service.sealing.lock().await;
        if self.find_secret(Operation::DescribeSecret, id).await.is_err() {
            self.service.rotations()?.write(&[Write::Delete(rotated.key())]).await?;
        }
        Ok(())
    }

    /// Rotates a secret whose date has come. Returns it as it is then.
    async fn rotate_now(&self, id: &SecretId) -> Result<Secret, Error> {
        let fresh = version_id(None)?;
        let (secret, _) = self.find_secret(Operation::DescribeSecret, id).await?;
        let lease = self.lease(&secret).await;
        let (secret, begun) = self
            .change_secret(id, |secret| begin(secret, &fresh, self.service.clock.now(), lease))
            .await?;
        let Some(Begun { function, version, told, is_done }) = begun else { return Ok(secret) };
        let taken = match is_done {
            true => Ok(()),
            false => self.take_all_steps(&function, &version, &told).await,
        };
        if let Err(error) = taken {
            let (namespace, name) = (self.namespace(), &secret.name);
            tracing::warn!(%namespace, secret = %name, %error, "a rotation failed; trying again later");
            let failed = self.change_secret(id, |secret| {
                if let Some(rotation) = &mut secret.rotation {
                    rotation.dates.failed(self.service.clock.now());
                }
                Ok(((), Vec::new()))
            });
            return Ok(failed.await?.0);
        }
        self.finish_rotation(id).await
    }

    /// How long a rotation may be under way: by the timeout of its function, if that is there.
    async fn lease(&self, secret: &Secret) -> Duration {
        let Some(rotation) = &secret.rotation else { return SLACK };
        let function = &rotation.function;
        let Ok(handle) = self.handle::<FunctionName>(function.name.as_str()) else { return SLACK };
        let invocable = handle.invocable(function.qualifier.clone()).await;
        invocable.map_or(SLACK, |found| found.timeout().saturating_mul(STEPS) + SLACK)
    }
}

/// When something is to be done for a secret: its next date, or when a rotation that was begun may go on.
fn wake(secret: &Secret, now: Timestamp) -> Option<Timestamp> {
    let rotation = secret.rotation.as_ref().filter(|rotation| rotation.enabled)?;
    if secret.deleted.is_some() { None } else { rotation.dates.wake(now) }
}

impl Secret {
    /// Computes the next date anew if the clock was set. Whether it is another then; nothing, if the secret is
    /// not rotated by dates.
    fn revised(&mut self, now: Timestamp) -> Option<bool> {
        let rotation = self.rotation.as_mut().filter(|rotation| rotation.enabled)?;
        let (rules, before) = (rotation.read_rules()?, rotation.dates.next);
        rotation.dates.revise(&rules, rotation.rotated, now);
        Some(rotation.dates.next != before)
    }
}

/// Has a secret's entry say the next date as it is by the clock now.
fn revise(secret: &mut Secret, now: Timestamp) -> Result<((), Vec<Write>), Error> {
    secret.revised(now);
    Ok(((), Vec::new()))
}

/// Has a secret's entry say that its rotation is under way; not if that is no longer to be.
fn begin(
    secret: &mut Secret,
    fresh: &str,
    now: Timestamp,
    lease: Duration,
) -> Result<(Option<Begun>, Vec<Write>), Error> {
    if wake(secret, now).is_none_or(|wake| wake > now) {
        return Ok((None, Vec::new()));
    }
    let known = secret.rotation.as_ref().and_then(|rotation| rotation.dates.version());
    let current = secret.versions.labelled(CURRENT);
    let done = known.filter(|known| current == Some(*known)).map(str::to_owned);
    let (version, rows) = match &done {
        Some(version) => (version.clone(), Vec::new()),
        // The one that was begun, which is pending, or a new one.
        None => begun(secret, fresh, true, now)?,
    };
    let Some(rotation) = &mut secret.rotation else { return Ok((None, Vec::new())) };
    rotation.dates.begin(&version, now, lease);
    let (function, told) = (rotation.function.clone(), rotation.told.clone());
    Ok((Some(Begun { function, version, told, is_done: done.is_some() }), rows))
}
