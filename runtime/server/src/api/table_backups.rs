//! Back-ups of tables, and tables that are made of them.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use http::{Request, StatusCode, Uri};
use lambent_api::{
    BackUpTable, ListTableBackups, PAGE_DEFAULT, RestoreTable, TableBackupView, TableBackups,
    TableView, paths,
};
use lambent_service::{RestoreOverrides, Restored, TableBackup};
use lambent_tables::IndexName;
use lambent_types::{ErrorCode, TableName};

use super::extractors::{Scope, State};
use super::limited_body::json;
use super::query;
use super::resource::Resource;
use super::tables;
use crate::problem::Refusal;

fn view(backup: TableBackup) -> TableBackupView {
    let TableBackup { id, name, table, definition, created, items, bytes, whole, .. } = backup;
    TableBackupView { id, name, table, definition, created, items, bytes, whole }
}

/// Lists back-ups of tables, the oldest first.
#[utoipa::path(
    get, path = paths::TABLE_BACKUPS, operation_id = "list_backups",
    params(ListTableBackups),
    responses((status = 200, description = "Back-ups", body = TableBackups)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<TableBackups>, Refusal> {
    let ListTableBackups { table, after, limit } = query::read(&uri)?;
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    // One more than asked for tells whether there is a next page.
    let mut found = scope.backups(table.as_ref(), after.as_deref(), limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(TableBackups { backups: found.into_iter().map(view).collect(), next }))
}

/// Begins a back-up of a table, of this moment.
#[utoipa::path(
    post, path = paths::BACKUPS_OF_TABLE, operation_id = "create_backup",
    params(("name" = String, Path, description = "The table")),
    request_body = BackUpTable,
    responses(
        (status = 201, description = "The back-up, which may not be whole yet", body = TableBackupView),
        (status = 404, description = "No such table",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another back-up of the table is being made",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<(StatusCode, Json<TableBackupView>), Refusal> {
    let table = resource.handle::<TableName>()?;
    query::none(request.uri())?;
    let wanted: BackUpTable = json(request, &["application/json"], "back-up", app.stall).await?;
    let made = table.back_up(&wanted.name).await?;
    Ok((StatusCode::CREATED, Json(view(made))))
}

/// Describes a back-up of a table.
#[utoipa::path(
    get, path = paths::TABLE_BACKUP, operation_id = "describe_backup",
    params(
        ("name" = String, Path, description = "The table, which may be gone"),
        ("backup" = String, Path, description = "The id of the back-up"),
    ),
    responses(
        (status = 200, description = "The back-up", body = TableBackupView),
        (status = 404, description = "No such back-up",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn describe(
    resource: Resource,
    uri: Uri,
) -> Result<Json<TableBackupView>, Refusal> {
    query::none(&uri)?;
    let table = resource.handle::<TableName>()?;
    Ok(Json(view(table.backup(resource.item()).await?)))
}

/// Deletes a back-up of a table.
#[utoipa::path(
    delete, path = paths::TABLE_BACKUP, operation_id = "delete_backup",
    params(
        ("name" = String, Path, description = "The table, which may be gone"),
        ("backup" = String, Path, description = "The id of the back-up"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such back-up",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 409, description = "A table is being made of it",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    resource.handle::<TableName>()?.delete_backup(resource.item()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a table of a back-up. Its items can be read and written once all are there.
#[utoipa::path(
    post, path = paths::RESTORE_TABLE, operation_id = "restore_backup",
    params(
        ("name" = String, Path, description = "The table that was backed up, which may be gone"),
        ("backup" = String, Path, description = "The id of the back-up"),
    ),
    request_body = RestoreTable,
    responses(
        (status = 201, description = "The table, which may not have all items yet", body = TableView),
        (status = 404, description = "No such back-up",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is a table of this name, or the back-up is not whole yet",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn restore(
    app: State,
    resource: Resource,
    Extension(scope): Scope,
    request: Request<Body>,
) -> Result<(StatusCode, Json<TableView>), Refusal> {
    let table = resource.handle::<TableName>()?;
    query::none(request.uri())?;
    let RestoreTable { table: name, indexes } =
        json(request, &["application/json"], "restored table", app.stall).await?;
    let id = resource.item();
    let overrides = match indexes {
        Some(wanted) => only(&table.backup(id).await?, &wanted)?,
        None => RestoreOverrides::default(),
    };
    let conflict = |detail: String| Err(Refusal::new(ErrorCode::Conflict, detail));
    match table.restore(id, &scope.resource(&name), overrides).await? {
        Restored::Begun(made) => Ok((StatusCode::CREATED, Json(tables::view(*made)))),
        Restored::NameTaken => {
            conflict(format!("there is a table \"{name}\"; restore to another name"))
        }
        Restored::BackupInUse => {
            conflict(format!("back-up \"{id}\" is not whole yet; try again when it is"))
        }
    }
}

/// A table with some of its indexes.
fn only(backup: &TableBackup, wanted: &[IndexName]) -> Result<RestoreOverrides, Refusal> {
    let was = &backup.definition;
    if let Some(unknown) = wanted.iter().find(|name| was.index(name.as_str()).is_none()) {
        let all: Vec<_> = was.indexes().map(|(name, _)| name.to_string()).collect();
        return Err(Refusal::invalid(format!(
            "the table had no index \"{unknown}\" when it was backed up; it had: [{}]",
            all.join(", ")
        )));
    }
    let mut overrides = RestoreOverrides {
        global_indexes: Some(was.global_indexes.clone()),
        local_indexes: Some(was.local_indexes.clone()),
        ..RestoreOverrides::default()
    };
    for indexes in [&mut overrides.global_indexes, &mut overrides.local_indexes] {
        indexes.iter_mut().for_each(|indexes| indexes.retain(|name, _| wanted.contains(name)));
    }
    Ok(overrides)
}
