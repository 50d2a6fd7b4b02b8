//! Values and items: their JSON, what of it is refused, their sizes, and keys that are taken out of them.

use lambent_tables::{
    Index, InputError, Item, Key, KeyAttribute, KeySchema, KeyType, KeyValue, NESTING_MAX, Number,
    Projection, TableDefinition, Value,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn number() -> impl Strategy<Value = Number> {
    (any::<i64>(), -40_i32..40)
        .prop_map(|(digits, power)| format!("{digits}e{power}").parse().unwrap())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,12}".prop_map(Value::S),
        number().prop_map(Value::N),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::B),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        proptest::collection::btree_set(".{0,8}", 1..5).prop_map(Value::Ss),
        proptest::collection::btree_set(number(), 1..5).prop_map(Value::Ns),
        proptest::collection::btree_set(proptest::collection::vec(any::<u8>(), 0..8), 1..5)
            .prop_map(Value::Bs),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::L),
            proptest::collection::btree_map(".{0,6}", inner, 0..6).prop_map(Value::M),
        ]
    })
}

fn item() -> impl Strategy<Value = Item> {
    proptest::collection::btree_map(".{1,8}", value(), 0..6).prop_map(Item::from)
}

proptest! {
    #[test]
    fn an_item_comes_back_from_its_json_and_from_its_bytes(item in item()) {
        let json = serde_json::to_value(&item).unwrap();
        prop_assert_eq!(Item::from_json(&json).unwrap(), item.clone());
        prop_assert_eq!(serde_json::from_value::<Item>(json).unwrap(), item.clone());
        prop_assert_eq!(Item::from_bytes(&item.to_bytes()), Ok(item));
    }

    #[test]
    fn whatever_bytes_there_are_they_are_an_item_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Item::from_bytes(&bytes);
    }

    #[test]
    fn texts_and_bytes_are_keys_in_their_own_order(one in ".{0,10}", two in ".{0,10}") {
        let bytes = |text: &str| KeyValue::S(text.to_owned()).to_bytes();
        prop_assert_eq!(bytes(&one).cmp(&bytes(&two)), one.as_bytes().cmp(two.as_bytes()));
        let key = KeyValue::S(one);
        prop_assert_eq!(KeyValue::from_bytes(KeyType::S, &key.to_bytes()), Some(key));
    }
}

fn refused(json: &Json) -> String {
    match Value::from_json(json).unwrap_err() {
        InputError::Serialization(message) => format!("serialization: {message}"),
        InputError::Invalid(invalid) => invalid.message().to_owned(),
    }
}

