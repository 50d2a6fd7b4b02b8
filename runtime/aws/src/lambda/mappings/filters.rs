//! Filters of event source mappings, and the patterns of events that they are here.

use lambent_types::Pattern;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::lambda::error::invalid;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FilterCriteria {
    filters: Vec<Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Filter {
    pattern: String,
}

impl FilterCriteria {
    /// Patterns of the body of a message, which Lambda calls `body`, and events here `data`.
    pub(super) fn of_bodies(&self) -> Result<Vec<Pattern>, Fault> {
        let read = |filter: &Filter| {
            let odd = || filter.odd("The body of messages alone is matched");
            let mut pattern = filter.json()?;
            let members = pattern.as_object_mut().ok_or_else(odd)?;
            let body = members.remove("body").filter(|_| members.is_empty()).ok_or_else(odd)?;
            filter.pattern(body)
        };
        self.filters.iter().map(read).collect()
    }

    /// Patterns of the records of a stream, which are the data of events here.
    pub(super) fn of_records(&self) -> Result<Vec<Pattern>, Fault> {
        self.filters.iter().map(|filter| filter.pattern(filter.json()?)).collect()
    }
}

impl Filter {
    fn odd(&self, what: &str) -> Fault {
        let shown: String = self.pattern.chars().take(200).collect();
        invalid(format!("Invalid filter pattern definition. {what}: {shown}"))
    }

    fn json(&self) -> Result<Value, Fault> {
        let read: Value =
            serde_json::from_str(&self.pattern).map_err(|_| self.odd("It is not JSON"))?;
        if read.is_object() { Ok(read) } else { Err(self.odd("It is not an object")) }
    }

    fn pattern(&self, data: Value) -> Result<Pattern, Fault> {
        serde_json::from_value(json!({ "data": data }))
            .map_err(|error| self.odd(&error.to_string()))
    }
}

/// The filters of messages that patterns are.
pub(super) fn of_bodies(patterns: &[Pattern]) -> Vec<Value> {
    shown(patterns, |data| json!({ "body": data }))
}

/// The filters of records that patterns are.
pub(super) fn of_records(patterns: &[Pattern]) -> Vec<Value> {
    shown(patterns, Value::clone)
}

/// Patterns of anything but the data are natively made; Lambda has no words for them.
fn shown(patterns: &[Pattern], filter: impl Fn(&Value) -> Value) -> Vec<Value> {
    let shown = |pattern: &Pattern| {
        let pattern = serde_json::to_value(pattern).ok()?;
        Some(json!({ "Pattern": filter(pattern.get("data")?).to_string() }))
    };
    patterns.iter().filter_map(shown).collect()
}
