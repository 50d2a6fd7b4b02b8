//! The tables of the shards, concern by concern.

use crate::messages::settle;
use crate::resource_rows;
use crate::shard::ShardSchema;
use crate::{amounts, keyvalue, messages, objects, tables, usage};

/// Triggers, before they were resources as others are.
const TRIGGERS: &str = "
CREATE TABLE trigger_ (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    line INTEGER,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
";

/// Schedules, before they were resources as others are.
const SCHEDULES: &str = "
CREATE TABLE schedule (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    next INTEGER,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_next ON schedule (next) WHERE next IS NOT NULL;
";

/// Counts what was not counted before: keys and messages.
const COUNTS: &str = "
INSERT INTO held
    SELECT namespace, 10, count(*) FROM key JOIN keyspace ON keyspace.id = key.keyspace
    GROUP BY namespace;
INSERT INTO held
    SELECT namespace, 11, count(*) FROM message JOIN line ON line.id = message.line
    GROUP BY namespace;
";

/// The schema of the shards.
pub(crate) const SHARD: ShardSchema = ShardSchema {
    migrations: &[
        amounts::SCHEMA,
        objects::SCHEMA,
        keyvalue::SCHEMA,
        usage::SCHEMA,
        messages::SCHEMA,
        TRIGGERS,
        SCHEDULES,
        COUNTS,
        objects::SCHEMA_HEADERS,
        resource_rows::SCHEMA,
        messages::SCHEMA_FIRST_RECEIVED,
        objects::SCHEMA_CHECKSUMS,
        objects::SCHEMA_VERSIONS,
        tables::SCHEMA,
        tables::SCHEMA_STREAMS,
        tables::SCHEMA_BACKUPS,
    ],
    // Whoever held a delivery is gone with the last process.
    opened: settle::end_leases,
};
