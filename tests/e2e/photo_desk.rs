//! The example of a function as AWS has it: from S3 by way of Python and boto3 to S3, DynamoDB, SNS and SQS.

use lambent_test_support::root;
use serde_json::{Value, json};

use crate::cli::{at, ok};
use crate::node::{Node, eventually, run};

/// Runs it on a node that has boto3 in a layer of this name, where `lambent up` would get it by pip.
pub(crate) async fn check(node: &Node, layer: &str) {
    let folder = root().join("guest-examples/photo-desk");
    let mut manifest = std::fs::read_to_string(folder.join("lambent.toml")).unwrap();
    let app = format!("package = {:?}\nlayers = {layer:?}", folder.join("app").to_str().unwrap());
    manifest = manifest.replace("package = \"build\"", &app);
    let is_build = |line: &&str| line.starts_with("build = ");
    let build = manifest.lines().find(is_build).unwrap().to_owned();
    manifest = manifest.replace(&build, "");
    let file = node.path("photo-desk.toml");
    std::fs::write(&file, manifest).unwrap();
    ok(node, &["apply", file.to_str().unwrap(), "--yes"]).await;
    let photo = std::fs::read(folder.join("photos/waves.png")).unwrap();
    let key = "2026/waves ↑.png";
    node.put_object("photos", key, photo).await;
    let thumbnail = eventually("the thumbnail", async || node.get_object("thumbnails", key).await);
    let thumbnail = thumbnail.await;
    assert_eq!(&thumbnail[..8], b"\x89PNG\r\n\x1a\n");
    let side = |at: usize| u32::from_be_bytes(thumbnail[at..at + 4].try_into().unwrap());
    assert_eq!((side(16), side(20)), (64, 48));
    let of = json!({ "key": { "S": key } }).to_string();
    let item = eventually("what is known of the photo", async || {
        let get = at(node, &["table", "get", "photos", &of]);
        let got = tokio::task::spawn_blocking(|| run(get)).await.unwrap();
        (got.code == Some(0)).then(|| serde_json::from_str::<Value>(&got.stdout).unwrap())
    });
    let item = item.await;
    assert_eq!((&item["width"], &item["height"]), (&json!({ "N": "160" }), &json!({ "N": "120" })));
    assert_eq!(item["thumbnail"]["M"]["width"], json!({ "N": "64" }), "{item}");
    let message = node.messages("photos-ready", 1).await.remove(0);
    let told = message["text"].as_str().unwrap();
    assert!(told.contains("waves") && told.contains("A photo is ready"), "{message}");
}
