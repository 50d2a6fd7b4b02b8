//! Reads patterns, within their bounds.

use serde_json::{Map, Value};

use crate::pattern::InvalidPattern;
use crate::pattern_rule::{Comparison, Matcher, Rule, TextMatcher};

const DEPTH_MAX: usize = 16;
const MATCHERS_MAX: usize = 500;
const BYTES_MAX: usize = 16 * 1024;

pub(crate) fn parse(json: &Value) -> Result<Rule, InvalidPattern> {
    let bytes = json.to_string().len();
    if bytes > BYTES_MAX {
        return invalid("", format!("it is {bytes} bytes of JSON; the most is {BYTES_MAX}"));
    }
    Parser { matchers: 0 }.object(json, "", 1)
}

fn invalid<T>(at: &str, problem: impl Into<String>) -> Result<T, InvalidPattern> {
    let at = if at.is_empty() { "as a whole" } else { at };
    Err(InvalidPattern { at: at.into(), problem: problem.into() })
}

struct Parser {
    matchers: usize,
}

impl Parser {
    fn object(&mut self, json: &Value, at: &str, depth: usize) -> Result<Rule, InvalidPattern> {
        if depth > DEPTH_MAX {
            return invalid(at, format!("it is more than {DEPTH_MAX} deep"));
        }
        let Value::Object(object) = json else {
            return invalid(at, format!("{json} must be an object"));
        };
        if object.is_empty() {
            return invalid(at, "it is empty; name at least one member");
        }
        let mut members = Vec::new();
        let mut every = Vec::new();
        for (name, json) in object {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match json {
                Value::Array(rules) if name == "$or" => every.push(self.either(rules, &at, depth)?),
                _ if name == "$or" => return invalid(&at, "it must be an array of patterns"),
                Value::Array(matchers) => members.push((name.clone(), self.leaf(matchers, &at)?)),
                Value::Object(_) => {
                    members.push((name.clone(), self.object(json, &at, depth + 1)?))
                }
                _ => {
                    let problem = format!("{json} must be in an array, as [{json}], or an object");
                    return invalid(&at, problem);
                }
            }
        }
        every.push(Rule::Members(members));
        Ok(Rule::Every(every))
    }

    fn either(&mut self, rules: &[Value], at: &str, depth: usize) -> Result<Rule, InvalidPattern> {
        if rules.is_empty() {
            return invalid(at, "it is empty; give at least one pattern");
        }
        let rules = rules.iter().enumerate();
        let rules = rules.map(|(i, rule)| self.object(rule, &format!("{at}[{i}]"), depth + 1));
        Ok(Rule::Either(rules.collect::<Result<_, _>>()?))
    }

    fn leaf(&mut self, matchers: &[Value], at: &str) -> Result<Rule, InvalidPattern> {
        if matchers.is_empty() {
            return invalid(at, "it is empty; give at least one value or matcher");
        }
        let matchers = matchers.iter().map(|matcher| self.matcher(matcher, at));
        Ok(Rule::Leaf(matchers.collect::<Result<_, _>>()?))
    }

    fn matcher(&mut self, json: &Value, at: &str) -> Result<Matcher, InvalidPattern> {
        self.matchers += 1;
        if self.matchers > MATCHERS_MAX {
            return invalid(at, format!("there are more than {MATCHERS_MAX} matchers"));
        }
        match json {
            Value::Array(_) => invalid(at, "an array in an array; give values or matchers"),
            Value::Object(object) => self.named(object, at),
            value => Ok(Matcher::Exactly(value.clone())),
        }
    }

    fn named(&mut self, object: &Map<String, Value>, at: &str) -> Result<Matcher, InvalidPattern> {
        let mut entries = object.iter();
        let (Some((name, value)), None) = (entries.next(), entries.next()) else {
            return invalid(
                at,
                "a matcher is an object with one member, such as {\"prefix\": \"x\"}",
            );
        };
        match name.as_str() {
            "anything-but" => self.anything_but(value, at),
            "numeric" => numeric(value, at),
            "exists" => match value {
                Value::Bool(exists) => Ok(Matcher::Exists(*exists)),
                _ => invalid(at, format!("exists is {value}; it must be true or false")),
            },
            _ => text(name, value, at),
        }
    }

    fn anything_but(&mut self, value: &Value, at: &str) -> Result<Matcher, InvalidPattern> {
        let values = match value {
            Value::Array(values) if !values.is_empty() => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let mut matchers = Vec::new();
        for value in values {
            let matcher = match value {
                Value::Array(_) => None,
                value => Some(self.matcher(value, at)?),
            };
            match matcher {
                Some(matcher @ (Matcher::Exactly(_) | Matcher::Text(_))) => matchers.push(matcher),
                _ => {
                    let problem =
                        "anything-but takes a value, a list of values, or a matcher of text";
                    return invalid(at, problem);
                }
            }
        }
        Ok(Matcher::NotIn(matchers))
    }
}

fn text(name: &str, value: &Value, at: &str) -> Result<Matcher, InvalidPattern> {
    let make = match name {
        "prefix" => TextMatcher::Prefix,
        "suffix" => TextMatcher::Suffix,
        "equals-ignore-case" => TextMatcher::IgnoreCase,
        "wildcard" => TextMatcher::Wildcard,
        _ => {
            let known =
                "prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, exists";
            return invalid(at, format!("{name:?} is not a matcher; use one of {known}"));
        }
    };
    match value {
        Value::String(text) => Ok(Matcher::Text(make(text.clone()))),
        _ => invalid(at, format!("{name} is {value}; it must be a string")),
    }
}

fn numeric(value: &Value, at: &str) -> Result<Matcher, InvalidPattern> {
    let Some(terms) = value.as_array().filter(|terms| !terms.is_empty()) else {
        return invalid(
            at,
            "numeric must be an array of comparisons, such as [\">\", 0, \"<=\", 5]",
        );
    };
    let mut comparisons = Vec::new();
    for term in terms.chunks(2) {
        let comparison = match term[0].as_str() {
            Some("=") => Comparison::Equal,
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some(">") => Comparison::Greater,
            Some(">=") => Comparison::GreaterOrEqual,
            _ => {
                return invalid(
                    at,
                    format!("{} is not a comparison; use =, <, <=, >, >=", term[0]),
                );
            }
        };
        let Some(bound) = term.get(1).and_then(Value::as_f64) else {
            return invalid(at, format!("{} must be followed by a number", term[0]));
        };
        comparisons.push((comparison, bound));
    }
    Ok(Matcher::Numeric(comparisons))
}
