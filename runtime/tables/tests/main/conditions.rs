use std::collections::BTreeMap;

use lambent_tables::Item;
use lambent_tables::expression::{ConditionalOperator, LegacyCondition};
use serde_json::{Value as Json, json};

use crate::{condition, item};

fn order() -> Item {
    item(json!({
        "id": {"S": "o1"}, "amount": {"N": "12.50"}, "paid": {"BOOL": true}, "nil": {"NULL": true},
        "bits": {"B": "AAECAw=="}, "tags": {"SS": ["new", "red"]}, "codes": {"NS": ["1", "2"]},
        "entries": {"L": [{"M": {"sku": {"S": "x1"}, "n": {"N": "3"}}}, {"S": "gift"}]}, "blank": {"S": ""},
    }))
}

fn values() -> Json {
    json!({
        ":o1": {"S": "o1"}, ":o": {"S": "o"}, ":z": {"S": "z"}, ":twelve": {"N": "12.5"}, ":one": {"N": "1"},
        ":hundred": {"N": "1e2"}, ":yes": {"BOOL": true}, ":null": {"NULL": true}, ":b": {"B": "AQI="},
        ":b0": {"B": "AAE="}, ":set": {"SS": ["red", "new"]}, ":red": {"S": "red"}, ":gift": {"S": "gift"},
        ":S": {"S": "S"}, ":L": {"S": "L"}, ":two": {"N": "2"}, ":three": {"N": "3"}, ":empty": {"S": ""}, ":nine": {"S": "9"},
    })
}

