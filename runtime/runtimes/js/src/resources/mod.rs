//! The node's keyspaces, buckets and queues, for the clients in the library.
//!
//! Handles of the host are opened when they are needed, and given up before a snapshot is taken,
//! since no instance that starts from it would have them.

mod buckets;
mod keyspaces;
mod queues;

use rquickjs::{Ctx, Error, Object, Result};

use crate::native::throw;

/// The functions, as one object, which is made when the clients are first used.
pub(crate) fn object(ctx: Ctx<'_>) -> Result<Object<'_>> {
    let object = Object::new(ctx)?;
    keyspaces::add(&object)?;
    buckets::add(&object)?;
    queues::add(&object)?;
    Ok(object)
}

/// Closes the objects that are open; says whether there were any.
pub(crate) fn close_streams() -> bool {
    buckets::close_streams()
}

/// Gives up every handle.
pub(crate) fn reset() {
    keyspaces::reset();
    buckets::reset();
    queues::reset();
}

/// What the node refused, in its words.
fn refused(ctx: &Ctx<'_>, text: &str) -> Error {
    throw(ctx, "refused", text)
}
