//! What the runtime keeps: one small trait per concern, and two backends.
//!
//! - [`Registry`]: functions and their versions.
//! - [`CodeStore`]: components, by the digest of their bytes.
//! - [`InvocationLogs`]: what finished invocations did, used and wrote.
//!
//! [`Embedded`] keeps them in a [`DataDir`] on this machine's disk; [`memory`]
//! keeps them for as long as the process lives. Both pass [`contract`], and so
//! must any further backend.

pub mod contract;
pub mod layout;
pub mod memory;

mod change;
mod code;
mod data_dir;
mod embedded;
mod error;
mod logs;
mod registry;

pub use code::CodeStore;
pub use data_dir::{DataDir, write_file};
pub use embedded::{Embedded, LogOptions, Options};
pub use error::{OpenError, StorageError, WriteError};
pub use logs::{InvocationLogs, LogPage, LogQuery};
pub use registry::{Expected, Registry};
