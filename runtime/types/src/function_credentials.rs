//! What functions sign requests with that are for the AWS APIs of their own node.
//!
//! It is no secret, and opens nothing: a function is known by where its requests come from, which is out of
//! its own instance and over no connection. A signature says only that a request is meant for the node, and
//! not for AWS with a key of the function's own. Wherever else it is shown, it is a key that there is not.

/// The id of the key, in the form of AWS's temporary keys.
pub const ACCESS_KEY: &str = "ASIALAMBENTFUNCTIONS";
/// Its secret, as long as AWS's are.
pub const SECRET: &str = "known-to-every-function-so-it-opens-none";
/// The token that comes with it.
pub const SESSION_TOKEN: &str = "of-the-function";

/// The variables of an environment that have an SDK sign so.
pub const VARIABLES: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
    ("AWS_SESSION_TOKEN", SESSION_TOKEN),
];
