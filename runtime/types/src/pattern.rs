use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Event;
use crate::pattern_parser::parse;
use crate::pattern_rule::Rule;

/// A filter for events, as EventBridge has them, matched against the structured
/// form of the CloudEvent: `{"type": ["lambent.object.created.v1"], "data":
/// {"size": [{"numeric": [">", 1024]}]}}`.
///
/// At most 16 KiB of JSON, 16 deep, with 500 matchers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Pattern {
    json: Value,
    rule: Rule,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for Pattern {}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {at}: {problem}")]
pub struct InvalidPattern {
    /// The path of the member that is wrong.
    pub at: String,
    /// What is wrong with it.
    pub problem: String,
}

impl TryFrom<Value> for Pattern {
    type Error = InvalidPattern;
    fn try_from(json: Value) -> Result<Self, InvalidPattern> {
        let rule = parse(&json)?;
        Ok(Self { json, rule })
    }
}

impl From<Pattern> for Value {
    fn from(pattern: Pattern) -> Self {
        pattern.json
    }
}

impl Pattern {
    /// Whether the event matches.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.rule.matches(Some(&event.structured()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn matches(pattern: Value, event: Value) -> bool {
        Pattern::try_from(pattern).unwrap().rule.matches(Some(&event))
    }

    #[test]
    fn matchers_match_what_they_say() {
        for (pattern, yes, no) in [
            (json!({"a": ["x", 1, null]}), json!({"a": 1.0}), json!({"a": "1"})),
            (json!({"a": [null]}), json!({"a": null}), json!({})),
            (json!({"a": ["x"]}), json!({"a": ["y", "x"]}), json!({"a": ["y"]})),
            (json!({"a": {"b": [true]}}), json!({"a": {"b": true}}), json!({"a": true})),
            (json!({"a": {"b": [1]}}), json!({"a": [{"b": 2}, {"b": 1}]}), json!({"a": []})),
            (json!({"a": [{"prefix": "x"}]}), json!({"a": "xy"}), json!({"a": "yx"})),
            (json!({"a": [{"suffix": "x"}]}), json!({"a": "yx"}), json!({"a": "xy"})),
            (json!({"a": [{"equals-ignore-case": "X"}]}), json!({"a": "x"}), json!({"a": "y"})),
            (json!({"a": [{"wildcard": "a*b*c"}]}), json!({"a": "a-bb-c"}), json!({"a": "ac"})),
            (json!({"a": [{"wildcard": "ab*ba"}]}), json!({"a": "abba"}), json!({"a": "aba"})),
            (json!({"a": [{"wildcard": "ab"}]}), json!({"a": "ab"}), json!({"a": "abc"})),
            (json!({"a": [{"anything-but": "x"}]}), json!({"a": 1}), json!({"a": "x"})),
            (json!({"a": [{"anything-but": ["x", 1]}]}), json!({"a": 2}), json!({"a": 1})),
            (
                json!({"a": [{"anything-but": {"prefix": "x"}}]}),
                json!({"a": "y"}),
                json!({"a": "xy"}),
            ),
            (json!({"a": [{"anything-but": "x"}]}), json!({"a": "y"}), json!({})),
            (json!({"a": [{"numeric": [">", 0, "<=", 5]}]}), json!({"a": 5}), json!({"a": 0})),
            (json!({"a": [{"numeric": ["=", 2]}]}), json!({"a": 2}), json!({"a": "2"})),
            (json!({"a": [{"exists": true}]}), json!({"a": null}), json!({"b": 1})),
            (json!({"a": [{"exists": false}]}), json!({"b": 1}), json!({"a": 1})),
            (json!({"a": {"b": [{"exists": false}]}}), json!({}), json!({"a": {"b": 1}})),
            (json!({"$or": [{"a": [1]}, {"b": [1]}]}), json!({"b": 1}), json!({"a": 2})),
        ] {
            assert!(matches(pattern.clone(), yes.clone()), "{pattern} {yes}");
            assert!(!matches(pattern.clone(), no.clone()), "{pattern} {no}");
        }
    }

    #[test]
    fn errors_name_the_path_and_what_is_wrong() {
        let mut deep = json!([1]);
        for _ in 0..17 {
            deep = json!({ "a": deep });
        }
        for (pattern, phrase) in [
            (json!([]), "must be an object"),
            (json!({"type": "x"}), "pattern type: "),
            (json!({"type": []}), "pattern type: "),
            (
                json!({"data": {"size": [{"numeric": ["~", 1]}]}}),
                "pattern data.size: \"~\" is not a comparison",
            ),
            (json!({"a": [{"numeric": [">"]}]}), "number"),
            (json!({"a": [{"numeric": []}]}), "comparison"),
            (json!({"a": [{"like": "x"}]}), "\"like\" is not a matcher"),
            (json!({"a": [{"prefix": 1}]}), "prefix"),
            (json!({"a": [{"exists": 1}]}), "exists"),
            (json!({"a": [{"anything-but": [[]]}]}), "anything-but"),
            (json!({"a": [[1]]}), "pattern a: "),
            (json!({"$or": [1]}), "pattern $or[0]: "),
            (json!({"a": vec![1; 501]}), "500"),
            (json!({"a": ["x".repeat(16 * 1024)]}), "16384"),
            (deep, "16"),
        ] {
            let error = Pattern::try_from(pattern.clone()).unwrap_err().to_string();
            assert!(error.contains(phrase), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_pattern_is_serialized_as_it_was_given() {
        let json = json!({"z": [{"prefix": "x"}], "a": [1]});
        let pattern: Pattern = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(pattern).unwrap(), json);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            prop_oneof![Just("<".to_owned()), Just("a*ä*".to_owned()), ".{0,6}"]
                .prop_map(Value::from),
        ];
        let name = prop::sample::select(vec![
            "a",
            "$or",
            "prefix",
            "suffix",
            "equals-ignore-case",
            "wildcard",
            "anything-but",
            "numeric",
            "exists",
        ]);
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..4)
                    .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn arbitrary_json_is_parsed_and_matched_without_panicking(
            pattern in any_json(), event in any_json(),
        ) {
            if let Ok(pattern) = Pattern::try_from(pattern) {
                pattern.rule.matches(Some(&event));
            }
        }
    }
}
