//! The native API's operations, one function each.

pub(crate) mod functions;
pub(crate) mod keyvalue;
pub(crate) mod namespaces;
pub(crate) mod objects;
pub(crate) mod queues;
pub(crate) mod resources;
