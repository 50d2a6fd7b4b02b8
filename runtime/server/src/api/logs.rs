//! Logs: what invocations did, used and wrote.

use axum::Json;
use http::Uri;
use jiff::Timestamp;
use lambent_api::{LogEntry, Logs, PAGE_DEFAULT, ReadLogs, paths};
use lambent_service::{LogFilter, LogPage};
use lambent_types::FunctionName;

use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

fn view(page: LogPage) -> Logs {
    let entry = |(cursor, record)| LogEntry { cursor, record };
    Logs { records: page.records.into_iter().map(entry).collect(), next: page.next }
}

/// Reads the log of a function. Without `after` and `since`: its end.
#[utoipa::path(
    get, path = paths::LOGS, operation_id = "read_logs",
    params(
        ("name" = String, Path, description = "The function"),
        ReadLogs,
    ),
    responses(
        (status = 200, description = "Invocations, oldest first", body = Logs),
        (status = 404, description = "No such function",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn read(resource: Resource, uri: Uri) -> Result<Json<Logs>, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let ReadLogs { after, since, request, qualifier, limit, wait } = query::read(&uri)?;
    let since = since.and_then(|since| since.before(Timestamp::now()));
    let (limit, wait) = (limit.unwrap_or(PAGE_DEFAULT), wait.unwrap_or_default());
    let page = function.logs(LogFilter { after, since, request, qualifier, limit, wait }).await?;
    Ok(Json(view(page)))
}
