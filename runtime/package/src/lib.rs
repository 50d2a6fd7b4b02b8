//! The files that a function of a language runtime runs on.
//!
//! What is uploaded is a zip, a tar, a tar.gz or a single file, made by whatever program. A
//! [`Builder`] reads it, within [`Limits`], refuses what cannot be a package with one
//! [`PackageError`] that says what to do, and writes the *canonical form*: an uncompressed zip
//! whose bytes depend on nothing but the paths of the files and what is in them. So the same files have
//! the same digest, any program can unpack it, and [`Index::open`] finds each file in it by
//! offset, without unpacking.
//!
//! Directories are implied by the paths of files: an empty one is not kept. Neither are modes,
//! owners and times: no interface shows them to a guest, and with them the digest would depend on
//! who packed. `__MACOSX` at the top and `.DS_Store` anywhere are skipped.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use lambent_package::{Blob, Builder, Index, Limits};
//!
//! let mut builder = Builder::new(Limits::LAMBDA);
//! builder.add_bytes("lambda_function.py", b"def lambda_handler(event, context): ...".as_slice())?;
//! builder.add_bytes("lib/helper.py", b"X = 1".as_slice())?;
//! let mut blob = Vec::new();
//! let written = builder.write(&mut blob)?;
//!
//! let index = Index::open(&blob, written.package.bytes)?;
//! let entry = index.get("lib/helper.py").ok_or("it was added")?;
//! let mut bytes = [0; 5];
//! blob.read_at(&mut bytes, entry.offset)?;
//! assert_eq!(&bytes, b"X = 1");
//! # Ok(())
//! # }
//! ```

mod blob;
mod builder;
mod canonical;
mod content;
mod error;
#[cfg(feature = "folder")]
mod folder;
mod format;
mod gzip;
mod index;
mod limits;
mod path;
mod tar;
mod tree;
mod upload;
mod zip;

pub use blob::Blob;
pub use builder::{Builder, Written};
pub use error::{ArchiveFault, EntryFault, EntryName, PackageError};
#[cfg(feature = "folder")]
pub use folder::{IGNORE_FILE, Packed, files, pack, walk};
pub use format::Format;
pub use index::{Entry, Index};
pub use limits::Limits;
