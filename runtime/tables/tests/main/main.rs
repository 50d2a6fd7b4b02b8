//! Values, numbers, and expressions: what they mean, and what is said of those that mean nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conditions;
mod hostile;
mod keys;
mod messages;
mod numbers;
mod partiql;
mod round_trip;
mod updates;
mod values;

use std::collections::BTreeMap;

use lambent_tables::expression::{Condition, Placeholders, Update};
use lambent_tables::{Given, Item, Value};
use serde_json::{Value as Json, json};

/// An item of JSON.
fn item(json: Json) -> Item {
    Item::from_json(&json).unwrap()
}

/// Values as a request gives them; none, if there are none.
fn given(values: &Json) -> Option<BTreeMap<String, Given<Value>>> {
    let values: BTreeMap<_, _> = serde_json::from_value(values.clone()).unwrap();
    Some(values).filter(|values| !values.is_empty())
}

/// What `#a` to `#c` and `:v` stand for, with more values if there are.
fn placeholders(values: &Json) -> Placeholders {
    let names = [("#a", "a"), ("#b", "b"), ("#c", "c")];
    let names: BTreeMap<_, _> = names.map(|(one, two)| (one.to_owned(), two.to_owned())).into();
    Placeholders::new(Some(names), given(values)).unwrap()
}

fn condition(text: &str, values: &Json) -> Result<Condition, String> {
    let read = placeholders(values).condition("ConditionExpression", text);
    read.map_err(|error| error.message().to_owned())
}

fn update(text: &str, values: &Json) -> Result<Update, String> {
    placeholders(values).update(text).map_err(|error| error.message().to_owned())
}

#[test]
fn every_placeholder_is_used_and_called_as_they_are() {
    let new = |names: &[(&str, &str)], values: &Json| {
        let names = names.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect();
        Placeholders::new(Some(names), given(values))
    };
    let mut used = new(&[("#a", "x")], &json!({":v": {"N": "1"}})).unwrap();
    used.condition("FilterExpression", "#a = :v").unwrap();
    assert_eq!(used.finish(), Ok(()));
    let message = |result: Result<Placeholders, _>| format!("{}", result.map(drop).unwrap_err());
    let unused = new(&[("#a", "x"), ("#b", "y")], &json!({})).unwrap().finish().unwrap_err();
    assert_eq!(
        unused.message(),
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}"
    );
    let unused =
        Placeholders::new(None, given(&json!({":v": {"N": "1"}}))).unwrap().finish().unwrap_err();
    assert_eq!(
        unused.message(),
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"
    );
    assert_eq!(message(new(&[], &json!({}))), "ExpressionAttributeNames must not be empty");
    assert_eq!(
        message(new(&[("a", "a")], &json!({}))),
        "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""
    );
    let values = |values: Json| {
        message(Placeholders::new(None, Some(serde_json::from_value(values).unwrap())))
    };
    assert_eq!(values(json!({})), "ExpressionAttributeValues must not be empty");
    assert_eq!(
        values(json!({":": {"S": "a"}})),
        "ExpressionAttributeValues contains invalid key: Syntax error; key: \":\""
    );
    assert_eq!(
        values(json!({":v": {"N": "x"}})),
        "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :v"
    );
}
