//! Blocks: how records of one function are kept, many in a row.
//!
//! A block is a byte that tells its format, a checksum, and the rest in
//! postcard: the names of the function, then one entry a record until the end.
//! An entry holds what differs from the entry before, so that most numbers take
//! one byte or two. What is rare (how an invocation failed) is JSON, as in the API.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{
    AliasName, BatchItems, FunctionName, Handler, InvocationRecord, LogLine, LogStream, Logs,
    Meter, Namespace, Outcome, RequestId, Start, VersionNumber,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::row::{Checksum, checksum};
use lambent_storage::backend::Source;

/// What a start is written as: its place here, for ever.
const STARTS: [Start; 6] =
    [Start::Loaded, Start::Mapped, Start::Ready, Start::Reused, Start::Shared, Start::Restored];

const fn start(start: Start) -> u8 {
    match start {
        Start::Loaded => 0,
        Start::Mapped => 1,
        Start::Ready => 2,
        Start::Reused => 3,
        Start::Shared => 4,
        Start::Restored => 5,
    }
}

/// The first byte of a block.
const FORMAT: u8 = 2;
/// The first byte of a block from before aliases: its entries have a [`FormerTarget`].
const FORMER: u8 = 1;
/// The first byte of what older releases wrote: one record as JSON.
const JSON: u8 = b'{';
/// Most bytes of a block of more than one record.
const BYTES_MAX: usize = 256 << 10;
/// Where the names and entries begin.
const START: usize = 1 + size_of::<Checksum>();

/// What all records of a block have in common.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    namespace: &'a str,
    function: &'a str,
}

/// One record. Never changed: there would have to be another [`FORMAT`].
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Entry<'a, T> {
    /// What was called, if not the same as before.
    target: Option<T>,
    /// The id as a number, less the one before.
    id: i128,
    /// Nanoseconds since the start of the one before.
    started: i128,
    /// The numbers of the meter, less those before.
    meter: [i64; METERS],
    /// The place of its start in [`STARTS`].
    start: u8,
    /// How it ended, as the JSON of an [`End`], unless well and whole.
    #[serde(borrow)]
    outcome: Option<&'a str>,
    lines: Vec<Line<'a>>,
    dropped_bytes: u64,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq)]
struct Target<'a> {
    /// `None`: the latest.
    version: Option<u64>,
    handler: &'a str,
    /// The alias that it was asked for by.
    #[serde(borrow)]
    alias: Option<&'a str>,
}

/// The same before there were aliases.
#[derive(Deserialize)]
struct FormerTarget<'a> {
    version: Option<u64>,
    handler: &'a str,
}

impl<'a> From<FormerTarget<'a>> for Target<'a> {
    fn from(FormerTarget { version, handler }: FormerTarget<'a>) -> Self {
        Self { version, handler, alias: None }
    }
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    stderr: bool,
    text: &'a str,
}

/// How a record ended. Older releases know the outcome alone, and read that.
#[derive(Serialize, Deserialize)]
struct End<'a> {
    #[serde(flatten)]
    outcome: Cow<'a, Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<BatchItems>,
}

const METERS: usize = 5;

fn meters(meter: &Meter) -> [u64; METERS] {
    let duration_us = u64::try_from(meter.duration.as_micros()).unwrap_or(u64::MAX);
    [meter.fuel, duration_us, meter.memory_bytes, meter.bytes_in, meter.bytes_out]
}

/// What the next entry is told relative to.
struct Before<'a> {
    target: Option<Target<'a>>,
    id: u128,
    started: i128,
    meters: [u64; METERS],
}

