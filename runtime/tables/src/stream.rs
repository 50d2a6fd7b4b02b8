use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Invalid;
use crate::item::Item;
use crate::key_schema::KeySchema;
use crate::table::StreamView;

/// Decimal digits of a sequence number as a text, behind the one it begins with.
const DIGITS: usize = 20;

/// Where a change is in a stream: it grows with each, and starts at 1.
///
/// As a text it has 21 digits as those of AWS, so that texts are ordered as the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamSequence(pub u64);

impl StreamSequence {
    /// Of the first change of a stream.
    pub const FIRST: Self = Self(1);

    /// The one that follows it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for StreamSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1{:0width$}", self.0, width = DIGITS)
    }
}

impl FromStr for StreamSequence {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_prefix('1').filter(|digits| {
            digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| {
            Invalid::new(format!(
                "{text:?} is no sequence number of a stream: those have 21 digits, of which the first is 1"
            ))
        })
    }
}

impl TryFrom<String> for StreamSequence {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<StreamSequence> for String {
    fn from(sequence: StreamSequence) -> Self {
        sequence.to_string()
    }
}

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemChange {
    /// It came.
    Insert,
    /// It became another.
    Modify,
    /// It went.
    Remove,
}

/// A change of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Where it is in its stream.
    pub sequence: StreamSequence,
    /// When it was made, in whole milliseconds.
    pub at: Timestamp,
    /// The key of the item.
    pub keys: Item,
    /// The item before the change, if there was one and the stream keeps it.
    pub old: Option<Item>,
    /// The item after the change, if there is one and the stream keeps it.
    pub new: Option<Item>,
    /// What it was.
    pub change: ItemChange,
    /// Whether the item was deleted because its time to live was over.
    pub expired: bool,
    /// The bytes of the key and of the items that are kept, as DynamoDB counts them.
    pub size: u64,
}

impl StreamRecord {
    /// The record of a change, with what a stream keeps of it. Nothing if both items are the
    /// same: then nothing was changed.
    #[must_use]
    pub fn of(
        (view, key): (StreamView, &KeySchema),
        (old, new): (Option<&Item>, Option<&Item>),
        (sequence, at): (StreamSequence, Timestamp),
        expired: bool,
    ) -> Option<Self> {
        let (change, item) = match (old, new) {
            (None, Some(new)) => (ItemChange::Insert, new),
            (Some(old), Some(new)) if old != new => (ItemChange::Modify, new),
            (Some(old), None) => (ItemChange::Remove, old),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let keys = item.iter().filter(|(name, _)| key.has(name));
        let keys: Item = keys.map(|(name, value)| (name.clone(), value.clone())).collect();
        let (keeps_old, keeps_new) = match view {
            StreamView::KeysOnly => (false, false),
            StreamView::NewImage => (false, true),
            StreamView::OldImage => (true, false),
            StreamView::NewAndOldImages => (true, true),
        };
        let record = Self {
            sequence,
            at: Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at),
            keys,
            old: old.filter(|_| keeps_old).cloned(),
            new: new.filter(|_| keeps_new).cloned(),
            change,
            expired,
            size: 0,
        };
        Some(Self { size: record.counted(), ..record })
    }

    /// The bytes of the key and of the items that it has, as DynamoDB counts them: its `size`.
    #[must_use]
    pub fn counted(&self) -> u64 {
        let items = [Some(&self.keys), self.old.as_ref(), self.new.as_ref()];
        items.into_iter().flatten().map(|item| item.size() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_sequence_numbers_are_ordered_as_they_are() {
        let numbers = [1, 9, 10, 999, u64::from(u32::MAX), u64::MAX];
        let texts = numbers.map(|number| StreamSequence(number).to_string());
        assert!(texts.is_sorted());
        assert_eq!(texts[0], "100000000000000000001");
        for (number, text) in numbers.into_iter().zip(&texts) {
            assert_eq!(text.len(), 21);
            assert_eq!(text.parse(), Ok(StreamSequence(number)));
        }
        for wrong in
            ["", "1", "200000000000000000001", "1+0000000000000000001", "199999999999999999999"]
        {
            assert!(wrong.parse::<StreamSequence>().is_err(), "{wrong}");
        }
    }
}
