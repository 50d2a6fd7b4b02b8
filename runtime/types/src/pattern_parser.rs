//! Reads patterns, within their bounds.

use serde_json::{Map, Value};

use crate::pattern_rule::{Cidr, Comparison, Matcher, ObjectRule, Rule};
use crate::pattern_text::{TextMatcher, Wildcard, lower};

const DEPTH_MAX: usize = 16;
const MATCHERS_MAX: usize = 500;
const BYTES_MAX: usize = 16 * 1024;
/// The names of all matchers.
const KNOWN: &str =
    "prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, exists, cidr";

/// Why a pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {at}: {problem}")]
pub struct InvalidPattern {
    /// The path of the member that is wrong.
    pub at: String,
    /// What is wrong with that member.
    pub problem: String,
}

/// A pattern that was read.
pub(crate) struct Parsed {
    pub(crate) rule: ObjectRule,
    /// An error that clients get, while the pattern is still read from stores.
    pub(crate) outdated: Option<InvalidPattern>,
}

pub(crate) fn parse(json: &Value) -> Result<Parsed, InvalidPattern> {
    let bytes = json.to_string().len();
    if bytes > BYTES_MAX {
        return invalid("", format!("it is {bytes} bytes of JSON; the most is {BYTES_MAX}"));
    }
    let mut parser = Parser { matchers: 0, outdated: None };
    let rule = parser.object(json, "", 1)?;
    Ok(Parsed { rule, outdated: parser.outdated })
}

fn invalid<T>(at: &str, problem: impl Into<String>) -> Result<T, InvalidPattern> {
    let at = if at.is_empty() { "as a whole" } else { at };
    Err(InvalidPattern { at: at.into(), problem: problem.into() })
}

struct Parser {
    matchers: usize,
    outdated: Option<InvalidPattern>,
}

impl Parser {
    fn object(
        &mut self,
        json: &Value,
        at: &str,
        depth: usize,
    ) -> Result<ObjectRule, InvalidPattern> {
        if depth > DEPTH_MAX {
            return invalid(at, format!("it is more than {DEPTH_MAX} deep"));
        }
        let Value::Object(object) = json else {
            return invalid(at, format!("{json} must be an object"));
        };
        if object.is_empty() {
            return invalid(at, "it is empty; name at least one member");
        }
        let mut rule = ObjectRule::default();
        for (name, json) in object {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match json {
                Value::Array(rules) if name == "$or" => {
                    rule.either.push(self.either(rules, &at, depth)?);
                }
                _ if name == "$or" => return invalid(&at, "it must be an array of patterns"),
                Value::Array(matchers) => {
                    rule.members.push((name.clone(), self.leaf(matchers, &at)?));
                }
                Value::Object(_) => {
                    let member = Rule::Object(self.object(json, &at, depth + 1)?);
                    rule.members.push((name.clone(), member));
                }
                _ => {
                    let problem = format!("{json} must be in an array, as [{json}], or an object");
                    return invalid(&at, problem);
                }
            }
        }
        Ok(rule)
    }

    fn either(
        &mut self,
        rules: &[Value],
        at: &str,
        depth: usize,
    ) -> Result<Vec<ObjectRule>, InvalidPattern> {
        if rules.is_empty() {
            return invalid(at, "it is empty; give at least one pattern");
        }
        let rules = rules.iter().enumerate();
        rules.map(|(i, rule)| self.object(rule, &format!("{at}[{i}]"), depth + 1)).collect()
    }

    fn leaf(&mut self, matchers: &[Value], at: &str) -> Result<Rule, InvalidPattern> {
        if matchers.is_empty() {
            return invalid(at, "it is empty; give at least one value or matcher");
        }
        let matchers = matchers.iter().map(|matcher| self.matcher(matcher, at));
        Ok(Rule::Leaf(matchers.collect::<Result<_, _>>()?))
    }

    /// Counts one more comparison that matching may take.
    fn count(&mut self, at: &str) -> Result<(), InvalidPattern> {
        self.matchers += 1;
        if self.matchers > MATCHERS_MAX {
            return invalid(at, format!("there are more than {MATCHERS_MAX} matchers"));
        }
        Ok(())
    }

