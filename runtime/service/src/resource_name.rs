use std::fmt::Display;
use std::str::FromStr;

use lambent_types::{Access, Configuration, ErrorCode, FunctionName};

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

    /// What a `lambent.toml` says to grant a function so much of it.
    fn grant(&self, function: &FunctionName, access: Access) -> String {
        let (noun, name, access) = (Self::NOUN, toml_key(self.as_ref()), access.as_str());
        format!("[functions.{function}.grants] {noun}s = {{ {name} = \"{access}\" }}")
    }
}

/// A name as TOML has it for a key.
fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.into() } else { format!("{name:?}") }
}
