//! What moves releases on.

use std::convert::Infallible;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::{Changed, Expected, Follower, News, StorageError, WriteError};
use lambent_types::{
    Alias, Clock, FunctionName, Namespace, Release, ReleaseState, Transition, format_duration,
};
use tokio_util::sync::CancellationToken;

use super::Releases;
use super::watched::{Deed, Key, Watched};

/// How long it is waited at most before releases are looked at again of which nothing is heard.
const IDLE: Duration = Duration::from_secs(3600);
/// How long to wait before a registry that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);

impl Releases {
    /// Moves releases on until the drain, those that any node began.
    pub(crate) async fn drive(&self, clock: &dyn Clock, drain: &CancellationToken) {
        while !drain.is_cancelled() {
            if let Some(Err(error)) = drain.run_until_cancelled(self.follow(clock)).await {
                tracing::error!(%error, cause = error.cause(), "cannot follow releases");
                drain.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            }
        }
        // So that the next process goes on where this one ends.
        for watched in self.all() {
            if let Err(error) = self.note(&watched.key, &watched.current()).await {
                tracing::warn!(%error, "cannot store how far a release has come");
            }
        }
    }

    async fn follow(&self, clock: &dyn Clock) -> Result<Infallible, StorageError> {
        let mut follower = Follower::new(self.registry.changes());
        loop {
            let mut wait = IDLE;
            for watched in self.all() {
                wait = wait.min(self.move_on(&watched, clock).await);
            }
            let news = tokio::select! {
                news = follower.news() => news?,
                () = tokio::time::sleep(wait) => continue,
                () = self.due.notified() => continue,
            };
            match news {
                News::All => self.read_all().await?,
                News::Changed(changed) => {
                    for Changed { namespace, name } in changed {
                        self.read(&namespace, &name).await?;
                    }
                }
            }
        }
    }

    async fn read_all(&self) -> Result<(), StorageError> {
        // What ended while nobody looked is among those that are known.
        for watched in self.all() {
            self.read(&watched.key.namespace, &watched.key.function).await?;
        }
        for function in self.registry.releasing().await? {
            self.take(&function);
        }
        Ok(())
    }

    async fn read(&self, namespace: &Namespace, name: &FunctionName) -> Result<(), StorageError> {
        match self.registry.function(namespace, name).await? {
            Some(function) => self.take(&function),
            None => self.forget(namespace, name),
        }
        Ok(())
    }

    /// Does what is due of a release. How long until something else is.
    async fn move_on(&self, watched: &Watched, clock: &dyn Clock) -> Duration {
        let Key { namespace, function, alias } = &watched.key;
        loop {
            let done = match watched.deed() {
                Deed::Wait(wait) => return wait,
                Deed::Note(alias) => self.note(&watched.key, &alias).await,
                Deed::Advance(alias) => {
                    self.change(&watched.key, &alias, Transition::Advance, clock.now()).await
                }
                Deed::Compare(compared, bounds, look) => match compared.regression(&bounds, look) {
                    None => continue,
                    Some(reason) => {
                        // It is found again unless this succeeds.
                        watched.look_again();
                        let (alias, back) = (watched.current(), Transition::RollBack(reason));
                        self.change(&watched.key, &alias, back, clock.now()).await
                    }
                },
            };
            match done {
                Ok(true) => {}
                // It is another, or none, now.
                Ok(false) => return Duration::ZERO,
                Err(error) => {
                    tracing::error!(%namespace, %function, %alias, %error, "cannot move a release on");
                    watched.rest();
                }
            }
        }
    }

    /// Stores how far a release has come. Whether it is still the same.
    async fn note(&self, key: &Key, alias: &Alias) -> Result<bool, WriteError> {
        let Some(release) = alias.active_release() else { return Ok(false) };
        let place = (&alias.name, alias.revision);
        let Key { namespace, function, .. } = key;
        let noted = self.registry.note_progress(namespace, function, place, release.progress).await;
        self.settled(key, noted.map(|()| true)).await
    }

    /// Changes an alias as its release goes on or ends, unless it was changed meanwhile. Whether the
    /// release is still under way.
    async fn change(
        &self,
        key: &Key,
        alias: &Alias,
        transition: Transition,
        now: Timestamp,
    ) -> Result<bool, WriteError> {
        let Ok(next) = alias.after(transition, now) else { return Ok(false) };
        let (seen, told) = (Some(Expected::Revision(alias.revision)), next.clone());
        let Key { namespace, function, .. } = key;
        let put = self.registry.put_alias(namespace, function, next, seen).await;
        let put = put.map(|function| {
            tell(key, &told);
            self.take(&function);
            told.active_release().is_some()
        });
        self.settled(key, put).await
    }

    /// Reads a function again of which another change was first.
    async fn settled(
        &self,
        key: &Key,
        result: Result<bool, WriteError>,
    ) -> Result<bool, WriteError> {
        match result {
            Err(WriteError::Conflict { .. } | WriteError::NotFound | WriteError::AliasNotFound) => {
                self.read(&key.namespace, &key.function).await?;
                Ok(false)
            }
            other => other,
        }
    }
}

/// Tells the log where a release is now.
fn tell(Key { namespace, function, .. }: &Key, alias: &Alias) {
    let (Some(release), alias) = (alias.release.as_deref(), &alias.name) else { return };
    let Release { from, to, state, reason, .. } = release;
    if let Some(step) = release.step() {
        let (weight, lasts) = (step.weight, format_duration(step.duration()));
        tracing::info!(%namespace, %function, %alias, %from, to, %weight, lasts, "a release goes on");
    } else if *state == ReleaseState::RolledBack {
        tracing::warn!(%namespace, %function, %alias, %from, to, reason, "a release is taken back");
    } else {
        tracing::info!(%namespace, %function, %alias, %from, to, "a release is promoted");
    }
}