    fn matcher(&mut self, json: &Value, at: &str) -> Result<Matcher, InvalidPattern> {
        match json {
            Value::Array(_) => invalid(at, "an array in an array; give values or matchers"),
            Value::Object(object) => self.named(object, at),
            value => self.count(at).map(|()| Matcher::Exactly(value.clone())),
        }
    }

    fn named(&mut self, object: &Map<String, Value>, at: &str) -> Result<Matcher, InvalidPattern> {
        let (name, value) = only(object, at)?;
        if name != "anything-but" {
            self.count(at)?;
        }
        match name {
            "anything-but" => self.anything_but(value, at),
            "numeric" => numeric(value, at),
            "cidr" => match value.as_str().and_then(Cidr::parse) {
                Some(block) => Ok(Matcher::Cidr(block)),
                None => invalid(at, format!("cidr is {value}; it must be such as \"10.0.0.0/24\"")),
            },
            "exists" => match value {
                Value::Bool(exists) => Ok(Matcher::Exists(*exists)),
                _ => invalid(at, format!("exists is {value}; it must be true or false")),
            },
            _ => Ok(Matcher::Text(self.text(name, value, at)?)),
        }
    }

    /// Reads the argument of `anything-but`: a value, a list of values, or a matcher
    /// of text with a string or a list of strings.
    fn anything_but(&mut self, value: &Value, at: &str) -> Result<Matcher, InvalidPattern> {
        if let Value::Object(object) = value {
            let (name, value) = only(object, at)?;
            let texts = list(value).iter().map(|value| {
                self.count(at)?;
                self.text(name, value, at)
            });
            return Ok(Matcher::NoneOfTexts(texts.collect::<Result<_, _>>()?));
        }
        let matchers = list(value).iter().map(|value| match value {
            Value::Array(_) => {
                invalid(at, "anything-but takes a value, a list of values, or a matcher of text")
            }
            value => match self.matcher(value, at)? {
                matcher @ (Matcher::Exactly(_) | Matcher::Text(_)) => Ok(matcher),
                _ => invalid(
                    at,
                    "anything-but takes a value, a list of values, or a matcher of text",
                ),
            },
        });
        Ok(Matcher::NoneOf(matchers.collect::<Result<_, _>>()?))
    }

    fn text(&mut self, name: &str, value: &Value, at: &str) -> Result<TextMatcher, InvalidPattern> {
        let make: fn(Box<str>) -> TextMatcher = match name {
            "prefix" => TextMatcher::Prefix,
            "suffix" => TextMatcher::Suffix,
            "equals-ignore-case" => |text| TextMatcher::IgnoreCase(lower(&text)),
            "wildcard" => return self.wildcard(value, at),
            _ => return invalid(at, format!("{name:?} is not a matcher; use one of {KNOWN}")),
        };
        match value {
            Value::String(text) => Ok(make(text.as_str().into())),
            Value::Object(object) if matches!(name, "prefix" | "suffix") => {
                match only(object, at)? {
                    ("equals-ignore-case", Value::String(text)) if name == "prefix" => {
                        Ok(TextMatcher::PrefixIgnoreCase(lower(text)))
                    }
                    ("equals-ignore-case", Value::String(text)) => {
                        Ok(TextMatcher::SuffixIgnoreCase(lower(text)))
                    }
                    _ => invalid(
                        at,
                        format!("{name} takes a string, or {{\"equals-ignore-case\": \"x\"}}"),
                    ),
                }
            }
            _ => invalid(at, format!("{name} is {value}; it must be a string")),
        }
    }

    fn wildcard(&mut self, value: &Value, at: &str) -> Result<TextMatcher, InvalidPattern> {
        let Value::String(text) = value else {
            return invalid(at, format!("wildcard is {value}; it must be a string"));
        };
        let (wildcard, wrong) = Wildcard::parse(text);
        if let Some(wrong) = wrong {
            let problem = format!("wildcard {value}: {wrong}");
            self.outdated.get_or_insert(InvalidPattern { at: at.into(), problem });
        }
        Ok(TextMatcher::Wildcard(wildcard))
    }
}

/// Returns the values of a list, or the one value that is not a list.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) if !values.is_empty() => values,
        value => std::slice::from_ref(value),
    }
}

fn only<'a>(
    object: &'a Map<String, Value>,
    at: &str,
) -> Result<(&'a str, &'a Value), InvalidPattern> {
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => invalid(at, "a matcher is an object with one member, such as {\"prefix\": \"x\"}"),
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
