use std::fmt::Display;
use std::str::FromStr;

use lambent_types::{Access, ErrorCode, Grants};

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

    /// What a function with these grants may do with it; nothing unless the kind says so.
    fn granted(&self, _: &Grants) -> Option<Access> {
        None
    }
}