impl<'a> Before<'a> {
    /// What an entry has to say of a record; from then on relative to it.
    fn entry<'e>(
        &mut self,
        record: &'a InvocationRecord,
        outcome: Option<&'e str>,
    ) -> Entry<'e, Target<'a>>
    where
        'a: 'e,
    {
        let version = match record.version {
            VersionNumber::Latest => None,
            VersionNumber::Number(number) => Some(number),
        };
        let alias = record.alias.as_ref().map(AliasName::as_str);
        let target = Some(Target { version, handler: record.handler.as_str(), alias });
        let id = record.id.0.as_u128();
        let started = record.started.as_nanosecond();
        let meters = meters(&record.meter);
        let line = |line: &'a LogLine| Line {
            stderr: matches!(line.stream, LogStream::Stderr),
            text: &line.text,
        };
        let entry = Entry {
            target: target.filter(|_| self.target != target),
            id: id.wrapping_sub(self.id).cast_signed(),
            started: started - self.started,
            meter: std::array::from_fn(|n| meters[n].wrapping_sub(self.meters[n]).cast_signed()),
            start: start(record.meter.start),
            outcome,
            lines: record.logs.lines.iter().map(line).collect(),
            dropped_bytes: record.logs.dropped_bytes,
        };
        *self = Self { target, id, started, meters };
        entry
    }

    const NOTHING: Self = Self { target: None, id: 0, started: 0, meters: [0; METERS] };

    /// The record that an entry tells of; from then on relative to it.
    fn record<T: Into<Target<'a>>>(
        &mut self,
        entry: Entry<'a, T>,
        namespace: &Namespace,
        function: &FunctionName,
    ) -> Result<InvocationRecord, Source> {
        let Some(target) = entry.target.map(Into::into).or(self.target) else {
            return Err("nothing was called".into());
        };
        let handler = Handler::ALL.into_iter().find(|known| known.as_str() == target.handler);
        self.target = Some(target);
        self.id = self.id.wrapping_add(entry.id.cast_unsigned());
        self.started = self.started.wrapping_add(entry.started);
        self.meters =
            std::array::from_fn(|n| self.meters[n].wrapping_add(entry.meter[n].cast_unsigned()));
        let End { outcome, items } = match entry.outcome {
            Some(json) => serde_json::from_str(json)?,
            None => End { outcome: Cow::Owned(Outcome::Ok), items: None },
        };
        Ok(InvocationRecord {
            id: RequestId(Uuid::from_u128(self.id)),
            namespace: namespace.clone(),
            function: function.clone(),
            version: target.version.map_or(VersionNumber::Latest, VersionNumber::Number),
            alias: target.alias.map(str::parse).transpose()?,
            handler: handler.ok_or("what was called is unknown")?,
            started: Timestamp::from_nanosecond(self.started)?,
            outcome: outcome.into_owned(),
            meter: self.meter(entry.start),
            logs: logs(entry.lines, entry.dropped_bytes),
            items,
        })
    }

    fn meter(&self, start: u8) -> Meter {
        let [fuel, duration_us, memory_bytes, bytes_in, bytes_out] = self.meters;
        let duration = Duration::from_micros(duration_us);
        let start = STARTS.get(usize::from(start)).copied().unwrap_or_default();
        Meter { fuel, duration, memory_bytes, bytes_in, bytes_out, start }
    }
}

fn logs(lines: Vec<Line<'_>>, dropped_bytes: u64) -> Logs {
    let line = |line: Line<'_>| LogLine {
        stream: if line.stderr { LogStream::Stderr } else { LogStream::Stdout },
        text: line.text.to_owned(),
    };
    Logs { lines: lines.into_iter().map(line).collect(), dropped_bytes }
}

/// Writes blocks, one after the other, into the same memory.
#[derive(Default)]
pub(super) struct Encoder {
    body: Vec<u8>,
}

impl Encoder {
    /// Makes a block of as many of these records of one function as fit, at least
    /// one, and returns how many. The last one's cursor is `before` and as many more.
    pub(super) fn fill<'a>(
        &mut self,
        before: u64,
        records: impl Iterator<Item = &'a InvocationRecord>,
    ) -> Result<usize, Source> {
        self.body.clear();
        self.body.resize(START, 0);
        let mut count = 0;
        let mut last = Before::NOTHING;
        for record in records {
            if count == 0 {
                let (namespace, function) = (record.namespace.as_str(), record.function.as_str());
                self.put(&Head { namespace, function })?;
            }
            let told = !record.outcome.is_ok() || record.items.is_some();
            let end =
                || End { outcome: Cow::Borrowed(&record.outcome), items: record.items.clone() };
            let json = told.then(|| serde_json::to_string(&end())).transpose()?;
            let end = self.body.len();
            self.put(&last.entry(record, json.as_deref()))?;
            if self.body.len() > BYTES_MAX && count > 0 {
                self.body.truncate(end);
                break;
            }
            count += 1;
        }
        let checksum = proof(before + count as u64, &self.body[START..]);
        self.body[0] = FORMAT;
        self.body[1..START].copy_from_slice(&checksum);
        Ok(count)
    }

    /// The block.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    fn put(&mut self, value: &impl Serialize) -> Result<(), Source> {
        self.body = postcard::to_extend(value, std::mem::take(&mut self.body))?;
        Ok(())
    }
}

/// Proves that a block is what was written, where it was written.
fn proof(cursor: u64, rest: &[u8]) -> Checksum {
    checksum([b"block", &cursor.to_be_bytes(), rest])
}

/// The records of a block whose last one has this cursor.
pub(super) fn decode(cursor: u64, body: &[u8]) -> Result<Vec<InvocationRecord>, Source> {
    match body.first() {
        Some(&JSON) => return Ok(vec![serde_json::from_slice(body)?]),
        Some(&(FORMAT | FORMER)) if body.len() >= START => {}
        _ => return Err("its format is unknown".into()),
    }
    let (start, rest) = body.split_at(START);
    if start[1..] != proof(cursor, rest) {
        return Err("its checksum differs".into());
    }
    let (head, mut rest) = postcard::take_from_bytes::<Head<'_>>(rest)?;
    let (namespace, function) = (head.namespace.parse()?, head.function.parse()?);
    let mut records = Vec::new();
    let mut last = Before::NOTHING;
    while !rest.is_empty() {
        let (record, after) = if start[0] == FORMER {
            let (entry, after) = postcard::take_from_bytes::<Entry<'_, FormerTarget<'_>>>(rest)?;
            (last.record(entry, &namespace, &function)?, after)
        } else {
            let (entry, after) = postcard::take_from_bytes::<Entry<'_, Target<'_>>>(rest)?;
            (last.record(entry, &namespace, &function)?, after)
        };
        records.push(record);
        rest = after;
    }
    Ok(records)
}

#[cfg(test)]
mod tests;
