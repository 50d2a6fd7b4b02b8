//! `wasi:blobstore` over buckets: a container is a bucket, and objects are
//! streamed both ways.

mod container;
mod containers;
mod incoming;
mod outgoing;
mod pipe;

use std::sync::Arc;

use lambent_engine::Log;
use lambent_types::{Access, BucketName};

#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub use container::{Container, ObjectNames};
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub use incoming::IncomingValue;
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub use outgoing::OutgoingValue;

use crate::ctx::Ctx;
use crate::error::{Error, quoted};
use crate::grants::{self, Kind};

/// Streams of objects that one invocation may have open at a time; each holds
/// some hundred KiB.
const STREAMS_MAX: usize = 32;

/// One of those streams, for as long as it lives.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    _counted: Arc<()>,
}

/// Counts the streams that are open.
#[derive(Debug, Default)]
pub(crate) struct Streams(Arc<()>);

impl Streams {
    fn open(&self) -> Result<Stream, Error> {
        if Arc::strong_count(&self.0) > STREAMS_MAX {
            return Err(Error::Other(format!(
                "the function has {STREAMS_MAX} values of objects open; finish or drop some"
            )));
        }
        Ok(Stream { _counted: self.0.clone() })
    }
}

/// Parses a container's name and finds what the function may do with it;
/// refuses if that is nothing.
fn bucket(ctx: &Ctx, log: &Log, name: &str, wanted: Access) -> Result<Container, Error> {
    let bucket: BucketName = name
        .parse()
        .map_err(|error| Error::Other(format!("container {}: {error}", quoted(name))))?;
    let granted = ctx.function.configuration.grants.buckets.get(&bucket).copied();
    let container = Container { bucket, granted };
    container.check(ctx, log, wanted)?;
    Ok(container)
}

impl Container {
    fn check(&self, ctx: &Ctx, log: &Log, wanted: Access) -> Result<(), Error> {
        let what = (Kind::Bucket, self.bucket.as_str());
        grants::check(log, &ctx.function.name, what, self.granted, wanted)
    }
}
