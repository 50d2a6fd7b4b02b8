//! Messages that wait to be received: those of queues, and the deliveries of
//! the event log. A *partition* has the messages of one queue or of one channel of the
//! event log, in their order.

pub(crate) mod depth;
pub(crate) mod kept;
pub(crate) mod partition;
pub(crate) mod peek;
pub(crate) mod receive;
pub(crate) mod redrive;
pub(crate) mod row;
pub(crate) mod send;
pub(crate) mod settle;
pub(crate) mod sweep;
pub(crate) mod wait;

pub(crate) use kept::Kept;
pub(crate) use partition::{Kind, Partition};

/// The tables.
///
/// `message` is what changes while a message waits, `content` what does not, so
/// that receiving a large one does not write it again. `due` is when it can be
/// received, and null while an earlier message of its group is there: whoever
/// receives walks along the index of `due` and never over blocked ones.
/// `visible` is the end of its delay or lease, also while it is blocked. `leased`
/// is 1 while a client has it, and 2 while this process has it for a function;
/// `lease` is the number of that taking or of the last one. A partition is a row of
/// `line`, as the first format called it.
pub(crate) const SCHEMA: &str = "
CREATE TABLE line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    attributes TEXT NOT NULL,
    created INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (namespace, kind, key)
) STRICT;
CREATE TABLE message (
    seq INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    due INTEGER,
    visible INTEGER NOT NULL,
    grp TEXT,
    sent INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    leased INTEGER NOT NULL
) STRICT;
CREATE INDEX message_due ON message (line, due, seq) WHERE due IS NOT NULL;
CREATE INDEX message_group ON message (line, grp, seq) WHERE grp IS NOT NULL;
CREATE INDEX message_leased ON message (seq) WHERE leased = 2;
CREATE TABLE content (
    seq INTEGER PRIMARY KEY,
    head TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum BLOB NOT NULL
) STRICT;
CREATE TABLE duplicate (
    line INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    message TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (line, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_until ON duplicate (until);
CREATE TABLE sequence (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    next INTEGER NOT NULL
) STRICT;
INSERT INTO sequence VALUES (1, 1);
";

/// When a message was received first.
pub(crate) const SCHEMA_FIRST_RECEIVED: &str = "
ALTER TABLE message ADD COLUMN first INTEGER;
";
