//! Logs: what invocations did, used and wrote.

use std::time::Duration;

use axum::Json;
use http::Uri;
use jiff::Timestamp;
use lambent_storage::{LogPage, LogQuery};
use lambent_types::{InvocationRecord, RequestId, parse_duration};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::parts::{Named, State};
use super::query::Params;
use crate::problem::Refusal;
use crate::state::App;

/// The longest a request may wait for news: below what proxies allow.
const WAIT_MAX: Duration = Duration::from_secs(50);

/// A page of finished invocations, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Logs {
    /// The invocations.
    pub records: Vec<LogEntry>,
    /// Where to continue (`after`): nothing is missed in between.
    pub next: u64,
}

/// One finished invocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// Its place in the log.
    pub cursor: u64,
    /// What is kept of it.
    #[serde(flatten)]
    pub record: InvocationRecord,
}

impl From<LogPage> for Logs {
    fn from(page: LogPage) -> Self {
        let entry = |(cursor, record)| LogEntry { cursor, record };
        Self { records: page.records.into_iter().map(entry).collect(), next: page.next }
    }
}

/// Reads the log of a function. Without `after` and `since`: its end.
#[utoipa::path(
    get, path = "/v1/functions/{name}/logs", operation_id = "read_logs",
    params(
        ("name" = String, Path, description = "The function"),
        ("after" = Option<u64>, Query, description = "Only what follows this cursor"),
        ("since" = Option<String>, Query,
         description = "Only invocations started since: a time by RFC 3339, or how long ago, such as `10m`"),
        ("request" = Option<String>, Query, description = "Only this invocation"),
        ("limit" = Option<u32>, Query, description = "At most this many: 1 to 1,000; 100 if absent"),
        ("wait" = Option<String>, Query,
         description = "If there is nothing, wait this long for something: at most `50s`"),
    ),
    responses(
        (status = 200, description = "Invocations, oldest first", body = Logs),
        (status = 404, description = "No such function",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn read(app: State, named: Named, uri: Uri) -> Result<Json<Logs>, Refusal> {
    let params = Params::read(&uri, &["after", "since", "request", "limit", "wait"])?;
    let number = |text: &str| text.parse().ok();
    let after = params.parse("after", "a cursor, as \"next\" gave it", number)?;
    let ago = "a time such as 2026-01-31T12:00:00Z, or how long ago, such as 10m";
    let since = params.parse("since", ago, |text| moment(text, Timestamp::now()))?;
    let request = params.parse("request", "the id of an invocation", |text| {
        uuid::Uuid::try_parse(text).ok().map(RequestId)
    })?;
    let wait = params.parse("wait", "a duration of at most 50s", |text| {
        parse_duration(text).ok().filter(|wait| *wait <= WAIT_MAX)
    })?;
    let query = LogQuery {
        after,
        since,
        request,
        limit: params.limit(100, 1000)?,
        newest: after.is_none() && since.is_none(),
        ..LogQuery::new(named.namespace.clone(), named.name.clone())
    };
    let page = watch(&app, query, wait.unwrap_or_default()).await?;
    if page.records.is_empty() {
        // Of deleted functions there may be records left; of others a mistyped
        // name should not look like silence.
        app.control.describe(&named.namespace, &named.name).await?;
    }
    Ok(Json(page.into()))
}

/// Reads a page; waits for one that is not empty.
async fn watch(app: &App, mut query: LogQuery, wait: Duration) -> Result<LogPage, Refusal> {
    let deadline = Instant::now() + wait;
    loop {
        let page = app.stores.logs.query(query.clone()).await?;
        let left = deadline.saturating_duration_since(Instant::now());
        if !page.records.is_empty() || left.is_zero() || app.stop.drain.is_cancelled() {
            return Ok(page);
        }
        query.after = Some(page.next);
        tokio::select! {
            () = app.stop.drain.cancelled() => {}
            () = app.stores.logs.changed(page.next, left) => {}
        }
    }
}

/// A time, or how long ago.
fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    now.checked_sub(parse_duration(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_absolute_or_relative() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(
            moment("2026-01-31T12:00:00+01:00", now).unwrap().to_string(),
            "2026-01-31T11:00:00Z"
        );
        assert_eq!(moment("10m", now).unwrap().to_string(), "2026-01-31T11:50:00Z");
        assert_eq!(moment("yesterday", now), None);
    }
}
