use std::sync::Arc;

use crate::code::CodeStore;
use crate::data_dir::DataDir;
use crate::embedded::code::EmbeddedCode;
use crate::embedded::logs::EmbeddedLogs;
use crate::embedded::options::Options;
use crate::embedded::registry::EmbeddedRegistry;
use crate::error::OpenError;
use crate::logs::InvocationLogs;
use crate::registry::Registry;

/// The stores in one data directory. Each keeps the directory locked until it
/// is dropped, and then has written everything it was given.
#[derive(Clone)]
pub struct Embedded {
    /// Functions and versions, in `control.db`.
    pub registry: Arc<dyn Registry>,
    /// Components, in `code/`.
    pub code: Arc<dyn CodeStore>,
    /// Finished invocations, in `logs.db`.
    pub logs: Arc<dyn InvocationLogs>,
}

impl Embedded {
    /// Opens or creates the stores in `data`. Reads no function: they are read
    /// when they are asked for.
    ///
    /// # Errors
    /// A database cannot be opened, is from a newer release, is damaged, or
    /// would not be durable.
    pub fn open(data: &DataDir, options: Options) -> Result<Self, OpenError> {
        Ok(Self {
            registry: Arc::new(EmbeddedRegistry::open(data, options.cache_bytes)?),
            code: Arc::new(EmbeddedCode::open(data)?),
            logs: Arc::new(EmbeddedLogs::open(data, options.logs)?),
        })
    }
}
