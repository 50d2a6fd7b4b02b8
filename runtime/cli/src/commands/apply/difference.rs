//! The differences between the present and the wanted state of a resource.

use std::time::Duration;

use lambent_types::format_bytes;
use serde_json::{Map, Value, json};

use crate::duration;
use crate::printable::printable;

/// A member that differs.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    /// The member's path.
    pub(super) field: String,
    /// The present value; `None` if the member is absent.
    old: Option<Value>,
    /// The wanted value; `None` if the member is to be absent.
    new: Option<Value>,
}

impl Change {
    /// Files of a site that are not where they are to be.
    pub(super) fn missing_files(count: usize) -> Self {
        let field = "files".to_owned();
        Self { field, old: Some(json!(format!("{count} missing"))), new: Some(json!("all there")) }
    }
}

/// Every member that differs.
pub(super) fn between(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(String::new(), Some(old), Some(new), &mut changes);
    changes
}

fn compare(field: String, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<Change>) {
    let empty = Map::new();
    let (before, after) = match (old, new) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => (before, after),
        // A table that appears or goes is shown by what is in it.
        (None, Some(Value::Object(after))) => (&empty, after),
        (Some(Value::Object(before)), None) => (before, &empty),
        (old, new) => {
            if old != new {
                changes.push(Change { field, old: old.cloned(), new: new.cloned() });
            }
            return;
        }
    };
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let below = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
        compare(below, before.get(name), after.get(name), changes);
    }
}

impl Change {
    /// Returns whether nothing is said of the member any more.
    pub(super) const fn is_removal(&self) -> bool {
        self.new.is_none()
    }

    /// Returns whether its values may be secrets.
    fn is_secret(&self) -> bool {
        self.field.starts_with("environment.")
    }

    /// Writes it for programs.
    pub(super) fn to_json(&self) -> Value {
        if self.is_secret() {
            let what = match (&self.old, &self.new) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            return json!({ "field": self.field, "secret": what });
        }
        json!({ "field": self.field, "old": self.old, "new": self.new })
    }

    /// Writes the old and the new value for people.
    pub(super) fn values(&self) -> String {
        match (&self.old, &self.new) {
            (None, Some(_)) if self.is_secret() => "added (value not shown)".into(),
            (Some(_), Some(_)) if self.is_secret() => "changed (values not shown)".into(),
            (_, None) if self.is_secret() => "removed".into(),
            (old, new) => {
                let show = |value: &Option<Value>| match value {
                    Some(value) => self.show(value),
                    None => "(none)".into(),
                };
                format!("{} → {}", show(old), show(new))
            }
        }
    }

    fn show(&self, value: &Value) -> String {
        match value {
            Value::Number(number) => match number.as_u64() {
                Some(ms) if self.field.ends_with("_ms") => {
                    duration::format(Duration::from_millis(ms))
                }
                Some(bytes) if self.field.ends_with("_bytes") => format_bytes(bytes),
                _ => number.to_string(),
            },
            Value::String(digest) if self.field == "code" => digest.chars().take(12).collect(),
            Value::String(text) => printable(&format!("{text:?}")),
            other => printable(&other.to_string()),
        }
    }

    /// Writes the member's name as a file has it.
    pub(super) fn name(&self) -> String {
        if self.is_secret() {
            return printable(&self.field);
        }
        let parts = self.field.split('.').map(|part| {
            let part = match part {
                "visibility_timeout_ms" => "visibility",
                "redrive" => "dead-letter",
                _ => part,
            };
            let part = ["_ms", "_bytes", "_max"]
                .iter()
                .find_map(|unit| part.strip_suffix(unit))
                .unwrap_or(part);
            part.replace('_', "-")
        });
        printable(&parts.collect::<Vec<_>>().join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: Value, new: Value) -> Vec<String> {
        let changes = between(&old, &new);
        changes.iter().map(|change| format!("{}: {}", change.name(), change.values())).collect()
    }

    #[test]
    fn changes_are_shown_in_units_of_people() {
        let old = json!({ "memory_bytes": 134217728, "timeout_ms": 3000, "same": [1] });
        let new = json!({ "memory_bytes": 268435456, "timeout_ms": 5000, "same": [1] });
        assert_eq!(shown(old, new), ["memory: 128.0 MiB → 256.0 MiB", "timeout: 3s → 5s"]);
        let old = json!({ "visibility_timeout_ms": 30000 });
        let new = json!({
            "visibility_timeout_ms": 30000, "redrive": { "queue": "d", "receives_max": 3 },
        });
        let expected = ["dead-letter.queue: (none) → \"d\"", "dead-letter.receives: (none) → 3"];
        assert_eq!(shown(old, new), expected);
    }

    #[test]
    fn environments_are_named_and_never_shown() {
        let old = json!({ "environment": { "A_MS": "hunter1", "B": "hunter2", "C": "x" } });
        let new = json!({ "environment": { "A_MS": "hunter3", "C": "x", "D": "hunter4" } });
        let changes = between(&old, &new);
        let names: Vec<_> = changes.iter().map(Change::name).collect();
        assert_eq!(names, ["environment.A_MS", "environment.B", "environment.D"]);
        for change in &changes {
            let all = format!("{} {} {}", change.name(), change.values(), change.to_json());
            assert!(!all.contains("hunter"), "{all}");
        }
        // The same holds if there was no environment at all.
        let new = json!({ "environment": { "D": "hunter4" } });
        assert!(!format!("{:?}", shown(json!({}), new)).contains("hunter"));
    }
}
