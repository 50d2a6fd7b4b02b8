//! What a backend is written with.
//!
//! A backend implements the traits of this crate, puts them into [`Parts`], and has
//! [`Stores::new`](crate::Stores::new) make stores of them. What callers give is checked in
//! front of it: names of objects and keys have a length that is allowed, batches and limits are
//! within their bounds, and code has the digest it is said to have. A backend checks what
//! depends on what it holds: conditions, quotas, whether something is there.
//!
//! Each trait says what holds where several nodes share a backend, and what the runtime does not
//! do yet for them.
//!
//! What every backend has to decide alike is decided by the functions here. With the feature
//! `testing`, the module `contract` checks a backend against all promises of the traits.

pub use crate::change_event::ChangeEvent;
pub use crate::change_log::ChangeLog;
pub use crate::error::Source;
pub use crate::ledger::{Ledger, Reservation};
pub use crate::stores::Parts;
pub use crate::upkeep::{Holds, Sweep};

/// Locks of data that is right however its last holder ended.
pub mod sync {
    pub use crate::sync::{lock, read, write};
}

/// What the changes of functions and versions mean.
pub mod registry {
    pub use crate::registry::rules::{
        Reserved, code_delta, delete, delete_alias, delete_version, is_releasing, note_progress,
        publish, put, put_alias, set_concurrency,
    };
}

/// What conditions, parts, ranges and listings of objects mean.
pub mod objects {
    pub use crate::objects::listing::{Cursor, page, version_page};
    pub use crate::objects::rules::{
        check_condition, check_key, check_versioning, clip, copied, hex, is_kept, missing,
        multipart_etag, new_version, random_id, select,
    };
}

/// What expectations, lifetimes and counters mean.
pub mod keyvalue {
    pub use crate::keyvalue::rules::{add, check_expect, expiry, live, only_deletes, size, weight};
}

/// What keys of items are as bytes, what writes make of items, and what pages are read from.
pub mod tables {
    pub use crate::tables::keys::{
        beyond, bytes, from_slot, is_usable, partition, segment, slot_of,
    };
    pub use crate::tables::rules::{
        GET_BYTES_MAX, Outcome, Reading, TOKEN_TIME, check_update, decide, expired, expires,
        index_weight, is_full, key_of, only_deletes, place, size, twice, weight,
    };
    pub use crate::tables::stream_rules::{
        STREAM_PAGE_BYTES_MAX, STREAM_TIME, origin_text, stream_label, stream_weight,
    };
    pub use crate::tables::{backup_id, check_restored};
}

/// When messages are over.
pub mod queues {
    pub use crate::queues::rules::{
        dead_letters, duplicate_key, is_dead, is_meant, is_over, received_too_often, sizes, state,
    };
}

/// What triggers may become, where the events of a resource wait, and what it has set aside.
pub mod resources {
    pub use crate::resources::rules::{channel, same_source, set_aside};
}

/// How pages of records are made.
pub mod logs {
    pub use crate::logs::{page, weight};
}
