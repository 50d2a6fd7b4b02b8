pub(super) mod backups;
pub(super) mod concurrency;
pub(super) mod indexes;
pub(super) mod pages;
pub(super) mod streams;
pub(super) mod time;
pub(super) mod transactions;

use std::collections::BTreeMap;

use lambent_tables::expression::{Condition, Placeholders};
use lambent_tables::{Given, Item, KeyAttribute, KeySchema, KeyType, TableDefinition, Value};
use lambent_types::{Namespace, Origin, TableName};
use serde_json::json;

use super::samples::namespace;
use crate::tables::{
    ItemPlace, Refusal, Table, TableAction, TableError, TableWrite, Tables, Written,
};

type Place = (Namespace, TableName);

fn name(text: &str) -> TableName {
    text.parse().unwrap()
}

/// The key of an attribute or two, such as `id:S` and `at:N`.
fn schema(hash: &str, range: Option<&str>) -> KeySchema {
    let attribute = |text: &str| {
        let (name, kind) = text.split_once(':').unwrap();
        let kind = match kind {
            "S" => KeyType::S,
            "N" => KeyType::N,
            _ => KeyType::B,
        };
        KeyAttribute { name: name.to_owned(), kind }
    };
    KeySchema { hash: attribute(hash), range: range.map(attribute) }
}

fn by_id() -> TableDefinition {
    TableDefinition::new(schema("id:S", None))
}

/// A new table in a namespace of its own.
async fn fresh(store: &dyn Tables, namespace_: &str, definition: TableDefinition) -> Place {
    let place = (namespace(namespace_), name("Items"));
    store.create_table(&place.0, &place.1, definition).await.unwrap();
    place
}

/// An item of DynamoDB's JSON.
fn item(json: serde_json::Value) -> Item {
    Item::from_json(&json).unwrap()
}

fn id(text: &str) -> Item {
    item(json!({ "id": { "S": text } }))
}

fn of_id(text: &str, n: i64) -> Item {
    item(json!({ "id": { "S": text }, "n": { "N": n.to_string() } }))
}

/// A condition, whose values are `:0`, `:1` and so on.
fn condition(text: &str, values: &[Value]) -> Condition {
    let mut placeholders = placeholders(values);
    placeholders.condition("ConditionExpression", text).unwrap()
}

fn placeholders(values: &[Value]) -> Placeholders {
    let given = |(at, value): (usize, &Value)| (format!(":{at}"), Given::from(value.clone()));
    let values: BTreeMap<_, _> = values.iter().enumerate().map(given).collect();
    Placeholders::new(None, Some(values).filter(|values| !values.is_empty())).unwrap()
}

fn number(n: i64) -> Value {
    Value::N(n.to_string().parse().unwrap())
}

fn write((_, table): &Place, action: TableAction) -> TableWrite {
    TableWrite { table: table.clone(), action, condition: None, returns: true }
}

fn put(place: &Place, item: Item) -> TableWrite {
    write(place, TableAction::Put(item))
}

fn delete(place: &Place, key: Item) -> TableWrite {
    write(place, TableAction::Delete(key))
}

fn update(place: &Place, key: Item, text: &str, values: &[Value]) -> TableWrite {
    let update = placeholders(values).update(text).unwrap();
    write(place, TableAction::Update(key, update))
}

fn only_if(write: TableWrite, text: &str, values: &[Value]) -> TableWrite {
    TableWrite { condition: Some(condition(text, values)), ..write }
}

/// Makes one write.
async fn make(store: &dyn Tables, place: &Place, write: TableWrite) -> Result<Written, TableError> {
    let made = store.transact(&place.0, vec![write], None, &Origin::default()).await?;
    let mut made = made.unwrap();
    assert_eq!(made.len(), 1);
    Ok(made.remove(0))
}

async fn get(store: &dyn Tables, place: &Place, key: Item) -> Option<Item> {
    let places = vec![ItemPlace { table: place.1.clone(), key }];
    store.get_items(&place.0, places).await.unwrap().remove(0)
}

