//! The changes of the items of a table, in their order.

use jiff::Timestamp;
use lambent_tables::{KeySchema, StreamRecord, StreamSequence, StreamView};
use lambent_types::{Digest, Origin, TableName};

/// A stream of a table: the changes of its items since it was turned on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStream {
    /// The table, which may be gone.
    pub table: TableName,
    /// Tells it from other streams of tables of that name: when it was turned on, as
    /// `2015-05-11T21:21:33.291`. Of two that can be read the later has the greater.
    pub label: String,
    /// What it keeps of each change.
    pub view: StreamView,
    /// What the items of the table are found by.
    pub key: KeySchema,
    /// Whether changes come still. One that was turned off, or whose table is gone, can be read
    /// for as long as its last records.
    pub enabled: bool,
    /// When it was turned on, in whole milliseconds.
    pub created: Timestamp,
    /// The first record that can still be read, or else the next to come.
    pub oldest: StreamSequence,
    /// The record that comes next.
    pub next: StreamSequence,
}

impl TableStream {
    /// The name of its only shard, as AWS's tools know it.
    #[must_use]
    pub fn shard(&self) -> String {
        let mut mark = Digest::of(self.label.as_bytes()).to_string();
        mark.truncate(8);
        format!("shardId-{:020}-{mark}", self.created.as_millisecond().max(0))
    }
}

/// A record of a stream, and what led to its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamChange {
    /// The record.
    pub record: StreamRecord,
    /// What led to the change; nothing for what was deleted because its time was over.
    pub origin: Origin,
}

/// Records of a stream in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPage {
    /// The records.
    pub records: Vec<StreamChange>,
    /// Where to go on.
    pub next: StreamSequence,
    /// Whether nothing will follow.
    pub closed: bool,
}
