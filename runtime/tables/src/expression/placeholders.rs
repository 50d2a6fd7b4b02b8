use std::collections::{BTreeMap, BTreeSet};

use super::path::{Path, Step};
use super::reserved::is_reserved;
use super::syntax::{OperandSyntax, PathSyntax, StepSyntax};
use crate::error::{InputError, Invalid};
use crate::item_json::Given;
use crate::value::Value;

/// What the `#names` and `:values` of the expressions of a request stand for, and which of them none has used.
#[derive(Debug, Clone, Default)]
pub struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
    unused_names: BTreeSet<String>,
    unused_values: BTreeSet<String>,
}

impl Placeholders {
    /// Makes them of `ExpressionAttributeNames` and `ExpressionAttributeValues`, as far as there are any.
    ///
    /// # Errors
    /// If one of the two is there and empty, if one is not called `#name` or `:value`, or if a value is none.
    pub fn new(
        names: Option<BTreeMap<String, String>>,
        values: Option<BTreeMap<String, Given<Value>>>,
    ) -> Result<Self, InputError> {
        if let Some(names) = &names {
            check_keys("ExpressionAttributeNames", '#', names.keys())?;
        }
        let mut read = BTreeMap::new();
        if let Some(values) = values {
            check_keys("ExpressionAttributeValues", ':', values.keys())?;
            for (key, given) in values {
                let value = given.read().map_err(|error| match error {
                    InputError::Invalid(error) => InputError::Invalid(Invalid::new(format!(
                        "ExpressionAttributeValues contains invalid value: {error} for key {key}"
                    ))),
                    InputError::Serialization(_) => error,
                })?;
                read.insert(key, value);
            }
        }
        let names = names.unwrap_or_default();
        Ok(Self {
            unused_names: names.keys().cloned().collect(),
            unused_values: read.keys().cloned().collect(),
            names,
            values: read,
        })
    }

    /// Checks that every one was used, after the last expression.
    ///
    /// # Errors
    /// Naming those that were not.
    pub fn finish(self) -> Result<(), Invalid> {
        let unused = |what: &str, keys: &BTreeSet<String>| {
            let keys = keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            Err(Invalid::new(format!(
                "Value provided in {what} unused in expressions: keys: {{{keys}}}"
            )))
        };
        if !self.unused_names.is_empty() {
            return unused("ExpressionAttributeNames", &self.unused_names);
        }
        if !self.unused_values.is_empty() {
            return unused("ExpressionAttributeValues", &self.unused_values);
        }
        Ok(())
    }

    /// Finds what a path is.
    pub(crate) fn path(&mut self, path: &PathSyntax<'_>) -> Result<Path, Invalid> {
        let mut steps = Vec::with_capacity(path.0.len());
        for step in &path.0 {
            steps.push(match step {
                StepSyntax::Index(index) => Step::Index(*index),
                StepSyntax::Name(name) => Step::Name(self.name(name)?),
            });
        }
        let mut steps = steps.into_iter();
        match steps.next() {
            Some(Step::Name(attribute)) => Ok(Path::new(attribute, steps.collect())),
            _ => Err(Invalid::new("Syntax error; a path begins with a name")),
        }
    }

    fn name(&mut self, name: &str) -> Result<String, Invalid> {
        if !name.starts_with('#') {
            return Ok(name.to_owned());
        }
        let found = self.names.get(name).ok_or_else(|| {
            Invalid::new(format!(
                "An expression attribute name used in the document path is not defined; attribute name: {name}"
            ))
        })?;
        self.unused_names.remove(name);
        Ok(found.clone())
    }

    /// Finds what a value is.
    pub(crate) fn value(&mut self, name: &str) -> Result<Value, Invalid> {
        let found = self.values.get(name).ok_or_else(|| {
            Invalid::new(format!(
                "An expression attribute value used in expression is not defined; attribute value: {name}"
            ))
        })?;
        self.unused_values.remove(name);
        Ok(found.clone())
    }
}

fn check_keys<'a>(
    what: &str,
    first: char,
    keys: impl ExactSizeIterator<Item = &'a String>,
) -> Result<(), Invalid> {
    if keys.len() == 0 {
        return Err(Invalid::new(format!("{what} must not be empty")));
    }
    let fits = |key: &str| {
        let rest = key.strip_prefix(first).unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    for key in keys {
        if !fits(key) {
            let shown: String = key.chars().take(255).collect();
            return Err(Invalid::new(format!(
                "{what} contains invalid key: Syntax error; key: \"{shown}\""
            )));
        }
    }
    Ok(())
}

/// Checks that no name of some paths is a reserved word.
pub(crate) fn check_reserved<'a>(
    paths: impl IntoIterator<Item = &'a PathSyntax<'a>>,
) -> Result<(), Invalid> {
    for step in paths.into_iter().flat_map(|path| &path.0) {
        if let StepSyntax::Name(name) = step
            && is_reserved(name)
        {
            return Err(Invalid::new(format!(
                "Attribute name is a reserved keyword; reserved keyword: {name}"
            )));
        }
    }
    Ok(())
}

/// The paths that an operand and its arguments are, from left to right.
pub(crate) fn paths_of<'a>(operand: &'a OperandSyntax<'a>) -> Vec<&'a PathSyntax<'a>> {
    match operand {
        OperandSyntax::Path(path) => vec![path],
        OperandSyntax::Value(_) => Vec::new(),
        OperandSyntax::Call(call) => call.arguments.iter().flat_map(paths_of).collect(),
    }
}
