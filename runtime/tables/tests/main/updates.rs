use std::collections::BTreeMap;

use lambent_tables::expression::AttributeUpdate;
use serde_json::{Value as Json, json};

use crate::{item, placeholders, update};

fn values() -> Json {
    json!({
        ":s": {"S": "x"}, ":n": {"N": "2"}, ":zero": {"N": "0"}, ":l": {"L": [{"N": "9"}]}, ":none": {"L": []},
        ":set": {"SS": ["a", "b"]}, ":ns": {"NS": ["1"]}, ":m": {"M": {}},
    })
}

fn applied(text: &str, before: Json) -> Result<Json, String> {
    let update = update(text, &values()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let after = update.apply(&item(before)).map_err(|error| error.message().to_owned())?;
    Ok(serde_json::to_value(after).unwrap())
}

#[test]
fn an_update_makes_what_it_says() {
    let list = |numbers: &[u32]| json!({"L": numbers.iter().map(|n| json!({"N": n.to_string()})).collect::<Vec<_>>()});
    let cases = [
        ("set a = :s, b = :n", json!({}), json!({"a": {"S": "x"}, "b": {"N": "2"}})),
        // What is read is what was there before.
        (
            "set a = b, b = a",
            json!({"a": {"N": "1"}, "b": {"N": "2"}}),
            json!({"a": {"N": "2"}, "b": {"N": "1"}}),
        ),
        ("set a = b remove b", json!({"b": {"N": "1"}}), json!({"a": {"N": "1"}})),
        ("set a = a + :n", json!({"a": {"N": "0.5"}}), json!({"a": {"N": "2.5"}})),
        ("set a = :n - a", json!({"a": {"N": "3"}}), json!({"a": {"N": "-1"}})),
        ("set a = if_not_exists(a, :zero) + :n", json!({}), json!({"a": {"N": "2"}})),
        (
            "set a = (if_not_exists(a, :zero)) + (:n)",
            json!({"a": {"N": "5"}}),
            json!({"a": {"N": "7"}}),
        ),
        ("set a = list_append(if_not_exists(a, :none), :l)", json!({}), json!({"a": list(&[9])})),
        ("set a = list_append(:l, a)", json!({"a": list(&[1])}), json!({"a": list(&[9, 1])})),
        ("set a[1] = :n", json!({"a": list(&[1, 1, 1])}), json!({"a": list(&[1, 2, 1])})),
        ("set a[7] = :n, a[5] = :zero", json!({"a": list(&[1])}), json!({"a": list(&[1, 0, 2])})),
        ("remove a[0], a[2]", json!({"a": list(&[1, 2, 3])}), json!({"a": list(&[2])})),
        ("remove a[10], a[1]", json!({"a": list(&[1, 2, 3])}), json!({"a": list(&[1, 3])})),
        (
            "remove a[0] set a[1] = :zero, a[9] = :n",
            json!({"a": list(&[1, 1, 3])}),
            json!({"a": list(&[0, 3, 2])}),
        ),
        (
            "set a.#b.c = :s",
            json!({"a": {"M": {"b": {"M": {}}}}}),
            json!({"a": {"M": {"b": {"M": {"c": {"S": "x"}}}}}}),
        ),
        ("remove a.b, c", json!({"a": {"M": {"b": {"N": "1"}}}}), json!({"a": {"M": {}}})),
        ("add a :n", json!({}), json!({"a": {"N": "2"}})),
        (
            "add a :n, b :set",
            json!({"a": {"N": "1"}, "b": {"SS": ["b", "c"]}}),
            json!({"a": {"N": "3"}, "b": {"SS": ["a", "b", "c"]}}),
        ),
        ("add a.n :n", json!({"a": {"M": {}}}), json!({"a": {"M": {"n": {"N": "2"}}}})),
        ("delete a :set", json!({"a": {"SS": ["a", "c"]}}), json!({"a": {"SS": ["c"]}})),
        ("delete a :set, b :set", json!({"a": {"SS": ["a"]}}), json!({})),
    ];
    for (text, before, after) in cases {
        assert_eq!(applied(text, before), Ok(after), "{text}");
    }
}

#[test]
fn an_update_that_cannot_be_made_is_refused_as_dynamodb_refuses_it() {
    let mismatch = "An operand in the update expression has an incorrect data type";
    let path = "The document path provided in the update expression is invalid for update";
    let absent = "The provided expression refers to an attribute that does not exist in the item";
    let cases = [
        ("set a = b", json!({}), absent),
        ("set a = b + :n", json!({}), absent),
        ("set a = b + :n", json!({"b": {"S": "1"}}), mismatch),
        ("set a = list_append(b, :l)", json!({"b": {"S": "1"}}), mismatch),
        ("set a.b = :n", json!({}), path),
        ("set a.b = :n", json!({"a": {"L": []}}), path),
        ("set a[0] = :n", json!({"a": {"M": {}}}), path),
        ("set a[0].b = :n", json!({"a": {"L": []}}), path),
        ("remove a.b.c", json!({"a": {"M": {}}}), path),
        ("add a :n", json!({"a": {"S": "1"}}), mismatch),
        ("add a :set", json!({"a": {"NS": ["1"]}}), mismatch),
        ("delete a :set", json!({"a": {"N": "1"}}), mismatch),
        (
            "set a = a + :n",
            json!({"a": {"N": "1e100"}}),
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            "set a = list_append(b, b)",
            json!({"b": {"L": [{"S": "x".repeat(300_000)}]}}),
            "Item size to update has exceeded the maximum allowed size",
        ),
        (
            "set a = b, c = b",
            json!({"b": {"S": "x".repeat(150_000)}}),
            "Item size to update has exceeded the maximum allowed size",
        ),
    ];
    for (text, before, message) in cases {
        assert_eq!(applied(text, before), Err(message.to_owned()), "{text}");
    }
    let deep = (0..32).fold(json!({"N": "1"}), |inner, _| json!({"L": [inner]}));
    let error = applied("set a[0] = b", json!({"a": {"L": []}, "b": deep})).unwrap_err();
    assert!(error.starts_with("Nesting Levels have exceeded"), "{error}");
}

#[test]
fn a_projection_shows_what_is_wanted_and_no_more() {
    let whole = json!({
        "a": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, "b": {"L": [{"N": "0"}, {"M": {"z": {"S": "s"}}}, {"N": "2"}]}, "c": {"S": "c"},
    });
    let shown = |text: &str| {
        let projection = placeholders(&json!({})).projection(text).unwrap();
        serde_json::to_value(projection.of(&item(whole.clone()))).unwrap()
    };
    assert_eq!(shown("c, #a.x"), json!({"a": {"M": {"x": {"N": "1"}}}, "c": {"S": "c"}}));
    assert_eq!(shown("b[2], b[0]"), json!({"b": {"L": [{"N": "0"}, {"N": "2"}]}}));
    assert_eq!(shown("b[1].z, b[7], a.w, d"), json!({"b": {"L": [{"M": {"z": {"S": "s"}}}]}}));
    assert_eq!(shown("c.x, a[0]"), json!({}));
    let update = update("set a.x = :n remove c", &values()).unwrap();
    assert_eq!(
        serde_json::to_value(update.changed().of(&item(whole.clone()))).unwrap(),
        shown("a.x, c")
    );
}

#[test]
fn the_older_updates_make_the_same() {
    let applied = |updates: Json, before: Json| {
        let updates: BTreeMap<String, AttributeUpdate> = serde_json::from_value(updates).unwrap();
        let update = AttributeUpdate::update(&updates).map_err(|error| error.to_string())?;
        let after = update.apply(&item(before)).map_err(|error| error.to_string())?;
        Ok::<_, String>(serde_json::to_value(after).unwrap())
    };
    let value = |value: Json| json!({"Value": value});
    assert_eq!(
        applied(json!({"a": value(json!({"S": "x"}))}), json!({})),
        Ok(json!({"a": {"S": "x"}}))
    );
    assert_eq!(
        applied(json!({"a": {"Action": "DELETE"}}), json!({"a": {"S": "x"}})),
        Ok(json!({}))
    );
    assert_eq!(
        applied(
            json!({"a": {"Action": "DELETE", "Value": {"SS": ["x"]}}}),
            json!({"a": {"SS": ["x", "y"]}})
        ),
        Ok(json!({"a": {"SS": ["y"]}}))
    );
    assert_eq!(
        applied(json!({"a": {"Action": "ADD", "Value": {"N": "1"}}}), json!({"a": {"N": "1"}})),
        Ok(json!({"a": {"N": "2"}}))
    );
    assert_eq!(
        applied(
            json!({"a": {"Action": "ADD", "Value": {"L": [{"N": "1"}]}}}),
            json!({"a": {"L": []}})
        ),
        Ok(json!({"a": {"L": [{"N": "1"}]}}))
    );
    let invalid = "One or more parameter values were invalid: ";
    for (updates, message) in [
        (json!({"a": {"Action": "ADD", "Value": {"N": "1"}}}), "Type mismatch for attribute to update".to_owned()),
        (json!({"a": {"Action": "ADD"}}), format!("{invalid}Only DELETE action is allowed when no attribute value is specified")),
        (json!({"a": {"Action": "ADD", "Value": {"S": "1"}}}), format!("{invalid}ADD action is not supported for the type S")),
        (json!({"a": {"Action": "DELETE", "Value": {"N": "1"}}}), format!("{invalid}DELETE action with value is not supported for the type N")),
        (
            json!({"a": {"Action": "MOVE"}}),
            "1 validation error detected: Value 'MOVE' at 'attributeUpdates.a.member.action' failed to satisfy constraint: Member must satisfy enum value set: [ADD, PUT, DELETE]".to_owned(),
        ),
    ] {
        assert_eq!(applied(updates.clone(), json!({"a": {"S": "x"}})), Err(message), "{updates}");
    }
}
