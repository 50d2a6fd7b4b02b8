//! Stores that live as long as the process: for tests and for embedders that
//! keep nothing.

mod code;
mod logs;
mod objects;
mod registry;

pub use code::MemoryCode;
pub use logs::MemoryLogs;
pub use objects::MemoryObjects;
pub use registry::MemoryRegistry;
