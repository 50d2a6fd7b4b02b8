//! Statements of PartiQL: what they become, and what is said of those that are none.

use std::time::{Duration, Instant};

use lambent_tables::expression::KeyCondition;
use lambent_tables::partiql::{Found, Returning, Select, Statement};
use lambent_tables::{KeyAttribute, KeySchema, KeyType, KeyValue, Value};
use proptest::prelude::*;
use serde_json::json;

use crate::item;

fn schema() -> KeySchema {
    let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
    KeySchema { hash: attribute("id", KeyType::S), range: Some(attribute("n", KeyType::N)) }
}

fn read(text: &str) -> Result<Statement, String> {
    Statement::read(text, Vec::new()).map_err(|error| error.message().to_owned())
}

fn select(text: &str) -> Select {
    match read(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Statement::Select(select) => select,
        other => panic!("{other:?}"),
    }
}

fn found(condition: &str) -> Found {
    select(&format!("SELECT * FROM t WHERE {condition}")).found(&schema()).unwrap()
}

fn hashes(keys: &[KeyCondition]) -> Vec<&KeyValue> {
    keys.iter().map(|key| &key.hash).collect()
}

fn text(text: &str) -> KeyValue {
    KeyValue::S(text.to_owned())
}

#[test]
fn a_hash_key_makes_a_statement_a_query_of_partitions() {
    let one = found("id = 'a' AND n >= 2 AND (color = 'red' OR size(tags) > 1)");
    let keys = one.keys.as_deref().unwrap();
    assert_eq!(hashes(keys), [&text("a")]);
    let holds = |n: &str| {
        keys[0].in_range(&schema().key_of(&item(json!({"id": {"S": "a"}, "n": {"N": n}}))).unwrap())
    };
    assert!(holds("2") && holds("10") && !holds("1.9"));
    let filter = one.filter.unwrap();
    assert!(filter.holds(Some(&item(json!({"color": {"S": "red"}})))));
    assert!(!filter.holds(Some(&item(json!({"color": {"S": "blue"}})))));

    let several = found("'z' = color AND id IN ('b', 'a', 'b') AND n BETWEEN 1 AND 2");
    assert_eq!(hashes(&several.keys.unwrap()), [&text("b"), &text("a")]);
    for scanned in
        ["id > 'a'", "id = 'a' OR id = 'b'", "n = 1", "NOT id = 'a'", "id = color", "color = 1"]
    {
        let found = found(scanned);
        assert!(found.keys.is_none() && found.filter.is_some(), "{scanned}");
    }
    // What is left of two bounds is filtered by.
    assert!(found("id = 'a' AND n > 1 AND n < 3").filter.is_some());
    assert!(select("SELECT * FROM t WHERE id = 1").found(&schema()).is_err());
    let many = (0..51).map(|n| format!("'{n}'")).collect::<Vec<_>>().join(",");
    assert!(select(&format!("SELECT * FROM t WHERE id IN ({many})")).found(&schema()).is_err());
}

#[test]
fn items_are_ordered_by_their_keys_only() {
    let ordered = |text: &str| select(&format!("SELECT * FROM t {text}")).found(&schema());
    assert!(ordered("WHERE id = 'a' ORDER BY n DESC").unwrap().backward);
    assert!(!ordered("WHERE id = 'a' ORDER BY n").unwrap().backward);
    let down = ordered("WHERE id IN ('a', 'c', 'b') ORDER BY id DESC, n ASC").unwrap();
    assert_eq!(hashes(&down.keys.unwrap()), [&text("c"), &text("b"), &text("a")]);
    for refused in [
        "ORDER BY n",
        "WHERE n = 1 ORDER BY n",
        "WHERE id = 'a' ORDER BY color",
        "WHERE id IN ('a', 'b') ORDER BY n",
    ] {
        assert!(ordered(refused).is_err(), "{refused}");
    }
}

#[test]
fn values_are_what_they_are_written_as() {
    let text = "INSERT INTO \"a-b\" VALUE {'id': 'it''s', 'n': -12345678901234567890123456789012345678, 'e': 1.5e-10,
        'l': [1, 'x', true, NULL, {'m': <<1, 2>>}], 's': <<'a', 'b'>>, 'q': ?}; ";
    let parameter = Value::B(vec![1, 2]);
    let Ok(Statement::Insert(insert)) = Statement::read(text, vec![parameter]) else { panic!() };
    assert_eq!(insert.table, "a-b");
    let wanted = json!({
        "id": {"S": "it's"}, "n": {"N": "-12345678901234567890123456789012345678"}, "e": {"N": "0.00000000015"},
        "l": {"L": [{"N": "1"}, {"S": "x"}, {"BOOL": true}, {"NULL": true}, {"M": {"m": {"NS": ["1", "2"]}}}]},
        "s": {"SS": ["a", "b"]}, "q": {"B": "AQI="},
    });
    assert_eq!(insert.item, item(wanted));
}

