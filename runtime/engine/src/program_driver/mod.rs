//! Drives [programs](crate::program).
//!
//! A program is driven by a task of its own ([`driver`]), which is handed its invocations by a
//! [`handle`]. Between two invocations the guest waits in a call of the host, and its task does
//! not poll it: it is frozen, and takes neither fuel nor time. The next invocation
//! [begins](turn) in that call.

mod active;
mod driver;
mod handle;
mod turn;
mod waits;

pub(crate) use self::handle::Handle;
pub(crate) use self::waits::link;
