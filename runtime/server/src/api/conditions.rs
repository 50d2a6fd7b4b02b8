//! Conditional and partial requests: RFC 9110 §13 and §14.
//!
//! Every request to the API comes through [`keep`], which reads their header
//! fields, refuses those that its route cannot honour, and names in
//! `lambent-ignored` those that HTTP has a server ignore. What is left is in
//! [`Conditions`], for the handler: the store decides a change in the
//! transaction that makes it. What a handler answers a read with is decided
//! here, by the validators in the answer.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONTENT_RANGE, ETAG, EXPECT, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use lambent_api::headers::IGNORED;
use lambent_types::{EntityTag, EntityTags, ErrorCode, Precondition, Unmet, Validators};

use super::ranges::{self, Part, Wanted};
use crate::problem::Refusal;

/// What a route's method does with conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Honours {
    /// A read that is given out in parts.
    Ranges,
    /// A change that can be for one entity tag.
    Tags,
    /// A change that can be for one entity tag or date.
    TagsAndDates,
}

/// What the methods of a route do with conditions. Reads that are not here are
/// given out whole; changes that are not here can have none.
pub(super) type Honoured = &'static [(Method, Honours)];

/// What a request expects of its resource, and which part of it is wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    /// Whether to do anything at all.
    pub(super) precondition: Precondition,
    range: Option<Wanted>,
    if_range: Option<IfRange>,
    ignored: Vec<HeaderName>,
}

/// What a part must be of.
#[derive(Debug, Clone)]
enum IfRange {
    Tag(EntityTag),
    Date(Timestamp),
}

