//! Stores that live as long as the process: for tests and for embedders that
//! keep nothing.

mod code;
mod events;
mod keyvalue;
mod line;
mod logs;
mod objects;
mod registry;
mod usage;

pub use code::MemoryCode;
pub use events::MemoryEvents;
pub use keyvalue::MemoryKeyValue;
pub use logs::MemoryLogs;
pub use objects::MemoryObjects;
pub use registry::MemoryRegistry;
pub use usage::MemoryUsage;
