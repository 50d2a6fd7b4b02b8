//! Log events: the lines that functions wrote, between Lambda's own of each invocation.

use std::collections::VecDeque;

use jiff::{Timestamp, ToSpan as _};
use lambent_service::{FunctionHandle, LogFilter};
use lambent_types::{InvocationRecord, Qualifier, bounds};
use serde::{Deserialize, Serialize};

use super::error::{fault, invalid};
use super::groups::{Named, limit};
use super::pattern::Pattern;
use super::streams::{end, qualifier, stream};
use crate::call::Call;
use crate::fault::Fault;
use crate::report;

/// Most events of a page; CloudWatch's.
const PAGE_MAX: i64 = 10_000;
/// Most bytes of a page, with [`EVENT_BYTES`] for each event beside its message; CloudWatch's.
const PAGE_BYTES_MAX: usize = 1 << 20;
/// What an event counts for beside its message; CloudWatch's.
const EVENT_BYTES: usize = 26;
/// Most streams that a request names; CloudWatch's.
const STREAMS_MAX: usize = 100;
/// Most pages of records that one request looks through, where few of them are meant.
const LOOKS_MAX: usize = 50;
/// Longer than any invocation, whose lines have the time of its end.
const LONGEST_SECONDS: i64 = 900;

/// A line.
struct Event {
    stream: String,
    id: String,
    /// Milliseconds since 1970.
    time: i64,
    message: String,
}

/// Which lines are wanted.
#[derive(Default)]
struct Wanted {
    streams: Vec<String>,
    prefix: String,
    since: Option<i64>,
    until: Option<i64>,
    pattern: Pattern,
}

impl Wanted {
    fn is_meant(&self, event: &Event) -> bool {
        (self.streams.is_empty() || self.streams.contains(&event.stream))
            && event.stream.starts_with(&self.prefix)
            && self.since.is_none_or(|since| event.time >= since)
            && self.until.is_none_or(|until| event.time <= until)
            && self.pattern.fits(&event.message)
    }

    /// What is asked of the records: invocations that began before may end within.
    fn records(&self, after: u64) -> LogFilter {
        let since = self.since.and_then(|since| Timestamp::from_millisecond(since).ok());
        let since = since.and_then(|since| since.checked_sub(LONGEST_SECONDS.seconds()).ok());
        let qualifier = self.qualifier();
        let limit = bounds::PAGE_MAX;
        LogFilter { after: Some(after), since, qualifier, limit, ..LogFilter::default() }
    }

    /// The version of the only stream that is wanted.
    fn qualifier(&self) -> Option<Qualifier> {
        match self.streams.as_slice() {
            [stream] => qualifier(stream),
            _ => None,
        }
    }
}

impl Event {
    fn bytes(&self) -> usize {
        self.message.len() + EVENT_BYTES
    }
}

/// A place among all events: after a record, and so many events of the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    after: u64,
    skip: usize,
}

impl Place {
    fn token(self) -> String {
        format!("f/{}/{}", self.after, self.skip)
    }

    fn read(token: &str) -> Result<Self, Fault> {
        let read = || {
            let (after, skip) = token.strip_prefix("f/")?.split_once('/')?;
            Some(Self { after: after.parse().ok()?, skip: skip.parse().ok()? })
        };
        read().ok_or_else(|| invalid("The specified nextToken is invalid."))
    }
}

/// The events of a record, in their order. All have the time of its end, as records are in the order of
/// their ends: who asks for what is later than the last event gets what of others ended meanwhile.
fn events(record: &InvocationRecord, memory_bytes: u64) -> Vec<Event> {
    let time = end(record);
    let event = |(place, message): (usize, String)| Event {
        stream: stream(record),
        id: format!("{}-{place:06}", record.id),
        time,
        message,
    };
    report::lines(record, memory_bytes).into_iter().enumerate().map(event).collect()
}

