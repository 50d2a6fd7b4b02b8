pub(crate) mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use lambent_types::{
    Alias, AliasName, ConcurrencyChange, Digest, Function, FunctionName, FunctionVersion,
    Namespace, Progress, Revision,
};

use crate::changes::Changes;
use crate::error::{StorageError, WriteError};

/// What a caller takes to be the state of a function or an alias that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// There is none of that name.
    Absent,
    /// It is at this revision.
    Revision(Revision),
}

/// Functions, their versions and their aliases.
///
/// Aliases are part of their [`Function`], so that whoever has read that knows where they lead, and
/// go with it. A change of one leaves the function's revision alone.
///
/// Every change is one transaction, durable when acknowledged, and seen by
/// every read that starts after the acknowledgement. Names are looked up and
/// unique ignoring case; a function keeps the spelling it was created with. A
/// revision never repeats, not even after the function was deleted and created
/// again, so that a stale `If-Match` can never succeed.
///
/// # Several nodes
/// Every promise holds for changes of another node too: a backend that nodes share may answer
/// from memory only what it knows to be current. What a node derives from a function (instances,
/// machine code) follows another node's change by the feed of [`Changes`].
#[async_trait]
pub trait Registry: Send + Sync {
    /// Reads one function. Usually answered from memory.
    ///
    /// # Errors
    /// The store failed.
    async fn function(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
    ) -> Result<Option<Arc<Function>>, StorageError>;

    /// Reads one numbered version. Usually answered from memory.
    ///
    /// # Errors
    /// The store failed.
    async fn version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<Option<Arc<FunctionVersion>>, StorageError>;

    /// Creates a function, or replaces the head of an existing one.
    ///
    /// # Errors
    /// `Conflict`, `Quota`, or the store failed.
    async fn put(
        &self,
        head: FunctionVersion,
        expected: Option<Expected>,
    ) -> Result<Arc<Function>, WriteError>;

    /// Copies the head to the next number. Numbers of a function are never
    /// reused, even when the version is deleted.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `Quota`, or the store failed.
    async fn publish(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: Option<Expected>,
    ) -> Result<Arc<FunctionVersion>, WriteError>;

    /// Deletes a function with all its versions.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, or the store failed.
    async fn delete(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: Option<Expected>,
    ) -> Result<(), WriteError>;

    /// Deletes one numbered version, to which no alias may lead.
    ///
    /// # Errors
    /// `NotFound`, `VersionNotFound`, `VersionInUse`, or the store failed.
    async fn delete_version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<(), WriteError>;

    /// Creates an alias, or replaces the one of its name. Its revision, and when it was created, are
    /// set here. The versions that it leads to have to be there.
    ///
    /// # Errors
    /// `NotFound`, `VersionNotFound`, `Conflict`, `TooManyAliases`, or the store failed.
    async fn put_alias(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: Alias,
        expected: Option<Expected>,
    ) -> Result<Arc<Function>, WriteError>;

    /// Deletes an alias.
    ///
    /// # Errors
    /// `NotFound`, `AliasNotFound`, `Conflict`, or the store failed.
    async fn delete_alias(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: &AliasName,
        expected: Option<Expected>,
    ) -> Result<(), WriteError>;

    /// Notes how far the release of an alias has come, if the alias is at this revision, which
    /// stays.
    ///
    /// # Errors
    /// `NotFound`, `AliasNotFound`, `Conflict`, or the store failed.
    async fn note_progress(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: (&AliasName, Revision),
        progress: Progress,
    ) -> Result<(), WriteError>;

    /// Changes what is set aside for a function. What is reserved is taken out of what the namespace
    /// may run at once ([`Quota::Concurrency`](crate::Quota)), of which a part stays unreserved.
    ///
    /// # Errors
    /// `NotFound`, `VersionNotFound`, `AliasNotFound`, `Concurrency`, or the store failed.
    async fn set_concurrency(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        change: ConcurrencyChange,
    ) -> Result<Arc<Function>, WriteError>;

    /// Lists at most `limit` functions whose names follow `after`, by lower-case name.
    ///
    /// # Errors
    /// The store failed.
    async fn list(
        &self,
        namespace: &Namespace,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Vec<Arc<Function>>, StorageError>;

    /// Lists at most `limit` versions with numbers above `after`, ascending.
    /// Empty if there is no such function.
    ///
    /// # Errors
    /// The store failed.
    async fn versions(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<FunctionVersion>>, StorageError>;

    /// Every digest that some version of some function refers to.
    ///
    /// # Errors
    /// The store failed.
    async fn digests(&self) -> Result<BTreeSet<Digest>, StorageError>;

    /// The functions that want [instances](lambent_types::Provisioned) before they
    /// are called, of their heads or of versions; those that want as many as are called for are not
    /// among them.
    ///
    /// # Errors
    /// The store failed.
    async fn provisioned(&self) -> Result<Vec<Arc<Function>>, StorageError>;

    /// The functions of all namespaces that have something reserved.
    ///
    /// # Errors
    /// The store failed.
    async fn reserved(&self) -> Result<Vec<Arc<Function>>, StorageError>;

    /// The functions of all namespaces that have an alias of which a release is under way.
    ///
    /// # Errors
    /// The store failed.
    async fn releasing(&self) -> Result<Vec<Arc<Function>>, StorageError>;

    /// Whether some version of some function refers to `digest`.
    ///
    /// # Errors
    /// The store failed.
    async fn refers_to(&self, digest: Digest) -> Result<bool, StorageError>;

    /// The feed of changes: every function that is put, deleted, or has a version
    /// published or deleted, an alias put or deleted or the progress of its release noted, or
    /// something set aside for it, is in it.
    fn changes(&self) -> &dyn Changes<FunctionName>;
}
