use std::time::Duration;

use lambent_service::{
    DataScope, ItemPlace, ItemScan, Refusal, RestoreOverrides, Restored, TableAction, TableWrite,
    Transacted,
};
use lambent_tables::expression::Placeholders;
use lambent_tables::{Item, KeyAttribute, KeySchema, KeyType, StreamSequence, TableDefinition};
use lambent_types::{ErrorCode, TableName};
use serde_json::json;

use crate::fixture::Fixture;
use crate::guests::guest_of;

fn by_id() -> TableDefinition {
    let hash = KeyAttribute { name: "id".into(), kind: KeyType::S };
    TableDefinition::new(KeySchema { hash, range: None })
}

impl Fixture {
    /// A table of this name.
    pub(crate) async fn table(&self, name: &str) {
        self.scope.handle::<TableName>(name).unwrap().create(by_id()).await.unwrap();
    }
}

fn item(id: &str) -> Item {
    Item::from_json(&json!({ "id": { "S": id } })).unwrap()
}

fn write(table: &str, action: TableAction) -> TableWrite {
    TableWrite { table: table.parse().unwrap(), action, condition: None, returns: false }
}

fn put(table: &str) -> TableWrite {
    write(table, TableAction::Put(item("a")))
}

fn place(table: &str) -> ItemPlace {
    ItemPlace { table: table.parse().unwrap(), key: item("a") }
}

#[tokio::test]
async fn tables_are_put_described_and_deleted_with_their_items() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    let orders = scope.handle::<TableName>("orders").unwrap();
    let error = orders.describe().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound);
    assert!(error.detail().contains("table \"orders\" does not exist in namespace"), "{error}");
    let first = orders.put(by_id()).await.unwrap();
    let again = orders.put(by_id()).await.unwrap();
    assert!(first.created && !again.created);
    assert_eq!(first.value, again.value);
    assert_eq!(orders.create(by_id()).await.unwrap_err().code(), ErrorCode::Conflict);
    let protected = TableDefinition { deletion_protection: true, ..by_id() };
    let stale = orders.update(protected.clone(), Some(9)).await.unwrap_err();
    assert_eq!(stale.code(), ErrorCode::PreconditionFailed);
    orders.update(protected, Some(first.value.revision)).await.unwrap();
    let error = orders.delete().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert!(error.detail().contains("protected"), "{error}");
    orders.put(by_id()).await.unwrap();
    let made = scope.transact(vec![put("orders")], None).await.unwrap();
    assert!(matches!(made, Transacted::Made(written) if written.len() == 1));
    assert_eq!(scope.tables(None, 10).await.unwrap()[0].items, 1);
    orders.delete().await.unwrap();
    assert!(scope.tables(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn clients_learn_why_nothing_was_written() {
    let fixture = Fixture::new().await;
    fixture.table("orders").await;
    let scope = &fixture.scope;
    let mut placeholders = Placeholders::new(None, None).unwrap();
    let exists = placeholders.condition("ConditionExpression", "attribute_exists(id)").unwrap();
    let cautious = TableWrite { condition: Some(exists), ..put("orders") };
    let refused = scope.transact(vec![cautious], None).await.unwrap();
    assert_eq!(refused, Transacted::Refused(vec![Some(Refusal::Condition(None))]));
    let odd = write("orders", TableAction::Put(Item::new()));
    let error = scope.transact(vec![odd], None).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    assert!(error.detail().contains("Missing the key id in the item"), "{error}");
    let error = scope.transact(vec![put("orders"), put("other")], None).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound);
    assert!(error.detail().contains("\"other\""), "{error}");
    assert_eq!(scope.get_items(vec![place("orders")]).await.unwrap(), [None]);
}

/// In each of the tables that a transaction is about.
#[tokio::test]
async fn a_function_reaches_the_tables_that_it_was_granted() {
    let fixture = Fixture::new().await;
    for table in ["read", "write", "other"] {
        fixture.table(table).await;
    }
    let grants = json!({ "tables": { "read": "read", "write": "write" } });
    let function: DataScope = guest_of(&fixture, grants);
    function.transact(vec![put("write")], None).await.unwrap();
    function.get_items(vec![place("read")]).await.unwrap();
    let records = async |table: &str| {
        let table = function.handle::<TableName>(table).unwrap();
        table.stream_records("label", StreamSequence::FIRST, 1, Duration::ZERO).await
    };
    let none = records("read").await.unwrap_err();
    assert_eq!(none.code(), ErrorCode::TableNotFound);
    let forbidden = [
        function.transact(vec![put("write"), put("read")], None).await.err(),
        function.transact(vec![put("other")], None).await.err(),
        function.transact(vec![write("write", TableAction::Check(item("a")))], None).await.err(),
        function.get_items(vec![place("read"), place("write")]).await.err(),
        function.get_items(vec![place("other")]).await.err(),
        function.handle::<TableName>("write").unwrap().stream(None).await.err(),
        records("write").await.err(),
        records("other").await.err(),
        function.handle::<TableName>("write").unwrap().scan(ItemScan::default()).await.err(),
        function.handle::<TableName>("read").unwrap().delete().await.err(),
        function.handle::<TableName>("other").unwrap().describe().await.err(),
        function.handle::<TableName>("write").unwrap().back_up("one").await.err(),
        function.handle::<TableName>("other").unwrap().back_up("one").await.err(),
    ];
    for error in forbidden {
        assert_eq!(error.unwrap().code(), ErrorCode::Forbidden);
    }
    assert_eq!(fixture.scope.get_items(vec![place("read")]).await.unwrap(), [None]);
}

#[tokio::test]
async fn backups_are_of_their_table_and_are_held_by_their_namespace() {
    let fixture = Fixture::new().await;
    let shop = fixture.scope_of("shop").await;
    let orders = shop.handle::<TableName>("orders").unwrap();
    let protected = TableDefinition { deletion_protection: true, ..by_id() };
    orders.create(protected).await.unwrap();
    let backup = orders.back_up("nightly").await.unwrap();
    orders.update(by_id(), None).await.unwrap();
    orders.delete().await.unwrap();
    let other = shop.handle::<TableName>("other").unwrap();
    assert_eq!(other.backup(&backup.id).await.unwrap_err().code(), ErrorCode::TableNotFound);
    let error = other.delete_backup(&backup.id).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound);
    let restored = orders.restore(&backup.id, &other, RestoreOverrides::default()).await.unwrap();
    let Restored::Begun(restored) = restored else { panic!("{restored:?}") };
    assert_eq!(restored.definition, by_id());
    let again = orders.restore(&backup.id, &other, RestoreOverrides::default()).await.unwrap();
    assert_eq!(again, Restored::NameTaken);
    other.delete().await.unwrap();

    // The namespace holds it still, and goes with it.
    let error = fixture.scope.delete_namespace("shop", false).await.unwrap_err();
    assert!(error.detail().contains("back-up \"nightly\" of a table"), "{error}");
    fixture.scope.delete_namespace("shop", true).await.unwrap();
    let again = fixture.scope_of("shop").await;
    assert_eq!(again.backups(None, None, 10).await.unwrap(), []);
}