/// Serves a request whose route honours so much.
pub(super) async fn keep(
    State(honoured): State<Honoured>,
    mut request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let conditions = match Conditions::read(&method, request.headers(), honoured) {
        Ok(conditions) => conditions,
        Err(refusal) => return IntoResponse::into_response(refusal),
    };
    request.extensions_mut().insert(conditions.clone());
    let mut response = next.run(request).await;
    let mut ignored = conditions.ignored.clone();
    if is_read(&method) && response.status() == StatusCode::OK {
        if !response.headers().contains_key(LAST_MODIFIED) {
            ignored.extend(conditions.dates());
        }
        response = conditions.select(response);
    }
    let names: Vec<_> = ignored.iter().map(HeaderName::as_str).collect();
    if let Ok(names) = HeaderValue::try_from(names.join(", "))
        && !names.is_empty()
    {
        response.headers_mut().insert(IGNORED, names);
    }
    response
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

impl Conditions {
    /// Reads what a request expects, of which its method honours so much.
    pub(super) fn read(
        method: &Method,
        headers: &HeaderMap,
        honoured: &[(Method, Honours)],
    ) -> Result<Self, Refusal> {
        check_unconditional(headers)?;
        let honours = honoured.iter().find(|(of, _)| of == method).map(|(_, honours)| *honours);
        let mut conditions = Self::default();
        if is_read(method) {
            conditions.read_dates(headers);
            conditions.read_range(headers, honours == Some(Honours::Ranges));
        } else {
            check_honoured(method, headers, honours)?;
            conditions.read_dates(headers);
            // §13.1.3, §14.2, §13.1.5: these are for reads alone.
            conditions.precondition.if_modified_since = None;
            conditions.ignore(headers, &[IF_MODIFIED_SINCE, RANGE, IF_RANGE]);
        }
        conditions.precondition.if_match = tags(headers, &IF_MATCH)?;
        conditions.precondition.if_none_match = tags(headers, &IF_NONE_MATCH)?;
        Ok(conditions)
    }

    /// Reads the dates. One that is none is ignored (§13.1.3, §13.1.4).
    fn read_dates(&mut self, headers: &HeaderMap) {
        let fields = [
            (IF_MODIFIED_SINCE, &mut self.precondition.if_modified_since),
            (IF_UNMODIFIED_SINCE, &mut self.precondition.if_unmodified_since),
        ];
        for (name, read) in fields {
            *read = one(headers, &name).and_then(date);
            if headers.contains_key(&name) && read.is_none() {
                self.ignored.push(name);
            }
        }
    }

    /// Reads which part is wanted. Several parts, what is no range, and
    /// `If-Range` without one, are ignored: all is sent (§14.2, §13.1.5).
    fn read_range(&mut self, headers: &HeaderMap, honoured: bool) {
        self.range = one(headers, &RANGE).and_then(ranges::parse).filter(|_| honoured);
        if self.range.is_none() {
            return self.ignore(headers, &[RANGE, IF_RANGE]);
        }
        let Some(text) = one(headers, &IF_RANGE) else {
            if headers.contains_key(IF_RANGE) {
                // Of two there is none that is meant: no part of either.
                self.range = None;
                self.ignore(headers, &[RANGE, IF_RANGE]);
            }
            return;
        };
        let tag = text.parse().map(IfRange::Tag).ok();
        self.if_range = tag.or_else(|| date(text).map(IfRange::Date));
        if self.if_range.is_none() {
            self.range = None;
            self.ignore(headers, &[RANGE, IF_RANGE]);
        }
    }

    /// Dates that a resource without one cannot be asked for (§13.1.3, §13.1.4).
    fn dates(&self) -> impl Iterator<Item = HeaderName> {
        let Precondition { if_modified_since, if_unmodified_since, .. } = &self.precondition;
        let dates =
            [(IF_MODIFIED_SINCE, if_modified_since), (IF_UNMODIFIED_SINCE, if_unmodified_since)];
        dates.into_iter().filter(|(_, date)| date.is_some()).map(|(name, _)| name)
    }

    fn ignore(&mut self, headers: &HeaderMap, names: &[HeaderName]) {
        for name in names.iter().filter(|name| headers.contains_key(*name)) {
            if !self.ignored.contains(name) {
                self.ignored.push(name.clone());
            }
        }
    }

    /// Decides a read of what carries these validators.
    pub(super) fn check(&self, current: Validators<'_>) -> Result<(), Unmet> {
        self.precondition.check(Some(current))
    }

    /// The part of `size` bytes that is wanted, of what carries these
    /// validators; `None` is all of it. May begin after the end.
    pub(super) fn part(&self, current: Validators<'_>, size: u64) -> Option<Part> {
        let applies = match &self.if_range {
            None => true,
            Some(IfRange::Tag(tag)) => current.tag.is_some_and(|now| tag.is_strongly(now)),
            Some(IfRange::Date(date)) => {
                current.modified.is_some_and(|now| now.as_second() == date.as_second())
            }
        };
        self.range.filter(|_| applies).map(|wanted| wanted.of(size))
    }

    /// What of an answer to a read is given out.
    fn select(&self, response: Response) -> Response {
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let tag: Option<EntityTag> = text(ETAG).and_then(|tag| tag.parse().ok());
        let current = Validators {
            tag: tag.as_ref().map(|tag| tag.opaque.as_str()),
            modified: text(LAST_MODIFIED).and_then(date),
        };
        match self.check(current) {
            Ok(()) => response,
            Err(Unmet::Known) => not_modified(response.headers()),
            Err(Unmet::Changed) => IntoResponse::into_response(changed(current)),
        }
    }
}

/// The answer to a client that has the representation with these headers.
pub(super) fn not_modified(headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    *response.headers_mut() = headers.clone();
    // What is said of the bytes is not said where there are none (§15.4.5).
    for name in headers.keys().filter(|name| name.as_str().starts_with("content-")) {
        response.headers_mut().remove(name);
    }
    response
}

/// The refusal of a read of what is not what the client takes it for.
pub(super) fn changed(current: Validators<'_>) -> Refusal {
    let tag = current.tag.map_or("no entity tag".to_owned(), |tag| format!("the etag \"{tag}\""));
    let since = current.modified.map(|now| format!(" and was modified on {}", http_date(now)));
    let detail = format!("the resource has {tag}{}", since.unwrap_or_default());
    Refusal::new(ErrorCode::PreconditionFailed, detail)
}

/// A time as `Last-Modified` has it.
pub(super) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A date in any of the three formats of §5.6.7.
fn date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

/// The text of a field that is given once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().map(str::trim),
        _ => None,
    }
}

/// The tags of a field, whose lines are one list.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<EntityTags>, Refusal> {
    let lines = headers.get_all(name).iter().map(|value| std::str::from_utf8(value.as_bytes()));
    let lines = lines.collect::<Result<Vec<_>, _>>();
    let lines = lines.map_err(|_| Refusal::invalid(format!("header \"{name}\" is not UTF-8")))?;
    if lines.is_empty() {
        return Ok(None);
    }
    let tags = lines.join(",").parse();
    tags.map(Some).map_err(|error| Refusal::invalid(format!("header \"{name}\" is {error}")))
}

