//! The files that one guest sees: a tree of names in memory, whose read-only part is an
//! [`Image`] of packages that all instances of a function share, and whose writable part is
//! a scratch directory of the instance's own. In the places of some directories there may be a
//! [`Volume`] each, whose files other instances see and change too.
//!
//! No path of a guest is ever given to the operating system. Names are looked up in maps, the
//! bytes of packages are read by offset from an open blob, and the bytes of the scratch
//! directory are in one temporary file that has no name.

mod collect;
mod content;
mod enter;
mod error;
mod image;
mod metadata;
mod mounts;
mod node;
mod path;
mod rename;
mod resolve;
mod scratch;
mod space;
mod vfs;
mod volume;

pub use error::ErrorCode;
pub use image::{Blob, Entry, Image, ImageError, Package};
pub use metadata::{Kind, Stat};
pub use mounts::OpenVolume;
pub use node::{Node, OpenFlags, VOLUME_ROOT};
pub use path::NAME_BYTES_MAX;
pub use space::{BLOCK_BYTES, DiskBudget, ScratchOptions};
pub use vfs::Vfs;
pub use volume::{ReadOnly, Volume, VolumeNode};

/// Bytes that one call reads or writes at the most, so that no call takes long.
pub const IO_BYTES_MAX: usize = 64 << 10;

/// The largest size of a file, most of which must then be holes.
pub const SIZE_MAX: u64 = 1 << 40;
