//! Whether a function may do something, and its error if not.

use lambent_engine::Log;
use lambent_types::{Access, FunctionName};

use crate::error::Error;

/// What of a node's state a function can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bucket,
    Keyspace,
    Queue,
}

impl Kind {
    const fn noun(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Keyspace => "keyspace",
            Self::Queue => "queue",
        }
    }
}

/// Refuses, in the function's log too, unless `granted` allows what is `wanted`.
pub(crate) fn check(
    log: &Log,
    function: &FunctionName,
    (kind, name): (Kind, &str),
    granted: Option<Access>,
    wanted: Access,
) -> Result<(), Error> {
    if granted.is_some_and(|granted| granted.allows(wanted)) {
        return Ok(());
    }
    let verb = match (kind, wanted) {
        (Kind::Queue, _) => "send to",
        (_, Access::Read) => "read",
        (_, Access::Write) => "write",
        (_, Access::ReadWrite) => "read and write",
    };
    // What it has already stays.
    let needed = if granted.is_some() { Access::ReadWrite } else { wanted };
    let noun = kind.noun();
    let text = format!(
        "function \"{function}\" may not {verb} {noun} \"{name}\"; grant it: \
         [functions.{function}.grants] {noun}s = {{ {} = \"{}\" }}",
        toml_key(name),
        needed.as_str()
    );
    log.line(&text);
    Err(Error::Denied(text))
}

/// Says, in the function's log too, that something granted is not there.
pub(crate) fn missing(log: &Log, kind: Kind, name: &str) -> Error {
    let noun = kind.noun();
    let text = format!("there is no {noun} \"{name}\"; create it: lambent {noun} create {name}");
    log.line(&text);
    Error::Missing(text)
}

/// A name as TOML has it for a key.
fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.into() } else { format!("{name:?}") }
}
