//! A table in memory, and what is read of it.

use std::collections::BTreeMap;

use lambent_tables::Item;
use lambent_tables::expression::KeyCondition;

use crate::tables::rules::{self, Reading};
use crate::tables::{ItemPage, Table, TableIndex};

#[derive(Debug, Clone)]
pub(super) struct Held {
    /// Without what is counted.
    pub(super) table: Table,
    pub(super) items: BTreeMap<Vec<u8>, Item>,
}

impl Held {
    /// What an item and its places in indexes count against the quota.
    pub(super) fn weight(&self) -> i64 {
        let items = self.items.values().map(|item| rules::weight(item.size() as u64));
        items.sum::<i64>() + self.indexes().values().map(|index| index.bytes as i64).sum::<i64>()
    }

    fn indexes(&self) -> BTreeMap<lambent_tables::IndexName, TableIndex> {
        let of = |index| {
            let mut found = TableIndex::default();
            for (key, item) in &self.items {
                if let Some(place) = rules::place(index, item) {
                    found.items += 1;
                    found.bytes += rules::index_weight(&place, key).unsigned_abs();
                }
            }
            found
        };
        let indexes = self.table.definition.indexes();
        indexes.map(|(name, index)| (name.clone(), of(index))).collect()
    }

    pub(super) fn shown(&self) -> Table {
        let bytes = self.items.values().map(|item| item.size() as u64).sum();
        let items = self.items.len() as u64;
        Table { items, bytes, indexes: self.indexes(), ..self.table.clone() }
    }

    /// The items of a table or an index with their places there, in order.
    pub(super) fn placed(&self, reading: &Reading<'_>) -> Vec<(Vec<u8>, &Vec<u8>, &Item)> {
        let place = |key: &Vec<u8>, item| match reading.index {
            Some((_, index)) => rules::place(index, item),
            None => Some(key.clone()),
        };
        let placed = self.items.iter();
        let mut placed: Vec<_> =
            placed.filter_map(|(key, item)| Some((place(key, item)?, key, item))).collect();
        placed.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        placed
    }
}

/// Whether a range key is one of those that are asked for.
pub(super) fn in_range(KeyCondition { from, to, .. }: &KeyCondition, range: &[u8]) -> bool {
    let bounds = (from.as_ref().map(Vec::as_slice), to.as_ref().map(Vec::as_slice));
    <_ as std::ops::RangeBounds<[u8]>>::contains(&bounds, range)
}

/// The first items as a page.
pub(super) fn page<'a>(
    reading: &Reading<'_>,
    items: impl Iterator<Item = &'a Item>,
    limit: Option<usize>,
    whole: bool,
) -> ItemPage {
    let mut page = ItemPage::default();
    for item in items {
        let answer = reading.answer(item.clone(), whole);
        page.bytes += answer.size() as u64;
        page.items.push(answer);
        if rules::is_full(&page, limit) {
            page.next = Some(reading.place_of(item));
            break;
        }
    }
    page
}
