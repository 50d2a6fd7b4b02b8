//! Code that the commands of all named resources share.

use serde_json::{Value, json};

use crate::api::resources::Kind;
use crate::args::Global;
use crate::error::{CliError, Exit};

/// Makes a resource that is nothing but its name.
pub(super) fn create(kind: Kind, name: &str, global: &Global) -> Result<Exit, CliError> {
    put(kind, name, None, global)
}

/// Makes a resource, or makes it as described.
pub(super) fn put(
    kind: Kind,
    name: &str,
    description: Option<&Value>,
    global: &Global,
) -> Result<Exit, CliError> {
    let (value, created) = global.client()?.put_resource(kind, name, description)?;
    let output = global.output();
    if output.json {
        output.json(&value)?;
    } else {
        let noun = kind.noun();
        output.line(&match (created, description.is_some()) {
            (true, _) => format!("created {noun} {name}"),
            (false, true) => format!("updated {noun} {name}"),
            (false, false) => format!("{noun} {name} is there already"),
        })?;
    }
    Ok(Exit::Ok)
}

/// Lists all resources of a kind; `row` makes the cells of one.
pub(super) fn list(
    kind: Kind,
    header: &[&str],
    row: impl Fn(&Value) -> Vec<String>,
    first: &str,
    global: &Global,
) -> Result<Exit, CliError> {
    let items = global.client()?.resources(kind)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ kind.plural(): items }))?;
    } else if items.is_empty() {
        eprintln!("no {} yet; make one: {first}", kind.plural());
    } else {
        output.table(header, items.iter().map(row).collect())?;
    }
    Ok(Exit::Ok)
}

/// Deletes a resource.
pub(super) fn delete(kind: Kind, name: &str, global: &Global) -> Result<Exit, CliError> {
    global.client()?.delete_resource(kind, name)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": name }))?;
    } else {
        output.line(&format!("deleted {} {name}", kind.noun()))?;
    }
    Ok(Exit::Ok)
}

/// A member as a table shows it: text as it is, nothing as `-`.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An RFC 3339 time, to the minute.
pub(super) fn minute(value: &Value) -> String {
    let time = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    time.map_or_else(|| cell(value), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}
