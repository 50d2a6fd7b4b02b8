//! Header fields that belong to one connection and not to the message.

use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::Refusal;

/// Most header fields of a request.
pub(crate) const HEADERS_MAX: usize = 100;

/// Whether a field is said to us and not to the function, or by it.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    // Compared with each, which costs less than to look each up in the few that there are.
    matches!(
        name.as_str(),
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Removes what is said to us and not to the function, or by it.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let mut names: Vec<_> = headers.keys().filter(|name| is_hop_by_hop(name)).cloned().collect();
    if names.is_empty() {
        return;
    }
    names.extend(named_by_connection(headers));
    // All a function may know of TE is that trailers will be understood.
    let trailers =
        headers.get(TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in names {
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

/// Joins the cookies of a request into one field. HTTP/2 lets them come in
/// several, which are one to whoever is behind it (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    let mut cookies = headers.get_all(COOKIE).iter();
    if let (Some(_), Some(_)) = (cookies.next(), cookies.next()) {
        let all: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
            headers.insert(COOKIE, joined);
        }
    }
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
    fn cookies_are_one_field() {
        let mut all = headers(&[("cookie", "a=1"), ("cookie", "b=2; c=3"), ("x", "1"), ("x", "2")]);
        join_cookies(&mut all);
        assert_eq!(all.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
        assert_eq!(all.get_all("x").iter().count(), 2);
        let mut none = HeaderMap::new();
        join_cookies(&mut none);
        assert!(none.is_empty());
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
