//! Which part of an event or a request decides between two versions.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::json_pointer::scalar_at;

/// Most bytes of the text that names the part.
const BYTES_MAX: usize = 256;

/// The part of what comes that decides which of two versions of an alias handles it:
/// `header:NAME`, `cookie:NAME`, `subject`, `id`, or `data:POINTER` with a JSON pointer such as
/// `/user/id`. What has no such part is shared out at random.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sticky {
    /// A field of the header of an HTTP request, by its lower-case name.
    Header(String),
    /// A cookie of an HTTP request.
    Cookie(String),
    /// The subject of an event.
    Subject,
    /// The id of an event.
    Id,
    /// A string, a number or a boolean in the JSON data of an event, by its JSON pointer
    /// (RFC 6901).
    Data(String),
}

/// A text that names no part of what comes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "sticky {text:?} is none of header:NAME, cookie:NAME, subject, id, and data:/POINTER (a JSON \
     pointer such as /user/id), of at most {BYTES_MAX} bytes and without control characters"
)]
pub struct InvalidSticky {
    text: String,
}

impl Sticky {
    /// Returns the text in an event that decides, if it has any.
    #[must_use]
    pub fn of_event<'e>(&self, event: &'e Event) -> Option<Cow<'e, str>> {
        match self {
            Self::Header(_) | Self::Cookie(_) => None,
            Self::Subject => event.subject.as_deref().map(Cow::Borrowed),
            Self::Id => Some(Cow::Borrowed(&event.id)),
            Self::Data(pointer) => scalar_at(&event.data, pointer),
        }
    }

    /// About how many bytes of memory its text takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Header(text) | Self::Cookie(text) | Self::Data(text) => text.len(),
            Self::Subject | Self::Id => 0,
        }
    }

    /// Returns the name of the header field that decides, or in which the cookie is that does.
    #[must_use]
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name),
            Self::Cookie(_) => Some("cookie"),
            Self::Subject | Self::Id | Self::Data(_) => None,
        }
    }

    /// Returns the text in a value of that header field that decides, if it has any.
    #[must_use]
    pub fn of_header<'v>(&self, value: &'v str) -> Option<&'v str> {
        match self {
            Self::Header(_) => Some(value),
            Self::Cookie(wanted) => value.split(';').find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                (name == wanted).then_some(value)
            }),
            Self::Subject | Self::Id | Self::Data(_) => None,
        }
    }
}

/// Whether a text is a token of HTTP, as names of header fields and cookies are.
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

impl FromStr for Sticky {
    type Err = InvalidSticky;
    fn from_str(text: &str) -> Result<Self, InvalidSticky> {
        let found = match text.split_once(':') {
            None if text == "subject" => Some(Self::Subject),
            None if text == "id" => Some(Self::Id),
            Some(("header", name)) if is_token(name) => {
                Some(Self::Header(name.to_ascii_lowercase()))
            }
            Some(("cookie", name)) if is_token(name) => Some(Self::Cookie(name.into())),
            Some(("data", pointer)) if pointer.starts_with('/') => Some(Self::Data(pointer.into())),
            _ => None,
        };
        let fits = text.len() <= BYTES_MAX && !text.contains(char::is_control);
        let found = found.filter(|_| fits);
        found.ok_or_else(|| InvalidSticky { text: text.chars().take(80).collect() })
    }
}

impl TryFrom<String> for Sticky {
    type Error = InvalidSticky;
    fn try_from(text: String) -> Result<Self, InvalidSticky> {
        text.parse()
    }
}

impl fmt::Display for Sticky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Subject => f.write_str("subject"),
            Self::Id => f.write_str("id"),
            Self::Data(pointer) => write!(f, "data:{pointer}"),
        }
    }
}

impl From<Sticky> for String {
    fn from(sticky: Sticky) -> Self {
        sticky.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &'static str) -> Event {
        Event {
            id: "e1".into(),
            source: "/s".into(),
            kind: "t".into(),
            subject: Some("u7".into()),
            time_ns: None,
            content_type: None,
            schema: None,
            extensions: Vec::new(),
            attempt: 1,
            data: data.into(),
        }
    }

    #[test]
    fn the_part_is_found_where_there_is_one() {
        let of = |text: &str, data| {
            let event = event(data);
            text.parse::<Sticky>().unwrap().of_event(&event).map(Cow::into_owned)
        };
        assert_eq!(of("subject", "").as_deref(), Some("u7"));
        assert_eq!(of("id", "").as_deref(), Some("e1"));
        assert_eq!(of("data:/user/id", r#"{"user":{"id":"x"}}"#).as_deref(), Some("x"));
        assert_eq!(of("data:/user/id", r#"{"user":{"id":7}}"#).as_deref(), Some("7"));
        for without in ["", "no json", "{}", r#"{"user":{"id":null}}"#] {
            assert_eq!(of("data:/user/id", without), None);
        }
        assert_eq!(of("header:x-user", "{}"), None);
        let cookie: Sticky = "cookie:sid".parse().unwrap();
        assert_eq!(cookie.of_header("a=1; sid=two; sid=3"), Some("two"));
        assert_eq!((cookie.of_header("xsid=1"), cookie.header()), (None, Some("cookie")));
        let header: Sticky = "header:X-User".parse().unwrap();
        assert_eq!((header.header(), header.of_header("me")), (Some("x-user"), Some("me")));
    }

    #[test]
    fn texts_are_read_and_written() {
        for text in ["header:x-user", "cookie:sid", "subject", "id", "data:/a~1b/0"] {
            assert_eq!(text.parse::<Sticky>().unwrap().to_string(), text);
        }
        let long = format!("header:{}", "x".repeat(BYTES_MAX));
        let wide = format!("data:/{}", "\u{1F600}".repeat(BYTES_MAX / 4));
        for wrong in [
            "",
            "header",
            "header:",
            "header:a b",
            "data:x",
            "data:",
            "Subject",
            &long,
            &wide,
            "data:/a\u{1}",
            "data:/a\nb",
        ] {
            let error = wrong.parse::<Sticky>().unwrap_err().to_string();
            assert!(error.contains("none of header:NAME"), "{error}");
        }
    }
}
