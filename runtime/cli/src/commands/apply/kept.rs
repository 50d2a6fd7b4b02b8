//! The variables of a function that a file does not name: whoever set them keeps them.

use std::sync::Arc;

use lambent_types::Environment;

use super::present::Present;
use super::wanted::Wanted;

/// Has a function keep the variables that it has and the file does not name; returns their
/// names.
pub(super) fn keep_variables(wanted: &mut Wanted, present: &Present) -> Vec<String> {
    let Some(code) = &mut wanted.code else { return Vec::new() };
    let there = present.description["environment"].as_object();
    let mut variables = (*code.configuration.environment.0).clone();
    let mut kept = Vec::new();
    for (name, value) in there.into_iter().flatten() {
        if let (false, Some(value)) = (variables.contains_key(name), value.as_str()) {
            variables.insert(name.clone(), value.to_owned());
            kept.push(name.clone());
        }
    }
    if !kept.is_empty() {
        code.configuration.environment = Environment(Arc::new(variables));
        wanted.description = code.describe();
    }
    kept
}
