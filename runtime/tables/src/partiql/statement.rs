use super::condition::condition;
use super::keys::OneItem;
use super::parser::Parser;
use super::select::Select;
use super::update;
use crate::error::Invalid;
use crate::expression;
use crate::item::Item;
use crate::key_schema::KeySchema;
use crate::value::Value;

/// A statement, with the values of its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// Reads items.
    Select(Select),
    /// Asks, in a transaction, that an item is there and is like this.
    Exists(Select),
    /// Puts an item that is not there.
    Insert(Insert),
    /// Changes an item that is there.
    Update(Update),
    /// Deletes an item.
    Delete(Delete),
}

/// Puts an item that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The table, as the statement names it.
    pub table: String,
    /// The item.
    pub item: Item,
}

/// Changes an item that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The table, as the statement names it.
    pub table: String,
    /// What is changed.
    pub update: expression::Update,
    /// What is answered.
    pub returning: Option<Returning>,
    pub(crate) condition: expression::Condition,
}

/// Deletes an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// The table, as the statement names it.
    pub table: String,
    /// What is answered: the item that was there, or nothing.
    pub returning: Option<Returning>,
    pub(crate) condition: expression::Condition,
}

/// What is answered of an item that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returning {
    /// `ALL OLD *`: the item as it was.
    AllOld,
    /// `ALL NEW *`: the item as it is.
    AllNew,
    /// `MODIFIED OLD *`: what was changed of it, as it was.
    ModifiedOld,
    /// `MODIFIED NEW *`: what was changed of it, as it is.
    ModifiedNew,
}

impl Statement {
    /// Reads a statement, whose `?` stand for the parameters in their order.
    ///
    /// # Errors
    /// With DynamoDB's sentence, if it is none, is longer or deeper than one may be, or has another number of `?`.
    pub fn read(text: &str, parameters: Vec<Value>) -> Result<Self, Invalid> {
        let mut parser = Parser::new(text, parameters)?;
        let statement = statement(&mut parser)?;
        parser.finish()?;
        Ok(statement)
    }

    /// The table that it is about, as it names it.
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Self::Select(select) | Self::Exists(select) => &select.table,
            Self::Insert(insert) => &insert.table,
            Self::Update(update) => &update.table,
            Self::Delete(delete) => &delete.table,
        }
    }

    /// Whether it reads and changes nothing, nor asks for the sake of other changes.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Select(_))
    }
}

impl Update {
    /// Finds the item that is changed, in a table with this key.
    ///
    /// # Errors
    /// If the condition does not say which that is.
    pub fn item(&self, schema: &KeySchema) -> Result<OneItem, Invalid> {
        OneItem::of(Some(&self.condition), schema)
    }
}

impl Delete {
    /// Finds the item that is deleted, in a table with this key.
    ///
    /// # Errors
    /// If the condition does not say which that is.
    pub fn item(&self, schema: &KeySchema) -> Result<OneItem, Invalid> {
        OneItem::of(Some(&self.condition), schema)
    }
}

fn statement(parser: &mut Parser<'_>) -> Result<Statement, Invalid> {
    if parser.take("SELECT") {
        Select::read(parser).map(Statement::Select)
    } else if parser.take("EXISTS") {
        parser.expect("(")?;
        parser.expect("SELECT")?;
        let select = Select::read(parser)?;
        parser.expect(")")?;
        Ok(Statement::Exists(select))
    } else if parser.take("INSERT") {
        insert(parser).map(Statement::Insert)
    } else if parser.take("UPDATE") {
        changed(parser).map(Statement::Update)
    } else if parser.take("DELETE") {
        delete(parser).map(Statement::Delete)
    } else {
        Err(parser.expected("SELECT, INSERT, UPDATE, DELETE or EXISTS"))
    }
}

fn insert(parser: &mut Parser<'_>) -> Result<Insert, Invalid> {
    parser.expect("INTO")?;
    let table = parser.name()?;
    parser.expect("VALUE")?;
    let expected = parser.expected("a map in {}");
    match parser.value()? {
        Value::M(attributes) => Ok(Insert { table, item: attributes.into() }),
        _ => Err(expected),
    }
}

fn changed(parser: &mut Parser<'_>) -> Result<Update, Invalid> {
    let table = parser.name()?;
    let update = update::update(parser)?;
    parser.expect("WHERE")?;
    let condition = condition(parser)?;
    Ok(Update { table, update, condition, returning: returning(parser)? })
}

fn delete(parser: &mut Parser<'_>) -> Result<Delete, Invalid> {
    parser.expect("FROM")?;
    let table = parser.name()?;
    parser.expect("WHERE")?;
    let condition = condition(parser)?;
    let returning = returning(parser)?;
    if returning.is_some_and(|returning| returning != Returning::AllOld) {
        return Err(Invalid::new("DELETE has nothing to answer but RETURNING ALL OLD *"));
    }
    Ok(Delete { table, condition, returning })
}

fn returning(parser: &mut Parser<'_>) -> Result<Option<Returning>, Invalid> {
    if !parser.take("RETURNING") {
        return Ok(None);
    }
    let all = parser.take("ALL");
    if !all {
        parser.expect("MODIFIED")?;
    }
    let old = parser.take("OLD");
    if !old {
        parser.expect("NEW")?;
    }
    parser.expect("*")?;
    Ok(Some(match (all, old) {
        (true, true) => Returning::AllOld,
        (true, false) => Returning::AllNew,
        (false, true) => Returning::ModifiedOld,
        (false, false) => Returning::ModifiedNew,
    }))
}
