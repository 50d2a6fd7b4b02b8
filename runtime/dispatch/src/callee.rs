use std::sync::Arc;

use lambent_types::{AliasName, FunctionVersion};

/// The version of a function that is called, and by which alias it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callee {
    /// The version.
    pub function: Arc<FunctionVersion>,
    /// The alias; none if the version was asked for itself.
    pub alias: Option<AliasName>,
}

impl From<Arc<FunctionVersion>> for Callee {
    fn from(function: Arc<FunctionVersion>) -> Self {
        Self { function, alias: None }
    }
}
