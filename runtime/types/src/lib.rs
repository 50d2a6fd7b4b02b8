//! Names, limits, configuration, events, outcomes and wire error codes.
//!
//! Validated plain data, shared by every crate and depending on none of them.
//! A value of one of these types is correct by construction: parsing happens
//! once, at the edge, and nothing below checks again.

mod configuration;
mod digest;
mod error;
mod event;
mod function;
mod handler;
mod invocation;
mod limits;
mod meter;
mod name;
mod outcome;
mod size;

pub use configuration::{Configuration, ConfigurationPatch, Environment};
pub use digest::{Digest, InvalidDigest};
pub use error::{Error, ErrorCode, Problem};
pub use event::{Event, Output, Retry};
pub use function::{Function, FunctionVersion, Revision, VersionNumber};
pub use handler::{Handler, Interface};
pub use invocation::{InvocationRecord, LogLine, LogStream, Logs, RequestId};
pub use limits::{Limits, bounds};
pub use meter::{Meter, Start};
pub use name::{FunctionName, InvalidName, NAME_CHARS_MAX, Namespace, Qualifier};
pub use outcome::{Failure, Outcome};
pub use size::{InvalidSize, format_bytes, parse_bytes, parse_duration};