#[test]
fn rows_are_called_by_the_last_name_of_a_path() {
    let select = select("SELECT id, \"a\".b[0], a['c d'] FROM \"t\".\"by-color\"");
    assert_eq!(select.index.as_deref(), Some("by-color"));
    let row = select.row(item(json!({
        "id": {"S": "1"}, "x": {"S": "y"}, "a": {"M": {"b": {"L": [{"N": "7"}]}, "c d": {"S": "z"}}},
    })));
    assert_eq!(row, item(json!({"id": {"S": "1"}, "b[0]": {"N": "7"}, "c d": {"S": "z"}})));
}

#[test]
fn an_update_changes_what_an_expression_would() {
    let text = "UPDATE t SET a = a + 1, l = list_append(l, [2]) SET s = set_add(s, <<'y'>>)
        SET r = set_delete(r, <<1>>) REMOVE gone WHERE id = 'x' AND n = 1 AND a < 5 RETURNING MODIFIED NEW *";
    let Ok(Statement::Update(update)) = read(text) else { panic!("{:?}", read(text)) };
    assert_eq!(update.returning, Some(Returning::ModifiedNew));
    let found = update.item(&schema()).unwrap();
    assert_eq!(found.key, item(json!({"id": {"S": "x"}, "n": {"N": "1"}})));
    let before = json!({
        "a": {"N": "4"}, "l": {"L": [{"N": "1"}]}, "s": {"SS": ["x"]}, "r": {"NS": ["1", "2"]}, "gone": {"S": ""},
    });
    assert!(found.condition.unwrap().holds(Some(&item(before.clone()))));
    let after = json!({
        "a": {"N": "5"}, "l": {"L": [{"N": "1"}, {"N": "2"}]}, "s": {"SS": ["x", "y"]}, "r": {"NS": ["2"]},
    });
    assert_eq!(update.update.apply(&item(before)).unwrap(), item(after));
    for refused in ["id = 'x'", "id = 'x' AND n > 1", "id = 'x' OR n = 1", "id IN ('x') AND n = 1"]
    {
        let Ok(Statement::Delete(delete)) = read(&format!("DELETE FROM t WHERE {refused}")) else {
            panic!()
        };
        let error = delete.item(&schema()).unwrap_err();
        assert!(error.message().contains("mandatory equality on all key attributes"), "{refused}");
    }
}

#[test]
fn conditions_are_those_of_expressions() {
    let order = item(json!({
        "a": {"N": "1"}, "s": {"S": "text"}, "nil": {"NULL": true}, "tags": {"SS": ["x", "y"]}, "m": {"M": {"in": {"N": "2"}}},
    }));
    let holds = |condition: &str| {
        let Found { filter, .. } = found(condition);
        filter.unwrap_or_else(|| panic!("{condition}")).holds(Some(&order))
    };
    for yes in [
        "a = 1",
        "1 = a",
        "a <> 2",
        "a != 2",
        "NOT a = 2",
        "a IN (2, 1)",
        "a IN [1]",
        "a NOT IN (2)",
        "m.\"in\" = 2",
        "gone IS MISSING",
        "a IS NOT MISSING",
        "nil IS NULL",
        "a IS NOT NULL",
        "begins_with(s, 'te')",
        "contains(tags, 'x')",
        "CONTAINS(s, 'ext')",
        "size(tags) = 2",
        "attribute_type(s, 'S')",
        "a BETWEEN 0 AND 1 AND s > 'a'",
        "a NOT BETWEEN 2 AND 3",
        "(a = 2 OR (s = 'text')) AND tags = <<'y', 'x'>>",
    ] {
        assert!(holds(yes), "{yes}");
    }
    for no in ["a = '1'", "gone = 1", "gone IS NOT MISSING", "a IS NULL", "s < 'a'", "NOT (a = 1)"]
    {
        assert!(!holds(no), "{no}");
    }
}

