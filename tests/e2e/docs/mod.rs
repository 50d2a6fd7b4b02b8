//! The book in `runtime/docs` is true: its links lead somewhere, its commands run and print what it
//! says, what it says of files parses, and the pages in Korean have the same commands.

mod page;
mod reference;
mod shell;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use lambent_test_support::javascript::javascript_runtime;
use lambent_test_support::python::python_runtime;
use lambent_test_support::toolchains::python_packages;
use lambent_test_support::{guest_bytes, root};
use serde_json::Value;

use crate::cli::{at, json};
use crate::node::{Node, lambent, run};
use page::{Page, anchors, book, links};
use shell::{Count, Given, Place};

/// Where the pages link to for files of the repository.
const REPOSITORY: &str = "https://github.com/lambent-dev/lambent/blob/main/";

/// Files that pages are given, and of which guest they are.
const COMPONENTS: [(&str, &str); 5] = [
    ("hello.wasm", "hello-http"),
    ("spin_hello.wasm", "guest-peer-spin"),
    ("spin_counter.wasm", "guest-peer-spin-keyvalue"),
    ("wasmcloud_hello.wasm", "guest-peer-wasmcloud"),
    ("wasmcloud_relay.wasm", "guest-peer-wasmcloud-messaging"),
];

/// The runtimes that pages need, by name.
type Runtimes = BTreeMap<&'static str, Vec<u8>>;

fn docs(folder: &str) -> PathBuf {
    root().join("runtime/docs").join(folder)
}

#[test]
fn links_and_anchors_lead_somewhere() {
    let mut followed = 0;
    for src in [docs("src"), docs("ko/src")] {
        let pages = book(&src);
        let known: BTreeMap<_, _> =
            pages.iter().map(|page| (page.path.clone(), anchors(&page.text))).collect();
        for page in &pages {
            for link in links(&page.text) {
                follow(page, &link, &known);
                followed += 1;
            }
        }
    }
    assert!(followed > 100, "only {followed} links were found");
}

