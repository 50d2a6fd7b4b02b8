//! What can be set of a sample.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

/// Something of a sample that can be set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) summary: &'static str,
}

/// A value for a parameter, as `bucket=photos`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Assignment {
    pub(crate) fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once('=').ok_or("not of the form NAME=VALUE, as in bucket=photos")?;
        Ok(Self::new(name, value))
    }
}

/// The values of all parameters of a sample.
#[derive(Debug)]
pub(crate) struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// The defaults, but for what is set.
    ///
    /// # Errors
    /// There is no parameter of a name.
    pub(crate) fn new<'a>(
        parameters: &[Parameter],
        set: impl Iterator<Item = &'a Assignment>,
    ) -> Result<Self, String> {
        let defaults = parameters.iter().map(|one| (one.name, one.default.to_owned()));
        let mut values: BTreeMap<_, _> = defaults.collect();
        for Assignment { name, value } in set {
            let Some(found) = values.get_mut(name.as_str()) else {
                let names: Vec<_> = parameters.iter().map(|one| one.name).collect();
                let names = if names.is_empty() { "none".into() } else { names.join(", ") };
                return Err(format!("--set {name}: no such parameter; there are: {names}"));
            };
            found.clone_from(value);
        }
        Ok(Self(values))
    }

    /// The value of a parameter; empty if there is none of the name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Sets what is at a place such as `Records.0.s3.bucket.name`. What parses as JSON is that, and
/// else it is text.
///
/// # Errors
/// There is no such place.
pub(super) fn set_place(payload: &mut Value, place: &str, value: &str) -> Result<(), String> {
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    let mut at = payload;
    let mut steps = place.split('.').peekable();
    while let Some(step) = steps.next() {
        let is_last = steps.peek().is_none();
        let next = match at {
            Value::Array(items) => {
                step.parse::<usize>().ok().and_then(|index| items.get_mut(index))
            }
            // A new member is made, but no way to it.
            Value::Object(members) => {
                if is_last {
                    members.entry(step).or_insert(Value::Null);
                }
                members.get_mut(step)
            }
            _ => None,
        };
        at = next.ok_or_else(|| format!("--set {place}: there is no {step:?} there"))?;
    }
    *at = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_set_with_json_or_text() {
        let mut payload = json!({ "Records": [{ "n": 1, "deep": {} }] });
        set_place(&mut payload, "Records.0.n", "2").unwrap();
        set_place(&mut payload, "Records.0.deep.new", "a=b").unwrap();
        assert_eq!(payload, json!({ "Records": [{ "n": 2, "deep": { "new": "a=b" } }] }));
        let error = set_place(&mut payload, "Records.1.n", "2").unwrap_err();
        assert_eq!(error, "--set Records.1.n: there is no \"1\" there");
        assert!(set_place(&mut payload, "Records.0.x.y", "2").is_err());
        assert!(set_place(&mut payload, "Records.0.n.x", "2").is_err());
    }

    #[test]
    fn an_assignment_is_a_name_and_a_value() {
        assert_eq!("a=b=c".parse(), Ok(Assignment::new("a", "b=c")));
        assert!("a".parse::<Assignment>().is_err());
    }
}
