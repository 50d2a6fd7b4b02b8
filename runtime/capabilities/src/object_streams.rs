use std::sync::Arc;

use crate::error::Error;

/// Objects that one invocation may read and write at a time; each holds some
/// hundred KiB.
const STREAMS_MAX: usize = 32;

/// An open object, which counts once until this and all its clones are dropped.
#[derive(Debug, Clone)]
pub(crate) struct ObjectStream {
    _counted: Arc<Counted>,
}

/// What counts as one object.
#[derive(Debug)]
struct Counted {
    _of: Arc<()>,
}

/// Counts the objects that one invocation has open.
#[derive(Debug, Default)]
pub(crate) struct ObjectStreams(Arc<()>);

impl ObjectStreams {
    /// Opens one more.
    pub(crate) fn open(&self) -> Result<ObjectStream, Error> {
        if Arc::strong_count(&self.0) > STREAMS_MAX {
            return Err(too_many());
        }
        Ok(ObjectStream { _counted: Arc::new(Counted { _of: self.0.clone() }) })
    }
}

/// Why no more are opened.
pub(crate) fn too_many() -> Error {
    Error::Other(format!(
        "the function has {STREAMS_MAX} objects open to be read or written; close some first"
    ))
}
