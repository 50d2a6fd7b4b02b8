//! Layers: files that functions share, at `/opt`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{self, exits, ok};
use crate::node::{Node, guest_code};

/// Makes a folder of these files, and gives its path.
fn folder(directory: &Path, name: &str, files: &[(&str, &str)]) -> String {
    let folder = directory.join(name);
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_sees_its_layers_laid_over_each_other() {
    let node = Node::start(&[]);
    node.install_runtime("script1", guest_code("guest-script-runtime").await).await;
    let home = tempfile::tempdir().unwrap();
    let below =
        folder(home.path(), "below", &[("shared.txt", "below"), ("a/b/c.txt", ""), ("d", "")]);
    let above =
        folder(home.path(), "above", &[("shared.txt", "above"), ("a/b", ""), ("d/e.txt", "")]);
    let app = folder(home.path(), "app", &[("app.txt", "own")]);
    let done = ok(&node, &["layer", "publish", "below", &below]).await;
    assert!(done.stdout.starts_with("published layer below:1 ("), "{done:?}");
    ok(&node, &["layer", "publish", "above", &above]).await;
    let deploy = ["deploy", "f", &app, "--runtime", "script1", "--layers", "below,above"];
    ok(&node, &[&deploy[..], &["--handler", "app.tell"]].concat()).await;

    let told = node.answer("f", &json!({})).await;
    let paths: Vec<_> =
        told["paths"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for there in ["/opt/shared.txt", "/opt/a/b", "/opt/d/e.txt", "/var/task/app.txt"] {
        assert!(paths.contains(&there), "{there} is not in {paths:?}");
    }
    // A file in the place of a directory, and the other way round; what was prepared for both.
    assert!(!paths.contains(&"/opt/a/b/c.txt"), "{paths:?}");
    for added in ["/opt/cache/layer.txt", "/var/task/cache/app.upper"] {
        assert!(paths.contains(&added), "{added} is not in {paths:?}");
    }
    let shared = ["configure", "f", "--handler", "../../opt/shared.answer"];
    ok(&node, &shared).await;
    let answer = async || node.invoke("f", "{}").await.text();
    assert_eq!(answer().await, "above");
    ok(&node, &["configure", "f", "--layers", "above,below"]).await;
    assert_eq!(answer().await, "below");

    // It outlives the process, and the layer.
    let described = cli::json(&node, &["describe", "f"]).await;
    assert_eq!(described["configuration"]["layers"], json!(["above:1", "below:1"]));
    ok(&node, &["layer", "delete", "below"]).await;
    let done = exits(&node, 1, &["configure", "f", "--layers", "belo"]).await;
    assert!(done.stderr.contains("layer \"belo\" does not exist"), "{done:?}");
    let list = ok(&node, &["layer", "list"]).await.stdout;
    assert!(list.contains("above") && !list.contains("below"), "{list}");
    let data = node.data();
    drop(node);
    let node = Node::start_in(&data, &[]);
    assert_eq!(node.invoke("f", "{}").await.text(), "below");
    ok(&node, &["configure", "f", "--layers", ""]).await;
    ok(&node, &["configure", "f", "--handler", "app.tell"]).await;
    let paths = node.answer("f", &json!({})).await["paths"].to_string();
    assert!(!paths.contains("/opt"), "{paths}");
}
