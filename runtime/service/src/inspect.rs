use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::{
    Digest, Error, FunctionName, FunctionVersion, Handler, Namespace, RuntimeName, VersionNumber,
};

/// What a runtime adds to a package that is deployed.
#[derive(Debug, Clone, Default)]
pub struct Additions {
    /// Files by their paths.
    pub files: Vec<(String, Vec<u8>)>,
    /// What it found wrong with files, which is an error only where a handler loads them; for
    /// the deployer.
    pub warnings: Vec<String>,
}

/// What there is to know about a component before it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// How it can be called, in order of preference; never empty.
    pub handlers: Vec<Handler>,
    /// Bytes that its memories and tables take before it runs.
    pub memory_bytes_min: u64,
    /// Whether snapshots can be taken of its instances.
    pub can_be_frozen: bool,
}

/// The memory of an instance after INIT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The component that it was an instance of.
    pub component: Digest,
    /// The memory, as it is to be stored.
    pub bytes: Bytes,
}

/// How it stands with the instances that are kept ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisionedState {
    /// They are being made.
    InProgress,
    /// All are there.
    Ready,
    /// Some could not be made, and why.
    Failed(String),
}

/// The instances that are kept ready of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionedVersion {
    /// How many are to be.
    pub requested: u32,
    /// How many were made for that.
    pub allocated: u32,
    /// How many of them wait for an invocation.
    pub available: u32,
    /// How it stands.
    pub state: ProvisionedState,
}

/// What the service asks about components.
#[async_trait]
pub trait Inspect: Send + Sync {
    /// Validates `code`, a component or a core module that is adapted to one, compiles it and
    /// makes it ready to serve, as one of the
    /// things that are done for `namespace` at a time. Idempotent, and cheap when that was
    /// done before.
    ///
    /// # Errors
    /// Why it cannot be served, for the deployer.
    async fn prepare(
        &self,
        namespace: &Namespace,
        digest: Digest,
        code: Bytes,
    ) -> Result<Inspected, Error>;

    /// What [`prepare`](Self::prepare) found out of a component that is ready to serve; none
    /// if it is not.
    async fn prepared(&self, digest: Digest) -> Option<Inspected>;

    /// The interfaces that a component which is kept imports, or one that is made of a core module,
    /// and whether each is served.
    ///
    /// # Errors
    /// It cannot be read, or adapted now.
    async fn imports(
        &self,
        namespace: &Namespace,
        code: Bytes,
    ) -> Result<BTreeMap<String, bool>, Error>;

    /// What the runtime of a version that is not deployed yet adds to its package, which is
    /// stored. Nothing if it fails: what it adds only saves time.
    async fn additions(&self, version: &Arc<FunctionVersion>) -> Additions;

    /// The component that a version runs at present: its runtime may be a later one than it was
    /// deployed with.
    fn component(&self, version: &FunctionVersion) -> Digest;

    /// Takes a snapshot of an instance of a version that is about to be published.
    ///
    /// # Errors
    /// `InvalidConfiguration`: its component cannot be frozen, or fails in INIT, for the
    /// publisher; `Overloaded`, `MemoryExhausted`.
    async fn snapshot(&self, version: &Arc<FunctionVersion>) -> Result<Frozen, Error>;

    /// Says which component each runtime is from now on, of all runtimes.
    fn set_runtimes(&self, all: HashMap<RuntimeName, Digest>);

    /// Makes the instances that a head wants before it is called, in place of
    /// those of the head before. Called when the change is durable; what cannot
    /// be made is made when it is called.
    async fn provision(&self, head: &Arc<FunctionVersion>);

    /// How far it has come on this node with the instances that are kept ready of a version. They
    /// are made in the background, as functions are followed; none if that has not been seen yet.
    fn provisioned(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Option<ProvisionedVersion>;

    /// Drops the instances of a function that was deleted, or of one version of it.
    fn withdraw(&self, namespace: &Namespace, name: &FunctionName, version: Option<VersionNumber>);

    /// Drops what was derived from code that no version refers to any more.
    async fn forget(&self, digest: Digest);
}
