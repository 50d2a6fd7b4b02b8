//! Snapshots: the memory of an initialized instance, which others start from.
//!
//! All state that a language's runtime has between two calls is in its memory: its globals are
//! then what they were when it was instantiated, and what the host held for it is made anew by
//! whoever asks for it. So an instance that is given the memory of another goes on where that was.

mod image;
mod transfer;

pub(crate) use self::image::SCRATCH;
pub use self::image::{Damaged, Snapshot};
pub(crate) use self::transfer::{Transfer, Transfers};
