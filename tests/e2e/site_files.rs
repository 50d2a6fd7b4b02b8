//! Folders of files that sites give out: written, changed all at once, repaired and deleted.

use std::fs;

use serde_json::json;

use crate::cli::{at, json, ok, path};
use crate::node::{Node, run};
use crate::projects::Project;
use crate::sites::{folder, text, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_has_a_site_whose_files_change_all_at_once() {
    let node = Node::start(&[]);
    let project = Project(folder(&[("public/index.html", "one"), ("public/a.txt", "a")]));
    fs::write(
        project.0.path().join("lambent.toml"),
        format!(
            "[functions.open]\ncomponent = {:?}\npublic = true\n\
             [sites.shop.routes]\n\"/status/*\" = \"open\"\n\"/*\" = {{ files = \"public\" }}\n\
             [sites.shop.cors]\nallow-origins = [\"https://app.example\"]\nmax-age = \"1h\"\n",
            path("guest-probe")
        ),
    )
    .unwrap();
    let up = project.succeeds(&node, &["up"]);
    for line in ["created bucket site-shop", "created site shop", "http://shop.localhost:"] {
        assert!(up.stdout.contains(line), "{line}: {up:?}");
    }
    assert_eq!(text(&node.get("shop", "/").await), "one");
    assert_eq!(node.get("shop", "/status/201").await.status, 201);
    assert!(project.succeeds(&node, &["up"]).stdout.contains("nothing to do: all 3"));

    fs::remove_file(project.0.path().join("public/a.txt")).unwrap();
    write(&project.0.path().join("public"), "index.html", "two");
    let planned = project.succeeds(&node, &["apply", "--dry-run"]);
    assert!(planned.stdout.contains("~ site shop"), "{planned:?}");
    assert_eq!(text(&node.get("shop", "/").await), "one");
    project.succeeds(&node, &["up"]);
    assert_eq!(text(&node.get("shop", "/").await), "two");
    assert_eq!(node.get("shop", "/a.txt").await.status, 404);
    // What pages that are open still ask for is there until the next change, and for a while.
    assert_eq!(files_of(&node, "site-shop").await.len(), 3);

    // What somebody deleted is found missing and written again.
    let site = json(&node, &["site", "describe", "shop"]).await;
    let prefix = site["routes"]["/*"]["prefix"].as_str().unwrap();
    let key = format!("{prefix}index.html");
    ok(&node, &["object", "delete", "site-shop", &key]).await;
    assert_eq!(node.get("shop", "/").await.status, 404);
    let again = project.succeeds(&node, &["apply", "--yes"]);
    assert!(again.stdout.contains("1 missing"), "{again:?}");
    assert_eq!(text(&node.get("shop", "/").await), "two");

    // It is there after the node was ended without a warning.
    let data = node.data();
    node.kill();
    let node = Node::start_in(&data, &[]);
    assert_eq!(text(&node.get("shop", "/").await), "two");
    let pruned = project.succeeds(&node, &["apply", "--prune", "--dry-run"]);
    assert!(pruned.stdout.contains("nothing to do"), "{pruned:?}");

    // A site that leaves the file takes its files and its bucket along.
    fs::write(project.0.path().join("lambent.toml"), "").unwrap();
    project.succeeds(&node, &["apply", "--prune", "--yes"]);
    assert_eq!(json(&node, &["bucket", "list"]).await["buckets"], json!([]));
}

/// The keys of a bucket.
async fn files_of(node: &Node, bucket: &str) -> Vec<String> {
    let objects = json(node, &["object", "list", bucket]).await;
    let objects = objects["objects"].as_array().unwrap().iter();
    objects.map(|object| object["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_puts_a_site_takes_nothing_of_another_away() {
    let node = Node::start(&[]);
    let many = |name: &str| {
        let files: Vec<_> =
            (0..30).map(|number| (format!("{number}.txt"), format!("{name} {number}"))).collect();
        let files: Vec<_> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        folder(&files)
    };
    // Two put the same site at once, several times: one of both is there, whole.
    for round in 0..4 {
        let folders = ["a", "b"].map(|name| many(&format!("{name}{round}")));
        let puts = folders.each_ref().map(|folder| {
            let command =
                at(&node, &["site", "put", "race", "--files", folder.path().to_str().unwrap()]);
            tokio::task::spawn_blocking(|| run(command))
        });
        for put in puts {
            let done = put.await.unwrap();
            assert_eq!(done.code, Some(0), "{done:?}");
        }
        let first = text(&node.get("race", "/0.txt").await).to_owned();
        let winner = first.split(' ').next().unwrap();
        for number in 0..30 {
            let reply = node.get("race", &format!("/{number}.txt")).await;
            assert_eq!((reply.status, text(&reply)), (200, format!("{winner} {number}").as_str()));
        }
    }
    // Two sites whose names make the same bucket, and one that is put again.
    let (one, other) = (folder(&[("index.html", "one")]), folder(&[("index.html", "other")]));
    for (site, files) in [("my_shop", &one), ("my-shop", &other), ("my_shop", &one)] {
        ok(&node, &["site", "put", site, "--files", files.path().to_str().unwrap()]).await;
    }
    assert_eq!(text(&node.get("my_shop", "/").await), "one");
    assert_eq!(text(&node.get("my-shop", "/").await), "other");
    ok(&node, &["site", "delete", "my_shop", "--yes"]).await;
    assert_eq!(text(&node.get("my-shop", "/").await), "other");
    ok(&node, &["site", "delete", "my-shop", "--yes"]).await;
    let buckets = json(&node, &["bucket", "list"]).await;
    assert!(!buckets.to_string().contains("site-my-shop"), "{buckets}");
}
