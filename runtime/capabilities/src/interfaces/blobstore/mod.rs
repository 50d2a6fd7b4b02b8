//! `wasi:blobstore` over buckets: a container is a bucket, and objects are
//! streamed both ways.

pub(crate) mod bindings;
mod container;
mod containers;
mod incoming;
mod outgoing;
mod pipe;
mod resources;

use lambent_types::BucketName;

#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub use resources::{Container, IncomingValue, ObjectNames, OutgoingValue};

use crate::error::{Error, quoted};

/// Parses a container's name, which is that of a bucket.
fn bucket_name(name: &str) -> Result<BucketName, Error> {
    name.parse().map_err(|error| Error::Other(format!("container {}: {error}", quoted(name))))
}
