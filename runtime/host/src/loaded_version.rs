use std::sync::Arc;

use lambent_capabilities::{Ctx, Mount};
use lambent_engine::{Component, Snapshot};
use lambent_types::{Digest, Start};

/// All that a version runs on.
pub(crate) struct LoadedVersion {
    /// The digest of its component.
    pub(crate) digest: Digest,
    /// Its component.
    pub(crate) component: Component<Ctx>,
    /// How ready that was.
    pub(crate) start: Start,
    /// Its files.
    pub(crate) mount: Option<Mount>,
    /// What its fresh instances start from.
    pub(crate) snapshot: Option<Arc<Snapshot>>,
}
