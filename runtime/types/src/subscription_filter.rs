use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;
use crate::pattern::Pattern;
use crate::pattern_steps::TooCostly;

/// Most keys of a filter; SNS's.
const KEYS_MAX: usize = 5;
/// Most combinations of the values of a filter; SNS's.
const COMBINATIONS_MAX: usize = 150;

/// What of a message a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FilterScope {
    /// Its attributes.
    #[default]
    Attributes,
    /// Its text, which is JSON.
    Body,
}

/// Which messages a subscription wants, as SNS's filter policies say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionFilter {
    /// Of each member one of its values or matchers fits: those of event patterns. At most 5 members
    /// and 150 combinations of their values.
    #[schema(value_type = Object)]
    pub pattern: Pattern,
    /// What of the message it looks at.
    #[serde(default)]
    pub scope: FilterScope,
}

/// What a filter counts as.
#[derive(Default)]
struct Size {
    keys: usize,
    combinations: usize,
    nested: bool,
}

impl SubscriptionFilter {
    /// Checks that it is no larger than SNS takes.
    ///
    /// # Errors
    /// `InvalidConfiguration`, in SNS's words.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        if let Err(error) = self.pattern.validate() {
            return invalid(format!("FilterPolicy: {error}"));
        }
        let Value::Object(policy) = Value::from(self.pattern.clone()) else { return Ok(()) };
        let size = size(&policy, 1);
        if size.nested && self.scope == FilterScope::Attributes {
            return invalid(
                "Filter policy scope MessageAttributes does not support nested filter policy"
                    .into(),
            );
        }
        if size.keys > KEYS_MAX {
            let detail =
                format!("FilterPolicy: Filter policy can not have more than {KEYS_MAX} keys");
            return invalid(detail);
        }
        if size.combinations > COMBINATIONS_MAX {
            return invalid("FilterPolicy: Filter policy is too complex".into());
        }
        Ok(())
    }

    /// Returns whether it wants a message of these attributes, as JSON has them, and this text.
    ///
    /// # Errors
    /// To find that out would take too long.
    pub fn wants(&self, attributes: &Map<String, Value>, text: &str) -> Result<bool, TooCostly> {
        let steps = bounds::PATTERN_STEPS_MAX;
        match self.scope {
            FilterScope::Attributes => self.pattern.matches_object(attributes, steps),
            FilterScope::Body => match serde_json::from_str(text) {
                Ok(Value::Object(body)) => self.pattern.matches_object(&body, steps),
                _ => Ok(false),
            },
        }
    }
}

/// The size of what is at a depth.
fn size(policy: &Map<String, Value>, depth: usize) -> Size {
    let mut all = Size { keys: 0, combinations: 1, nested: false };
    for (name, value) in policy {
        let one = match value {
            Value::Array(rules) if name == "$or" => either(rules, depth),
            Value::Array(values) => {
                Size { keys: 1, combinations: values.len() * depth, nested: false }
            }
            Value::Object(below) => Size { nested: true, ..size(below, depth + 1) },
            _ => continue,
        };
        all.keys += one.keys;
        all.combinations = all.combinations.saturating_mul(one.combinations.max(1));
        all.nested |= one.nested;
    }
    all
}

/// The size of rules of which one is to fit.
fn either(rules: &[Value], depth: usize) -> Size {
    let mut all = Size::default();
    for rule in rules.iter().filter_map(Value::as_object) {
        let one = size(rule, depth);
        all.keys += one.keys;
        all.combinations = all.combinations.saturating_add(one.combinations);
        all.nested |= one.nested;
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filter(policy: Value, scope: FilterScope) -> SubscriptionFilter {
        SubscriptionFilter { pattern: policy.try_into().unwrap(), scope }
    }

    #[test]
    fn attributes_and_bodies_are_matched() {
        let by_attributes = filter(
            json!({"kind": ["a", {"prefix": "b"}], "price": [{"numeric": [">", 10]}]}),
            FilterScope::Attributes,
        );
        let attributes = |value: Value| value.as_object().unwrap().clone();
        let wants = |value| by_attributes.wants(&attributes(value), "{}").unwrap();
        assert!(wants(json!({"kind": "a", "price": 11})));
        assert!(wants(json!({"kind": ["x", "bc"], "price": 11})));
        assert!(!wants(json!({"kind": "a", "price": 9})) && !wants(json!({"kind": "a"})));
        let by_body = filter(json!({"order": {"state": ["paid"]}}), FilterScope::Body);
        let wants = |text| by_body.wants(&Map::new(), text).unwrap();
        assert!(wants(r#"{"order": {"state": "paid"}}"#));
        assert!(!wants(r#"{"order": {"state": "open"}}"#) && !wants("paid") && !wants("[]"));
    }

    #[test]
    fn filters_are_no_larger_than_those_of_sns() {
        let told = |policy, scope| {
            filter(policy, scope).validate().map_err(|error| error.detail().to_owned())
        };
        let keys = json!({"a": [1], "b": [1], "c": [1], "d": [1], "e": [1], "f": [1]});
        assert!(told(keys, FilterScope::Attributes).unwrap_err().contains("more than 5 keys"));
        let many = json!({"a": vec![1; 13], "b": vec![1; 12]});
        assert!(told(many, FilterScope::Attributes).unwrap_err().contains("too complex"));
        let nested = json!({"a": {"b": [1]}});
        assert!(told(nested.clone(), FilterScope::Body).is_ok());
        assert!(told(nested, FilterScope::Attributes).unwrap_err().contains("nested"));
        let either = json!({"a": [1], "$or": [{"b": [1, 2]}, {"c": [1]}]});
        assert!(told(either, FilterScope::Attributes).is_ok());
    }
}
