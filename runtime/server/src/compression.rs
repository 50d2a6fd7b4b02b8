//! Which responses are compressed: those that a client takes so, and that become shorter by it.

use std::sync::Arc;

use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use tokio::sync::Semaphore;

use crate::body::Content;
use crate::doors::Door;
use crate::gzip::Gzip;

/// Shorter bodies hardly become shorter: they fit into one packet as they are.
const BYTES_MIN: u64 = 1024;
/// Fields of RFC 9530 and before it that say a digest of the bytes as they were.
const DIGESTS: [&str; 3] = ["content-digest", "content-md5", "digest"];
/// Media types that are text and do not say it in their first half or by `+json` and `+xml`.
const TEXTS: [&str; 12] = [
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/ndjson",
    "application/openmetrics-text",
    "application/sql",
    "application/toml",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-yaml",
    "application/xml",
    "application/yaml",
];

/// What a request says of the form of its response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    gzip: bool,
    head: bool,
    /// Whether the client has a response that we may have compressed.
    has_weak: bool,
}

impl Asked {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let headers = request.headers();
        let has_weak = || list(headers, &IF_NONE_MATCH).any(|tag| tag.starts_with("W/"));
        let gzip = takes_gzip(headers);
        Self { gzip, head: request.method() == Method::HEAD, has_weak: gzip && has_weak() }
    }
}

/// Compresses a response, if its client takes that and it is worth it. `places` is how many more may
/// be compressed now; none if the node compresses nothing.
pub(crate) fn compress(
    places: Option<&Arc<Semaphore>>,
    door: Door,
    asked: Asked,
    response: Response<Content>,
) -> Response<Content> {
    let Some(places) = places else { return response };
    let (mut parts, content) = response.into_parts();
    if parts.status == StatusCode::NOT_MODIFIED && asked.has_weak && is_public(door) {
        // The response that the client has was compressed, and has this tag by it.
        weaken(&mut parts.headers);
    }
    let fits = !asked.head
        && may_be(parts.status, &parts.headers)
        && is_for(door, &parts.headers, &content);
    if !fits {
        return Response::from_parts(parts, content);
    }
    // Also of a response that goes as it is: to another client it would not.
    vary(&mut parts.headers);
    if !asked.gzip {
        return Response::from_parts(parts, content);
    }
    let Ok(place) = places.clone().try_acquire_owned() else {
        return Response::from_parts(parts, content);
    };
    let headers = &mut parts.headers;
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(CONTENT_LENGTH);
    // A part of the compressed bytes is nothing that we could give again.
    headers.remove(ACCEPT_RANGES);
    weaken(headers);
    Response::from_parts(parts, Content::Gzip(Box::new(Gzip::new(content, place))))
}

/// Whether a door answers whoever comes, with what functions and files are.
const fn is_public(door: Door) -> bool {
    matches!(door, Door::Function | Door::Site)
}

/// Whether a door's response is one that may be compressed. AWS's tools check signatures, lengths
/// and digests of what comes. Clients of an API send an etag back in conditions that only a strong
/// one fits, and follow logs as they come.
fn is_for(door: Door, headers: &HeaderMap, content: &Content) -> bool {
    // Files come in pieces, and their length is in the head alone.
    let said = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    let length = content.size_hint().exact().or_else(said);
    let long = length.is_none_or(|length| length >= BYTES_MIN);
    match door {
        Door::Aws => false,
        Door::Function | Door::Site => long,
        Door::Api(_) | Door::Other => long && length.is_some() && !headers.contains_key(ETAG),
    }
}

/// Whether a response has a body that is text, is whole and may be changed on its way.
fn may_be(status: StatusCode, headers: &HeaderMap) -> bool {
    let bodiless = matches!(
        status,
        StatusCode::NO_CONTENT
            | StatusCode::RESET_CONTENT
            | StatusCode::PARTIAL_CONTENT
            | StatusCode::NOT_MODIFIED
    );
    let says = |name: HeaderName| headers.contains_key(name);
    !bodiless
        && !status.is_informational()
        && !says(CONTENT_ENCODING)
        && !says(CONTENT_RANGE)
        && !DIGESTS.iter().any(|name| headers.contains_key(*name))
        && !list(headers, &CACHE_CONTROL).any(|word| word.eq_ignore_ascii_case("no-transform"))
        && is_text(headers)
}

fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    // Events are for whoever waits for each of them, often through proxies that would hold them back.
    (media_type.starts_with("text/") && media_type != "text/event-stream")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || TEXTS.contains(&media_type.as_str())
}

/// The members of a field that is a list.
fn list<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether a client takes gzip, and not rather what is not compressed (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for member in list(headers, &ACCEPT_ENCODING) {
        let (coding, parameters) = member.split_once(';').unwrap_or((member, ""));
        let coding = coding.trim();
        let weight = weight(parameters);
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            gzip = gzip.max(Some(weight));
        } else if coding.eq_ignore_ascii_case("identity") {
            identity = Some(weight);
        } else if coding == "*" {
            any = Some(weight);
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// A weight in thousandths; 1 if there is none, and 0 if it is malformed.
fn weight(parameters: &str) -> u16 {
    let Some((name, value)) = parameters.split_once('=') else {
        return if parameters.trim().is_empty() { 1000 } else { 0 };
    };
    let (name, value) = (name.trim(), value.trim());
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|digit| digit.is_ascii_digit());
    if !name.eq_ignore_ascii_case("q") || !digits {
        return 0;
    }
    match whole {
        "0" => format!("{fraction:0<3}").parse().unwrap_or(0),
        "1" if fraction.bytes().all(|digit| digit == b'0') => 1000,
        _ => 0,
    }
}

/// Says that the response depends on what the client accepts.
fn vary(headers: &mut HeaderMap) {
    let said = list(headers, &VARY)
        .any(|name| name == "*" || name.eq_ignore_ascii_case(ACCEPT_ENCODING.as_str()));
    if !said {
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// Makes a strong etag a weak one: it is of the same text in other bytes.
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")) else {
        return;
    };
    if let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        headers.insert(ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(accept: &str) -> Request<()> {
        Request::builder().header(ACCEPT_ENCODING, accept).body(()).unwrap()
    }

    #[test]
    fn weights_decide() {
        for (accept, gzip) in [
            ("gzip", true),
            ("x-gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0.001", true),
            ("deflate, gzip ; q=1.000", true),
            ("*", true),
            ("*;q=0.1", true),
            ("identity;q=0.5, gzip;q=0.5", true),
            ("", false),
            ("br", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip;q=0.000, *", false),
            ("*;q=0", false),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=1.1", false),
            ("gzip;q=0.1234", false),
            ("gzip;q=-1", false),
            ("gzip;x=1", false),
            ("gzipped", false),
        ] {
            assert_eq!(takes_gzip(request(accept).headers()), gzip, "{accept:?}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    /// The response to a client that takes gzip, as it was and with a change of its own.
    fn answered(
        door: Door,
        asked: Request<()>,
        length: usize,
        change: impl FnOnce(&mut Response<Content>),
    ) -> Response<Content> {
        let mut response = Response::new(Content::from(Bytes::from(vec![b'a'; length])));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_LENGTH, length.into());
        change(&mut response);
        let places = Arc::new(Semaphore::new(1));
        compress(Some(&places), door, Asked::of(&asked), response)
    }

    fn is_compressed(response: &Response<Content>) -> bool {
        response.headers().get(CONTENT_ENCODING).is_some_and(|it| it == "gzip")
    }

    #[test]
    fn what_is_compressed_says_so_and_no_more_what_it_was() {
        let response = answered(Door::Site, request("gzip"), 1024, |response| {
            let headers = response.headers_mut();
            headers.insert(ETAG, HeaderValue::from_static("\"a\""));
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            headers.insert(VARY, HeaderValue::from_static("origin"));
        });
        let headers = response.headers();
        assert!(is_compressed(&response));
        assert_eq!(headers[ETAG], "W/\"a\"");
        assert!(!headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(ACCEPT_RANGES));
        let vary: Vec<_> = headers.get_all(VARY).iter().collect();
        assert_eq!(vary, ["origin", "accept-encoding"]);
    }

    #[test]
    fn who_takes_no_gzip_learns_that_others_would() {
        let response = answered(Door::Function, request("br"), 1024, |_| {});
        assert!(!is_compressed(&response));
        assert_eq!(
            (&response.headers()[VARY], &response.headers()[CONTENT_LENGTH]),
            (&HeaderValue::from_static("accept-encoding"), &HeaderValue::from(1024))
        );
        let varies = |value| {
            let response = answered(Door::Function, request("br"), 1024, |response| {
                response.headers_mut().insert(VARY, HeaderValue::from_static(value));
            });
            response.headers().get_all(VARY).iter().count()
        };
        assert_eq!((varies("*"), varies("Accept-Encoding"), varies("accept")), (1, 1, 2));
    }

    #[test]
    fn what_must_not_change_does_not() {
        let site = |change: fn(&mut Response<Content>)| {
            let response = answered(Door::Site, request("gzip"), 4096, change);
            let other = response.headers().get(CONTENT_ENCODING).is_some_and(|it| it == "br");
            !is_compressed(&response)
                && (other || !response.headers().contains_key(CONTENT_ENCODING))
        };
        assert!(!site(|_| {}));
        assert!(site(|r| *r.status_mut() = StatusCode::PARTIAL_CONTENT));
        assert!(site(|r| *r.status_mut() = StatusCode::NO_CONTENT));
        assert!(site(|r| *r.status_mut() = StatusCode::NOT_MODIFIED));
        for (name, value) in [
            ("content-encoding", "br"),
            ("content-range", "bytes 0-1/2"),
            ("cache-control", "max-age=3, No-Transform"),
            ("content-digest", "sha-256=:AA==:"),
            ("content-md5", "AA=="),
            ("content-type", "text/event-stream; charset=utf-8"),
            ("content-type", "image/png"),
            ("content-type", "application/octet-stream"),
            ("content-type", "application/wasm"),
        ] {
            let response = answered(Door::Site, request("gzip"), 4096, |response| {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            });
            assert!(!is_compressed(&response), "{name}: {value}");
        }
        for text in ["application/json", "image/svg+xml", "application/problem+json", "Text/CSS"] {
            let response = answered(Door::Site, request("gzip"), 4096, |response| {
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(text));
            });
            assert!(is_compressed(&response), "{text}");
        }
        assert!(!is_compressed(&answered(Door::Site, request("gzip"), 1023, |_| {})));
        let mut head = request("gzip");
        *head.method_mut() = Method::HEAD;
        assert!(!is_compressed(&answered(Door::Site, head, 4096, |_| {})));
    }

    #[test]
    fn apis_keep_what_their_clients_rely_on() {
        let tagged = |response: &mut Response<Content>| {
            response.headers_mut().insert(ETAG, HeaderValue::from_static("\"a\""));
        };
        assert!(!is_compressed(&answered(Door::Aws, request("gzip"), 4096, |_| {})));
        assert!(is_compressed(&answered(Door::Other, request("gzip"), 4096, |_| {})));
        assert!(!is_compressed(&answered(Door::Other, request("gzip"), 4096, tagged)));
    }

    #[test]
    fn the_tag_of_a_response_that_the_client_has_compressed_stays_its_own() {
        let tag = |had: &'static str| {
            let mut asked = request("gzip");
            asked.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static(had));
            let response = answered(Door::Site, asked, 0, |response| {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response.headers_mut().insert(ETAG, HeaderValue::from_static("\"a\""));
            });
            response.headers()[ETAG].clone()
        };
        assert_eq!(
            (tag("W/\"a\""), tag("\"a\"")),
            ("W/\"a\"".parse().unwrap(), "\"a\"".parse().unwrap())
        );
    }

    #[test]
    fn beyond_their_number_responses_go_as_they_are() {
        let places = Arc::new(Semaphore::new(1));
        let asked = Asked::of(&request("gzip"));
        let answer = || {
            let mut response = Response::new(Content::from(Bytes::from(vec![b'a'; 2000])));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            compress(Some(&places), Door::Site, asked, response)
        };
        let first = answer();
        assert!(is_compressed(&first) && !is_compressed(&answer()));
        drop(first);
        assert!(is_compressed(&answer()));
        let plain = compress(None, Door::Site, asked, Response::new(Content::from(Bytes::new())));
        assert!(!plain.headers().contains_key(VARY));
    }
}
