//! The tables of the shards, concern by concern.

use crate::messages::settle;
use crate::shard::ShardSchema;
use crate::{amounts, keyvalue, messages, objects, schedules, trigger_index, usage};

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
        trigger_index::SCHEMA,
        schedules::SCHEMA,
        COUNTS,
        objects::SCHEMA_HEADERS,
    ],
    // Whoever held a delivery is gone with the last process.
    opened: settle::end_leases,
};