/// Statements that are none.
const REFUSED: [&str; 93] = [
    "",
    " ",
    ";",
    "SELECT",
    "SELECT *",
    "SELECT * FROM",
    "SELECT FROM t",
    "SELECT * t",
    "SELECT a, FROM t",
    "SELECT * FROM t WHERE",
    "SELECT * FROM t WHERE a",
    "SELECT * FROM t WHERE a =",
    "SELECT * FROM t WHERE a = 1 AND",
    "SELECT * FROM t WHERE (a = 1",
    "SELECT * FROM t WHERE a = 1)",
    "SELECT * FROM t WHERE a == 1",
    "SELECT * FROM t WHERE a LIKE 'x'",
    "SELECT * FROM t WHERE f(a)",
    "SELECT * FROM t WHERE size(a)",
    "SELECT * FROM t WHERE begins_with(a)",
    "SELECT * FROM t WHERE a = 'x",
    "SELECT * FROM \"t",
    "SELECT * FROM \"\"",
    "SELECT * FROM t WHERE a = ?",
    "SELECT COUNT(*) FROM t",
    "SELECT a AS b FROM t",
    "SELECT * FROM t, u",
    "SELECT * FROM t JOIN u",
    "SELECT * FROM t WHERE a IN ()",
    "SELECT * FROM t WHERE a IN 1",
    "SELECT * FROM t LIMIT 1",
    "SELECT * FROM t GROUP BY a",
    "SELECT a, a FROM t",
    "SELECT a, a.b FROM t",
    "SELECT a.x, b.x FROM t",
    "SELECT * FROM t WHERE a = 1; DROP TABLE t",
    "SELECT * FROM t -- c",
    "SELECT a[-1] FROM t",
    "SELECT a[99999999999999999999999] FROM t",
    "SELECT * FROM t WHERE a = 1e999",
    "SELECT * FROM t WHERE a = 123456789012345678901234567890123456789",
    "SELECT * FROM t WHERE a BETWEEN 2 AND 1",
    "SELECT * FROM t WHERE a BETWEEN 1 AND 'x'",
    "SELECT * FROM t WHERE a < true",
    "SELECT * FROM t WHERE 1 IS MISSING",
    "SELECT * FROM t WHERE a IS 1",
    "SELECT * FROM t WHERE a NOT 1",
    "INSERT",
    "INSERT INTO t",
    "INSERT INTO t VALUE",
    "INSERT INTO t VALUE 1",
    "INSERT INTO t VALUE {a: 1}",
    "INSERT INTO t VALUE {'a': 1, 'a': 2}",
    "INSERT INTO t VALUE {'a'}",
    "INSERT INTO t VALUE {'a': <<>>}",
    "INSERT INTO t VALUE {'a': <<1, 'x'>>}",
    "INSERT INTO t VALUE {'a': <<1, 1.0>>}",
    "INSERT INTO t VALUE {'a': <<true>>}",
    "INSERT INTO t VALUE {'a': b}",
    "INSERT INTO t VALUE {'a': 1,}",
    "INSERT INTO t VALUE {'a': - }",
    "UPDATE t",
    "UPDATE t SET",
    "UPDATE t SET a",
    "UPDATE t SET a = 1",
    "UPDATE t WHERE a = 1",
    "UPDATE t SET a = 1, a = 2 WHERE b = 1",
    "UPDATE t SET a = f(b) WHERE c = 1",
    "UPDATE t SET a = b * 2 WHERE c = 1",
    "UPDATE t SET a = set_add(b, <<1>>) WHERE c = 1",
    "UPDATE t SET a = set_add(a, 1) WHERE c = 1",
    "UPDATE t SET a = list_append(a, 1) WHERE c = 1",
    "UPDATE t SET a = 'x' + 1 WHERE c = 1",
    "UPDATE t SET a = 1 WHERE b = 1 RETURNING",
    "UPDATE t SET a = 1 WHERE b = 1 RETURNING ALL *",
    "UPDATE t SET a = 1 WHERE b = 1 RETURNING SOME OLD *",
    "DELETE t",
    "DELETE FROM t",
    "DELETE FROM t WHERE a = 1 RETURNING ALL NEW *",
    "DELETE FROM t WHERE",
    "EXISTS",
    "EXISTS(1)",
    "EXISTS(SELECT * FROM t",
    "EXISTS(UPDATE t SET a = 1 WHERE b = 1)",
    "DROP TABLE t",
    "CREATE TABLE t",
    "\0",
    "é",
    "'",
    "\"",
    "?",
    "1",
    "SELECT \u{202e}",
];

