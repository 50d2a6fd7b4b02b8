//! Fetches code from elsewhere: what web servers and registries of OCI artifacts give out, with bounds on
//! size and time, encrypted unless it is on this machine, and checked against its digest.
//!
//! Everything here blocks. The command line fetches what is installed from elsewhere, and nodes fetch images
//! from the registries that whoever runs them allows.

mod authorization;
mod credentials;
mod error;
mod http;
mod progress;
mod reference;
mod registry;

pub use error::FetchError;
pub use http::{Authorities, Http, Patience, is_loopback, shown};
pub use progress::{Progress, Silent};
pub use reference::Reference;
pub use registry::{Pulled, pull};
