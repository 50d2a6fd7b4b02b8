//! Resources whose names are in the path and may be in the body too.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Refusal;

/// Reads a resource; its member `name` is that of the path.
pub(super) fn named<T: DeserializeOwned>(
    mut given: Value,
    name: &str,
    what: &str,
) -> Result<T, Refusal> {
    let Some(members) = given.as_object_mut() else {
        return Err(Refusal::invalid(format!("the {what} is no JSON object")));
    };
    match members.get("name") {
        None => {
            members.insert("name".into(), name.into());
        }
        Some(Value::String(given)) if given.eq_ignore_ascii_case(name) => {}
        Some(given) => {
            return Err(Refusal::invalid(format!(
                "the {what} is named {given} in the body and {name:?} in the path"
            )));
        }
    }
    serde_json::from_value(given)
        .map_err(|error| Refusal::invalid(format!("the {what} is not what it should be: {error}")))
}
