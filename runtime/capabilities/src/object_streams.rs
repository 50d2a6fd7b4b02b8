use std::sync::Arc;

use crate::error::Error;

/// Streams of objects that one invocation may have open at a time; each holds
/// some hundred KiB.
const STREAMS_MAX: usize = 32;

/// An open stream, which counts until this is dropped.
#[derive(Debug, Clone)]
pub(crate) struct ObjectStream {
    _counted: Arc<()>,
}

/// Counts the streams of objects that one invocation has open.
#[derive(Debug, Default)]
pub(crate) struct ObjectStreams(Arc<()>);

impl ObjectStreams {
    /// Opens one more.
    pub(crate) fn open(&self) -> Result<ObjectStream, Error> {
        if Arc::strong_count(&self.0) > STREAMS_MAX {
            return Err(Error::Other(format!(
                "the function has {STREAMS_MAX} values of objects open; finish or drop some"
            )));
        }
        Ok(ObjectStream { _counted: self.0.clone() })
    }
}
