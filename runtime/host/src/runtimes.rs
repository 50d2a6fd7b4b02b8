//! Which component each runtime is at present.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use lambent_types::{Digest, FunctionVersion, RuntimeName, RuntimeUpdates};

/// The component of the version in use of each runtime.
#[derive(Default)]
pub(crate) struct Runtimes(RwLock<HashMap<RuntimeName, Digest>>);

impl Runtimes {
    /// Takes these in place of those that were known.
    pub(crate) fn set(&self, all: HashMap<RuntimeName, Digest>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// The component that a version runs: its own, or that of its runtime, which may be a
    /// later one than it was deployed with.
    pub(crate) fn component(&self, function: &FunctionVersion) -> Digest {
        let own = function.code.component;
        let configuration = &function.configuration;
        let Some(runtime) = &configuration.runtime else { return own };
        let pinned = configuration.runtime_updates == RuntimeUpdates::FunctionUpdate;
        if pinned || configuration.is_program() {
            return own;
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&runtime.serving()).copied().unwrap_or(own)
    }
}
