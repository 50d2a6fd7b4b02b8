//! Tables.

use axum::body::Body;
use http::Request;
use lambent_api::kinds::Table;
use lambent_api::{TableIndexView, TableView};
use lambent_service::{Put, Scope};
use lambent_types::{TableName, bounds};

use super::kinds::{Description, Served};
use super::limited_body::json;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

/// The view of a table.
pub(super) fn view(table: lambent_service::Table) -> TableView {
    let lambent_service::Table { name, definition, created, revision, .. } = table;
    let indexes = table.indexes.into_iter().map(|(name, index)| {
        let lambent_service::TableIndex { items, bytes, filling } = index;
        (name.to_string(), TableIndexView { items, bytes, filling })
    });
    let (items, bytes, indexes) = (table.items, table.bytes, indexes.collect());
    let restoring = table.restoring;
    TableView { name, definition, created, revision, items, bytes, indexes, restoring }
}

impl Served for Table {
    const DESCRIPTION: Description = Description {
        put: "Creates a table, or gives an existing one another definition: its key and its local\n\
              indexes stay.",
        spec: Some("What it is: its key, and its indexes"),
        describe: "Describes a table and how much it holds.",
        delete: "Deletes a table with everything in it.",
        conflict: Some("It is protected from deletion"),
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<TableView>, Refusal> {
        let mut all: Vec<TableView> = Vec::new();
        loop {
            let after = all.last().map(|table| table.name.clone());
            let page = scope.tables(after.as_ref(), bounds::PAGE_MAX).await?;
            let is_last = page.len() < bounds::PAGE_MAX;
            all.extend(page.into_iter().map(view));
            if is_last {
                return Ok(all);
            }
        }
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<TableView>, Refusal> {
        let table = resource.handle::<TableName>()?;
        let definition =
            json(request, &["application/json"], "definition of the table", app.stall).await?;
        Ok(table.put(definition).await?.map(view))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<TableView, Refusal> {
        Ok(view(resource.handle::<TableName>()?.describe().await?))
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<TableName>()?.delete().await.map(drop)?)
    }
}