#[test]
fn what_holds_holds_and_what_does_not_does_not() {
    for text in HOLDING {
        let condition =
            condition(text, &values()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(condition.holds(Some(&order())), "{text}");
    }
    for text in NOT {
        let condition =
            condition(text, &values()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(!condition.holds(Some(&order())), "{text}");
    }
}

#[test]
fn of_no_item_nothing_is_there() {
    let holds = |text: &str| condition(text, &values()).unwrap().holds(None);
    assert!(holds("attribute_not_exists(id)"));
    assert!(holds("id <> :o1"));
    assert!(!holds("id = :o1"));
}

fn legacy(json: Json) -> BTreeMap<String, LegacyCondition> {
    serde_json::from_value(json).unwrap()
}

#[test]
fn the_older_conditions_mean_the_same() {
    let expected = |json: Json, operator| {
        LegacyCondition::expected(&legacy(json), operator).unwrap().holds(Some(&order()))
    };
    let all = |json: Json| expected(json, ConditionalOperator::And);
    assert!(all(json!({})));
    assert!(all(json!({"id": {"Value": {"S": "o1"}}, "lacking": {"Exists": false}})));
    assert!(!all(json!({"id": {"Exists": false}})));
    assert!(all(json!({"id": {"Exists": true, "Value": {"S": "o1"}}})));
    let compare = |name: &str, operator: &str, list: Json| {
        all(json!({name: {"ComparisonOperator": operator, "AttributeValueList": list}}))
    };
    assert!(compare("amount", "LE", json!([{"N": "12.5"}])));
    assert!(compare("amount", "BETWEEN", json!([{"N": "1"}, {"N": "13"}])));
    assert!(compare("id", "IN", json!([{"S": "x"}, {"S": "y"}, {"S": "o1"}])));
    assert!(compare("id", "BEGINS_WITH", json!([{"S": "o"}])));
    assert!(compare("tags", "CONTAINS", json!([{"S": "red"}])));
    assert!(compare("tags", "NOT_CONTAINS", json!([{"S": "blue"}])));
    assert!(compare("lacking", "NULL", json!([])) && compare("id", "NOT_NULL", json!([])));
    assert!(
        compare("lacking", "NE", json!([{"S": "x"}])) && !compare("id", "NE", json!([{"S": "o1"}]))
    );
    let two = json!({"id": {"Value": {"S": "no"}}, "paid": {"Value": {"BOOL": true}}});
    assert!(
        expected(two.clone(), ConditionalOperator::Or) && !expected(two, ConditionalOperator::And)
    );
}

#[test]
fn the_older_conditions_are_refused_as_dynamodb_refuses_them() {
    let invalid = "One or more parameter values were invalid: ";
    let cases = [
        (json!({"a": {}}), "Value must be provided when Exists is null for Attribute: a"),
        (
            json!({"a": {"Exists": true}}),
            "Value must be provided when Exists is true for Attribute: a",
        ),
        (
            json!({"a": {"Exists": false, "Value": {"S": "x"}}}),
            "Value cannot be used when Exists is false for Attribute: a",
        ),
        (
            json!({"a": {"Value": {"S": "x"}, "AttributeValueList": []}}),
            "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            json!({"a": {"Exists": true, "ComparisonOperator": "EQ"}}),
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            json!({"a": {"ComparisonOperator": "LT"}}),
            "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a",
        ),
        (
            json!({"a": {"AttributeValueList": []}}),
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        (
            json!({"a": {"ComparisonOperator": "EQ", "AttributeValueList": []}}),
            "Invalid number of argument(s) for the EQ ComparisonOperator",
        ),
        (
            json!({"a": {"ComparisonOperator": "IN", "AttributeValueList": [{"S": "x"}, {"N": "1"}]}}),
            "AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            json!({"a": {"ComparisonOperator": "LT", "AttributeValueList": [{"BOOL": true}]}}),
            "ComparisonOperator LT is not valid for BOOL AttributeValue type",
        ),
    ];
    for (json, message) in cases {
        let error =
            LegacyCondition::expected(&legacy(json.clone()), ConditionalOperator::And).unwrap_err();
        assert_eq!(error.to_string(), format!("{invalid}{message}"), "{json}");
    }
    let unknown = legacy(json!({"a": {"ComparisonOperator": "LIKE"}}));
    let error =
        LegacyCondition::filter("queryFilter", &unknown, ConditionalOperator::And).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 validation error detected: Value 'LIKE' at 'queryFilter.a.member.comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]"
    );
}

const HOLDING: &[&str] = &[
    "id = :o1",
    ":o1 = id",
    "amount = :twelve",
    "paid = :yes",
    "nil = :null",
    "tags = :set",
    "lacking <> :o1",
    "id <> :z",
    "amount <> :o1",
    "id < :z",
    "amount < :hundred",
    "amount >= :twelve",
    "amount between :one and :hundred",
    "id in (:z, :o1)",
    "attribute_exists(id)",
    "attribute_exists(entries[0].sku)",
    "attribute_not_exists(entries[2])",
    "attribute_not_exists(id.x)",
    "attribute_type(id, :S)",
    "attribute_type(entries, :L)",
    "begins_with(id, :o)",
    "begins_with(bits, :b0)",
    "begins_with(id, :empty)",
    "contains(id, :o)",
    "contains(bits, :b)",
    "contains(tags, :red)",
    "contains(codes, :two)",
    "contains(entries, :gift)",
    "size(id) = :two",
    "size(tags) = :two",
    "size(entries) = :two",
    "size(entries[0].sku) < :three",
    "entries[0].n = :three",
    "id = :z or amount = :twelve and paid = :yes",
    "not id = :z and not lacking = :o1",
    "(id = :z or id = :o1) and (paid = :yes)",
    "NOT (id = :z OR amount < :one)",
    "amount > size(id)",
    "attribute_exists(blank)",
    "lacking <> another",
];

const NOT: &[&str] = &[
    "id = :z",
    "amount = :o1",
    "lacking = :o1",
    "id > :twelve",
    "amount < :nine",
    "paid between :o and :z",
    "lacking < :z",
    "lacking between :o and :z",
    "lacking in (:o, :z)",
    "begins_with(amount, :o)",
    "contains(amount, :o)",
    "contains(tags, :two)",
    "contains(lacking, :o)",
    "size(amount) > :one",
    "size(lacking) > :one",
    "size(paid) = :one",
    "attribute_type(lacking, :S)",
    "id = :o1 and lacking = :o1",
    "not id = :o1",
    "entries[1].sku = :o1",
    "id[0] = :o",
    "lacking = another",
    "nil = :yes",
];