/// Reads events from a place on. With them, where to go on, and whether that is the end.
async fn read(
    function: &FunctionHandle<'_>,
    wanted: &Wanted,
    mut place: Place,
    limit: usize,
) -> Result<(Vec<Event>, Place, bool), Fault> {
    let memory = function.describe().await.map_err(fault)?.latest.configuration.memory_bytes;
    let (mut found, mut bytes) = (Vec::new(), 0);
    for _ in 0..LOOKS_MAX {
        let page = function.logs(wanted.records(place.after)).await.map_err(fault)?;
        if page.records.is_empty() {
            return Ok((found, place, true));
        }
        for (cursor, record) in &page.records {
            for (index, event) in events(record, memory).into_iter().enumerate().skip(place.skip) {
                if !wanted.is_meant(&event) {
                    continue;
                }
                bytes += event.bytes();
                if found.len() == limit || (bytes > PAGE_BYTES_MAX && !found.is_empty()) {
                    return Ok((found, Place { skip: index, ..place }, false));
                }
                found.push(event);
            }
            tokio::task::yield_now().await;
            place = Place { after: *cursor, skip: 0 };
        }
        place.after = page.next.max(place.after);
    }
    Ok((found, place, false))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Filter {
    #[serde(flatten)]
    group: Named,
    log_stream_names: Vec<String>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filtered {
    events: Vec<FilteredEvent>,
    searched_log_streams: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FilteredEvent {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    ingestion_time: i64,
    event_id: String,
}

pub(super) async fn filter(call: &Call, asked: Filter) -> Result<Filtered, Fault> {
    let function = asked.group.function(call)?;
    let limit = limit(asked.limit, PAGE_MAX)?;
    if !asked.log_stream_names.is_empty() && asked.log_stream_name_prefix.is_some() {
        return Err(invalid("Give either logStreamNames or logStreamNamePrefix"));
    }
    if asked.log_stream_names.len() > STREAMS_MAX {
        return Err(invalid(format!("logStreamNames has more than {STREAMS_MAX} names")));
    }
    let wanted = Wanted {
        streams: asked.log_stream_names,
        prefix: asked.log_stream_name_prefix.unwrap_or_default(),
        since: asked.start_time,
        until: asked.end_time,
        pattern: Pattern::read(asked.filter_pattern.as_deref().unwrap_or_default())?,
    };
    let place = asked.next_token.as_deref().map(Place::read).transpose()?.unwrap_or_default();
    let (found, place, is_end) = read(&function, &wanted, place, limit).await?;
    let event = |event: Event| FilteredEvent {
        log_stream_name: event.stream,
        timestamp: event.time,
        message: event.message,
        ingestion_time: event.time,
        event_id: event.id,
    };
    Ok(Filtered {
        events: found.into_iter().map(event).collect(),
        searched_log_streams: [],
        next_token: (!is_end).then(|| place.token()),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Get {
    #[serde(flatten)]
    group: Named,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Got {
    events: Vec<GotEvent>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GotEvent {
    timestamp: i64,
    message: String,
    ingestion_time: i64,
}

/// The end of what is before: a client that gets back the token that it gave stops.
const BEGINNING: &str = "b/0/0";

pub(super) async fn get(call: &Call, asked: Get) -> Result<Got, Fault> {
    let function = asked.group.function(call)?;
    let limit = limit(asked.limit, PAGE_MAX)?;
    let stream = asked.log_stream_name.ok_or_else(|| invalid("logStreamName is missing"))?;
    let wanted = Wanted {
        streams: vec![stream],
        since: asked.start_time,
        until: asked.end_time,
        ..Wanted::default()
    };
    let (found, place) = match asked.next_token.as_deref() {
        Some(BEGINNING) => (Vec::new(), Place::default()),
        Some(token) => {
            let (found, place, _) = read(&function, &wanted, Place::read(token)?, limit).await?;
            (found, place)
        }
        None if asked.start_from_head => {
            let (found, place, _) = read(&function, &wanted, Place::default(), limit).await?;
            (found, place)
        }
        None => last(&function, &wanted, limit).await?,
    };
    let event = |event: Event| GotEvent {
        timestamp: event.time,
        message: event.message,
        ingestion_time: event.time,
    };
    Ok(Got {
        events: found.into_iter().map(event).collect(),
        next_forward_token: place.token(),
        next_backward_token: BEGINNING.to_owned(),
    })
}

/// The last events that are wanted: among those of the last records, or, if they end before those, of
/// all from the beginning on.
async fn last(
    function: &FunctionHandle<'_>,
    wanted: &Wanted,
    limit: usize,
) -> Result<(Vec<Event>, Place), Fault> {
    let memory = function.describe().await.map_err(fault)?.latest.configuration.memory_bytes;
    let (mut found, mut place) = (VecDeque::new(), Place::default());
    let mut filter = match wanted.until {
        Some(_) => wanted.records(0),
        None => LogFilter { after: None, since: None, ..wanted.records(0) },
    };
    for _ in 0..LOOKS_MAX {
        let page = function.logs(filter.clone()).await.map_err(fault)?;
        for (cursor, record) in &page.records {
            let events = events(record, memory).into_iter();
            found.extend(events.filter(|event| wanted.is_meant(event)));
            keep_last(&mut found, limit);
            place.after = *cursor;
            tokio::task::yield_now().await;
        }
        if filter.after.is_none() || page.records.is_empty() {
            break;
        }
        filter.after = Some(page.next.max(place.after));
    }
    Ok((found.into(), place))
}

/// Keeps the last events, as many as a page has.
fn keep_last(events: &mut VecDeque<Event>, limit: usize) {
    let mut bytes = 0;
    let fits = |event: &&Event| {
        bytes += event.bytes();
        bytes <= PAGE_BYTES_MAX
    };
    let kept = events.iter().rev().take(limit).take_while(fits).count().max(1);
    events.drain(..events.len().saturating_sub(kept));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_no_more_than_a_page() {
        let event = |bytes: usize| Event {
            stream: String::new(),
            id: String::new(),
            time: 0,
            message: "x".repeat(bytes),
        };
        let kept = |bytes: usize, count: usize, limit: usize| {
            let mut events = (0..count).map(|_| event(bytes)).collect();
            keep_last(&mut events, limit);
            events.len()
        };
        assert_eq!((kept(1, 7, 5), kept(1, 3, 5), kept(1, 0, 5)), (5, 3, 0));
        assert_eq!(kept(256 << 10, 7, 5), 3, "with what each counts for beside");
        assert_eq!(kept(2 << 20, 7, 5), 1);
    }

    #[test]
    fn of_one_stream_the_records_of_its_version_are_read() {
        let asked = |streams: &[&str]| {
            let streams = streams.iter().map(|&stream| stream.to_owned()).collect();
            Wanted { streams, ..Wanted::default() }.records(0).qualifier
        };
        assert_eq!(asked(&["[3]"]), Some(Qualifier::Version(3)));
        assert_eq!(asked(&["[$LATEST]"]), Some(Qualifier::Latest));
        assert_eq!((asked(&["[live]"]), asked(&["3"]), asked(&["[3]", "[4]"])), (None, None, None));
    }

    #[test]
    fn a_token_is_a_place() {
        let place = Place { after: 7, skip: 3 };
        assert_eq!(Place::read(&place.token()).unwrap(), place);
        for token in ["", "f/1", "f/1/x", "b/1/1", "1/1"] {
            assert!(Place::read(token).is_err(), "{token}");
        }
    }
}
