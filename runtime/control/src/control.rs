use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lambent_storage::{Channel, Expected, StorageError, Stores, WriteError};
use lambent_types::{
    Clock, Digest, Error, ErrorCode, Function, FunctionName, FunctionVersion, Namespace,
    Precondition, Qualifier, VersionNumber,
};
use tokio::sync::Mutex;

use crate::collect::Keep;
use crate::errors::{check, no_function, no_version, refused, wired};
use crate::inspect::Inspect;

/// How long code outlives its last reference: far longer than an invocation
/// takes from knowing its version to having the code loaded.
const GRACE: Duration = Duration::from_secs(60);

/// Versions read at a time.
const PAGE: usize = 256;

/// A function that was deployed.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The function as it is now.
    pub function: Arc<Function>,
    /// Whether it is a new one.
    pub created: bool,
}

/// A version that was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// The version.
    pub version: Arc<FunctionVersion>,
    /// Whether it is a new one; otherwise the head equals the last version.
    pub created: bool,
}

/// Changes functions and everything else that has a name, and reads about them.
///
/// Of concurrent changes to one function without an expected revision each is
/// applied to what the one before left. A change that fails changes nothing.
pub struct Control {
    pub(crate) stores: Stores,
    pub(crate) inspect: Arc<dyn Inspect>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keep: Keep,
    /// Held while a trigger or a schedule comes to name a function, and while
    /// a function that none may name is deleted.
    pub(crate) wiring: Mutex<()>,
    on_triggers_changed: Box<dyn Fn() + Send + Sync>,
    grace: Duration,
}

impl Control {
    /// The control plane over these stores. There must be only one.
    #[must_use]
    pub fn new(stores: Stores, inspect: Arc<dyn Inspect>, clock: Arc<dyn Clock>) -> Self {
        Self {
            stores,
            inspect,
            clock,
            keep: Keep::default(),
            wiring: Mutex::default(),
            on_triggers_changed: Box::new(|| {}),
            grace: GRACE,
        }
    }

    /// Calls `tell` whenever a trigger was put or deleted.
    #[must_use]
    pub fn on_triggers_changed(self, tell: impl Fn() + Send + Sync + 'static) -> Self {
        Self { on_triggers_changed: Box::new(tell), ..self }
    }

    pub(crate) fn triggers_changed(&self) {
        (self.on_triggers_changed)();
    }

