//! AWS's SDKs for JavaScript, version 3 and version 2, in functions: they reach the node with nothing configured.

use std::path::Path;

use lambent_api::kinds::{Bucket, Table};
use lambent_test_support::toolchains::npm_packages;
use serde_json::json;

use crate::node::Node;
use crate::packages::{Language, package};
use crate::typed::read;

const SOURCE: &str = "
const { S3Client, PutObjectCommand, GetObjectCommand } = require('@aws-sdk/client-s3');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient, PutCommand, GetCommand } = require('@aws-sdk/lib-dynamodb');

const version3 = async (order) => {
  const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  await tables.send(new PutCommand({ TableName: 'orders', Item: order }));
  const { Item } = await tables.send(new GetCommand({ TableName: 'orders', Key: { id: order.id } }));
  const buckets = new S3Client({});
  const receipt = { Bucket: 'receipts', Key: `${order.id}.txt` };
  await buckets.send(new PutObjectCommand({ ...receipt, Body: `total ${Item.total}` }));
  const { Body } = await buckets.send(new GetObjectCommand(receipt));
  return { item: Item, receipt: await Body.transformToString() };
};

const version2 = async (order) => {
  const DynamoDB = require('aws-sdk/clients/dynamodb');
  const S3 = require('aws-sdk/clients/s3');
  const tables = new DynamoDB.DocumentClient();
  await tables.put({ TableName: 'orders', Item: order }).promise();
  const { Item } = await tables.get({ TableName: 'orders', Key: { id: order.id } }).promise();
  const buckets = new S3();
  const receipt = { Bucket: 'receipts', Key: `${order.id}.txt` };
  await buckets.putObject({ ...receipt, Body: `total ${Item.total}` }).promise();
  const { Body } = await buckets.getObject(receipt).promise();
  return { item: Item, receipt: Body.toString() };
};

exports.handler = async ({ version, ...order }) => {
  try {
    return await (version === 2 ? version2 : version3)(order);
  } catch (error) {
    return { name: error.name, code: error.code, message: error.message, stack: error.stack };
  }
};";

/// Whether a file is one that programs read. Of version 2, which has a hundred megabytes of descriptions, those
/// of the services that the function calls, and of what it finds its key by.
fn is_needed(path: &str) -> bool {
    const SERVICES: [&str; 6] =
        ["s3", "dynamodb", "sts", "cognito-identity", "cognitoidentity", "metadata"];
    let is_code = [".js", ".cjs", ".mjs", ".json"].iter().any(|ending| path.ends_with(ending));
    // The same once more, for other ways to import it.
    let is_copy = ["/dist-es/", "/dist-types/", "aws-sdk/dist/", "aws-sdk/dist-tools/"];
    if !is_code || is_copy.iter().any(|copy| path.contains(copy)) {
        return false;
    }
    let described = |place: &str| path.strip_prefix("aws-sdk/")?.strip_prefix(place);
    match described("clients/").or_else(|| described("apis/")) {
        Some(file) => SERVICES.iter().any(|service| {
            let rest = file.strip_prefix(service);
            rest.is_some_and(|rest| rest.starts_with(['.', '-']))
        }),
        None => true,
    }
}

/// Reads the files below a folder that are needed, by their paths in the layer.
fn collect(folder: &Path, path: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{path}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if is_needed(&path) {
            let bytes = std::fs::read(entry.path()).unwrap();
            files.push((format!("nodejs/node_modules/{path}"), bytes));
        }
    }
}

pub(crate) async fn check(node: &Node, javascript: &Language) {
    let installed = tokio::task::spawn_blocking(|| npm_packages("aws-sdk-js"));
    let Some(packages) = installed.await.unwrap() else { return };
    let mut files = Vec::new();
    collect(&packages.join("node_modules"), "", &mut files);
    node.publish_layer("aws-sdks", &files).await;
    node.create::<Bucket>("receipts", Default::default()).await;
    let key = json!({ "hash": { "name": "id", "type": "S" } });
    node.create::<Table>("orders", read(json!({ "key": key }))).await;
    let change = json!({
        "layers": ["aws-sdks"], "timeout_ms": 60_000, "memory_bytes": 512_u64 << 20, "fuel": 1_000_000_000_000_u64,
    });
    javascript.deploy(node, "shop", package(&[("index.js", SOURCE)]), change).await;
    let order =
        |version: u8| json!({ "version": version, "id": format!("v{version}"), "total": 30.5 });
    for version in [3, 2] {
        let refused = node.answer("shop", &order(version)).await;
        let told = refused["message"].as_str().unwrap_or_default();
        assert!(told.contains("lambent grant add shop table:orders=write"), "{refused}");
    }
    let grants =
        json!({ "tables": { "orders": "read-write" }, "buckets": { "receipts": "read-write" } });
    node.configure("shop", json!({ "grants": grants })).await;
    for version in [3, 2] {
        let kept = node.answer("shop", &order(version)).await;
        let item = json!({ "id": format!("v{version}"), "total": 30.5 });
        assert_eq!(kept, json!({ "item": item, "receipt": "total 30.5" }));
    }
}
