//! Logs: what invocations did, used and wrote.

use std::time::Duration;

use axum::Json;
use http::Uri;
use jiff::Timestamp;
use lambent_service::{LogFilter, LogPage};
use lambent_types::{InvocationRecord, RequestId, parse_duration};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::Params;
use super::resource::Resource;
use crate::problem::Refusal;

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
pub(super) async fn read(resource: Resource, uri: Uri) -> Result<Json<Logs>, Refusal> {
    let function = resource.function()?;
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
    let (limit, wait) = (params.limit(100, 1000)?, wait.unwrap_or_default());
    let page = function.logs(LogFilter { after, since, request, limit, wait }).await?;
    Ok(Json(page.into()))
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