/// Statements that are none, or want too much: each is refused, by a sentence, and soon.
#[test]
fn hostile_statements_are_refused_soon() {
    let deep = |open: &str, close: &str, count: usize| {
        format!("{}1{}", open.repeat(count), close.repeat(count))
    };
    let mut all = REFUSED.map(str::to_owned).to_vec();
    all.extend([
        format!("INSERT INTO t VALUE {{'a': {}}}", deep("[", "]", 2000)),
        format!("INSERT INTO t VALUE {{'a': {}}}", deep("{'a':", "}", 1000)),
        format!("INSERT INTO t VALUE {{'a': {}}}", deep("<<", ">>", 1000)),
        format!("SELECT * FROM t WHERE {}", "(".repeat(8000)),
        format!("SELECT * FROM t WHERE {} a = 1", "NOT ".repeat(2000)),
        format!("SELECT * FROM t WHERE {}a{} = 1", "size(".repeat(1000), ")".repeat(1000)),
        format!("SELECT * FROM t WHERE a = 1 {}", "OR a = 1 ".repeat(800)),
        format!("SELECT * FROM t WHERE a IN ({}1)", "1,".repeat(3000)),
        format!("SELECT {}z FROM t", (0..1500).map(|n| format!("a{n},")).collect::<String>()),
        format!(
            "UPDATE t {} WHERE id = 'a'",
            (0..1000).map(|n| format!("SET a{n}=1 ")).collect::<String>()
        ),
        format!("SELECT * FROM t WHERE a = '{}'", "x".repeat(8192)),
        "x".repeat(1 << 20),
        "'".repeat(8191),
    ]);
    assert!(all.len() >= 100, "{}", all.len());
    for text in all {
        let start = Instant::now();
        let shown: String = text.chars().take(80).collect();
        let Err(error) = read(&text) else { panic!("not refused: {shown}") };
        assert!(!error.is_empty() && error.len() < 1000, "{shown}: {error}");
        assert!(start.elapsed() < Duration::from_secs(1), "{shown}: {:?}", start.elapsed());
    }
    // The longest that is one takes no longer.
    let longest = format!("SELECT * FROM t WHERE a = '{}'", "''".repeat(4000));
    assert!(read(&longest).is_ok());
}

#[test]
fn every_parameter_is_used_once() {
    let read = |text: &str, count: usize| Statement::read(text, vec![Value::Bool(true); count]);
    assert!(read("SELECT * FROM t WHERE a = ? AND b = ?", 2).is_ok());
    for count in [0, 1, 3] {
        let error = read("SELECT * FROM t WHERE a = ? AND b = ?", count).unwrap_err();
        assert_eq!(error.message(), "Number of parameters in request and statement don't match.");
    }
}

proptest! {
    /// Whatever the words of a statement are, it is read or refused.
    #[test]
    fn no_words_are_too_strange(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "SELECT", "*", "FROM", "t", "\"t\"", ".", "WHERE", "a", "=", "1", "'x'", "AND", "OR", "NOT", "(", ")", "[", "]",
                "<<", ">>", "{", "}", ",", ":", "?", "IN", "BETWEEN", "IS", "MISSING", "NULL", "size", "begins_with",
                "INSERT", "INTO", "VALUE", "UPDATE", "SET", "REMOVE", "DELETE", "RETURNING", "ALL", "OLD", "EXISTS", "-", "+",
                "ORDER", "BY", "DESC", "list_append", "set_add", "1.", "1e", "é", "''", ";",
            ]),
            0..40,
        )
    ) {
        let text = words.join(" ");
        let _ = Statement::read(&text, vec![Value::Null; words.iter().filter(|word| **word == "?").count()]);
        let _ = Statement::read(&words.concat(), Vec::new());
    }

    /// Texts and names are what they were, however they are made.
    #[test]
    fn what_is_quoted_is_what_it_was(text in "\\PC{0,200}", name in "\\PC{1,100}") {
        let statement = format!(
            "SELECT * FROM \"{}\" WHERE a = '{}'", name.replace('"', "\"\""), text.replace('\'', "''")
        );
        let select = Statement::read(&statement, Vec::new()).unwrap();
        prop_assert_eq!(select.table(), &name);
        let Statement::Select(select) = select else { panic!() };
        let found = select.found(&schema()).unwrap();
        let item = [("a".to_owned(), Value::S(text))].into_iter().collect();
        prop_assert!(found.filter.unwrap().holds(Some(&item)));
    }
}
