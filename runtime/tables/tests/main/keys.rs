use std::ops::Bound;

use lambent_tables::expression::{KeyCondition, KeyConditions, Placeholders};
use lambent_tables::{Key, KeyAttribute, KeySchema, KeyType, KeyValue};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn schema(range: KeyType) -> KeySchema {
    KeySchema {
        hash: KeyAttribute { name: "h".to_owned(), kind: KeyType::S },
        range: Some(KeyAttribute { name: "r".to_owned(), kind: range }),
    }
}

fn resolved(text: &str, values: &Json, schema: &KeySchema) -> Result<KeyCondition, String> {
    let condition =
        Placeholders::new(None, crate::given(values)).unwrap().condition("K", text).unwrap();
    let resolved = KeyConditions::of(&condition).unwrap().resolve(schema);
    resolved.map_err(|error| error.message().to_owned())
}

fn texts() -> Json {
    json!({":h": {"S": "p"}, ":a": {"S": "b"}, ":z": {"S": "d"}, ":n": {"N": "1"}, ":last": {"S": "a\u{10FFFF}"}})
}

#[test]
fn a_query_is_about_a_range_of_bytes() {
    let range = |text: &str| {
        let found = resolved(&format!("h = :h and {text}"), &texts(), &schema(KeyType::S)).unwrap();
        assert_eq!(found.hash, KeyValue::S("p".to_owned()));
        let text =
            |bound: Bound<Vec<u8>>| bound.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (text(found.from), text(found.to))
    };
    use Bound::{Excluded, Included, Unbounded};
    let own = |bound: Bound<&str>| bound.map(str::to_owned);
    for (text, from, to) in [
        ("r = :a", Included("b"), Included("b")),
        ("r < :a", Unbounded, Excluded("b")),
        (":a >= r", Unbounded, Included("b")),
        ("r > :a", Excluded("b"), Unbounded),
        (":a <= r", Included("b"), Unbounded),
        ("r between :a and :z", Included("b"), Included("d")),
        ("begins_with(r, :a)", Included("b"), Excluded("c")),
    ] {
        assert_eq!(range(text), (own(from), own(to)), "{text}");
    }
    let whole = resolved("h = :h", &texts(), &schema(KeyType::S)).unwrap();
    assert_eq!((whole.from, whole.to), (Unbounded, Unbounded));
}

#[test]
fn a_query_that_fits_no_key_is_refused() {
    let only_hash = KeySchema { range: None, ..schema(KeyType::S) };
    for (text, schema, message) in [
        ("r = :a", schema(KeyType::S), "Query condition missed key schema element: h"),
        ("h > :a", schema(KeyType::S), "Query key condition not supported"),
        ("h = :h and x = :a", schema(KeyType::S), "Query condition missed key schema element: r"),
        ("h = :h and r = :a", only_hash, "Query key condition not supported"),
        (
            "h = :n",
            schema(KeyType::S),
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "h = :h and r = :n",
            schema(KeyType::S),
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "h = :h and begins_with(r, :a)",
            schema(KeyType::N),
            "One or more parameter values were invalid: ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
        ),
    ] {
        assert_eq!(resolved(text, &texts(), &schema), Err(message.to_owned()), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_in_the_range_is_what_begins_with_the_prefix(prefix in proptest::collection::vec(prop_oneof![Just(0xFF_u8), any::<u8>()], 0..4),
                                                           rest in proptest::collection::vec(any::<u8>(), 0..4), other in proptest::collection::vec(any::<u8>(), 0..6)) {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(&prefix);
        let values = json!({":h": {"S": "p"}, ":b": {"B": encoded}});
        let query = resolved("h = :h and begins_with(r, :b)", &values, &schema(KeyType::B)).unwrap();
        let key = |range: Vec<u8>| Key { hash: KeyValue::S("p".to_owned()), range: Some(KeyValue::B(range)) };
        prop_assert!(query.holds(&key([prefix.clone(), rest].concat())));
        prop_assert_eq!(query.holds(&key(other.clone())), other.starts_with(&prefix));
    }
}
