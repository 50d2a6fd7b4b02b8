//! `wasi:blobstore` over buckets: a container is a bucket, and objects are
//! streamed both ways.

pub(crate) mod bindings;
mod container;
mod containers;
mod incoming;
mod outgoing;
mod pipe;
mod resources;

use lambent_engine::Log;
use lambent_types::{Access, BucketName};

#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub use resources::{Container, IncomingValue, ObjectNames, OutgoingValue};

use crate::ctx::Ctx;
use crate::error::{Error, quoted};
use crate::grants::{self, Kind};

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
