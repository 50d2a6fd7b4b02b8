//! Files over WASI 0.3: the same tree, and the same limits, as over 0.2.

use serde_json::{Value, json};

use crate::cli;
use crate::node::{Node, guest_code};

async fn told(node: &Node, path: &str) -> Value {
    let reply = node.get("files", path).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_streamed_listed_moved_and_bounded() {
    let node = Node::start(&[]);
    cli::ok(&node, &["volume", "create", "data", "--max", "1MiB"]).await;
    let query = "public=true&timeout=30s&tmp=512MiB&mounts=data:/mnt/data";
    let reply = node.put("files", query, guest_code("guest-files-03").await).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    for _ in 0..2 {
        let expected = json!({
            "size": 200_003, "read": 200_003, "end": "end", "rest": "another",
            "names": ["directory", "file", "other"], "same": true, "cut": 5,
            "ended": "Ok(()) Ok(()) Ok(()) Ok(())",
        });
        // Each has an empty directory of its own.
        assert_eq!(told(&node, "/").await, expected);
    }
    // A block is for what describes the file.
    let full = json!([(1 << 20) - 4096, "Err(ErrorCode::InsufficientSpace)"]);
    assert_eq!(told(&node, "/fill").await, full);
    let refused = |name: &str| format!("Err(ErrorCode::{name})");
    let expected = json!({
        "create": refused("ReadOnly"), "create directory": refused("ReadOnly"),
        "out": refused("NotPermitted"), "absolute": refused("NotPermitted"),
        "symbolic link": refused("NotPermitted"), "hard link": refused("NotPermitted"),
        "write without leave": refused("NotPermitted"),
        "append without leave": refused("NotPermitted"),
        "read a directory": refused("IsDirectory"), "list a file": refused("NotDirectory"),
        "set size": refused("NotPermitted"), "times": refused("Overflow"),
        "remove the root": refused("Busy"),
    });
    assert_eq!(told(&node, "/forbidden").await, expected);
    // Without files there is no directory.
    node.configure("files", json!({ "tmp_bytes": 0, "mounts": [] })).await;
    let reply = node.get("files", "/").await;
    assert_eq!(reply.text(), "no directory", "{reply:?}");
}
