//! What is asked of many items at once, and the pages that answer it.

use lambent_tables::expression::KeyCondition;
use lambent_tables::{IndexName, Item};

/// A page ends with the item by which its items have so many bytes.
pub const PAGE_BYTES_MAX: u64 = 1 << 20;

/// Items of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemQuery {
    /// The index to look into; the table if absent.
    pub index: Option<IndexName>,
    /// Which partition, and which range keys of it.
    pub key: KeyCondition,
    /// Whether the last comes first.
    pub backward: bool,
    /// Only items after the one of this place: its key in the table and, if an index is looked
    /// into, its key there, as [`ItemPage::next`] has them.
    pub after: Option<Item>,
    /// At most so many, at least 1.
    pub limit: Option<usize>,
    /// Whether to answer whole items where the index has only a part of them.
    pub whole: bool,
}

impl ItemQuery {
    /// All such items of a table.
    #[must_use]
    pub const fn new(key: KeyCondition) -> Self {
        Self { index: None, key, backward: false, after: None, limit: None, whole: false }
    }
}

/// Items of all partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemScan {
    /// The index to look into; the table if absent.
    pub index: Option<IndexName>,
    /// Only the items of one of so many segments: which, counted from 0, and how many. Each item
    /// is in one of them, and stays there.
    pub segment: Option<(u32, u32)>,
    /// As of [`ItemQuery::after`].
    pub after: Option<Item>,
    /// At most so many, at least 1.
    pub limit: Option<usize>,
}

/// A page of items.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemPage {
    /// The items, or of each what the index has.
    pub items: Vec<Item>,
    /// How many bytes they have.
    pub bytes: u64,
    /// Where to continue: the place of the last item. Present where the page ended for its
    /// limit or its bytes, also if nothing follows.
    pub next: Option<Item>,
}
