use clap::Subcommand;
use lambent_api::tables::IndexName;
use lambent_api::{BackUpTable, RestoreTable, TableBackupView};
use lambent_types::{TableName, format_bytes, format_count};
use serde_json::json;

use super::super::named;
use crate::confirm;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::table_text::shown;

#[derive(Debug, Subcommand)]
pub(super) enum BackupCommand {
    /// Begin a back-up of a table, of this moment
    Create {
        /// The table's name
        table: TableName,
        /// What to call it: 3 to 255 of a-z, A-Z, 0-9, _, . and -
        name: String,
    },
    /// List the back-ups, the oldest first
    List {
        /// Only those of tables of this name
        table: Option<TableName>,
    },
    /// Show what a back-up is
    Describe {
        /// The table's name
        table: TableName,
        /// The back-up's id
        id: String,
    },
    /// Delete a back-up
    Delete {
        /// The table's name
        table: TableName,
        /// The back-up's id
        id: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Make another table of a back-up
    Restore {
        /// The name of the table that was backed up
        table: TableName,
        /// The back-up's id
        id: String,
        /// The name of the table to make
        new: TableName,
        /// An index that it is to have; more than once for more [default: all that the table had]
        #[arg(long, value_name = "NAME")]
        index: Vec<IndexName>,
        /// Make it without indexes
        #[arg(long, conflicts_with = "index")]
        no_indexes: bool,
    },
}

pub(super) fn run(command: &BackupCommand, global: &Global) -> Result<Exit, CliError> {
    match command {
        BackupCommand::Create { table, name } => create(table, name, global),
        BackupCommand::List { table } => list(table.as_ref(), global),
        BackupCommand::Describe { table, id } => describe(table, id, global),
        BackupCommand::Delete { table, id, yes } => {
            if !yes {
                confirm::deletion(&format!("back-up {id} of table {table}"))?;
            }
            delete(table, id, global)
        }
        BackupCommand::Restore { table, id, new, index, no_indexes } => {
            let indexes = (*no_indexes || !index.is_empty()).then(|| index.clone());
            restore((table, id), &RestoreTable { table: new.clone(), indexes }, global)
        }
    }
}

fn create(table: &TableName, name: &str, global: &Global) -> Result<Exit, CliError> {
    let answer = global.client()?.back_up_table(table, &BackUpTable { name: name.to_owned() })?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
    } else {
        let TableBackupView { id, whole, .. } = answer.value()?;
        let state = if whole { "" } else { ", which is whole in a while" };
        output.line(&format!("made back-up {id} of table {table}{state}"))?;
    }
    Ok(Exit::Ok)
}

fn list(table: Option<&TableName>, global: &Global) -> Result<Exit, CliError> {
    let answer = global.client()?.table_backups(table)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let backups = answer.value()?.backups;
    if backups.is_empty() {
        eprintln!("no back-ups yet; make one: lambent table backup create orders before-import");
    } else {
        let header = ["id", "name", "table", "items", "size", "whole", "created"];
        output.table(&header, backups.iter().map(row).collect())?;
    }
    Ok(Exit::Ok)
}

fn row(backup: &TableBackupView) -> Vec<String> {
    vec![
        backup.id.clone(),
        backup.name.clone(),
        backup.table.to_string(),
        format_count(backup.items),
        format_bytes(backup.bytes),
        named::yes(backup.whole),
        named::minute(backup.created),
    ]
}

fn describe(table: &TableName, id: &str, global: &Global) -> Result<Exit, CliError> {
    let answer = global.client()?.table_backup(table, id)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let backup = answer.value()?;
    let indexes: Vec<_> = backup.definition.indexes().map(|(name, _)| name.to_string()).collect();
    output.fields(&[
        ("id", backup.id.clone()),
        ("name", backup.name.clone()),
        ("table", backup.table.to_string()),
        ("key", shown(&backup.definition.key)),
        ("indexes", named::or_dash(Some(indexes.join(", ")).filter(|all| !all.is_empty()))),
        ("items", format_count(backup.items)),
        ("size", format_bytes(backup.bytes)),
        ("whole", named::yes(backup.whole)),
        ("of", backup.created.to_string()),
    ])?;
    Ok(Exit::Ok)
}

fn delete(table: &TableName, id: &str, global: &Global) -> Result<Exit, CliError> {
    global.client()?.delete_table_backup(table, id)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": id }))?;
    } else {
        output.line(&format!("deleted back-up {id}"))?;
    }
    Ok(Exit::Ok)
}

fn restore(
    (table, id): (&TableName, &str),
    wanted: &RestoreTable,
    global: &Global,
) -> Result<Exit, CliError> {
    let answer = global.client()?.restore_table(table, id, wanted)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
    } else {
        let state = if answer.value()?.restoring { ", which has all items in a while" } else { "" };
        output.line(&format!("created table {}{state}", wanted.table))?;
    }
    Ok(Exit::Ok)
}
