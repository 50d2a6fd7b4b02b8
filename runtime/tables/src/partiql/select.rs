use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::condition::condition;
use super::error::malformed;
use super::keys::{Found, OneItem};
use super::parser::Parser;
use crate::error::Invalid;
use crate::expression::{Condition, Path, Projection, Step};
use crate::item::Item;
use crate::key_schema::KeySchema;

/// What is read of a table or of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// The table, as the statement names it.
    pub table: String,
    /// The index of it, if it is about one.
    pub index: Option<String>,
    /// What is wanted of each item: all if absent. [`Select::row`] takes it.
    pub projection: Option<Projection>,
    pub(crate) condition: Option<Condition>,
    /// What items are ordered by, and whether the last comes first.
    pub(crate) order: Vec<(String, bool)>,
}

impl Select {
    /// Reads what is behind `SELECT`.
    pub(crate) fn read(parser: &mut Parser<'_>) -> Result<Self, Invalid> {
        let projection = if parser.take("*") { None } else { Some(projection(parser)?) };
        parser.expect("FROM")?;
        let table = parser.name()?;
        let index = if parser.take(".") { Some(parser.name()?) } else { None };
        let condition = if parser.take("WHERE") { Some(condition(parser)?) } else { None };
        let mut order = Vec::new();
        if parser.take("ORDER") {
            parser.expect("BY")?;
            order.push(ordered(parser)?);
            while parser.take(",") {
                order.push(ordered(parser)?);
            }
        }
        Ok(Self { table, index, projection, condition, order })
    }

    /// Takes what is wanted of an item: what a path leads to by the last name in it, with the positions that follow.
    #[must_use]
    pub fn row(&self, item: Item) -> Item {
        let Some(projection) = &self.projection else { return item };
        let columns = projection.paths().iter();
        columns.filter_map(|path| Some((column(path), path.get(&item)?.clone()))).collect()
    }

    /// Decides how the items are found, where they are found by this key.
    ///
    /// # Errors
    /// If a value has another type than the key, or if they are not found in the order that is wanted.
    pub fn found(&self, schema: &KeySchema) -> Result<Found, Invalid> {
        let mut found = Found::by(self.condition.as_ref(), schema)?;
        found.order(&self.order, schema, self.condition.is_some())?;
        Ok(found)
    }

    /// Finds the one item that it is about, in a table with this key.
    ///
    /// # Errors
    /// If the condition does not say which that is.
    pub fn item(&self, schema: &KeySchema) -> Result<OneItem, Invalid> {
        OneItem::of(self.condition.as_ref(), schema)
    }
}

fn projection(parser: &mut Parser<'_>) -> Result<Projection, Invalid> {
    let mut paths: Vec<Path> = vec![parser.path()?];
    while parser.take(",") {
        paths.push(parser.path()?);
    }
    Path::check_distinct(&paths.iter().collect::<Vec<_>>())?;
    let mut columns = BTreeSet::new();
    if let Some(twice) = paths.iter().map(column).find(|name| !columns.insert(name.clone())) {
        let shown: String = twice.chars().take(100).collect();
        return Err(malformed(format_args!("two columns are called {shown}")));
    }
    Ok(Projection::of_paths(&paths))
}

/// What the value that a path leads to is called in an answer.
fn column(path: &Path) -> String {
    let mut name = path.attribute().to_owned();
    for step in path.steps() {
        match step {
            Step::Name(next) => name.clone_from(next),
            // A text takes whatever is written to it.
            Step::Index(index) => write!(name, "[{index}]").unwrap_or_default(),
        }
    }
    name
}

fn ordered(parser: &mut Parser<'_>) -> Result<(String, bool), Invalid> {
    let path = parser.path()?;
    if path.is_nested() {
        return Err(malformed("items are ordered by attributes of the key"));
    }
    let descending = parser.take("DESC");
    if !descending {
        parser.take("ASC");
    }
    Ok((path.attribute().to_owned(), descending))
}
