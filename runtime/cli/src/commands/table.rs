mod backup;
mod stream;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use lambent_api::kinds::Table;
use lambent_api::tables::{IndexName, Item, KeySchema, TableDefinition};
use lambent_api::{
    GetItems, ItemWrite, Items, Placeholders, QueryItems, ScanItems, TableView, WriteItems,
};
use lambent_types::{TableName, format_bytes, format_count};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::named;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::printable::printable;
use crate::table_text::{AttributeText, IndexText, ViewText, shown, view};
use crate::{confirm, input};

const EXAMPLES: &str = "\
Examples:
  lambent table create orders --hash id
  lambent table create events --hash device --range at:N --ttl expires --index by-kind=kind,at:N
  lambent table put orders '{\"id\":{\"S\":\"7\"},\"total\":{\"N\":\"30\"}}'
  lambent table get orders '{\"id\":{\"S\":\"7\"}}'
  lambent table query events 'device = :d AND at > :t' --values '{\":d\":{\"S\":\"d1\"},\":t\":{\"N\":\"100\"}}'
  lambent table scan orders --filter 'total > :n' --values '{\":n\":{\"N\":\"10\"}}'
  lambent table create orders --hash id --stream new-and-old-images
  lambent table stream orders --follow
  lambent table backup create orders before-import
  lambent table backup list orders
  lambent table delete-item orders '{\"id\":{\"S\":\"7\"}}'
  lambent table delete orders --yes";

/// Most bytes of an item, of a key or of the values of an expression, as JSON.
const JSON_BYTES_MAX: u64 = 1 << 20;

/// Make tables, see what they hold, and read and write their items
///
/// Items, keys and values are written as DynamoDB has them in JSON: {"id": {"S": "7"}}.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TableArgs {
    #[command(subcommand)]
    command: TableCommand,
}

