//! Back-ups of tables by the command line and the native API.

use serde_json::{Value, json};

use crate::cli;
use crate::node::Node;

async fn put(node: &Node, id: &str, at: &str) {
    let item = json!({ "id": { "S": id }, "at": { "S": at } }).to_string();
    cli::ok(node, &["table", "put", "parcels", &item]).await;
}

/// The places of all parcels of a table, in the order of their ids.
async fn places(node: &Node, table: &str) -> Vec<String> {
    let items = cli::json(node, &["table", "scan", table]).await;
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap().to_owned();
    let items = items["items"].as_array().unwrap().iter();
    let mut all: Vec<_> = items.map(|item| (text(item, "id"), text(item, "at"))).collect();
    all.sort();
    all.into_iter().map(|(_, at)| at).collect()
}

/// A page of back-ups.
async fn page(node: &Node, query: &str) -> Value {
    let target = format!("/v1/table-backups?{query}");
    node.ask("GET", &target).key(&node.key).send().await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_made_again_as_it_was_at_the_moment_of_its_backup() {
    let node = Node::start(&[]);
    let create =
        ["table", "create", "parcels", "--hash", "id", "--index", "by-at=at", "--ttl", "gone"];
    cli::ok(&node, &create).await;
    put(&node, "1", "depot").await;
    put(&node, "2", "van").await;
    let create = ["table", "backup", "create", "parcels", "before-import"];
    let made = cli::json(&node, &create).await;
    assert_eq!((&made["items"], &made["name"]), (&json!(2), &json!("before-import")));
    let id = made["id"].as_str().unwrap();
    put(&node, "1", "door").await;
    put(&node, "3", "depot").await;

    // It outlives its table.
    cli::ok(&node, &["table", "delete", "parcels", "--yes"]).await;
    let listed = cli::json(&node, &["table", "backup", "list", "parcels"]).await;
    assert_eq!(listed["backups"][0]["id"], id);
    let described = cli::json(&node, &["table", "backup", "describe", "parcels", id]).await;
    assert_eq!(described["whole"], true);
    let restore = |new: &'static str| ["table", "backup", "restore", "parcels", id, new];
    cli::ok(&node, &restore("parcels")).await;
    assert_eq!(places(&node, "parcels").await, ["depot", "van"]);
    let restored = cli::json(&node, &["table", "describe", "parcels"]).await;
    assert_eq!(restored["restoring"], false);
    assert_eq!(restored["indexes"]["by-at"]["items"], 2);
    assert_eq!(restored["definition"].get("time_to_live"), None, "{restored}");
    cli::ok(&node, &[&restore("plain")[..], &["--no-indexes"]].concat()).await;
    let plain = cli::json(&node, &["table", "describe", "plain"]).await;
    assert_eq!((&plain["indexes"], &plain["items"]), (&json!({}), &json!(2)));

    let done = cli::exits(&node, 1, &restore("plain")).await;
    assert!(done.stderr.contains("restore to another name"), "{done:?}");
    let unknown = [&restore("other")[..], &["--index", "by-id"]].concat();
    let done = cli::exits(&node, 1, &unknown).await;
    assert!(
        done.stderr.contains("no index \"by-id\"") && done.stderr.contains("by-at"),
        "{done:?}"
    );
    // It is found by the name of its own table only.
    let done = cli::exits(&node, 1, &["table", "backup", "describe", "plain", id]).await;
    assert!(done.stderr.contains(id), "{done:?}");
    let done = cli::exits(&node, 1, &["table", "backup", "create", "parcels", "x"]).await;
    assert!(done.stderr.contains("3 to 255"), "{done:?}");
    cli::ok(&node, &["table", "backup", "delete", "parcels", id, "--yes"]).await;
    let listed = cli::json(&node, &["table", "backup", "list"]).await;
    assert_eq!(listed, json!({ "backups": [], "next": null }));
    assert_eq!(places(&node, "parcels").await, ["depot", "van"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_are_listed_in_pages() {
    let node = Node::start(&[]);
    cli::ok(&node, &["table", "create", "parcels", "--hash", "id"]).await;
    for name in ["one", "two", "three"] {
        cli::ok(&node, &["table", "backup", "create", "parcels", name]).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let all = page["backups"].as_array().unwrap().iter();
        all.map(|backup| backup["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = page(&node, "limit=2&table=parcels").await;
    assert_eq!(names(&first), ["one", "two"]);
    let next = first["next"].as_str().unwrap();
    let rest = page(&node, &format!("limit=2&after={next}")).await;
    assert_eq!((names(&rest), &rest["next"]), (vec!["three".to_owned()], &Value::Null));
    assert_eq!(names(&page(&node, "table=others").await), Vec::<String>::new());
}
