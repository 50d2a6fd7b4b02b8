//! Tables and their items.

use http::Method;
use serde_json::{Value, json};

use crate::api::refused;
use crate::node::{Node, Reply};
use crate::objects::{put, send};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const ORDERS: &str = "/v1/tables/orders";

fn definition() -> Value {
    json!({
        "key": { "hash": { "name": "shop", "type": "S" }, "range": { "name": "line", "type": "N" } },
        "global_indexes": { "by-customer": {
            "key": { "hash": { "name": "customer", "type": "S" } }, "projection": "keys_only",
        } },
    })
}

async fn node() -> Node {
    let node = Node::start().await;
    assert_eq!(put(&node, ORDERS, JSON, &definition().to_string()).await.status, 201);
    node
}

async fn post(node: &Node, path: &str, body: &Value) -> Reply {
    send(node, Method::POST, path, JSON, &body.to_string()).await
}

async fn write(node: &Node, writes: Value) -> Reply {
    post(node, "/v1/transactions", &json!({ "writes": writes })).await
}

fn order(line: &str, customer: &str) -> Value {
    json!({
        "shop": { "S": "s" }, "line": { "N": line }, "customer": { "S": customer },
        "price": { "N": line },
    })
}

#[tokio::test]
async fn a_table_from_put_to_delete() {
    let node = node().await;
    let body = definition().to_string();
    assert_eq!(put(&node, ORDERS, JSON, &body).await.status, 200);
    let one = node.get(ORDERS).await.json();
    assert_eq!(one["definition"]["key"], definition()["key"]);
    assert_eq!(
        (&one["items"], &one["indexes"]["by-customer"]["filling"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(node.get("/v1/tables").await.json(), json!({ "tables": [one] }));
    let other = definition().to_string().replace("line", "day");
    let (status, code, detail) = refused(&put(&node, ORDERS, JSON, &other).await);
    assert_eq!((status, code.as_str()), (400, "invalid-request"));
    assert!(detail.contains("key of a table never changes"), "{detail}");
    assert_eq!(put(&node, "/v1/tables/a~b", JSON, &body).await.code(), "invalid-name");
    assert_eq!(put(&node, ORDERS, JSON, "{}").await.code(), "invalid-request");
    assert_eq!(send(&node, Method::DELETE, ORDERS, &[], "").await.status, 204);
    assert_eq!(node.get(ORDERS).await.code(), "table-not-found");
    let scan = post(&node, &format!("{ORDERS}/scan"), &json!({})).await;
    assert_eq!(scan.code(), "table-not-found");
}

#[tokio::test]
async fn items_are_written_and_read() {
    let node = node().await;
    let writes: Vec<_> = [("1", "ann"), ("2", "bob"), ("3", "ann")]
        .map(|(line, customer)| json!({ "table": "orders", "put": order(line, customer) }))
        .to_vec();
    let made = write(&node, json!(writes)).await.json();
    assert_eq!(made, json!({ "writes": [{}, {}, {}] }));
    let key = |line: &str| json!({ "shop": { "S": "s" }, "line": { "N": line } });
    let get = json!({ "keys": [key("2"), key("9")] });
    let found = post(&node, &format!("{ORDERS}/get"), &get).await.json();
    assert_eq!(found, json!({ "items": [order("2", "bob"), null] }));

    let query = json!({
        "key": "shop = :s AND line > :l", "backward": true, "limit": 1, "projection": "line",
        "placeholders": { "values": { ":s": { "S": "s" }, ":l": { "N": "1" } } },
    });
    let page = post(&node, &format!("{ORDERS}/query"), &query).await.json();
    assert_eq!(page["items"], json!([{ "line": { "N": "3" } }]));
    let mut rest = query.clone();
    rest["after"] = page["next"].clone();
    let page = post(&node, &format!("{ORDERS}/query"), &rest).await.json();
    assert_eq!(page["items"], json!([{ "line": { "N": "2" } }]));

    let of_ann = json!({
        "index": "by-customer", "key": "customer = :c", "filter": "line <> :l",
        "placeholders": { "values": { ":c": { "S": "ann" }, ":l": { "N": "1" } } },
    });
    let page = post(&node, &format!("{ORDERS}/query"), &of_ann).await.json();
    let mut indexed = order("3", "ann");
    indexed.as_object_mut().unwrap().remove("price");
    assert_eq!(page, json!({ "items": [indexed] }));
    let all = post(&node, &format!("{ORDERS}/scan"), &json!({ "segment": [0, 1] })).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_transaction_is_refused_whole_and_says_why() {
    let node = node().await;
    let key = json!({ "shop": { "S": "s" }, "line": { "N": "1" } });
    let add = |token: &str| {
        json!({ "token": token, "writes": [{
            "table": "orders", "update": key, "expression": "ADD n :n", "returns": true,
            "placeholders": { "values": { ":n": { "N": "2" } } },
        }] })
    };
    let made = post(&node, "/v1/transactions", &add("t")).await.json();
    assert_eq!(made["writes"][0]["new"]["n"], json!({ "N": "2" }));
    let again = post(&node, "/v1/transactions", &add("t")).await.json();
    assert_eq!(again, json!({ "writes": [] }));

    let guarded = json!([
        { "table": "orders", "put": order("2", "bob") },
        { "table": "orders", "delete": key, "condition": "attribute_not_exists(n)" },
    ]);
    let (status, code, detail) = refused(&write(&node, guarded).await);
    assert_eq!((status, code.as_str()), (412, "precondition-failed"));
    assert!(detail.contains("write 2: its condition does not hold"), "{detail}");
    let all = post(&node, &format!("{ORDERS}/scan"), &json!({})).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    for (odd, told) in [
        (json!([{ "table": "orders" }]), "give one of put"),
        (json!([{ "table": "orders", "check": key }]), "check with a condition"),
        (json!([{ "table": "orders", "put": { "shop": { "S": "s" } } }]), "Missing the key line"),
        (json!([{ "table": "orders", "put": { "shop": "s" } }]), "Unexpected value type"),
        (json!([{ "table": "orders", "delete": key, "condition": "n = :n" }]), ":n"),
    ] {
        let (status, code, detail) = refused(&write(&node, odd).await);
        assert_eq!((status, code.as_str()), (400, "invalid-request"));
        assert!(detail.contains(told), "{told}: {detail}");
    }
}