/// Refuses what no route serves.
fn check_unconditional(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(CONTENT_RANGE) {
        return Err(Refusal::invalid(
            "header \"content-range\": a part of a resource cannot be written; send all of it, \
             or an object in parts, as a multipart upload",
        ));
    }
    let other = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(EXPECT).iter().any(other) {
        return Err(Refusal::expectation_failed(
            "header \"expect\": only 100-continue can be expected",
        ));
    }
    Ok(())
}

/// Refuses the conditions of a change that its route cannot keep: to make it
/// anyway could undo what the client has not seen.
fn check_honoured(
    method: &Method,
    headers: &HeaderMap,
    honours: Option<Honours>,
) -> Result<(), Refusal> {
    let (tags, dates) = match honours {
        None | Some(Honours::Ranges) => (false, false),
        Some(Honours::Tags) => (true, false),
        Some(Honours::TagsAndDates) => (true, true),
    };
    let fields = [(IF_MATCH, tags), (IF_NONE_MATCH, tags), (IF_UNMODIFIED_SINCE, dates)];
    for (name, honoured) in fields {
        if !headers.contains_key(&name) || honoured {
            continue;
        }
        // Where there is no date, one that is none says nothing either.
        let why = if tags {
            "this resource has an entity tag and no date; give If-Match with what ETag says"
        } else {
            "what this changes has no entity tag and no date; leave it out"
        };
        return Err(Refusal::not_implemented(format!(
            "header \"{name}\" cannot be honoured for {method} here: {why}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        fields.iter().map(field).collect()
    }

    const OBJECT: Honoured =
        &[(Method::GET, Honours::Ranges), (Method::PUT, Honours::TagsAndDates)];

    /// Ten bytes with the tag `a`, modified at second 784,111,777.
    fn ten() -> Validators<'static> {
        let modified = Timestamp::from_millisecond(784_111_777_250).unwrap();
        Validators { tag: Some("a"), modified: Some(modified) }
    }

    fn part(fields: &[(&'static str, &str)]) -> (Option<Part>, Vec<HeaderName>) {
        let read = Conditions::read(&Method::GET, &headers(fields), OBJECT).unwrap();
        (read.part(ten(), 10), read.ignored)
    }

    #[test]
    fn dates_are_read_in_all_three_formats() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(date(text), Some(Timestamp::from_second(784_111_777).unwrap()), "{text}");
        }
        for bad in ["", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37", "0"] {
            assert_eq!(date(bad), None, "{bad}");
        }
        assert_eq!(http_date(ten().modified.unwrap()), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_part_can_be_of_one_state_only() {
        let whole: Option<Part> = None;
        let three = Some(Part { start: 0, end: 4 });
        for (condition, wanted) in [
            ("\"a\"", three),
            ("\"b\"", whole),
            ("W/\"a\"", whole),
            ("Sun, 06 Nov 1994 08:49:37 GMT", three),
            ("Sunday, 06-Nov-94 08:49:37 GMT", three),
            ("Sun, 06 Nov 1994 08:49:38 GMT", whole),
        ] {
            let fields = [("range", "bytes=0-3"), ("if-range", condition)];
            assert_eq!(part(&fields), (wanted, vec![]), "{condition}");
        }
        for odd in ["a", "*", "\"a\", \"b\"", "yesterday"] {
            let fields = [("range", "bytes=0-3"), ("if-range", odd)];
            assert_eq!(part(&fields), (whole, vec![RANGE, IF_RANGE]), "{odd}");
        }
    }

    #[test]
    fn what_is_ignored_is_said() {
        assert_eq!(part(&[("range", "lines=1-2")]), (None, vec![RANGE]));
        assert_eq!(part(&[("range", "bytes=0-1,3-4")]), (None, vec![RANGE]));
        assert_eq!(part(&[("if-range", "\"a\"")]), (None, vec![IF_RANGE]));
        let twice = [("range", "bytes=0-3"), ("if-range", "\"a\""), ("if-range", "\"a\"")];
        let mut fields = headers(&twice[..2]);
        fields.append(IF_RANGE, twice[2].1.parse().unwrap());
        let read = Conditions::read(&Method::GET, &fields, OBJECT).unwrap();
        assert_eq!((read.part(ten(), 10), read.ignored), (None, vec![RANGE, IF_RANGE]));
        let fields = [
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("if-unmodified-since", "whenever"),
            ("range", "bytes=0-3"),
        ];
        let read = Conditions::read(&Method::PUT, &headers(&fields), OBJECT).unwrap();
        assert!(read.precondition.is_empty());
        assert_eq!(read.ignored, [IF_UNMODIFIED_SINCE, IF_MODIFIED_SINCE, RANGE]);
    }
}