#[derive(Debug, Subcommand)]
enum TableCommand {
    /// Make a table, or give one other indexes and settings
    Create(CreateArgs),
    /// List the tables
    List,
    /// Show what a table is and how much it holds
    Describe {
        /// The table's name
        name: TableName,
    },
    /// Delete a table with all its items
    Delete {
        /// The table's name
        name: TableName,
        /// Do not ask, although it has items
        #[arg(long, short)]
        yes: bool,
    },
    /// Print an item
    Get {
        /// The table's name
        table: TableName,
        /// Its key: JSON, @FILE, or - for standard input
        key: String,
    },
    /// Write an item in the place of the one with its key
    Put {
        /// The table's name
        table: TableName,
        /// The item: JSON, @FILE, or - for standard input
        item: String,
        #[command(flatten)]
        condition: ConditionArgs,
    },
    /// Delete an item, if it is there
    DeleteItem {
        /// The table's name
        table: TableName,
        /// Its key: JSON, @FILE, or - for standard input
        key: String,
        #[command(flatten)]
        condition: ConditionArgs,
    },
    /// Print the items of a partition, in the order of their range keys
    Query {
        /// The table's name
        table: TableName,
        /// What their key must be: 'id = :id AND at > :at'
        key: String,
        /// The last comes first
        #[arg(long)]
        backward: bool,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print all items, in an order that has no meaning
    Scan {
        /// The table's name
        table: TableName,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Print the changes of items from the table's stream, which has those of the last 24 hours
    Stream(stream::StreamArgs),
    /// Back tables up, and make tables of back-ups
    #[command(subcommand)]
    Backup(backup::BackupCommand),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The table's name
    name: TableName,

    /// The attribute that says which partition an item is in: NAME, or NAME:TYPE with S, N or B
    #[arg(long, value_name = "ATTRIBUTE")]
    hash: AttributeText,

    /// The attribute that items of a partition are ordered by
    #[arg(long, value_name = "ATTRIBUTE")]
    range: Option<AttributeText>,

    /// An index by other attributes: NAME=HASH or NAME=HASH,RANGE; more than once for more
    #[arg(long, value_name = "INDEX")]
    index: Vec<IndexText>,

    /// The attribute that says when an item is deleted, in seconds since 1970
    #[arg(long, value_name = "NAME")]
    ttl: Option<String>,

    /// Keep each change of an item in a stream: keys-only, new-image, old-image or
    /// new-and-old-images
    #[arg(long, value_name = "VIEW")]
    stream: Option<ViewText>,

    /// Refuse to delete the table
    #[arg(long)]
    protect: bool,
}

#[derive(Debug, Args)]
struct ConditionArgs {
    /// Only if this holds of the item that is there: 'attribute_not_exists(id)'
    #[arg(long, value_name = "EXPRESSION")]
    condition: Option<String>,

    #[command(flatten)]
    placeholders: PlaceholderArgs,
}

#[derive(Debug, Args)]
struct PlaceholderArgs {
    /// What #names stand for: JSON such as '{"#s": "status"}'
    #[arg(long, value_name = "JSON")]
    names: Option<String>,

    /// What :values stand for: JSON such as '{":id": {"S": "7"}}'
    #[arg(long, value_name = "JSON")]
    values: Option<String>,
}

#[derive(Debug, Args)]
struct PageArgs {
    /// The index to look into
    #[arg(long, value_name = "NAME")]
    index: Option<String>,

    /// Only items of which this holds: 'total > :n'
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,

    /// Only these attributes: 'id, total'
    #[arg(long, value_name = "PATHS")]
    projection: Option<String>,

    /// Look at no more than so many items [default: all]
    #[arg(long, value_name = "N", value_parser = input::count)]
    limit: Option<usize>,

    #[command(flatten)]
    placeholders: PlaceholderArgs,
}

pub(crate) fn run(args: &TableArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        TableCommand::Create(args) => named::put::<Table>(&args.name, &definition(args), global),
        TableCommand::List => {
            let header = ["name", "key", "items", "size", "created"];
            named::list::<Table>(&header, row, "lambent table create orders --hash id", global)
        }
        TableCommand::Describe { name } => named::describe::<Table>(name, fields, global),
        TableCommand::Delete { name, yes } => {
            if !yes {
                ask(name, global)?;
            }
            named::delete::<Table>(name, global)
        }
        TableCommand::Get { table, key } => get(table, key, global),
        TableCommand::Put { table, item, condition } => {
            let write =
                ItemWrite { put: Some(read("the item", item)?), ..write(table, condition)? };
            make(write, "written", global)
        }
        TableCommand::DeleteItem { table, key, condition } => {
            let write =
                ItemWrite { delete: Some(read("the key", key)?), ..write(table, condition)? };
            make(write, "deleted", global)
        }
        TableCommand::Query { table, key, backward, page } => {
            query(table, (key, *backward), page, global)
        }
        TableCommand::Scan { table, page } => scan(table, page, global),
        TableCommand::Stream(args) => stream::run(args, global),
        TableCommand::Backup(command) => backup::run(command, global),
    }
}

fn definition(args: &CreateArgs) -> TableDefinition {
    let range = args.range.as_ref().map(|range| range.0.clone());
    let indexes = args.index.iter().map(|text| (text.name.clone(), text.index.clone()));
    TableDefinition {
        global_indexes: indexes.collect::<BTreeMap<IndexName, _>>(),
        time_to_live: args.ttl.clone(),
        stream: args.stream.map(|stream| stream.0),
        deletion_protection: args.protect,
        ..TableDefinition::new(KeySchema { hash: args.hash.0.clone(), range })
    }
}

fn row(table: &TableView) -> Vec<String> {
    vec![
        table.name.to_string(),
        shown(&table.definition.key),
        format_count(table.items),
        format_bytes(table.bytes),
        named::minute(table.created),
    ]
}

fn fields(table: &TableView) -> Vec<(&'static str, String)> {
    let indexes = table.definition.indexes().map(|(name, index)| {
        let filling = table.indexes.get(name.as_str()).is_some_and(|index| index.filling);
        let state = if filling { " (being filled)" } else { "" };
        format!("{name}: {}{state}", shown(&index.key))
    });
    vec![
        ("name", table.name.to_string()),
        ("key", shown(&table.definition.key)),
        (
            "indexes",
            named::or_dash(
                Some(indexes.collect::<Vec<_>>().join("; ")).filter(|all| !all.is_empty()),
            ),
        ),
        ("time to live", named::or_dash(table.definition.time_to_live.clone())),
        ("stream", named::or_dash(table.definition.stream.map(|one| view(one).to_owned()))),
        ("protected", named::yes(table.definition.deletion_protection)),
        ("items", format_count(table.items)),
        ("size", format_bytes(table.bytes)),
        ("created", table.created.to_string()),
    ]
}

/// Asks before a table is deleted that has items.
fn ask(name: &TableName, global: &Global) -> Result<(), CliError> {
    match global.client()?.describe::<Table>(name)?.value()?.items {
        0 => Ok(()),
        1 => confirm::deletion(&format!("table {name} with the item in it")),
        items => {
            confirm::deletion(&format!("table {name} with {} items in it", format_count(items)))
        }
    }
}

/// Reads an item, or its key.
fn read(what: &str, text: &str) -> Result<Item, CliError> {
    let bytes = input::read(what, text, JSON_BYTES_MAX)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| CliError::usage(format!("{what} is no item in DynamoDB's JSON: {error}")))
}

