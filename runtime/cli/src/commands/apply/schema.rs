//! The schema of a `lambent.toml`, for editors: made of what reads it.

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema as _, ToSchema};

/// Writes [`tables`].
macro_rules! tables {
    ($($kind:ident, $module:ident, $table:ident;)*) => {
        /// Each table of a file, its schema and those that it refers to.
        fn tables(schemas: &mut Vec<(String, RefOr<Schema>)>) -> Vec<(&'static str, RefOr<Schema>)> {
            vec![$({
                <super::$module::$kind as ToSchema>::schemas(schemas);
                (stringify!($table), super::$module::$kind::schema())
            },)*]
        }
    };
}

entries!(tables);

/// What is said of a file's own keys.
const NAME: &str = "The name of the application, which plans show.";

/// The schema, as JSON Schema 2020-12.
pub(crate) fn schema() -> Value {
    let mut referred = Vec::new();
    let mut properties = json!({ "name": { "type": "string", "description": NAME } });
    for (table, one) in tables(&mut referred) {
        let mut one = json!(one);
        let description = one.as_object_mut().and_then(|one| one.remove("description"));
        properties[table] = json!({ "type": "object", "additionalProperties": one });
        if let Some(description) = description {
            properties[table]["description"] = description;
        }
    }
    let mut definitions = json!({});
    for (name, schema) in referred {
        definitions[name] = json!(schema);
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lambent.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": definitions,
    });
    settle(&mut schema);
    schema
}

/// Has references lead into this document, and takes out what only OpenAPI knows, and `null`,
/// which TOML has not.
fn settle(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(settle);
            members.remove("propertyNames");
            if members.get("description").is_some_and(|says| says == "") {
                members.remove("description");
            }
            if let Some(Value::String(to)) = members.get_mut("$ref") {
                *to = to.replace("#/components/schemas/", "#/$defs/");
            }
            if let Some(example) = members.remove("example") {
                members.insert("examples".into(), json!([example]));
            }
            without_null(members);
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        _ => {}
    }
}

fn without_null(members: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = members.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            members.insert("type".into(), kind);
        }
    }
    let Some(Value::Array(forms)) = members.get_mut("oneOf") else { return };
    forms.retain(|form| form["type"] != "null");
    if let [Value::Object(form)] = forms.as_slice() {
        let form = form.clone();
        members.remove("oneOf");
        for (name, value) in form {
            members.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 5, "{found:?}");
        for reference in found {
            let path = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(path).is_some(), "{reference}");
        }
    }
}
