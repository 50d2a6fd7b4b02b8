//! What functions sign requests with that are for the AWS APIs of their own node.
//!
//! It is no secret, and opens nothing: a function is known by where its requests come from, which is out of
//! its own instance and over no connection. A signature says only that a request is meant for the node, and
//! not for AWS with a key of the function's own. Wherever else it is shown, it is a key that there is not.

use crate::environment::Environment;

/// The id of the key, in the form of AWS's temporary keys.
pub const ACCESS_KEY: &str = "ASIALAMBENTFUNCTIONS";
/// Its secret, as long as AWS's are.
pub const SECRET: &str = "known-to-every-function-so-it-opens-none";
/// The token that comes with it.
pub const SESSION_TOKEN: &str = "of-the-function";

/// The secret of a key that a function signs with: the one that all functions have, or the one in its own
/// variables.
#[must_use]
pub fn secret_of<'a>(access_key: &str, environment: &'a Environment) -> Option<&'a str> {
    if access_key == ACCESS_KEY {
        return Some(SECRET);
    }
    let own = |name: &str| environment.0.get(name).map(String::as_str);
    own("AWS_ACCESS_KEY_ID").filter(|own| *own == access_key)?;
    own("AWS_SECRET_ACCESS_KEY")
}

/// The variables of an environment that have an SDK sign so.
pub const VARIABLES: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
    ("AWS_SESSION_TOKEN", SESSION_TOKEN),
];
