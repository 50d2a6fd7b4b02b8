//! Who may do what.

use http::header::AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
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

/// Who calls a function, of which anyone may call an `open` one. Where there
/// is none the caller is asked for the key too: whether there is one is told to
/// no one else.
///
/// The key is taken out of every header, whatever the function is: it is ours,
/// and whoever has it can do everything. A key in the target is refused, since
/// it cannot be taken out unseen.
pub(crate) fn caller_of_function(
    app: &App,
    open: bool,
    target: &Uri,
    headers: &mut HeaderMap,
) -> Result<Option<String>, Refusal> {
    let held = if open { shows_key(app, headers) } else { holds_key(app, headers)? };
    if !open && !held {
        return Err(Refusal::new(
            ErrorCode::Unauthorized,
            "no public function is here; send the key as Authorization: Bearer <secret> to call \
             one that is not public, or make it public",
        ));
    }
    let target = target.path_and_query().map_or("", PathAndQuery::as_str);
    if app.key.is_in(target.as_bytes()) {
        return Err(Refusal::invalid(
            "the target holds the key of this server; send it as Authorization: Bearer <secret>",
        ));
    }
    take_key(app, headers);
    Ok(held.then(|| ROOT.into()))
}

/// Removes every header that holds the root key.
fn take_key(app: &App, headers: &mut HeaderMap) {
    let holding = headers.iter().filter(|(_, value)| app.key.is_in(value.as_bytes()));
    let names: Vec<HeaderName> = holding.map(|(name, _)| name.clone()).collect();
    for name in names {
        tracing::debug!(header = %name, "the key of the server was kept from a function");
        headers.remove(name);
    }
}

/// Whether one of the credentials is the root key.
fn shows_key(app: &App, headers: &HeaderMap) -> bool {
    headers
        .get_all(AUTHORIZATION)
        .iter()
        .any(|value| bearer(value).is_some_and(|key| app.key.is(key)))
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
