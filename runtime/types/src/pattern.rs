use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::Event;
use crate::pattern_parser::{InvalidPattern, Parsed, parse};
use crate::pattern_rule::ObjectRule;
use crate::pattern_steps::{Steps, TooCostly};

/// A filter for events, as in EventBridge. It is matched against the structured
/// form of the CloudEvent: `{"type": ["lambent.object.created.v1"], "data":
/// {"size": [{"numeric": [">", 1024]}]}}`.
///
/// At most 16 KiB of JSON, 16 deep, with 500 matchers. A clone is cheap.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Pattern(Arc<Read>);

#[derive(Debug)]
struct Read {
    json: Value,
    rule: ObjectRule,
    outdated: Option<InvalidPattern>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.json == other.0.json
    }
}

impl Eq for Pattern {}

impl TryFrom<Value> for Pattern {
    type Error = InvalidPattern;
    fn try_from(json: Value) -> Result<Self, InvalidPattern> {
        let Parsed { rule, outdated } = parse(&json)?;
        Ok(Self(Arc::new(Read { json, rule, outdated })))
    }
}

impl From<Pattern> for Value {
    fn from(pattern: Pattern) -> Self {
        pattern.0.json.clone()
    }
}

impl Pattern {
    /// Checks for two stars in a row and for unknown escapes. EventBridge refuses
    /// them, but older releases took them, and such stored patterns can still be read.
    ///
    /// # Errors
    /// Names the member and what is wrong with it.
    pub fn validate(&self) -> Result<(), InvalidPattern> {
        self.0.outdated.clone().map_or(Ok(()), Err)
    }

