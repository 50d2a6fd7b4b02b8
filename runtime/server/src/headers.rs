//! Header fields that belong to one connection and not to the message.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::connection::Peer;
use crate::problem::Refusal;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Removes what is said to us and not to the function, or by it.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        for name in named_by_connection(headers) {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    // All a function may know of TE is that trailers will be understood.
    let trailers =
        headers.get(TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in [
        KEEP_ALIVE,
        PROXY_CONNECTION,
        HTTP2_SETTINGS,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        // Naming these would change whom the message is for, or where it ends.
        .filter(|name| ![HOST, CONTENT_LENGTH, TE].contains(name))
        .collect()
}

/// Says to the function where the request came from: added to what proxies
/// before us said.
pub(crate) fn add_forwarded(
    headers: &mut HeaderMap,
    peer: &Peer,
    authority: &HeaderValue,
    prefix: Option<&str>,
) {
    let chain = chain(headers, &peer.client).unwrap_or_else(|| peer.client.clone());
    headers.insert(FORWARDED_FOR, chain);
    if !headers.contains_key(FORWARDED_PROTO) {
        let proto = if peer.secure { "https" } else { "http" };
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
    }
    if !headers.contains_key(FORWARDED_HOST) {
        headers.insert(FORWARDED_HOST, authority.clone());
    }
    if let Some(Ok(prefix)) = prefix.map(HeaderValue::from_str) {
        headers.insert(FORWARDED_PREFIX, prefix);
    }
}

/// Whom proxies said that the request is from, and `client`, the last of them.
fn chain(headers: &HeaderMap, client: &HeaderValue) -> Option<HeaderValue> {
    let mut said = headers.get_all(FORWARDED_FOR).iter().peekable();
    said.peek()?;
    let all: Vec<_> = said.chain([client]).map(HeaderValue::as_bytes).collect();
    HeaderValue::from_bytes(&all.join(&b", "[..])).ok()
}

/// Refuses what the function could misread: encodings of the message that we
/// do not undo, and a change of protocol that we do not make.
pub(crate) fn check_request(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(first) = encodings.next()
        && (encodings.next().is_some() || !first.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        return Err(Refusal::not_implemented("of transfer encodings only chunked is understood"));
    }
    if let Some(protocol) = headers.get(UPGRADE)
        && named_by_connection(headers).contains(&UPGRADE)
        // An offer that may be ignored: the client goes on in HTTP/1.1.
        && !protocol.as_bytes().eq_ignore_ascii_case(b"h2c")
    {
        return Err(Refusal::not_implemented(format!(
            "an upgrade to {:?} is not served",
            String::from_utf8_lossy(&protocol.as_bytes()[..protocol.len().min(40)])
        )));
    }
    Ok(())
}

/// Leaves a function's `Content-Length` only where it alone says how long the
/// body is, and only if it says so once and clearly.
pub(crate) fn settle_length(headers: &mut HeaderMap, known: bool) {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let clear = match (lengths.next(), lengths.next()) {
        (Some(length), None) => {
            !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    if known || !clear {
        headers.remove(CONTENT_LENGTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(line).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_the_connection_names_goes_but_never_the_framing() {
        let mut all = headers(&[
            ("connection", "close, X-Secret, host"),
            ("connection", "content-length,,  "),
            ("x-secret", "1"),
            ("host", "a"),
            ("content-length", "3"),
            ("te", "Trailers"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAM"),
            ("keep-alive", "1"),
            ("trailer", "x"),
        ]);
        remove_hop_by_hop(&mut all);
        assert_eq!(names(&all), ["content-length", "host", "te", "trailer"]);
        let mut gzip = headers(&[("te", "gzip, trailers")]);
        remove_hop_by_hop(&mut gzip);
        assert!(gzip.is_empty());
    }

    #[test]
    fn the_client_is_appended_to_what_proxies_said() {
        let peer = Peer::new("::ffff:10.0.0.1".parse().unwrap(), false);
        let host = HeaderValue::from_static("a.localhost:1");
        let mut all = headers(&[
            ("x-forwarded-for", "1.2.3.4, 5.6.7.8"),
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-proto", "https"),
        ]);
        add_forwarded(&mut all, &peer, &host, Some("/fn/a"));
        assert_eq!(all["x-forwarded-for"], "1.2.3.4, 5.6.7.8, 9.9.9.9, 10.0.0.1");
        assert_eq!(all.get_all("x-forwarded-for").iter().count(), 1);
        assert_eq!(all["x-forwarded-proto"], "https");
        assert_eq!(all["x-forwarded-host"], "a.localhost:1");
        assert_eq!(all["x-forwarded-prefix"], "/fn/a");
        let mut first = HeaderMap::new();
        add_forwarded(&mut first, &peer, &host, None);
        assert_eq!(first["x-forwarded-for"], "10.0.0.1");
        assert_eq!(first["x-forwarded-proto"], "http");
    }

    #[test]
    fn only_plain_messages_pass() {
        let check = |lines: &[(&str, &str)]| check_request(&headers(lines)).is_ok();
        assert!(check(&[("transfer-encoding", "Chunked")]));
        assert!(!check(&[("transfer-encoding", "gzip, chunked")]));
        assert!(!check(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")]));
        assert!(check(&[("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c")]));
        assert!(!check(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]));
        assert!(check(&[("upgrade", "websocket")]), "without Connection it says nothing");
    }

    #[test]
    fn one_clear_length_is_kept_if_nothing_better_is_known() {
        let settled = |lines: &[(&str, &str)], known| {
            let mut all = headers(lines);
            settle_length(&mut all, known);
            all.contains_key(CONTENT_LENGTH)
        };
        assert!(settled(&[("content-length", "12")], false));
        assert!(!settled(&[("content-length", "12")], true));
        assert!(!settled(&[("content-length", "12"), ("content-length", "12")], false));
        for bad in ["", "+1", "0x1", "1,1", "1 "] {
            assert!(!settled(&[("content-length", bad)], false), "{bad}");
        }
    }
}