    /// Sets how long code outlives its last reference; a minute if not set.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Reads one function.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn describe(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
    ) -> Result<Arc<Function>, Error> {
        let function = self.stores.registry.function(namespace, name).await?;
        function.ok_or_else(|| no_function(namespace, name))
    }

    /// Reads one numbered version.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`; the store failed.
    pub async fn version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<Arc<FunctionVersion>, Error> {
        if let Some(version) = self.stores.registry.version(namespace, name, number).await? {
            return Ok(version);
        }
        self.describe(namespace, name).await?;
        Err(no_version(name, number))
    }

    /// Reads the component of the head or of a version, as it was uploaded.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`; the store failed.
    pub async fn code(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        qualifier: Qualifier,
    ) -> Result<Bytes, Error> {
        let digest = match qualifier {
            Qualifier::Latest => self.describe(namespace, name).await?.latest.digest,
            Qualifier::Version(number) => self.version(namespace, name, number).await?.digest,
        };
        self.stored(digest).await
    }

    /// Lists at most `limit` functions whose names follow `after`, by lower-case name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(
        &self,
        namespace: &Namespace,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Vec<Arc<Function>>, Error> {
        Ok(self.stores.registry.list(namespace, after, limit).await?)
    }

    /// Lists at most `limit` versions with numbers above `after`, ascending.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn versions(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<FunctionVersion>>, Error> {
        self.describe(namespace, name).await?;
        Ok(self.stores.registry.versions(namespace, name, after, limit).await?)
    }

    /// Publishes the head as the next version. As Lambda does, returns the last
    /// version instead if the head has not changed since.
    ///
    /// # Errors
    /// `FunctionNotFound`, `PreconditionFailed`; the store failed.
    pub async fn publish(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: &Precondition,
    ) -> Result<Published, Error> {
        loop {
            let function = self.describe(namespace, name).await?;
            check(name, expected, Some(function.revision))?;
            let last = self.stores.registry.version(namespace, name, function.last_version).await?;
            if let Some(version) = last.filter(|last| is_same(last, &function.latest)) {
                return Ok(Published { version, created: false });
            }
            let seen = Some(Expected::Revision(function.revision));
            match self.stores.registry.publish(namespace, name, seen).await {
                Ok(version) => return Ok(Published { version, created: true }),
                // Another change was first: look again.
                Err(WriteError::Conflict { .. }) => {}
                Err(error) => return Err(refused(error, namespace, name)),
            }
        }
    }

    /// Deletes a function with all its versions, and the events that wait for it.
    ///
    /// # Errors
    /// `FunctionNotFound`, `PreconditionFailed`, `Conflict` (triggers or schedules
    /// name it); the store failed.
    pub async fn delete(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: &Precondition,
    ) -> Result<(), Error> {
        let _wiring = self.wiring.lock().await;
        let (function, digests) = loop {
            let function = self.describe(namespace, name).await?;
            check(name, expected, Some(function.revision))?;
            self.check_unwired(namespace, name).await?;
            let digests = self.digests(&function).await?;
            let seen = (!expected.is_empty()).then_some(Expected::Revision(function.revision));
            match self.stores.registry.delete(namespace, name, seen).await {
                Ok(()) => break (function, digests),
                // Another change was first: look again.
                Err(WriteError::Conflict { .. }) => {}
                Err(error) => return Err(refused(error, namespace, name)),
            }
        };
        self.inspect.withdraw(namespace, name, None);
        // Events that are left are given up when their turn comes.
        let channel = Channel::Function(function.latest.name.clone());
        if let Err(error) = self.stores.events.purge(namespace, &channel).await {
            tracing::warn!(%channel, %error, "cannot delete the events of a deleted function");
        }
        digests.into_iter().for_each(|digest| self.keep.release(digest));
        self.collect_released().await;
        Ok(())
    }

    /// The digests of a function's code and of that of its versions.
    async fn digests(&self, function: &Function) -> Result<Vec<Digest>, Error> {
        let FunctionVersion { namespace, name, digest, .. } = &*function.latest;
        let mut digests = vec![*digest];
        let mut after = 0;
        loop {
            let page = self.stores.registry.versions(namespace, name, after, PAGE).await?;
            digests.extend(page.iter().map(|version| version.digest));
            match page.last().map(|version| version.version) {
                Some(VersionNumber::Number(number)) => after = number,
                _ => return Ok(digests),
            }
        }
    }

    /// Checks that no trigger and no schedule names a function.
    async fn check_unwired(&self, namespace: &Namespace, name: &FunctionName) -> Result<(), Error> {
        let key = name.key();
        let triggers = self.stores.triggers.list(namespace).await?;
        let triggers = triggers.iter().filter(|trigger| trigger.function.key() == key);
        let schedules = self.stores.schedules.list(namespace).await?;
        let schedules =
            schedules.iter().filter(|scheduled| scheduled.schedule.function.key() == key);
        let users: Vec<String> = triggers
            .map(|trigger| format!("trigger \"{}\"", trigger.name))
            .chain(schedules.map(|scheduled| format!("schedule \"{}\"", scheduled.schedule.name)))
            .collect();
        if users.is_empty() { Ok(()) } else { Err(wired(name, &users)) }
    }

    /// Deletes one numbered version. Its number is never used again.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`; the store failed.
    pub async fn delete_version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<(), Error> {
        let digest = self.version(namespace, name, number).await?.digest;
        self.stores.registry.delete_version(namespace, name, number).await.map_err(|error| {
            match error {
                WriteError::VersionNotFound => no_version(name, number),
                error => refused(error, namespace, name),
            }
        })?;
        self.inspect.withdraw(namespace, name, Some(VersionNumber::Number(number)));
        self.keep.release(digest);
        self.collect_released().await;
        Ok(())
    }

    /// Deletes all code that no version refers to, with what was derived from
    /// it. For the start, and from time to time; safe at any time. Changes
    /// themselves collect what they release, a while later.
    ///
    /// # Errors
    /// The store failed; some code may be left.
    pub async fn collect_garbage(&self) -> Result<(), Error> {
        // Listed first: what is stored later is not a candidate.
        let stored = self.stores.code.list().await?;
        let referred = self.stores.registry.digests().await?;
        for digest in stored.into_iter().filter(|digest| !referred.contains(digest)) {
            self.collect(digest).await?;
        }
        Ok(())
    }

    /// Collects what changes released a while ago. Its failure does not fail the
    /// change at hand: the next collection tries again.
    pub(crate) async fn collect_released(&self) {
        for digest in self.keep.due(self.grace) {
            if let Err(error) = self.collect(digest).await {
                tracing::warn!(%digest, %error, "cannot collect code");
            }
        }
    }

    async fn collect(&self, digest: Digest) -> Result<(), StorageError> {
        let Some(_leave) = self.keep.collect(digest, self.grace).await else { return Ok(()) };
        if !self.stores.registry.refers_to(digest).await? {
            // Derived data first: while the code is there, an interrupted
            // collection is repeated.
            self.inspect.forget(digest).await;
            self.stores.code.delete(digest).await?;
        }
        self.keep.settled(digest);
        Ok(())
    }

    /// Reads code that a version refers to.
    pub(crate) async fn stored(&self, digest: Digest) -> Result<Bytes, Error> {
        self.stores.code.get(digest).await?.ok_or_else(|| {
            tracing::error!(%digest, "code that a version refers to is missing");
            Error::new(ErrorCode::Internal, "the code is missing; see the server's log")
        })
    }
}

fn is_same(version: &FunctionVersion, head: &FunctionVersion) -> bool {
    version.digest == head.digest
        && version.configuration == head.configuration
        && version.handlers == head.handlers
}
