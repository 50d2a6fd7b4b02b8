//! Log groups: one for each function.

use lambent_service::FunctionHandle;
use lambent_types::{Function, FunctionName};
use serde::{Deserialize, Serialize};

use super::error::{fault, invalid, no_group};
use crate::call::Call;
use crate::fault::Fault;

/// What stands before the name of a function in that of its group; Lambda's.
const PREFIX: &str = "/aws/lambda/";
/// Most groups of a page; CloudWatch's.
const PAGE_MAX: i64 = 50;

/// How a request names a group: by its name or by its ARN.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Named {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
}

impl Named {
    /// The function whose group it is.
    pub(super) fn function<'c>(&self, call: &'c Call) -> Result<FunctionHandle<'c>, Fault> {
        let name = match (&self.log_group_name, &self.log_group_identifier) {
            (Some(name), None) => name.as_str(),
            (None, Some(identifier)) => of_arn(identifier),
            _ => return Err(invalid("Give either logGroupName or logGroupIdentifier")),
        };
        let function = name.strip_prefix(PREFIX).ok_or_else(no_group)?;
        call.scope.handle::<FunctionName>(function).map_err(fault)
    }
}

/// The name of a group in its ARN; a name is its own.
fn of_arn(text: &str) -> &str {
    let name = text.split_once(":log-group:").map_or(text, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

/// The ARN of a function's group.
pub(super) fn arn(call: &Call, function: &FunctionName) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{PREFIX}{function}", call.region, call.account())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Describe {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    log_groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    log_group_name: String,
    creation_time: i64,
    metric_filter_count: u32,
    arn: String,
    log_group_arn: String,
    log_group_class: &'static str,
}

fn group(call: &Call, function: &Function) -> Group {
    let arn = arn(call, &function.latest.name);
    Group {
        log_group_name: format!("{PREFIX}{}", function.latest.name),
        creation_time: function.created.as_millisecond(),
        metric_filter_count: 0,
        arn: format!("{arn}:*"),
        log_group_arn: arn,
        log_group_class: "STANDARD",
    }
}

pub(super) async fn describe(call: &Call, wanted: Describe) -> Result<Page, Fault> {
    let limit = limit(wanted.limit, PAGE_MAX)?;
    if wanted.log_group_name_prefix.is_some() && wanted.log_group_name_pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive",
        ));
    }
    let prefix = wanted.log_group_name_prefix.unwrap_or_default();
    let pattern = wanted.log_group_name_pattern.unwrap_or_default().to_lowercase();
    let is_meant = |group: &Group| {
        group.log_group_name.starts_with(&prefix)
            && group.log_group_name.to_lowercase().contains(&pattern)
    };
    let mut after = wanted.next_token;
    let mut log_groups = Vec::new();
    loop {
        let functions = call.scope.functions(after.as_deref(), limit).await.map_err(fault)?;
        let is_last = functions.len() < limit;
        for function in functions {
            if log_groups.len() == limit {
                return Ok(Page { log_groups, next_token: after });
            }
            after = Some(function.latest.name.to_string());
            log_groups.extend(Some(group(call, &function)).filter(is_meant));
        }
        if is_last {
            return Ok(Page { log_groups, next_token: None });
        }
    }
}

/// How many members a page has at the most.
pub(super) fn limit(given: Option<i64>, most: i64) -> Result<usize, Fault> {
    match given {
        Some(given) if !(1..=most).contains(&given) => Err(invalid(format!(
            "1 validation error detected: Value '{given}' at 'limit' failed to satisfy constraint: \
             Member must have value between 1 and {most}"
        ))),
        given => Ok(usize::try_from(given.unwrap_or(most)).unwrap_or(usize::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_by_its_name_or_by_its_arn() {
        for text in [
            "/aws/lambda/f",
            "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/lambda/f",
            "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/lambda/f:*",
        ] {
            assert_eq!(of_arn(text), "/aws/lambda/f");
        }
        assert!(limit(Some(0), 50).is_err() && limit(Some(51), 50).is_err());
        assert_eq!((limit(None, 50).unwrap(), limit(Some(3), 50).unwrap()), (50, 3));
    }
}
