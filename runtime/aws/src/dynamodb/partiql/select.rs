//! Statements that read items, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambent_service::{ItemPage, ItemQuery, ItemScan, PAGE_BYTES_MAX, TableHandle};
use lambent_tables::expression::KeyCondition;
use lambent_tables::partiql::{Found, Select};
use lambent_tables::{Item, KeySchema};
use lambent_types::Digest;
use serde::{Deserialize, Serialize};

use super::super::error::{fault, validation};
use super::super::pages::Selection;
use super::super::start_key;
use super::Tables;
use crate::call::Call;
use crate::fault::Fault;

/// Where a statement goes on.
#[derive(Serialize, Deserialize)]
struct Place {
    /// The digest of the statement and its parameters.
    statement: String,
    /// Which of its partitions.
    partition: usize,
    /// The item after which to go on there; from its beginning if absent.
    after: Option<Item>,
}

/// A page of what a statement reads.
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) bytes: u64,
    pub(super) next_token: Option<String>,
    pub(super) last: Option<Item>,
}

/// How a statement is read, apart from what it says.
pub(super) struct Reading {
    pub(super) consistent: bool,
    pub(super) limit: Option<usize>,
    pub(super) token: Option<String>,
}

/// Where a page ended: in which partition, and after which item of it.
type End = (usize, Option<Item>);

pub(super) async fn page(
    call: &Call,
    tables: &mut Tables,
    select: &Select,
    reading: &Reading,
) -> Result<Page, Fault> {
    // All of it is plain data.
    let statement = Digest::of(format!("{select:?}").as_bytes()).to_string();
    let start = reading.token.as_deref().map(|token| read(token, &statement)).transpose()?;
    let (name, table) = tables.of(call, &select.table).await?;
    let index = Selection::index(&table.definition, select.index.as_deref())?;
    let schema = index.map_or(&table.definition.key, |(_, index)| &index.key);
    let Found { keys, backward, filter } = select.found(schema)?;
    let selection = Selection {
        table: &table.definition,
        index,
        select: None,
        filter: filter.as_ref(),
        projection: select.projection.as_ref(),
        consistent: reading.consistent,
    };
    selection.check_consistent()?;
    selection.check()?;
    let start = start.unwrap_or_default();
    // A scan of the table has no other key than the table's, which it goes on from.
    let place = if keys.is_some() { Some(schema) } else { index.map(|(_, index)| &index.key) };
    start_key::check(&table.definition, place, start.1.as_ref())?;
    let handle = call.scope.resource(&name);
    let name = select.index.as_deref().map(str::parse).transpose()?;
    let (found, end) = match &keys {
        Some(keys) => {
            let query =
                ItemQuery { index: name, backward, whole: selection.is_whole(), ..of(keys)? };
            partitions(&handle, schema, (keys, query), start, reading.limit).await?
        }
        None => {
            selection.check_scanned()?;
            let limit = reading.limit;
            let scan = ItemScan { index: name, segment: None, after: start.1, limit };
            let page = handle.scan(scan).await.map_err(fault)?;
            let end = page.next.clone().map(|after| (0, Some(after)));
            (page, end)
        }
    };
    let next_token = end.map(|(partition, after)| token(&Place { statement, partition, after }));
    let items = found.items.into_iter().filter(|item| selection.holds(item));
    Ok(Page {
        items: items.map(|item| select.row(item)).collect(),
        bytes: found.bytes,
        next_token,
        last: found.next,
    })
}

/// What is asked of the first partition.
fn of(keys: &[KeyCondition]) -> Result<ItemQuery, Fault> {
    let first = keys.first().ok_or_else(|| validation("the statement is about no partition"))?;
    Ok(ItemQuery::new(first.clone()))
}

/// Looks into one partition after the other, until the page is full.
async fn partitions(
    table: &TableHandle<'_>,
    schema: &KeySchema,
    (keys, query): (&[KeyCondition], ItemQuery),
    (mut partition, mut after): End,
    limit: Option<usize>,
) -> Result<(ItemPage, Option<End>), Fault> {
    let mut found = ItemPage::default();
    while let Some(key) = keys.get(partition) {
        start_key::check_within(schema, key, true, after.as_ref())?;
        let query = ItemQuery {
            key: key.clone(),
            after: after.take(),
            limit: limit.map(|limit| limit - found.items.len()),
            ..query.clone()
        };
        let page = table.query(query).await.map_err(fault)?;
        found.items.extend(page.items);
        found.bytes += page.bytes;
        found.next = page.next;
        if let Some(after) = found.next.clone() {
            return Ok((found, Some((partition, Some(after)))));
        }
        partition += 1;
        let full = limit.is_some_and(|limit| found.items.len() >= limit);
        if (full || found.bytes >= PAGE_BYTES_MAX) && partition < keys.len() {
            return Ok((found, Some((partition, None))));
        }
    }
    Ok((found, None))
}

fn token(place: &Place) -> String {
    // A place has no maps but those of texts, which JSON has too.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// Reads where a page ended, which has to be one of the same statement. What else is wrong with it is found as of a key
/// that a client gives.
fn read(token: &str, statement: &str) -> Result<End, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let place = bytes.and_then(|bytes| serde_json::from_slice::<Place>(&bytes).ok());
    match place {
        Some(place) if place.statement == statement => Ok((place.partition, place.after)),
        Some(_) => Err(validation("NextToken does not match request")),
        None => Err(validation("Invalid NextToken")),
    }
}
