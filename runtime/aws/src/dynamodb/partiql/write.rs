//! Statements that change an item, as writes.

use lambent_service::{Refusal, TableAction, TableWrite, Written};
use lambent_tables::expression::{Condition, Path, Projection};
use lambent_tables::partiql::{OneItem, Returning, Statement};
use lambent_tables::{Item, KeySchema};
use lambent_types::TableName;

use super::super::error::{duplicate_item, failed, validation};
use super::super::transact::Reason;
use super::Tables;
use crate::call::Call;
use crate::fault::Fault;

const DUPLICATE: &str = "Duplicate primary key exists in table";

/// What a statement changes.
pub(super) struct Change {
    pub(super) table: TableName,
    returning: Option<Returning>,
    /// What an update changes, if that is all that is to be answered.
    changed: Option<Projection>,
    is_insert: bool,
    returns_failed: bool,
}

impl Change {
    /// Finds the write that a statement is.
    pub(super) async fn of(
        call: &Call,
        tables: &mut Tables,
        statement: Statement,
        returns_failed: bool,
    ) -> Result<(Self, TableWrite), Fault> {
        let (table, found) = tables.of(call, statement.table()).await?;
        let schema = &found.definition.key;
        let there = || Condition::Exists(Path::of_attribute(&schema.hash.name));
        let missing = || Condition::NotExists(Path::of_attribute(&schema.hash.name));
        let is_insert = matches!(statement, Statement::Insert(_));
        let mut changed = None;
        let (action, condition, returning) = match statement {
            Statement::Insert(insert) => {
                insert.item.check()?;
                (TableAction::Put(insert.item), Some(missing()), None)
            }
            Statement::Update(update) => {
                let OneItem { key, condition } = update.item(schema)?;
                let condition = std::iter::once(there()).chain(condition).collect();
                changed = Some(update.update.changed());
                let action = TableAction::Update(key, update.update);
                (action, Some(Condition::All(condition)), update.returning)
            }
            // Of an item that is not there nothing is asked.
            Statement::Delete(delete) => {
                let OneItem { key, condition } = delete.item(schema)?;
                let condition = condition.map(|one| Condition::Any(vec![missing(), one]));
                (TableAction::Delete(key), condition, delete.returning)
            }
            Statement::Exists(select) => {
                let OneItem { key, condition } = select.item(schema)?;
                let condition = condition.ok_or_else(|| exists_alone(schema))?;
                (TableAction::Check(key), Some(condition), None)
            }
            Statement::Select(_) => return Err(validation("a SELECT changes nothing")),
        };
        let returns = returning.is_some() || returns_failed;
        let write = TableWrite { table: table.clone(), action, condition, returns };
        Ok((Self { table, returning, changed, is_insert, returns_failed }, write))
    }

    /// What is answered of what was written.
    pub(super) fn answer(&self, written: Written) -> Option<Item> {
        let part = |item: Option<Item>| {
            let changed = self.changed.as_ref()?;
            item.map(|item| changed.of(&item))
        };
        match self.returning? {
            Returning::AllOld => written.old,
            Returning::AllNew => written.new,
            Returning::ModifiedOld => part(written.old),
            Returning::ModifiedNew => part(written.new),
        }
    }

    /// Why it was not made.
    pub(super) fn reason(&self, refusal: Option<Refusal>) -> Reason {
        let mut reason = Reason::of(refusal);
        if self.is_insert && reason.code == "ConditionalCheckFailed" {
            reason.code = "DuplicateItem";
            reason.message = Some(DUPLICATE.to_owned());
        }
        reason.item = reason.item.filter(|_| self.returns_failed);
        reason
    }

    /// Why it was not made, as the error of a request.
    pub(super) fn fault(&self, refusal: Option<Refusal>) -> Fault {
        match refusal {
            Some(Refusal::Invalid(invalid)) => invalid.into(),
            Some(Refusal::Condition(_)) if self.is_insert => duplicate_item(DUPLICATE),
            Some(Refusal::Condition(item)) => failed(item.filter(|_| self.returns_failed)),
            None => failed(None),
        }
    }
}

fn exists_alone(schema: &KeySchema) -> Fault {
    validation(format!(
        "EXISTS needs a condition beside the one on the primary key, of which {} is part",
        schema.hash.name
    ))
}
