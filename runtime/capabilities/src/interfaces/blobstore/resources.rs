//! The resources of `wasi:blobstore`, as guests hold handles to them.

use std::sync::Arc;

use lambent_engine::wasi::runtime::AbortOnDropJoinHandle;
use lambent_service::{ByteStream, Object};
use lambent_types::BucketName;

use crate::interfaces::blobstore::pipe::Pipe;
use crate::object_streams::ObjectStream;

/// A guest's handle to a bucket.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct Container {
    pub(crate) bucket: BucketName,
}

/// How far a guest got in listing a bucket.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct ObjectNames {
    pub(crate) bucket: BucketName,
    pub(crate) after: Option<String>,
    pub(crate) ended: bool,
}

/// An object, or a part of one, that a guest has asked for.
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct IncomingValue {
    pub(crate) size: u64,
    pub(crate) bytes: ByteStream,
    pub(crate) stream: ObjectStream,
}

/// An object that a guest is writing. It exists when the guest has finished it, and never
/// if the guest does not.
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct OutgoingValue {
    pub(crate) pipe: Arc<Pipe>,
    /// Whether the guest has its stream.
    pub(crate) streamed: bool,
    /// The task that writes it, once its destination is known.
    pub(crate) writing: Option<Writing>,
    /// None if too many were open.
    pub(crate) stream: Option<ObjectStream>,
}

/// A task that ends, with nothing written, when this is dropped.
pub(crate) type Writing = AbortOnDropJoinHandle<Result<Object, lambent_types::Error>>;

impl Drop for OutgoingValue {
    fn drop(&mut self) {
        self.pipe.abandon();
    }
}
