//! What queries and scans have in common: which of the items that they find are answered, and what of each.

use lambent_service::ItemPage;
use lambent_tables::expression::{Condition, Path, Projection, check_scalars};
use lambent_tables::{Index, Item, KeySchema, Projection as Projected, TableDefinition};
use serde::Serialize;

use super::capacity::{ConsumedCapacity, Wanted};
use super::error::validation;
use crate::fault::Fault;

/// A page of what was found.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Item>>,
    count: usize,
    scanned_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_key: Option<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<ConsumedCapacity>,
}

/// Where is looked, and what is answered of what is found there.
pub(super) struct Selection<'a> {
    pub(super) table: &'a TableDefinition,
    pub(super) index: Option<(&'a str, &'a Index)>,
    pub(super) select: Option<&'a str>,
    pub(super) filter: Option<&'a Condition>,
    pub(super) projection: Option<&'a Projection>,
    pub(super) consistent: bool,
}

impl<'a> Selection<'a> {
    /// Finds an index of a table by its name.
    pub(super) fn index(
        table: &'a TableDefinition,
        name: Option<&'a str>,
    ) -> Result<Option<(&'a str, &'a Index)>, Fault> {
        let Some(name) = name else { return Ok(None) };
        let index = table.index(name).ok_or_else(|| {
            validation(format!("The table does not have the specified index: {name}"))
        })?;
        Ok(Some((name, index)))
    }

    /// The key that items are found by here.
    pub(super) fn key(&self) -> &'a KeySchema {
        self.index.map_or(&self.table.key, |(_, index)| &index.key)
    }

    fn is_global(&self) -> bool {
        let is_global =
            |(name, _): (&str, _)| self.table.global_indexes.keys().any(|one| one.as_str() == name);
        self.index.is_some_and(is_global)
    }

    /// Checks that a client does not read what it could not have written yet from an index that may lag.
    pub(super) fn check_consistent(&self) -> Result<(), Fault> {
        if self.consistent && self.is_global() {
            return Err(validation(
                "Consistent reads are not supported on global secondary indexes",
            ));
        }
        Ok(())
    }

    /// Checks what is selected, but for what depends on the table.
    pub(super) fn check_select(
        select: Option<&str>,
        has_index: bool,
        has_projection: bool,
    ) -> Result<(), Fault> {
        match select {
            Some("ALL_PROJECTED_ATTRIBUTES") if !has_index => Err(validation(
                "One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using \
                 an IndexName",
            )),
            Some("SPECIFIC_ATTRIBUTES") if !has_projection => Err(validation(
                "One or more parameter values were invalid: Must specify the AttributesToGet or ProjectionExpression when \
                 choosing to get SPECIFIC_ATTRIBUTES",
            )),
            Some(other) if has_projection && other != "SPECIFIC_ATTRIBUTES" => Err(validation(
                format!("Cannot specify the AttributesToGet when choosing to get {other}"),
            )),
            _ => Ok(()),
        }
    }

    /// Checks that what a global index does not have is not asked of it, and that no key is looked into.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let empty = Vec::new();
        let projected = self.projection.map_or(empty.as_slice(), Projection::paths);
        check_scalars(self.table, projected.iter())?;
        if let Some((name, index)) = self.index.filter(|_| self.is_global())
            && index.projection != Projected::All
        {
            if self.select == Some("ALL_ATTRIBUTES") {
                return Err(validation(format!(
                    "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global \
                     secondary index {name} because its projection type is not ALL"
                )));
            }
            let lacking: Vec<_> =
                projected.iter().map(Path::attribute).filter(|one| !self.has(index, one)).collect();
            if !lacking.is_empty() {
                return Err(validation(format!(
                    "One or more parameter values were invalid: Global secondary index {name} does not project [{}]",
                    lacking.join(", ")
                )));
            }
        }
        let mut paths = Vec::new();
        if let Some(filter) = self.filter {
            filter.each_path(&mut |path| paths.push(path));
        }
        Ok(check_scalars(self.table, paths.into_iter())?)
    }

    fn has(&self, index: &Index, attribute: &str) -> bool {
        let included = match &index.projection {
            Projected::All => true,
            Projected::KeysOnly => false,
            Projected::Include(names) => names.contains(attribute),
        };
        included || index.key.has(attribute) || self.table.key.has(attribute)
    }

    /// Whether whole items are to be read where the index has a part of them: a local index gives what it lacks.
    pub(super) fn is_whole(&self) -> bool {
        let Some((_, index)) = self.index.filter(|_| !self.is_global()) else { return false };
        let mut attributes: Vec<&str> = Vec::new();
        attributes.extend(self.projection.iter().flat_map(|all| all.paths()).map(Path::attribute));
        if let Some(filter) = self.filter {
            filter.each_path(&mut |path| attributes.push(path.attribute()));
        }
        self.select == Some("ALL_ATTRIBUTES")
            || attributes.into_iter().any(|one| !self.has(index, one))
    }

    /// Checks that a scan, which gives what the index has, is not to give more.
    pub(super) fn check_scanned(&self) -> Result<(), Fault> {
        if !self.is_whole() {
            return Ok(());
        }
        Err(validation(
            "A scan of an index gives what the index has; query it, or scan the table, for the other attributes",
        ))
    }

    /// Whether an item that is found is answered.
    pub(super) fn holds(&self, item: &Item) -> bool {
        self.filter.is_none_or(|filter| filter.holds(Some(item)))
    }

    /// Writes a page.
    pub(super) fn page(&self, name: &str, page: ItemPage, capacity: Wanted<'_>) -> Page {
        let scanned_count = page.items.len();
        let found = page.items.into_iter().filter(|item| self.holds(item));
        let found: Vec<Item> = match self.projection {
            Some(projection) => found.map(|item| projection.of(&item)).collect(),
            None => found.collect(),
        };
        Page {
            count: found.len(),
            scanned_count,
            items: (self.select != Some("COUNT")).then_some(found),
            last_evaluated_key: page.next,
            consumed_capacity: capacity.read(name, page.bytes, self.consistent),
        }
    }
}