/// Fails if a link leads nowhere; those to other sites are not followed.
fn follow(page: &Page, link: &str, known: &BTreeMap<PathBuf, std::collections::BTreeSet<String>>) {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    if let Some(path) = path.strip_prefix(REPOSITORY) {
        let there = root().join(path);
        assert!(there.exists(), "{} links to {path}", page.name);
        if !anchor.is_empty() {
            let text = std::fs::read_to_string(there).unwrap();
            assert!(anchors(&text).contains(anchor), "{} links to {link}", page.name);
        }
        return;
    }
    if path.contains("://") {
        return;
    }
    let there = match path {
        "" => page.path.clone(),
        path => normal(&page.path.parent().unwrap().join(path)),
    };
    let anchors = known.get(&there);
    let anchors = anchors.unwrap_or_else(|| panic!("{} links to {path}: no page", page.name));
    assert!(anchor.is_empty() || anchors.contains(anchor), "{} links to {link}", page.name);
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part == std::path::Component::ParentDir {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

#[test]
fn the_pages_in_korean_have_the_commands_of_those_in_english() {
    let english = book(&docs("src"));
    let korean = book(&docs("ko/src"));
    assert!(korean.len() >= 8);
    // The files that pages include are further from the book that is in a folder of another.
    let blocks = |page: &Page| -> Vec<_> {
        let blocks = page.blocks().into_iter();
        blocks.map(|block| (block.info, block.text.replace("../", ""))).collect()
    };
    for page in korean {
        let same = english.iter().find(|other| other.name == page.name);
        let same = same.unwrap_or_else(|| panic!("{} is in Korean only", page.name));
        assert_eq!(blocks(&page), blocks(same), "{}", page.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_pages_say_of_files_parses() {
    let mut read = 0;
    for page in book(&docs("src")) {
        for block in page.blocks() {
            match block.language() {
                "json" => drop(serde_json::from_str::<Value>(&block.text).unwrap()),
                "toml" if block.is("spin") || block.is("cargo") => {
                    drop(block.text.parse::<toml::Table>().unwrap());
                }
                // What a reader writes to a file is read where the page is run.
                "toml" if block.file().is_some() => continue,
                "toml" => tokio::task::block_in_place(|| parses(&page.name, &block.text)),
                _ => continue,
            }
            read += 1;
        }
    }
    assert!(read > 10, "only {read} files were read");
}

/// Has the command line read a `lambent.toml`. What it names need not be there, and no node either.
fn parses(name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lambent.toml");
    std::fs::write(&file, text).unwrap();
    let mut apply = lambent(&["apply", "--dry-run", "--endpoint", "http://127.0.0.1:1"]);
    apply.arg(&file);
    let done = run(apply);
    let complains = done.stderr.contains(&format!("{}:", file.display()));
    let missing = ["does not exist", "is no package", "no answer"];
    let only = missing.iter().any(|text| done.stderr.contains(text)) && !complains;
    assert!(only, "{name}: {text}\n{done:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_run_and_print_what_the_pages_say() {
    let pages = book(&docs("src"));
    let mut count = Count::default();
    for page in &pages {
        shell::count(page, &mut count);
    }
    let all = count.run + count.not.len();
    println!("{} of {all} blocks of commands are run; not:\n{}", count.run, count.not.join("\n"));
    assert!(count.not.len() * 4 <= all, "too few blocks are run");

    let node = Node::start(&[]);
    let runtimes = runtimes(&node).await;
    let run: Vec<_> = futures::stream::iter(pages)
        .map(|page| run_page(&node, page, &runtimes))
        .buffer_unordered(2)
        .collect()
        .await;
    println!("skipped pages: {:?}", run.iter().flatten().collect::<Vec<_>>());
    node.stop().await;
}

/// The runtimes that can be built here, installed on the node.
async fn runtimes(node: &Node) -> Runtimes {
    let mut runtimes = Runtimes::new();
    let built =
        [("js", javascript_runtime as fn() -> Option<PathBuf>), ("python3.14", python_runtime)];
    for (name, build) in built {
        if let Some(path) = tokio::task::spawn_blocking(build).await.unwrap() {
            let code = std::fs::read(path).unwrap();
            node.install_runtime(name, code.clone()).await;
            runtimes.insert(name, code);
        }
    }
    runtimes
}

/// Runs the commands of a page, unless a runtime that it needs is not here: then its name is
/// returned.
async fn run_page(node: &Node, page: Page, runtimes: &Runtimes) -> Option<String> {
    let blocks = page.blocks();
    if !blocks.iter().any(|block| block.language() == "sh" && !block.is("not-run")) {
        return None;
    }
    let mut given = Vec::new();
    for name in page.listed("given") {
        let component = COMPONENTS.iter().find(|(file, _)| *file == name);
        let bytes = match component {
            Some((_, guest)) => guest_bytes(guest),
            None => match runtimes.get(name.trim_end_matches(".wasm")) {
                Some(code) => code.clone(),
                None => return Some(page.name),
            },
        };
        given.push(Given { name: name.to_owned(), bytes });
    }
    let mut programs = Vec::new();
    for name in page.listed("needs") {
        match name {
            "aws" => match tokio::task::spawn_blocking(aws).await.unwrap() {
                Some(program) => programs.push(program),
                None => return Some(page.name),
            },
            runtime if runtimes.contains_key(runtime) => {}
            _ => return Some(page.name),
        }
    }
    let own = blocks.iter().any(|block| block.is("background"));
    if own {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        work(move || shell::run(&page, &Place::Own { port }, &given, &programs)).await;
    } else {
        let namespace = page.name.trim_end_matches(".md").replace('/', "-").to_lowercase();
        let key = namespace_with_key(node, &namespace).await;
        let port = node.address.port();
        work(move || {
            let place = Place::Shared { port, namespace: &namespace, key: &key };
            shell::run(&page, &place, &given, &programs);
        })
        .await;
    }
    None
}

/// The AWS CLI; none where it cannot be installed.
fn aws() -> Option<Given> {
    let packages = python_packages("aws-clients", &[])?;
    let script = format!(
        "#!/bin/sh\nAWS_PAGER= PYTHONPATH='{}' exec python3 -m awscli \"$@\"\n",
        packages.display()
    );
    Some(Given { name: "aws".into(), bytes: script.into_bytes() })
}

#[test]
#[should_panic(expected = "says that \"two\" is printed")]
fn what_is_not_printed_is_found() {
    run_alone("```sh\necho one\n```\n\n```text,output\none\ntwo\n```\n");
}

#[test]
#[should_panic(expected = "code: Some(3)")]
fn a_command_that_fails_is_found() {
    run_alone("```sh\nsh -c 'exit 3'\necho one\n```\n");
}

/// Runs a page of this text, which needs no node.
fn run_alone(text: &str) {
    let page = Page { name: "alone.md".into(), path: PathBuf::new(), text: text.into() };
    shell::run(&page, &Place::Own { port: 1 }, &[], &[]);
}

async fn work(job: impl FnOnce() + Send + 'static) {
    tokio::task::spawn_blocking(job).await.unwrap();
}

/// Makes a namespace, and returns a key of it.
async fn namespace_with_key(node: &Node, namespace: &str) -> String {
    let create = at(node, &["namespace", "create", namespace]);
    let done = tokio::task::spawn_blocking(|| run(create)).await.unwrap();
    assert_eq!(done.code, Some(0), "{namespace}: {done:?}");
    let key = json(node, &["access-key", "create", "--namespace", namespace]).await;
    key["secret"].as_str().unwrap().to_owned()
}
