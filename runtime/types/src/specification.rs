use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::name::InvalidName;
use crate::quota::Quota;

/// A kind of resource that is nothing but its [`Specification`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResourceKind {
    /// The word for one. Backends store it with each resource, so it never changes.
    pub noun: &'static str,
    /// The quota that bounds how many of them a namespace may have.
    pub quota: Quota,
}

/// What a client says of a resource that is nothing but that, such as a trigger. All kinds of
/// them are in one store, which takes a new kind as it is.
pub trait Specification: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The kind of the resource.
    const KIND: ResourceKind;
    /// The name of one, which is unique in its namespace ignoring case.
    type Name: FromStr<Err = InvalidName> + Display + Clone + Send + Sync;

    /// Its name.
    fn name(&self) -> &Self::Name;
}
