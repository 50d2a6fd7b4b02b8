//! Who may do what.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use lambent_types::ErrorCode;

use crate::problem::Refusal;
use crate::state::App;

/// The principal that the root key stands for.
const ROOT: &str = "root";

/// Lets pass who shows the root key, and in development everyone.
pub(crate) fn require_key(app: &App, headers: &HeaderMap) -> Result<(), Refusal> {
    if app.dev || holds_key(app, headers)? {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::Unauthorized,
        "no key came with the request; send the secret of root-key.json, which is in the \
         server's data directory, as Authorization: Bearer <secret>",
    ))
}

/// Who calls a function. Of an open one nothing is asked, and what the caller
/// sent is the function's; from others the key is taken out, for it is ours.
pub(crate) fn caller_of_function(
    app: &App,
    open: bool,
    headers: &mut HeaderMap,
) -> Result<Option<String>, Refusal> {
    if open {
        return Ok(None);
    }
    if holds_key(app, headers)? {
        headers.remove(AUTHORIZATION);
        return Ok(Some(ROOT.into()));
    }
    Err(Refusal::new(
        ErrorCode::Unauthorized,
        "the function is not public; send the key as Authorization: Bearer <secret>, or make \
         the function public",
    ))
}

/// Whether the root key was shown. That a wrong one was is an error, not `false`.
fn holds_key(app: &App, headers: &HeaderMap) -> Result<bool, Refusal> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = given.next() else { return Ok(false) };
    if given.next().is_some() {
        return Err(Refusal::invalid("more than one Authorization header"));
    }
    match bearer(value) {
        Some(key) if app.key.is(key) => Ok(true),
        Some(_) => Err(Refusal::new(ErrorCode::Unauthorized, "the key is not that of this server")),
        None => Err(Refusal::new(
            ErrorCode::Unauthorized,
            "the Authorization header is not of the form Bearer <secret>",
        )),
    }
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, key) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        let key = |text: &'static str| bearer(&HeaderValue::from_static(text)).map(<[u8]>::to_vec);
        assert_eq!(key("Bearer abc").unwrap(), b"abc");
        assert_eq!(key("bearer  abc ").unwrap(), b"abc");
        for none in ["", "Bearer", "Basic abc", "Bearerabc"] {
            assert_eq!(key(none), None, "{none}");
        }
    }
}
