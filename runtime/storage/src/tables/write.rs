//! What is written to tables.

use lambent_tables::expression::{Condition, Update};
use lambent_tables::{Invalid, Item};
use lambent_types::{Digest, TableName};

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct TableWrite {
    /// The table.
    pub table: TableName,
    /// What is done.
    pub action: TableAction,
    /// What must hold of the item that is there; evaluated in the transaction of the write.
    pub condition: Option<Condition>,
    /// Whether to answer the items that were and are there, of a write that is refused too.
    /// Otherwise they may be left out.
    pub returns: bool,
}

/// What is done to an item.
#[derive(Debug, Clone, PartialEq)]
pub enum TableAction {
    /// Writes it in the place of the one that is there.
    Put(Item),
    /// Makes it of the one with this key, or of the key.
    Update(Item, Update),
    /// Deletes the one with this key, if it is there.
    Delete(Item),
    /// Does nothing with the one with this key: for the sake of the condition.
    Check(Item),
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The item that was there, if it was asked for.
    pub old: Option<Item>,
    /// The item that is there, if it was asked for.
    pub new: Option<Item>,
    /// How many bytes the larger of them has, or would have.
    pub bytes: u64,
}

/// Why a write was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Its condition does not hold. With the item that is there, if it was asked for.
    Condition(Option<Item>),
    /// The new item cannot be made, or is none that the table takes.
    Invalid(Invalid),
}

/// Tells a transaction from others, so that it is made once however often it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionToken {
    /// What the client gave: 1 to 36 bytes.
    pub token: String,
    /// The digest of all that the client asks for.
    pub request: Digest,
}
