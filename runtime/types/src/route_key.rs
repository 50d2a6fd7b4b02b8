//! What requests a route of a site is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cors::is_method;
use crate::limits::bounds;

/// A method, or none for any, and the pattern of a path: `GET /orders/{id}`, `/api/*`.
///
/// The pattern is compared with the path segment by segment, both with the percent-encodings of
/// RFC 3986 §6.2.2.1 and .2:
/// `{id}` is any one that is not empty, and `/*` at the end is the path before it and everything
/// below.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RouteKey {
    text: String,
    method: Option<String>,
    segments: Vec<Segment>,
    open: bool,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// This one.
    Literal(String),
    /// Any one, by a name that is for whoever reads the pattern.
    Parameter(String),
}

/// A text is not the key of a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "route {text:?}: {fault}; write a path such as /api/* or /orders/{{id}}, after a method if it is for one: GET /orders/{{id}}"
)]
pub struct InvalidRouteKey {
    text: String,
    fault: &'static str,
}

impl RouteKey {
    /// The method that it is for; any if none.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// The segments of its path, but for `*`. The last may be empty, where the path ends in a slash.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it ends in `/*`.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Whether it has a segment that is any.
    #[must_use]
    pub fn has_parameters(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::Parameter(_)))
    }

    /// What is the same of keys that fit the same requests: without the names of parameters.
    #[must_use]
    pub fn shape(&self) -> (Option<&str>, Vec<Option<&str>>, bool) {
        let literals = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Parameter(_) => None,
        });
        (self.method(), literals.collect(), self.open)
    }
}

impl FromStr for RouteKey {
    type Err = InvalidRouteKey;

    fn from_str(text: &str) -> Result<Self, InvalidRouteKey> {
        parse(text)
            .map_err(|fault| InvalidRouteKey { text: text.chars().take(200).collect(), fault })
    }
}

fn parse(text: &str) -> Result<RouteKey, &'static str> {
    if text.len() > bounds::SITE_ROUTE_BYTES_MAX {
        return Err("it has more than 512 bytes");
    }
    let (method, path) = match text.split_once(' ') {
        Some((method, path)) => (Some(method), path),
        None => (None, text),
    };
    if method.is_some_and(|method| !is_method(method)) {
        return Err("its method is none in capitals");
    }
    let Some(below) = path.strip_prefix('/') else { return Err("its path begins with a slash") };
    let (below, open) = match below.strip_suffix('*') {
        Some("") => (None, true),
        Some(before) => {
            (Some(before.strip_suffix('/').ok_or("its * does not follow a slash")?), true)
        }
        None => (Some(below), false),
    };
    let segments =
        below.map_or_else(|| Ok(Vec::new()), |below| below.split('/').map(segment).collect());
    let (text, method) = (text.to_owned(), method.map(ToOwned::to_owned));
    Ok(RouteKey { segments: segments?, open, method, text })
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    if let Some(name) = text.strip_prefix('{') {
        let name = name.strip_suffix('}').ok_or("its { has no } at the end of the segment")?;
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"_-".contains(&c);
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err("the name of its parameter is not of A-Z a-z 0-9 _ -");
        }
        return Ok(Segment::Parameter(name.into()));
    }
    // What RFC 3986 §3.3 allows in a segment.
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@%".contains(&c);
    if !text.bytes().all(allowed) {
        return Err("its path has a character that a URL has only percent-encoded");
    }
    let literal = normalized(text).ok_or("its path has a malformed percent-encoding")?;
    if matches!(literal.as_str(), "." | "..") {
        return Err("its path has a segment . or .., which clients take out");
    }
    Ok(Segment::Literal(literal))
}

/// A path with percent-encodings only where they are needed, in capitals; none if one is
/// malformed.
#[must_use]
pub fn normalized(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let byte = u8::from_str_radix(after.get(..2)?, 16).ok()?;
        if !after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            normal.push(char::from(byte));
        } else {
            normal.push_str(&format!("%{byte:02X}"));
        }
        rest = &after[2..];
    }
    normal.push_str(rest);
    Some(normal)
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for RouteKey {
    type Error = InvalidRouteKey;

    fn try_from(text: String) -> Result<Self, InvalidRouteKey> {
        text.parse()
    }
}

impl From<RouteKey> for String {
    fn from(key: RouteKey) -> Self {
        key.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> RouteKey {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_a_method_and_a_path() {
        let one = key("GET /orders/{id}/lines");
        assert_eq!((one.method(), one.is_open(), one.has_parameters()), (Some("GET"), false, true));
        assert_eq!(one.segments()[1], Segment::Parameter("id".into()));
        assert_eq!(one.to_string(), "GET /orders/{id}/lines");
        assert_eq!((key("/*").segments().len(), key("/").segments().len()), (0, 1));
        assert_eq!(key("/api/*").segments(), [Segment::Literal("api".into())]);
        assert_eq!(key("/a%2fb%41").segments(), [Segment::Literal("a%2FbA".into())]);
    }

    #[test]
    fn what_is_no_key_is_refused_with_what_to_write() {
        for (text, fault) in [
            ("", "begins with a slash"),
            ("api", "begins with a slash"),
            ("get /", "none in capitals"),
            ("GET  /", "begins with a slash"),
            ("/a*", "does not follow a slash"),
            ("/*/a", "percent-encoded"),
            ("/{a", "no } at the end"),
            ("/{}", "name of its parameter"),
            ("/{a.b}", "name of its parameter"),
            ("/a/../b", "clients take out"),
            ("/a/%2e%2E/b", "clients take out"),
            ("/a?b", "percent-encoded"),
            ("/é", "percent-encoded"),
            ("/%4", "malformed"),
            ("/%+1", "malformed"),
        ] {
            let error = text.parse::<RouteKey>().unwrap_err().to_string();
            assert!(error.contains(fault) && error.contains("/orders/{id}"), "{text}: {error}");
        }
        assert!(format!("/{}", "a".repeat(512)).parse::<RouteKey>().is_err());
    }

    #[test]
    fn a_path_has_one_normal_form() {
        for (path, normal) in [
            ("/%61/%2e%7E", Some("/a/.~")),
            ("/a%2fb", Some("/a%2Fb")),
            ("/é%C3%a9", Some("/é%C3%A9")),
            ("/%", None),
            ("/%é1", None),
        ] {
            assert_eq!(normalized(path).as_deref(), normal, "{path}");
        }
    }

    #[test]
    fn keys_that_differ_in_names_alone_are_the_same() {
        assert_eq!(key("GET /a/{b}").shape(), key("GET /%61/{c}").shape());
        for other in ["/a/{c}", "GET /a/b", "GET /a/{b}/*", "GET /a/{b}/"] {
            assert_ne!(key("GET /a/{b}").shape(), key(other).shape(), "{other}");
        }
    }
}