#[test]
fn what_is_no_value_is_refused_as_dynamodb_refuses_it() {
    let invalid = "One or more parameter values were invalid: ";
    let cases = [
        (json!({}), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".to_owned()),
        (json!({"X": 1}), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".to_owned()),
        (json!({"S": "a", "N": "1"}), "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes".to_owned()),
        (json!({"NULL": false}), format!("{invalid}Null attribute value types must have the value of true")),
        (json!({"SS": []}), format!("{invalid}An string set  may not be empty")),
        (json!({"NS": []}), format!("{invalid}An number set  may not be empty")),
        (json!({"BS": []}), format!("{invalid}Binary sets should not be empty")),
        (json!({"SS": ["a", "b", "a"]}), format!("{invalid}Input collection [a, b, a] contains duplicates.")),
        (json!({"BS": ["Yg==", "Yg=="]}), format!("{invalid}Input collection [Yg==, Yg==]of type BS contains duplicates.")),
        (json!({"NS": ["1", "1.0"]}), "Input collection contains duplicates".to_owned()),
        (json!({"N": ""}), "The parameter cannot be converted to a numeric value".to_owned()),
        (json!({"N": "b"}), "The parameter cannot be converted to a numeric value: b".to_owned()),
        (json!({"L": [{"N": "1e126"}]}), "Number overflow. Attempting to store a number with magnitude larger than supported range".to_owned()),
        (json!({"M": {"a": {"N": "1e-131"}}}), "Number underflow. Attempting to store a number with magnitude smaller than supported range".to_owned()),
        (json!({"S": 1}), "serialization: NUMBER_VALUE cannot be converted to String".to_owned()),
        (json!({"S": 1.5}), "serialization: DECIMAL_VALUE cannot be converted to String".to_owned()),
        (json!({"S": true}), "serialization: TRUE_VALUE cannot be converted to String".to_owned()),
        (json!({"S": []}), "serialization: Unrecognized collection type class java.lang.String".to_owned()),
        (json!({"B": "a"}), "serialization: Base64 encoded length is expected a multiple of 4 bytes but found: 1".to_owned()),
        (json!({"B": "a==="}), "serialization: Invalid last non-pad Base64 character dectected".to_owned()),
        (json!({"B": 1}), "serialization: only base-64-encoded strings are convertible to bytes".to_owned()),
        (json!({"BOOL": "maybe"}), "serialization: Unexpected token received from parser".to_owned()),
        (json!({"L": {}}), "serialization: Start of structure or map found where not expected".to_owned()),
        (json!({"SS": "a"}), "serialization: Unexpected field type".to_owned()),
        (json!([]), "serialization: Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue".to_owned()),
        (json!("a"), "serialization: Unexpected value type in payload".to_owned()),
    ];
    for (json, message) in cases {
        assert_eq!(refused(&json), message, "{json}");
    }
    assert_eq!(Value::from_json(&json!({"BOOL": "no", "S": null})).unwrap(), Value::Bool(false));
}

fn nested(levels: usize) -> Json {
    (0..levels).fold(json!({"S": "x"}), |inner, level| {
        if level % 2 == 0 { json!({"L": [inner]}) } else { json!({"M": {"m": inner}}) }
    })
}

#[test]
fn lists_and_maps_are_so_deep_and_no_deeper() {
    let deepest = Value::from_json(&nested(NESTING_MAX)).unwrap();
    assert_eq!(deepest.nesting(), NESTING_MAX);
    assert!(refused(&nested(NESTING_MAX + 1)).starts_with("Nesting Levels have exceeded"));
    let item: Item = [("a".to_owned(), Value::L(vec![deepest]))].into_iter().collect();
    assert!(item.check().unwrap_err().message().starts_with("Nesting Levels have exceeded"));
}

#[test]
fn an_item_counts_as_dynamodb_says() {
    let item = json!({
        "text": {"S": "héllo"}, "number": {"N": "-123.45"}, "bytes": {"B": "YWJj"}, "truth": {"BOOL": true},
        "nothing": {"NULL": true}, "list": {"L": [{"S": "ab"}, {"N": "1"}]}, "map": {"M": {"key": {"S": "value"}}},
        "texts": {"SS": ["a", "bc"]},
    });
    let names = 4 + 6 + 5 + 5 + 7 + 4 + 3 + 5;
    let values = 6 + 5 + 3 + 1 + 1 + (3 + 3 + 3) + (3 + 1 + 3 + 5) + 3;
    assert_eq!(Item::from_json(&item).unwrap().size(), names + values);

    let of = |bytes: usize| -> Item {
        [("a".to_owned(), Value::S("x".repeat(bytes)))].into_iter().collect()
    };
    assert!(of(409_599).check().is_ok());
    let message = "Item size has exceeded the maximum allowed size";
    assert_eq!(of(409_600).check().unwrap_err().message(), message);
}

fn table() -> TableDefinition {
    let key = |hash: &str, hash_type, range: &str, range_type| KeySchema {
        hash: KeyAttribute { name: hash.to_owned(), kind: hash_type },
        range: Some(KeyAttribute { name: range.to_owned(), kind: range_type }),
    };
    let mut table = TableDefinition::new(key("id", KeyType::S, "at", KeyType::N));
    let index =
        Index { key: key("id", KeyType::S, "name", KeyType::S), projection: Projection::KeysOnly };
    table.local_indexes.insert("by-name".parse().unwrap(), index);
    table
}

fn of(json: Json) -> Item {
    Item::from_json(&json).unwrap()
}

#[test]
fn a_key_is_taken_out_of_an_item_that_the_table_takes() {
    let table = table();
    let key = Key { hash: KeyValue::S("1".to_owned()), range: Some(KeyValue::N(Number::from(2))) };
    let item =
        of(json!({"id": {"S": "1"}, "at": {"N": "2"}, "name": {"S": "x"}, "more": {"NULL": true}}));
    assert_eq!(table.key_of(&item), Ok(key.clone()));
    assert_eq!(table.key.attributes_of(&key), of(json!({"id": {"S": "1"}, "at": {"N": "2"}})));
    let (_, index) = table.indexes().next().unwrap();
    assert_eq!(index.key.place_of(&item).unwrap().range, Some(KeyValue::S("x".to_owned())));
    let without = of(json!({"id": {"S": "1"}, "at": {"N": "2"}}));
    assert_eq!(index.key.place_of(&without), None);
    assert_eq!(
        index.project(&table.key, &item),
        of(json!({"id": {"S": "1"}, "at": {"N": "2"}, "name": {"S": "x"}}))
    );

    let invalid = "One or more parameter values were invalid: ";
    for (item, message) in [
        (json!({"at": {"N": "2"}}), format!("{invalid}Missing the key id in the item")),
        (json!({"id": {"N": "1"}, "at": {"N": "2"}}), format!("{invalid}Type mismatch for key id expected: S actual: N")),
        (
            json!({"id": {"S": ""}, "at": {"N": "2"}}),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id".to_owned(),
        ),
        (
            json!({"id": {"S": "x".repeat(2049)}, "at": {"N": "2"}}),
            format!("{invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        ),
        (
            json!({"id": {"S": "1"}, "at": {"N": "2"}, "name": {"BOOL": true}}),
            format!("{invalid}Type mismatch for Index Key name Expected: S Actual: BOOL IndexName: by-name"),
        ),
        (
            json!({"id": {"S": "1"}, "at": {"N": "2"}, "name": {"S": "x".repeat(1025)}}),
            format!("{invalid}Aggregated size of all range keys has exceeded the size limit of 1024 bytes"),
        ),
    ] {
        assert_eq!(table.key_of(&of(item)).unwrap_err().message(), message);
    }
}

#[test]
fn an_item_is_named_by_its_key_and_nothing_else() {
    let key = &table().key;
    assert!(key.key_from(&of(json!({"id": {"S": "1"}, "at": {"N": "2"}}))).is_ok());
    for wrong in [
        json!({}),
        json!({"id": {"S": "1"}}),
        json!({"id": {"S": "1"}, "at": {"S": "2"}}),
        json!({"id": {"S": "1"}, "other": {"N": "2"}}),
        json!({"id": {"S": "1"}, "at": {"N": "2"}, "more": {"S": "x"}}),
    ] {
        let error = key.key_from(&of(wrong)).unwrap_err();
        assert_eq!(error.message(), "The provided key element does not match the schema");
    }
}

#[test]
fn there_are_no_tables_that_cannot_be() {
    assert!(table().check().is_ok());
    type Change = fn(&mut TableDefinition);
    let wrong: [(&str, Change); 6] = [
        ("has two types", |table| {
            table.local_indexes.values_mut().for_each(|index| index.key.hash.kind = KeyType::N)
        }),
        ("have the same name", |table| table.key.range = Some(table.key.hash.clone())),
        ("does not have a range key", |table| table.key.range = None),
        ("same leading hash key", |table| {
            table
                .local_indexes
                .values_mut()
                .for_each(|index| index.key.hash.name = "other".to_owned());
        }),
        ("tag", |table| {
            table.tags.insert(String::new(), "x".to_owned());
        }),
        ("Duplicate index name", |table| table.global_indexes = table.local_indexes.clone()),
    ];
    for (message, change) in wrong {
        let mut table = table();
        change(&mut table);
        let error = table.check().unwrap_err();
        assert!(error.message().contains(message), "{error}");
    }
    let json = serde_json::to_value(table()).unwrap();
    assert_eq!(serde_json::from_value::<TableDefinition>(json).unwrap(), table());
}