    /// Returns whether the event matches one of the patterns; there is at least one.
    /// This reads the event's data once, and takes at most `steps`.
    ///
    /// # Errors
    /// Fails if the comparison would take more steps.
    pub fn any_matches(patterns: &[Self], event: &Event, steps: u64) -> Result<bool, TooCostly> {
        let (event, mut steps) = (event.structured(), Steps(steps));
        for pattern in patterns {
            if pattern.0.rule.matches(event.as_object(), &mut steps)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns whether an object has what the pattern says, which is then of its members. This takes at
    /// most `steps`.
    ///
    /// # Errors
    /// Fails if the comparison would take more steps.
    pub fn matches_object(
        &self,
        object: &Map<String, Value>,
        steps: u64,
    ) -> Result<bool, TooCostly> {
        self.0.rule.matches(Some(object), &mut Steps(steps))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::limits::bounds::PATTERN_STEPS_MAX;

    fn matches(pattern: Value, event: Value) -> bool {
        let pattern = Pattern::try_from(pattern).unwrap();
        pattern.0.rule.matches(event.as_object(), &mut Steps(PATTERN_STEPS_MAX)).unwrap()
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
            (json!({"a": [{"wildcard": "a\\*b"}]}), json!({"a": "a*b"}), json!({"a": "acb"})),
            (json!({"a": [{"wildcard": "a\\\\b*"}]}), json!({"a": "a\\bc"}), json!({"a": "abc"})),
            (json!({"a": [{"wildcard": "\\**"}]}), json!({"a": "*x"}), json!({"a": "x*"})),
            (json!({"a": [{"wildcard": "*"}]}), json!({"a": ""}), json!({"a": 1})),
            (
                json!({"a": [{"prefix": {"equals-ignore-case": "ÄB"}}]}),
                json!({"a": "äbc"}),
                json!({"a": "cäb"}),
            ),
            (
                json!({"a": [{"suffix": {"equals-ignore-case": "äB"}}]}),
                json!({"a": "cÄb"}),
                json!({"a": "äbc"}),
            ),
            (
                json!({"a": [{"cidr": "10.0.0.7/24"}]}),
                json!({"a": "10.0.0.255"}),
                json!({"a": "10.0.1.0"}),
            ),
            (
                json!({"a": [{"cidr": "2001:db8::/33"}]}),
                json!({"a": "2001:DB8::1"}),
                json!({"a": "::1"}),
            ),
            (json!({"a": [{"cidr": "0.0.0.0/0"}]}), json!({"a": "1.2.3.4"}), json!({"a": "::1"})),
            (json!({"a": [{"anything-but": "x"}]}), json!({"a": 1}), json!({"a": "x"})),
            (json!({"a": [{"anything-but": ["x", 1]}]}), json!({"a": 2}), json!({"a": 1})),
            (
                json!({"a": [{"anything-but": {"prefix": "x"}}]}),
                json!({"a": "y"}),
                json!({"a": "xy"}),
            ),
            (
                json!({"a": [{"anything-but": {"wildcard": ["*/bin/*", "x"]}}]}),
                json!({"a": "/etc"}),
                json!({"a": "/bin/sh"}),
            ),
            (
                json!({"a": [{"anything-but": {"equals-ignore-case": ["X", "y"]}}]}),
                json!({"a": "z"}),
                json!({"a": "Y"}),
            ),
            (json!({"a": [{"anything-but": {"prefix": "x"}}]}), json!({"a": "y"}), json!({"a": 1})),
            (json!({"a": [{"anything-but": "x"}]}), json!({"a": "y"}), json!({"a": true})),
            (json!({"a": [{"anything-but": "x"}]}), json!({"a": "y"}), json!({})),
            (json!({"a": [{"numeric": [">", 0, "<=", 5]}]}), json!({"a": 5}), json!({"a": 0})),
            (json!({"a": [{"numeric": ["=", 2]}]}), json!({"a": 2}), json!({"a": "2"})),
            (json!({"a": [{"exists": true}]}), json!({"a": null}), json!({"b": 1})),
            (json!({"a": [{"exists": false}]}), json!({"b": 1}), json!({"a": 1})),
            (json!({"a": {"b": [{"exists": false}]}}), json!({}), json!({"a": {"b": 1}})),
            (json!({"a": {"b": [{"exists": false}]}}), json!({"a": []}), json!({"a": [{"b": 1}]})),
            (json!({"a": [{"exists": false}]}), json!({"a": {"b": 1}}), json!({"a": [[1]]})),
            (json!({"a": [{"exists": false}]}), json!({"a": []}), json!({"a": [null]})),
            (
                json!({"a": {"b": [1], "$or": [{"c": [1]}, {"d": [1]}]}}),
                json!({"a": [{"b": 2, "c": 1}, {"b": 1, "d": 1}]}),
                json!({"a": [{"b": 1}, {"c": 1}]}),
            ),
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
            (json!({"a": [{"prefix": {"wildcard": "x"}}]}), "equals-ignore-case"),
            (json!({"a": [{"cidr": "10.0.0.0/33"}]}), "10.0.0.0/24"),
            (json!({"a": [{"cidr": "10.0.0.0/+3"}]}), "10.0.0.0/24"),
            (json!({"a": [{"anything-but": {"prefix": vec!["x"; 501]}}]}), "500"),
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
    fn what_older_releases_took_is_read_and_refused_to_clients() {
        for (wildcard, old, phrase) in [
            ("a**b", "axb", "two stars"),
            ("a\\b", "a\\b", "\\b is no escape"),
            ("a\\", "a\\", "\\ is"),
        ] {
            let json = json!({"data": {"a": [{"anything-but": {"wildcard": wildcard}}]}});
            let pattern = Pattern::try_from(json).unwrap();
            let error = pattern.validate().unwrap_err().to_string();
            assert!(error.contains("data.a") && error.contains(phrase), "{error}");
            assert!(matches(json!({"a": [{"wildcard": wildcard}]}), json!({"a": old})));
        }
        let good = json!({"a": [{"wildcard": "a\\*\\\\*"}]});
        assert_eq!(Pattern::try_from(good).unwrap().validate(), Ok(()));
    }

    /// The CPU time that this thread has used, which does not depend on other threads.
    fn cpu_time() -> Duration {
        let used = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(used.split(' ').next().unwrap().parse().unwrap())
    }

    /// Ten patterns with as many matchers as they may have, and as long ones.
    fn patterns(matcher: impl Fn(usize) -> Value) -> Vec<Pattern> {
        let pattern = |number| {
            let matchers: Vec<_> =
                (0..195_usize).map(|place| matcher(number * 1000 + place)).collect();
            Pattern::try_from(json!({ "data": { "a": matchers } })).unwrap()
        };
        (0..10_usize).map(pattern).collect()
    }

    /// Makes the matcher of a number, in a pattern that has many.
    type Matcher = fn(usize) -> Value;

    #[test]
    fn what_would_take_too_long_is_given_up_soon() {
        let long = "a".repeat(800_000);
        let same = "a".repeat(40);
        let matchers: [(&str, Matcher); 6] = [
            ("equal", |n| json!(format!("{}{n}", "a".repeat(60)))),
            ("case", |n| json!({"equals-ignore-case": format!("{}{n}", "A".repeat(40))})),
            (
                "start",
                |n| json!({"prefix": {"equals-ignore-case": format!("{}{n}", "A".repeat(24))}}),
            ),
            (
                "end",
                |n| json!({"suffix": {"equals-ignore-case": format!("{n}{}", "A".repeat(24))}}),
            ),
            ("wildcard", |n| json!({"wildcard": format!("*{}b*{n}", "a".repeat(20))})),
            ("stars", |n| json!({"wildcard": format!("{}{n}", "a*".repeat(25))})),
        ];
        for (name, matcher) in matchers {
            let patterns = patterns(matcher);
            for (shape, data) in [
                ("a text", json!({ "a": long })),
                ("texts", json!({ "a": vec![&same; 18_000] })),
                ("short texts", json!({ "a": vec!["a"; 200_000] })),
                ("numbers", json!({ "a": vec![1; 400_000] })),
                ("objects", json!({ "a": vec![json!({"a": 1}); 100_000] })),
            ] {
                let event = Event {
                    id: "1".into(),
                    source: "/s".into(),
                    kind: "t".into(),
                    subject: None,
                    time_ns: None,
                    content_type: Some("application/json".into()),
                    schema: None,
                    extensions: Vec::new(),
                    attempt: 1,
                    data: data.to_string().into(),
                };
                let began = cpu_time();
                let result = Pattern::any_matches(&patterns, &event, PATTERN_STEPS_MAX);
                let took = cpu_time() - began;
                println!("{name} with {shape}: {result:?} in {took:?}");
                assert_ne!(result, Ok(true));
                // Ten times what it takes where it is optimised.
                assert!(took < Duration::from_secs(4), "{name} with {shape}: {took:?}");
            }
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
            "cidr",
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
                let mut steps = Steps(PATTERN_STEPS_MAX);
                pattern.0.rule.matches(event.as_object(), &mut steps).unwrap();
            }
        }
    }
}