async fn table(store: &dyn Tables, place: &Place) -> Table {
    store.table(&place.0, &place.1).await.unwrap().unwrap()
}

/// Why the only write was refused.
fn refusal<T: std::fmt::Debug>(result: Result<T, TableError>) -> Refusal {
    match result {
        Err(TableError::Refused(mut refusals)) => {
            assert_eq!(refusals.len(), 1);
            refusals.remove(0).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

fn invalid<T: std::fmt::Debug>(result: Result<T, TableError>, says: &str) {
    match result {
        Err(TableError::Invalid(invalid)) => {
            assert!(invalid.message().contains(says), "{invalid}");
        }
        other => panic!("{other:?}"),
    }
}

pub(super) async fn tables_come_and_go(store: &dyn Tables) {
    let (ns, other) = (namespace("contract-tables"), namespace("contract-tables2"));
    let (b, a) = (name("bbb"), name("aaa"));
    assert_eq!(store.table(&ns, &a).await.unwrap(), None);
    let made = store.create_table(&ns, &a, by_id()).await.unwrap();
    assert_eq!((made.items, made.bytes, &made.definition), (0, 0, &by_id()));
    let again = store.create_table(&ns, &a, by_id()).await;
    assert!(matches!(again, Err(TableError::Exists)), "{again:?}");
    // Each of its characters counts.
    store.create_table(&ns, &name("AAA"), by_id()).await.unwrap();
    store.create_table(&ns, &b, by_id()).await.unwrap();
    assert_eq!(store.table(&ns, &a).await.unwrap(), Some(made.clone()));
    assert_eq!(store.table(&other, &a).await.unwrap(), None);

    let names = async |after: Option<&TableName>, limit| {
        let tables = store.tables(&ns, after, limit).await.unwrap();
        tables.into_iter().map(|table| table.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 9).await, ["AAA", "aaa", "bbb"]);
    assert_eq!(names(None, 2).await, ["AAA", "aaa"]);
    assert_eq!(names(Some(&a), 2).await, ["bbb"]);
    assert!(names(Some(&b), 2).await.is_empty());

    let gone = store.delete_table(&ns, &a).await.unwrap();
    assert_eq!(gone, made);
    let again = store.delete_table(&ns, &a).await;
    assert!(matches!(again, Err(TableError::NoTable(none)) if none == a));
    let new = store.create_table(&ns, &a, by_id()).await.unwrap();
    assert_ne!(new.id, made.id);
    invalid(
        store
            .create_table(
                &ns,
                &name("two"),
                TableDefinition { key: schema("id:S", Some("id:N")), ..by_id() },
            )
            .await,
        "two types",
    );
}

pub(super) async fn definitions_change_within_bounds(store: &dyn Tables) {
    let place = fresh(store, "contract-definitions", by_id()).await;
    let (ns, t) = (&place.0, &place.1);
    let revision = table(store, &place).await.revision;
    let protected = TableDefinition { deletion_protection: true, ..by_id() };
    let stale = store.update_table(ns, t, protected.clone(), Some(revision + 1)).await;
    assert!(matches!(stale, Err(TableError::Changed { current }) if current == revision));
    let changed = store.update_table(ns, t, protected.clone(), Some(revision)).await.unwrap();
    assert!(changed.revision > revision && changed.definition == protected);
    // What changes nothing is no change.
    let same = store.update_table(ns, t, protected, None).await.unwrap();
    assert_eq!(same, changed);
    let refused = store.delete_table(ns, t).await;
    assert!(matches!(refused, Err(TableError::Protected)), "{refused:?}");
    let other = TableDefinition::new(schema("other:S", None));
    invalid(store.update_table(ns, t, other, None).await, "key of a table never changes");
    store.update_table(ns, t, by_id(), None).await.unwrap();
    store.delete_table(ns, t).await.unwrap();
    let none = store.update_table(ns, t, by_id(), None).await;
    assert!(matches!(none, Err(TableError::NoTable(_))), "{none:?}");
}

pub(super) async fn a_table_that_is_not_there_is_said_so(store: &dyn Tables) {
    let (ns, t) = (namespace("contract-notable"), name("none"));
    let place = (ns.clone(), t.clone());
    let refused = |result: Result<(), TableError>| {
        assert!(matches!(&result, Err(TableError::NoTable(none)) if *none == t), "{result:?}");
    };
    let places = vec![ItemPlace { table: t.clone(), key: id("a") }];
    refused(store.get_items(&ns, places).await.map(drop));
    refused(make(store, &place, put(&place, id("a"))).await.map(drop));
    refused(store.scan(&ns, &t, Default::default()).await.map(drop));
    refused(store.query(&ns, &t, pages::of_hash("a")).await.map(drop));
}

pub(super) async fn an_item_is_kept_as_it_was_given(store: &dyn Tables) {
    let definition = TableDefinition::new(schema("id:S", Some("at:N")));
    let place = fresh(store, "contract-item", definition).await;
    let whole = item(json!({
        "id": { "S": "é" }, "at": { "N": "-1.5" }, "b": { "B": "AAH/" }, "no": { "NULL": true },
        "yes": { "BOOL": true }, "l": { "L": [{ "N": "1" }, { "S": "" }] },
        "m": { "M": { "x": { "SS": ["a", "b"] }, "y": { "NS": ["1", "2"] } } },
        "bs": { "BS": ["AA==", "AQ=="] },
    }));
    let key = item(json!({ "id": { "S": "é" }, "at": { "N": "-1.50" } }));
    let written = make(store, &place, put(&place, whole.clone())).await.unwrap();
    let bytes = whole.size() as u64;
    assert_eq!(written, Written { old: None, new: Some(whole.clone()), bytes });
    assert_eq!(get(store, &place, key.clone()).await, Some(whole.clone()));
    let small = item(json!({ "id": { "S": "é" }, "at": { "N": "-1.5" } }));
    let written = make(store, &place, put(&place, small.clone())).await.unwrap();
    assert_eq!(written, Written { old: Some(whole), new: Some(small.clone()), bytes });
    let found = table(store, &place).await;
    assert_eq!((found.items, found.bytes), (1, small.size() as u64));
    let gone = make(store, &place, delete(&place, key.clone())).await.unwrap();
    assert_eq!((gone.old, gone.new), (Some(small), None));
    let gone = make(store, &place, delete(&place, key.clone())).await.unwrap();
    assert_eq!(gone, Written::default());
    assert_eq!(get(store, &place, key).await, None);
    let found = table(store, &place).await;
    assert_eq!((found.items, found.bytes), (0, 0));
}

pub(super) async fn conditions_are_enforced(store: &dyn Tables) {
    let place = fresh(store, "contract-conditions", by_id()).await;
    let absent = |n| only_if(put(&place, of_id("a", n)), "attribute_not_exists(id)", &[]);
    make(store, &place, absent(1)).await.unwrap();
    let refused = refusal(make(store, &place, absent(2)).await);
    assert_eq!(refused, Refusal::Condition(Some(of_id("a", 1))));
    let quiet = TableWrite { returns: false, ..absent(2) };
    assert_eq!(refusal(make(store, &place, quiet).await), Refusal::Condition(None));
    for action in [TableAction::Delete(id("a")), TableAction::Check(id("a"))] {
        let refused = only_if(write(&place, action), "n = :0", &[number(2)]);
        assert!(matches!(refusal(make(store, &place, refused).await), Refusal::Condition(_)));
    }
    assert_eq!(get(store, &place, id("a")).await, Some(of_id("a", 1)));
    // Of what is not there nothing holds but its absence.
    let check = write(&place, TableAction::Check(id("b")));
    let refused = only_if(check.clone(), "attribute_exists(id)", &[]);
    assert_eq!(refusal(make(store, &place, refused).await), Refusal::Condition(None));
    make(store, &place, only_if(check, "attribute_not_exists(id)", &[])).await.unwrap();
    assert_eq!(get(store, &place, id("b")).await, None);
    make(store, &place, only_if(delete(&place, id("a")), "n = :0", &[number(1)])).await.unwrap();
    assert_eq!(get(store, &place, id("a")).await, None);
}

pub(super) async fn updates_make_items_of_what_is_there(store: &dyn Tables) {
    let place = fresh(store, "contract-updates", by_id()).await;
    let add = update(&place, id("a"), "ADD n :0", &[number(2)]);
    let made = make(store, &place, add.clone()).await.unwrap();
    assert_eq!((made.old, made.new), (None, Some(of_id("a", 2))));
    let made = make(store, &place, add).await.unwrap();
    assert_eq!((made.old, made.new), (Some(of_id("a", 2)), Some(of_id("a", 4))));
    let words = update(&place, id("a"), "SET n = :0", &[Value::S("four".into())]);
    make(store, &place, words).await.unwrap();
    let wrong = update(&place, id("a"), "ADD n :0", &[number(1)]);
    let refused = refusal(make(store, &place, wrong).await);
    assert!(matches!(refused, Refusal::Invalid(_)), "{refused:?}");
    let key = update(&place, id("a"), "SET id = :0", &[Value::S("b".into())]);
    invalid(make(store, &place, key).await, "part of the key");
    let large = Value::B(vec![0; 400 << 10]);
    let refused =
        refusal(make(store, &place, update(&place, id("a"), "SET n = :0", &[large])).await);
    assert!(matches!(refused, Refusal::Invalid(_)), "{refused:?}");
    let there = get(store, &place, id("a")).await.unwrap();
    assert_eq!(there.get("n"), Some(&Value::S("four".into())));
}

pub(super) async fn what_is_out_of_bounds_is_refused(store: &dyn Tables) {
    let place = fresh(store, "contract-itembounds", by_id()).await;
    let (ns, t) = (&place.0, &place.1);
    invalid(make(store, &place, put(&place, Item::new())).await, "Missing the key id");
    let typed = item(json!({ "id": { "N": "1" } }));
    invalid(make(store, &place, put(&place, typed.clone())).await, "Type mismatch for key id");
    invalid(make(store, &place, delete(&place, of_id("a", 1))).await, "does not match the schema");
    let places = vec![ItemPlace { table: t.clone(), key: typed }];
    invalid(store.get_items(ns, places).await, "does not match the schema");
    let long = id(&"x".repeat(2049));
    invalid(make(store, &place, put(&place, long)).await, "2048 bytes");
    let large = |key: &str| {
        let mut item = id(key);
        item.insert("b".into(), Value::B(vec![0; 399 << 10]));
        item
    };
    let mut larger = large("a");
    larger.insert("c".into(), Value::B(vec![0; 1 << 10]));
    invalid(make(store, &place, put(&place, larger)).await, "maximum allowed size");
    let heavy = (0..11).map(|n| put(&place, large(&n.to_string()))).collect();
    invalid(store.transact(ns, heavy, None, &Origin::default()).await, "4194304");
    let many = (0..101).map(|n| delete(&place, id(&n.to_string()))).collect();
    invalid(store.transact(ns, many, None, &Origin::default()).await, "101 writes");
    let many = (0..101).map(|n| ItemPlace { table: t.clone(), key: id(&n.to_string()) }).collect();
    invalid(store.get_items(ns, many).await, "101 items");
    assert_eq!(table(store, &place).await.items, 0);
}

pub(super) async fn namespaces_see_nothing_of_each_other(store: &dyn Tables) {
    let one = fresh(store, "contract-tableone", by_id()).await;
    let two = fresh(store, "contract-tabletwo", by_id()).await;
    make(store, &one, put(&one, of_id("a", 1))).await.unwrap();
    assert_eq!(get(store, &two, id("a")).await, None);
    make(store, &two, delete(&two, id("a"))).await.unwrap();
    make(store, &two, put(&two, of_id("a", 2))).await.unwrap();
    store.delete_table(&two.0, &two.1).await.unwrap();
    assert_eq!(get(store, &one, id("a")).await, Some(of_id("a", 1)));
}
