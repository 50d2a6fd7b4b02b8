//! Streams of tables in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use lambent_tables::{Item, StreamRecord, StreamSequence, TableDefinition};
use lambent_types::{Origin, TableName};

use crate::tables::stream_rules::{self as rules, STREAM_PAGE_BYTES_MAX};
use crate::tables::{StreamChange, StreamPage, TableError, TableStream};

const STREAM_TIME: SignedDuration =
    SignedDuration::from_secs(rules::STREAM_TIME.as_secs().cast_signed());

/// What became of an item of a table: what it was, and what it is.
pub(super) type ChangedItem = (TableName, Option<Item>, Option<Item>);

/// By the key of the namespace, the table and the label.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<(String, TableName, String), Stream>);

#[derive(Debug)]
struct Stream {
    /// But for its oldest record.
    shown: TableStream,
    closed: Option<Timestamp>,
    /// With the time by which they are trimmed.
    records: VecDeque<(Timestamp, StreamChange)>,
}

impl Stream {
    fn oldest(&self) -> StreamSequence {
        self.records.front().map_or(self.shown.next, |(_, first)| first.record.sequence)
    }

    fn shown(&self) -> TableStream {
        TableStream { oldest: self.oldest(), ..self.shown.clone() }
    }
}

impl Streams {
    /// What all records of a namespace count against its quota.
    pub(super) fn weight(&self, owner: &str) -> i64 {
        let own = self.0.iter().filter(|((namespace, ..), _)| namespace == owner);
        let records = own.flat_map(|(_, stream)| &stream.records);
        records.map(|(_, change)| rules::stream_weight(change)).sum()
    }

    /// Turns a stream on or off as a definition says that replaces another. Returns the label of
    /// the table's last one.
    pub(super) fn turn(
        &mut self,
        (owner, name): &(String, TableName),
        (old, new): (Option<&TableDefinition>, &TableDefinition),
        last: Option<String>,
        now: Timestamp,
    ) -> Option<String> {
        let was_on = old.is_some_and(|old| old.stream.is_some());
        let Some(view) = new.stream else {
            if was_on {
                self.close(&(owner.clone(), name.clone()), now);
            }
            return last;
        };
        if was_on {
            return last;
        }
        let known = self.find(owner, name, None).map(|stream| stream.label);
        let (label, created) = rules::stream_label(now, known.as_deref());
        let shown = TableStream {
            table: name.clone(),
            label: label.clone(),
            view,
            key: new.key.clone(),
            enabled: true,
            created,
            oldest: StreamSequence::FIRST,
            next: StreamSequence::FIRST,
        };
        let stream = Stream { shown, closed: None, records: VecDeque::new() };
        self.0.insert((owner.clone(), name.clone(), label.clone()), stream);
        Some(label)
    }

    /// Ends the stream of a table, if it has one.
    pub(super) fn close(&mut self, (owner, name): &(String, TableName), now: Timestamp) {
        if let Some(stream) = self.current(owner, name) {
            stream.shown.enabled = false;
            stream.closed = Some(now);
        }
    }

    fn current(&mut self, owner: &str, name: &TableName) -> Option<&mut Stream> {
        let mut own = self.0.iter_mut().filter(|((namespace, table, _), stream)| {
            namespace == owner && table == name && stream.shown.enabled
        });
        own.next().map(|(_, stream)| stream)
    }

    /// The records of changes, in their order.
    pub(super) fn changes(
        &mut self,
        owner: &str,
        changed: &[ChangedItem],
        (at, expired): (Timestamp, bool),
        origin: &Origin,
    ) -> Vec<(TableName, StreamChange)> {
        let mut next = BTreeMap::new();
        let mut changes = Vec::new();
        for (table, old, new) in changed {
            let Some(stream) = self.current(owner, table) else { continue };
            let sequence = next.entry(table).or_insert(stream.shown.next);
            let (facts, items) =
                ((stream.shown.view, &stream.shown.key), (old.as_ref(), new.as_ref()));
            let record = StreamRecord::of(facts, items, (*sequence, at), expired);
            let Some(record) = record else { continue };
            *sequence = sequence.next();
            changes.push((table.clone(), StreamChange { record, origin: origin.clone() }));
        }
        changes
    }

    /// What records add to what the namespace holds.
    pub(super) fn grown(changes: &[(TableName, StreamChange)]) -> i64 {
        changes.iter().map(|(_, change)| rules::stream_weight(change)).sum()
    }

    /// Appends records to the streams of their tables.
    pub(super) fn append(
        &mut self,
        owner: &str,
        changes: Vec<(TableName, StreamChange)>,
        now: Timestamp,
    ) {
        for (table, change) in changes {
            let Some(stream) = self.current(owner, &table) else { continue };
            stream.shown.next = change.record.sequence.next();
            stream.records.push_back((now, change));
        }
    }

    pub(super) fn find(
        &self,
        owner: &str,
        table: &TableName,
        label: Option<&str>,
    ) -> Option<TableStream> {
        let mut of_table = self.0.iter().rev().filter(|((namespace, name, one), _)| {
            namespace == owner && name == table && label.is_none_or(|label| label == one)
        });
        of_table.next().map(|(_, stream)| stream.shown())
    }

    pub(super) fn list(
        &self,
        owner: &str,
        table: Option<&TableName>,
        after: Option<(&TableName, &str)>,
        limit: usize,
    ) -> Vec<TableStream> {
        let own = self.0.iter().filter(|((namespace, name, label), _)| {
            namespace == owner
                && table.is_none_or(|table| table == name)
                && after.is_none_or(|after| (name, label.as_str()) > after)
        });
        own.take(limit).map(|(_, stream)| stream.shown()).collect()
    }

    pub(super) fn read(
        &self,
        owner: &str,
        (table, label): (&TableName, &str),
        from: StreamSequence,
        limit: usize,
    ) -> Result<StreamPage, TableError> {
        let place = (owner.to_owned(), table.clone(), label.to_owned());
        let stream = self.0.get(&place);
        let stream = stream.ok_or_else(|| TableError::NoStream(table.clone(), label.to_owned()))?;
        let oldest = stream.oldest();
        if from < oldest {
            return Err(TableError::Trimmed { oldest });
        }
        let (mut records, mut bytes, mut next) = (Vec::new(), 0, from);
        for (_, change) in stream.records.iter().filter(|(_, one)| one.record.sequence >= from) {
            bytes += change.record.size;
            let is_full = bytes > STREAM_PAGE_BYTES_MAX && !records.is_empty();
            if is_full || records.len() == limit {
                break;
            }
            next = change.record.sequence.next();
            records.push(change.clone());
        }
        let closed = !stream.shown.enabled && next >= stream.shown.next;
        Ok(StreamPage { records, next, closed })
    }

    /// Drops records whose time is over, and streams that ended as long ago.
    pub(super) fn trim(&mut self, now: Timestamp) {
        let is_over = |since: &mut Timestamp| {
            // The clock was set back: they count from now on.
            *since = (*since).min(now);
            now.duration_since(*since) >= STREAM_TIME
        };
        self.0.retain(|_, stream| {
            for (since, _) in &mut stream.records {
                *since = (*since).min(now);
            }
            while stream.records.pop_front_if(|(since, _)| is_over(since)).is_some() {}
            let ended = stream.closed.as_mut().is_some_and(is_over);
            !ended || !stream.records.is_empty()
        });
    }

    /// Forgets the streams of all tables but these.
    pub(super) fn discard(&mut self, owner: &str, there: &BTreeSet<TableName>) {
        self.0.retain(|(namespace, name, _), _| namespace != owner || there.contains(name));
    }
}
