//! The files that one guest sees: a tree of names in memory, whose read-only part is an
//! [`Image`] of packages that all instances of a function share, and whose writable part is
//! a scratch directory of the instance's own.
//!
//! No path of a guest is ever given to the operating system. Names are looked up in maps, the
//! bytes of packages are read by offset from an open blob, and the bytes of the scratch
//! directory are in one temporary file that has no name.

mod collect;
mod content;
mod error;
mod image;
mod metadata;
mod node;
mod path;
mod resolve;
mod scratch;
mod space;
mod vfs;

pub use error::ErrorCode;
pub use image::{Blob, Entry, Image, ImageError, Package};
pub use metadata::{Kind, Stat};
pub use node::{Node, OpenFlags};
pub use space::{BLOCK_BYTES, DiskBudget, ScratchOptions};
pub use vfs::Vfs;

/// Bytes that one call reads or writes at the most, so that no call takes long.
pub const IO_BYTES_MAX: usize = 64 << 10;
