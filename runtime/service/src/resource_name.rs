use std::fmt::Display;
use std::str::FromStr;

use lambent_storage::Stores;
use lambent_types::{Access, Configuration, ErrorCode, Grant, Namespace};

use crate::operation::Operation;

/// The name of a kind of resource: what the kind is called, through which scope one is
/// reached, and what a function is granted of one. It is implemented in the file of the kind.
pub trait ResourceName:
    FromStr<Err: Display> + AsRef<str> + Display + Clone + Send + Sync + 'static
{
    /// What one of the kind is called.
    const NOUN: &'static str;
    /// The error if there is none of the name.
    const NOT_FOUND: ErrorCode;
    /// Whether one can be created with nothing but its name.
    const IS_CREATED_BY_NAME: bool = false;

    /// What operations on one need: [`Scope`](crate::Scope), or
    /// [`DataScope`](crate::DataScope) if functions reach it too.
    type Scope;

    /// What a function of this configuration may do with it; nothing unless the kind says so.
    fn granted(&self, _: &Configuration) -> Option<Access> {
        None
    }

    /// Whether a function of this configuration may do this with it.
    fn is_granted(&self, configuration: &Configuration, operation: Operation) -> bool {
        match (self.granted(configuration), operation.access()) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(granted), Some(wanted)) => granted.allows(wanted),
        }
    }

    /// The grant of so much of it to a function of this configuration; none if functions are
    /// granted none of the kind.
    fn grant(&self, _: &Configuration, _: Access) -> Option<Grant> {
        None
    }

    /// Whether there is one of the name, in the namespace of a function that may not know it; yes
    /// if that is not to be said.
    fn is_there(&self, _: &Stores, _: &Namespace) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }
}