fn placeholders(args: &PlaceholderArgs) -> Result<Placeholders, CliError> {
    Ok(Placeholders {
        names: object("--names", args.names.as_deref())?,
        values: object("--values", args.values.as_deref())?,
    })
}

/// Reads the JSON of a flag.
fn object<T: DeserializeOwned>(flag: &str, text: Option<&str>) -> Result<Option<T>, CliError> {
    let Some(text) = text else { return Ok(None) };
    let read = serde_json::from_str(text).map(Some);
    read.map_err(|error| CliError::usage(format!("{flag}: {error}")))
}

/// A write that does nothing yet.
fn write(table: &TableName, args: &ConditionArgs) -> Result<ItemWrite, CliError> {
    Ok(ItemWrite {
        table: table.clone(),
        put: None,
        update: None,
        delete: None,
        check: None,
        expression: None,
        condition: args.condition.clone(),
        placeholders: placeholders(&args.placeholders)?,
        returns: false,
    })
}

fn make(write: ItemWrite, done: &str, global: &Global) -> Result<Exit, CliError> {
    let writes = WriteItems { writes: vec![write], token: None };
    let answer = global.client()?.write_items(&writes)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
    } else {
        output.line(done)?;
    }
    Ok(Exit::Ok)
}

fn get(table: &TableName, key: &str, global: &Global) -> Result<Exit, CliError> {
    let get = GetItems { keys: vec![read("the key", key)?] };
    let found = global.client()?.get_items(table, &get)?.value()?;
    match found.items.into_iter().next().flatten() {
        Some(item) => print(&item, global)?,
        None => return Err(CliError::failed(format!("table {table} has no item with that key"))),
    }
    Ok(Exit::Ok)
}

/// Prints an item on a line of its own.
fn print(item: &Item, global: &Global) -> Result<(), CliError> {
    let json = serde_json::to_value(item).unwrap_or_default();
    Ok(global.output().line(&printable(&json.to_string()))?)
}

fn query(
    table: &TableName,
    (key, backward): (&str, bool),
    args: &PageArgs,
    global: &Global,
) -> Result<Exit, CliError> {
    let client = global.client()?;
    let mut query = QueryItems {
        key: key.to_owned(),
        index: args.index.clone(),
        filter: args.filter.clone(),
        projection: args.projection.clone(),
        placeholders: placeholders(&args.placeholders)?,
        backward,
        limit: args.limit,
        after: None,
    };
    pages(args.limit.is_some(), global, |after| {
        query.after = after;
        client.query_items(table, &query)?.value().map_err(CliError::from)
    })
}

fn scan(table: &TableName, args: &PageArgs, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let mut scan = ScanItems {
        index: args.index.clone(),
        filter: args.filter.clone(),
        projection: args.projection.clone(),
        placeholders: placeholders(&args.placeholders)?,
        segment: None,
        limit: args.limit,
        after: None,
    };
    pages(args.limit.is_some(), global, |after| {
        scan.after = after;
        client.scan_items(table, &scan)?.value().map_err(CliError::from)
    })
}

/// Prints the items of all pages, or of the first.
fn pages(
    only_first: bool,
    global: &Global,
    mut page: impl FnMut(Option<Item>) -> Result<Items, CliError>,
) -> Result<Exit, CliError> {
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let Items { items, next } = page(after)?;
        for item in items {
            if global.output().json {
                all.push(item);
            } else {
                print(&item, global)?;
            }
        }
        after = next;
        if after.is_none() || only_first {
            break;
        }
    }
    if global.output().json {
        global.output().json(&json!({ "items": all, "next": after }))?;
    } else if after.is_some() {
        eprintln!("there may be more; raise --limit");
    }
    Ok(Exit::Ok)
}
