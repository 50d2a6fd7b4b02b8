//! Items and values out of the JSON of DynamoDB's API.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::error::{InputError, Invalid};
use crate::number::Number;
use crate::value::{NESTING_MAX, Value};

/// Reads attributes that are so many levels deep.
pub(crate) fn attributes(json: &Json, depth: usize) -> Result<BTreeMap<String, Value>, InputError> {
    let Some(map) = json.as_object() else {
        return Err(unexpected(
            json,
            "java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>",
        ));
    };
    map.iter().map(|(name, json)| Ok((name.clone(), value(json, depth)?))).collect()
}

/// Reads a value that is so many levels deep.
pub(crate) fn value(json: &Json, depth: usize) -> Result<Value, InputError> {
    let map = match json {
        Json::Object(map) => map,
        Json::Array(_) => {
            return Err(serialization(
                "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue",
            ));
        }
        _ => return Err(serialization("Unexpected value type in payload")),
    };
    let mut found = None;
    for (name, json) in
        map.iter().filter(|(name, json)| !json.is_null() && TYPES.contains(&name.as_str()))
    {
        let read = of_type(name, json, depth)?;
        if found.replace(read).is_some() {
            return Err(Invalid::new(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
                 datatypes",
            )
            .into());
        }
    }
    let empty = || {
        Invalid::new(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        )
    };
    Ok(found.ok_or_else(empty)?)
}

const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"];

fn of_type(name: &str, json: &Json, depth: usize) -> Result<Value, InputError> {
    Ok(match name {
        "S" => Value::S(text(json)?.to_owned()),
        "N" => Value::N(number(json)?),
        "B" => Value::B(bytes(json)?),
        "BOOL" => Value::Bool(boolean(json)?),
        "NULL" if boolean(json)? => Value::Null,
        "NULL" => {
            return Err(Invalid::parameter(
                "Null attribute value types must have the value of true",
            )
            .into());
        }
        "L" => {
            let within = deeper(depth)?;
            let values = list(json)?.iter().map(|json| value(json, within));
            Value::L(values.collect::<Result<_, _>>()?)
        }
        "M" => Value::M(attributes(json, deeper(depth)?)?),
        "SS" => Value::Ss(texts(json)?),
        "NS" => Value::Ns(numbers(json)?),
        _ => Value::Bs(byte_strings(json)?),
    })
}

/// How deep what is in a list or map is, if one may be here.
fn deeper(depth: usize) -> Result<usize, InputError> {
    if depth < NESTING_MAX { Ok(depth + 1) } else { Err(too_deep().into()) }
}

pub(crate) fn too_deep() -> Invalid {
    Invalid::new(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
    )
}

fn texts(json: &Json) -> Result<BTreeSet<String>, InputError> {
    let given = list(json)?.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    if given.is_empty() {
        return Err(Invalid::parameter("An string set  may not be empty").into());
    }
    let set: BTreeSet<String> = given.iter().map(|&text| text.to_owned()).collect();
    if set.len() < given.len() {
        return Err(duplicates(&given, " contains duplicates."));
    }
    Ok(set)
}

fn numbers(json: &Json) -> Result<BTreeSet<Number>, InputError> {
    let given = list(json)?;
    if given.is_empty() {
        return Err(Invalid::parameter("An number set  may not be empty").into());
    }
    let set = given.iter().map(number).collect::<Result<BTreeSet<_>, _>>()?;
    if set.len() < given.len() {
        return Err(Invalid::new("Input collection contains duplicates").into());
    }
    Ok(set)
}

fn byte_strings(json: &Json) -> Result<BTreeSet<Vec<u8>>, InputError> {
    let given = list(json)?;
    if given.is_empty() {
        return Err(Invalid::parameter("Binary sets should not be empty").into());
    }
    let set = given.iter().map(bytes).collect::<Result<BTreeSet<_>, _>>()?;
    if set.len() < given.len() {
        let given: Vec<_> = given.iter().filter_map(Json::as_str).collect();
        return Err(duplicates(&given, "of type BS contains duplicates."));
    }
    Ok(set)
}

fn duplicates(given: &[&str], what: &str) -> InputError {
    let shown = given.join(", ").chars().take(1_000).collect::<String>();
    Invalid::parameter(format!("Input collection [{shown}]{what}")).into()
}

fn number(json: &Json) -> Result<Number, InputError> {
    let parsed = text(json)?.parse::<Number>();
    Ok(parsed.map_err(Invalid::from)?)
}

/// Reads a text.
fn text(json: &Json) -> Result<&str, InputError> {
    let of = |found: &str| serialization(&format!("{found} cannot be converted to String"));
    match json {
        Json::String(text) => Ok(text),
        Json::Bool(true) => Err(of("TRUE_VALUE")),
        Json::Bool(false) => Err(of("FALSE_VALUE")),
        Json::Number(number) if number.is_f64() => Err(of("DECIMAL_VALUE")),
        Json::Number(_) => Err(of("NUMBER_VALUE")),
        Json::Array(_) => Err(serialization("Unrecognized collection type class java.lang.String")),
        Json::Null | Json::Object(_) => {
            Err(serialization("Start of structure or map found where not expected"))
        }
    }
}

fn bytes(json: &Json) -> Result<Vec<u8>, InputError> {
    let text = match json {
        Json::String(text) => text,
        Json::Array(_) => {
            return Err(serialization("Unrecognized collection type class java.nio.ByteBuffer"));
        }
        Json::Object(_) => {
            return Err(serialization("Start of structure or map found where not expected"));
        }
        _ => {
            return Err(serialization("only base-64-encoded strings are convertible to bytes"));
        }
    };
    if !text.len().is_multiple_of(4) {
        return Err(serialization(&format!(
            "Base64 encoded length is expected a multiple of 4 bytes but found: {}",
            text.len()
        )));
    }
    // The last word is Amazon's.
    let decoded = STANDARD.decode(text);
    decoded.map_err(|_| serialization("Invalid last non-pad Base64 character dectected"))
}

fn boolean(json: &Json) -> Result<bool, InputError> {
    let of = |found: &str| serialization(&format!("{found} cannot be converted to Boolean"));
    match json {
        Json::Bool(value) => Ok(*value),
        Json::Number(number) if number.is_f64() => Err(of("DECIMAL_VALUE")),
        Json::Number(_) => Err(of("NUMBER_VALUE")),
        Json::String(text) => match text.to_ascii_uppercase().as_str() {
            "TRUE" | "1" | "YES" => Ok(true),
            "FALSE" | "0" | "NO" => Ok(false),
            _ => Err(serialization("Unexpected token received from parser")),
        },
        Json::Array(_) => {
            Err(serialization("Unrecognized collection type class java.lang.Boolean"))
        }
        Json::Null | Json::Object(_) => {
            Err(serialization("Start of structure or map found where not expected"))
        }
    }
}

fn list(json: &Json) -> Result<&Vec<Json>, InputError> {
    match json {
        Json::Array(list) => Ok(list),
        Json::Object(_) => Err(serialization("Start of structure or map found where not expected")),
        _ => Err(serialization("Unexpected field type")),
    }
}

/// Refuses what is no map.
fn unexpected(json: &Json, wanted: &str) -> InputError {
    match json {
        Json::Array(_) => serialization(&format!("Unrecognized collection type {wanted}")),
        _ => serialization("Unexpected field type"),
    }
}

fn serialization(message: &str) -> InputError {
    InputError::Serialization(message.to_owned())
}
