//! Who may do what.

use http::header::AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use lambent_api::headers::NAMESPACE;
use lambent_service::{Principal, Scope, secrets_in};
use lambent_types::{ErrorCode, Namespace};

use crate::lineage;
use crate::problem::Refusal;
use crate::state::App;

/// Lets in whoever shows a key, and in development everyone.
pub(crate) async fn scope(app: &App, headers: &HeaderMap) -> Result<Scope, Refusal> {
    let principal = principal(app, headers).await?;
    let namespace = namespace(headers)?;
    Ok(app.service.scope(principal, namespace, lineage::origin(headers)).await?)
}

/// Lets pass whoever administers the node.
pub(crate) async fn administrator(app: &App, headers: &HeaderMap) -> Result<(), Refusal> {
    if principal(app, headers).await?.may_administer() {
        return Ok(());
    }
    let detail = "the metrics are of the whole node, and need the root key";
    Err(Refusal::new(ErrorCode::Forbidden, detail))
}

fn namespace(headers: &HeaderMap) -> Result<Option<Namespace>, Refusal> {
    let mut given = headers.get_all(NAMESPACE).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(Refusal::invalid("more than one lambent-namespace header"));
    }
    let text = value.to_str().map_err(|_| Refusal::invalid("lambent-namespace is not text"))?;
    let name = text.parse().map_err(|error| {
        Refusal::new(ErrorCode::InvalidName, format!("lambent-namespace: {error}"))
    })?;
    Ok(Some(name))
}

/// Who shows a key; in development whoever asks, unless the key is one.
async fn principal(app: &App, headers: &HeaderMap) -> Result<Principal, Refusal> {
    if app.dev {
        return Ok(shown(app, headers).await?.unwrap_or(Principal::Anyone));
    }
    if let Some(principal) = holder(app, headers).await? {
        return Ok(principal);
    }
    Err(Refusal::new(
        ErrorCode::Unauthorized,
        "no key came with the request; send the secret of an access key, or that of \
         root-key.json, which is in the server's data directory, as \
         Authorization: Bearer <secret>",
    ))
}

/// Who calls a function, of which anyone may call an `open` one; nobody, if no key
/// was shown, or one of another namespace.
///
/// Keys are taken out of every header, whatever the function is: they are ours,
/// and whoever has one can do all that it opens. A key in the target is refused,
/// since it cannot be taken out unseen.
pub(crate) async fn caller_of_function(
    app: &App,
    namespace: &Namespace,
    open: bool,
    target: &Uri,
    headers: &mut HeaderMap,
) -> Result<Option<Principal>, Refusal> {
    let shown = if open { shown(app, headers).await? } else { holder(app, headers).await? };
    let caller = shown.or_else(|| app.dev.then_some(Principal::Anyone));
    let caller = caller.filter(|principal| principal.may_enter(namespace));
    let target = target.path_and_query().map_or("", PathAndQuery::as_str);
    if holds_secret(app, target.as_bytes()) {
        return Err(Refusal::invalid(
            "the target holds a key of this server; send it as Authorization: Bearer <secret>",
        ));
    }
    take_keys(app, headers);
    Ok(caller)
}

fn holds_secret(app: &App, text: &[u8]) -> bool {
    app.key.is_in(text) || secrets_in(text).next().is_some()
}

/// Removes every header that holds a key.
fn take_keys(app: &App, headers: &mut HeaderMap) {
    let holding = headers.iter().filter(|(_, value)| holds_secret(app, value.as_bytes()));
    let names: Vec<HeaderName> = holding.map(|(name, _)| name.clone()).collect();
    for name in names {
        tracing::debug!(header = %name, "a key of the server was kept from a function");
        headers.remove(name);
    }
}

/// Whose key it is.
async fn owner(app: &App, key: &[u8]) -> Result<Option<Principal>, Refusal> {
    if app.key.is(key) {
        return Ok(Some(Principal::Root));
    }
    Ok(app.service.authenticate(key).await?)
}

/// Whose key one of the credentials is.
async fn shown(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, Refusal> {
    for key in headers.get_all(AUTHORIZATION).iter().filter_map(bearer) {
        if let Some(principal) = owner(app, key).await? {
            return Ok(Some(principal));
        }
    }
    Ok(None)
}

/// Whose key was shown. That a wrong one was is an error, not `None`.
async fn holder(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, Refusal> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(Refusal::invalid("more than one Authorization header"));
    }
    let unauthorized = |detail| Err(Refusal::new(ErrorCode::Unauthorized, detail));
    let Some(key) = bearer(value) else {
        return unauthorized("the Authorization header is not of the form Bearer <secret>");
    };
    match owner(app, key).await? {
        Some(principal) => Ok(Some(principal)),
        None => unauthorized("the key is not one of this server, or not any more"),
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
