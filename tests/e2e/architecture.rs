//! What the repository promises about itself: which crate may know which, how
//! long a file may be, what lies at the top, and what its documents have to be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use lambent_test_support::root;
use serde_json::Value;

/// Every crate of ours with the crates of ours it may depend on.
const ARROWS: [(&str, &[&str]); 18] = [
    ("lambent-types", &[]),
    ("lambent-fetch", &["lambent-types"]),
    ("lambent-files", &[]),
    ("lambent-tables", &["lambent-types"]),
    ("lambent-api", &["lambent-types", "lambent-tables"]),
    ("lambent-engine", &["lambent-types"]),
    ("lambent-engine-c", &["lambent-engine"]),
    ("lambent-package", &["lambent-types"]),
    ("lambent-storage", &["lambent-types", "lambent-files", "lambent-tables"]),
    (
        "lambent-storage-embedded",
        &["lambent-types", "lambent-files", "lambent-tables", "lambent-storage"],
    ),
    (
        "lambent-service",
        &[
            "lambent-types",
            "lambent-fetch",
            "lambent-files",
            "lambent-tables",
            "lambent-package",
            "lambent-storage",
            "lambent-dispatch",
        ],
    ),
    (
        "lambent-capabilities",
        &["lambent-types", "lambent-engine", "lambent-files", "lambent-service"],
    ),
    ("lambent-dispatch", &["lambent-types", "lambent-tables", "lambent-storage"]),
    (
        "lambent-aws",
        &[
            "lambent-types",
            "lambent-tables",
            "lambent-package",
            "lambent-service",
            "lambent-dispatch",
        ],
    ),
    (
        "lambent-host",
        &[
            "lambent-types",
            "lambent-engine",
            "lambent-files",
            "lambent-package",
            "lambent-storage",
            "lambent-capabilities",
            "lambent-service",
            "lambent-dispatch",
        ],
    ),
    (
        "lambent-server",
        &[
            "lambent-api",
            "lambent-aws",
            "lambent-host",
            "lambent-types",
            "lambent-tables",
            "lambent-engine",
            "lambent-storage",
            "lambent-storage-embedded",
            "lambent-capabilities",
            "lambent-service",
            "lambent-dispatch",
        ],
    ),
    ("lambent-build", &[]),
    (
        "lambent-cli",
        &[
            "lambent-types",
            "lambent-api",
            "lambent-build",
            "lambent-fetch",
            "lambent-package",
            "lambent-server",
        ],
    ),
];

/// What a crate must not reach, through whatever.
const UNREACHABLE: [(&str, &[&str]); 13] = [
    ("lambent-fetch", &["wasmtime", "axum", "tokio", "rusqlite"]),
    ("lambent-files", &["wasmtime", "axum", "tokio", "rusqlite"]),
    ("lambent-tables", &["wasmtime", "axum", "hyper", "tokio", "rusqlite", "lambent-storage"]),
    ("lambent-types", &["wasmtime", "axum", "hyper", "tokio", "rusqlite"]),
    // With its client: the graph has every feature that something turns on.
    ("lambent-api", &["wasmtime", "axum", "hyper", "tokio", "rusqlite", "lambent-storage"]),
    (
        "lambent-engine",
        &["axum", "rusqlite", "lambent-storage", "lambent-service", "lambent-dispatch"],
    ),
    ("lambent-package", &["wasmtime", "axum", "hyper", "tokio", "rusqlite"]),
    ("lambent-storage", &["wasmtime", "axum", "rusqlite", "cap-std", "lambent-engine"]),
    ("lambent-storage-embedded", &["wasmtime", "axum", "lambent-engine"]),
    ("lambent-capabilities", &["axum", "rusqlite"]),
    ("lambent-service", &["wasmtime", "axum", "lambent-engine"]),
    ("lambent-aws", &["wasmtime", "axum", "lambent-engine"]),
    ("lambent-dispatch", &["wasmtime", "axum", "lambent-engine", "lambent-service"]),
];

/// Lines of a source file before its tests.
const LINES_MAX: usize = 500;

/// Words of the README, so that it is read to its end.
const README_WORDS_MAX: usize = 1_300;

/// The names of everything a crate depends on, for building it or by it.
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let packages = metadata["packages"].as_array().unwrap().iter();
        let names: BTreeMap<_, _> = packages.map(|p| (text(&p["id"]), text(&p["name"]))).collect();
        let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let all = graph.entry(names[&text(&node["id"])].clone()).or_default();
            for dependency in node["deps"].as_array().unwrap() {
                let kinds = dependency["dep_kinds"].as_array().unwrap();
                if kinds.iter().any(|kind| kind["kind"] != "dev") {
                    all.insert(names[&text(&dependency["pkg"])].clone());
                }
            }
        }
        Self(graph)
    }

    fn reachable(&self, from: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut left = vec![from];
        while let Some(name) = left.pop() {
            for next in &self.0[name] {
                if found.insert(next.as_str()) {
                    left.push(next);
                }
            }
        }
        found
    }
}

#[test]
fn crates_know_only_what_they_may() {
    let graph = Graph::read();
    for (name, may) in ARROWS {
        let does: BTreeSet<_> = graph.0[name].iter().map(String::as_str).collect();
        let ours = does.iter().filter(|name| name.starts_with("lambent-"));
        let wrong: Vec<_> = ours.filter(|name| !may.contains(name)).collect();
        assert!(wrong.is_empty(), "{name} depends on {wrong:?}");
    }
    for (name, never) in UNREACHABLE {
        let reachable = graph.reachable(name);
        let wrong: Vec<_> = never.iter().filter(|never| reachable.contains(*never)).collect();
        assert!(wrong.is_empty(), "{name} reaches {wrong:?}");
    }
    // Else this test proves nothing.
    assert!(graph.reachable("lambent-cli").contains("wasmtime"));
    assert!(graph.reachable("lambent-api").contains("ureq"));
    let known: BTreeSet<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    let runtime = std::fs::read_dir(root().join("runtime")).unwrap().map(Result::unwrap);
    for entry in runtime.filter(|entry| entry.path().join("Cargo.toml").exists()) {
        let name = format!("lambent-{}", entry.file_name().to_string_lossy());
        assert!(known.contains(name.as_str()), "{name} has no arrows yet");
    }
}

/// The features of our crates and of those that are long to compile, as cargo turns them on for
/// everything that is built from the top of the repository with these arguments.
fn features(arguments: &[&str]) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let lines = listed.lines().filter_map(|line| line.split_once('|'));
    let name = |package: &str| package.split(' ').next().unwrap_or_default().to_owned();
    let lines = lines.map(|(package, on)| (name(package), on.trim_end_matches(" (*)").to_owned()));
    let wanted = |name: &str| name.starts_with("lambent-") || name == "tokio" || name == "wasmtime";
    lines.filter(|(name, _)| wanted(name)).collect()
}

#[test]
fn a_release_contains_nothing_that_is_for_tests() {
    let has = |features: &BTreeMap<_, String>, name: &str, feature: &str| {
        features[name].split(',').any(|on| on == feature)
    };
    let shipped = features(&["--edges", "normal"]);
    assert!(!has(&shipped, "lambent-storage", "testing"), "{shipped:?}");
    assert!(!has(&shipped, "tokio", "test-util"), "{shipped:?}");
    // Else this test proves nothing.
    let tested = features(&["--edges", "normal,dev"]);
    assert!(has(&tested, "lambent-storage", "testing"), "{tested:?}");

    // `cargo quickstart` and `cargo test` share what they compile, save the binary.
    let mut quickstart = features(&["--edges", "normal", "--features", "lambent-cli/test-clock"]);
    quickstart.remove("lambent-cli");
    for (name, on) in quickstart {
        assert_eq!(on, tested[&name], "{name} is compiled with other features by cargo quickstart");
    }
}

/// A door parses and renders: what it asks of stores, it asks of the service.
#[test]
fn doors_reach_no_store() {
    let server = root().join("runtime/server/src");
    let doors = ["auth.rs", "doors.rs", "request.rs", "router.rs", "state.rs", "traffic.rs"]
        .map(|file| server.join(file));
    let api = std::fs::read_dir(server.join("api")).unwrap().map(|entry| entry.unwrap().path());
    let mut read = 0;
    for door in doors.into_iter().chain(api) {
        let text = std::fs::read_to_string(&door).unwrap();
        assert!(!text.contains("lambent_storage"), "{} names storage", door.display());
        read += 1;
    }
    assert!(read > 30, "only {read} files are doors");
}

/// Directories of the machine are for products that embed the engine: nothing that the server is
/// made of gives its functions any.
#[test]
fn functions_are_given_nothing_of_the_machine() {
    let mut sources = Vec::new();
    for part in ["capabilities", "cli", "dispatch", "host", "server", "service"] {
        files(&root().join("runtime").join(part), "rs", &mut sources);
    }
    assert!(sources.len() > 300, "only {} files were found", sources.len());
    for path in sources {
        let text = std::fs::read_to_string(&path).unwrap();
        for way in ["WasiOptions", "preopened_dir", "WasiCtxBuilder"] {
            assert!(!text.contains(way), "{} names {way}", path.display());
        }
    }
    // Else this test proves nothing.
    let engine = std::fs::read_to_string(root().join("runtime/engine/src/instance.rs")).unwrap();
    assert!(engine.contains("WasiOptions"));
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let mut sources = Vec::new();
    for folder in ["runtime", "sdk", "tests", "guest-examples"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    // Nobody reads what a generator wrote.
    let generated = root().join("sdk/rust/src/bindings");
    for path in sources.into_iter().filter(|path| !path.starts_with(&generated)) {
        let text = std::fs::read_to_string(&path).unwrap();
        let before_tests = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = before_tests.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

#[test]
fn the_top_of_the_repository_is_small() {
    let output = Command::new("git").args(["ls-files"]).current_dir(root()).output();
    // A copy without its history has no list to check.
    let Ok(output) = output else { return };
    if !output.status.success() {
        return;
    }
    let listed = String::from_utf8(output.stdout).unwrap();
    let top: BTreeSet<_> = listed.lines().filter_map(|path| path.split('/').next()).collect();
    let visible: BTreeSet<_> = top.into_iter().filter(|name| !name.starts_with('.')).collect();
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "guest-examples",
        "runtime",
        "sdk",
        "tests",
        "wit",
    ];
    assert_eq!(visible, BTreeSet::from(expected));
}

#[test]
fn every_decision_has_a_status_a_date_and_a_row_in_the_index() {
    let folder = root().join("runtime/adr");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<_> = entries.map(|name| name.into_string().unwrap()).collect();
    let mut numbers = BTreeSet::new();
    for name in names.iter().filter(|name| name.ends_with(".md") && *name != "README.md") {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let head: Vec<_> = text.lines().take(4).collect();
        let [title, "", status, date] = head[..] else {
            panic!("{name} does not begin with a title, a blank line, its status and its date");
        };
        let number = &name[..4];
        assert!(numbers.insert(number), "{number} is the number of two records");
        let title = title.strip_prefix("# ").filter(|title| title.starts_with(number));
        let title = title.unwrap_or_else(|| panic!("the title of {name} begins with # {number}"));
        let status = status.strip_prefix("- Status: ");
        let status = status.unwrap_or_else(|| panic!("line 3 of {name} is - Status: …"));
        assert!(is_status(status, &names), "{name}: what is the status {status:?}?");
        let date = date.strip_prefix("- Date: ").filter(|date| is_date(date));
        let date = date.unwrap_or_else(|| panic!("line 4 of {name} is - Date: YYYY-MM-DD"));
        let row = format!("| [{title}]({name}) | {status} | {date} |");
        assert!(index.lines().any(|line| line == row), "the index needs the row\n{row}");
    }
    assert!(numbers.len() >= 30, "only {} records were found", numbers.len());
}

/// Whether `text` is a status, which names only records that there are.
fn is_status(text: &str, records: &BTreeSet<String>) -> bool {
    let by = ["accepted, amended by ", "superseded by "];
    match by.iter().find_map(|by| text.strip_prefix(by)) {
        None => matches!(text, "proposed" | "accepted"),
        Some(others) => others.split(", ").all(|other| {
            let link = other.strip_prefix('[').and_then(|other| other.strip_suffix(')'));
            let parts = link.and_then(|link| link.split_once("]("));
            parts.is_some_and(|(number, name)| name.starts_with(number) && records.contains(name))
        }),
    }
}

/// Whether `text` is a date as 2026-11-21.
fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    parts == [4, 2, 2] && text.chars().all(|char| char.is_ascii_digit() || char == '-')
}

#[test]
fn the_readme_is_short() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let words = text.split_whitespace().count();
    assert!(words <= README_WORDS_MAX, "the README has {words} words");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents = Vec::new();
    for folder in [".github", "guest-examples", "runtime", "sdk", "tests", "wit"] {
        files(&root().join(folder), "md", &mut documents);
    }
    documents.push(root().join("README.md"));
    let mut followed = 0;
    for document in &documents {
        let text = std::fs::read_to_string(document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap();
            // Links without a file name a heading, another site, or an item of rustdoc.
            if path.is_empty() || path.contains("://") || !path.contains(['.', '/']) {
                continue;
            }
            let there = document.parent().unwrap().join(path);
            assert!(there.exists(), "{} links to {path}", document.display());
            followed += 1;
        }
    }
    assert!(followed > 30, "only {followed} links were found");
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

/// The parts of a word such as `deliveries/{channel,triggers}.rs`.
fn alternatives(word: &str) -> Vec<String> {
    let parts = word.split_once('{').and_then(|(before, rest)| {
        let (choices, after) = rest.split_once('}')?;
        Some(choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect())
    });
    parts.unwrap_or_else(|| vec![word.to_owned()])
}

/// A file is named by the end of its path, after its crate where that is not clear.
#[test]
fn the_architecture_names_files_that_there_are() {
    let text = std::fs::read_to_string(root().join("runtime/ARCHITECTURE.md")).unwrap();
    let mut sources = Vec::new();
    for folder in ["runtime", "sdk", "tests"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    let relative = |path: &PathBuf| format!("/{}", path.strip_prefix(root()).unwrap().display());
    let files: Vec<_> = sources.iter().map(relative).collect();
    let is_there = |name: &str| {
        let within = name.split_once('/').is_some_and(|(of, rest)| {
            let (of, rest) = (format!("/runtime/{of}/"), format!("/{rest}"));
            files.iter().any(|file| file.starts_with(&of) && file.ends_with(&rest))
        });
        within || files.iter().any(|file| file.ends_with(&format!("/{name}")))
    };
    let words = text.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".rs"));
    let named: Vec<_> = words.flat_map(alternatives).collect();
    assert!(named.len() > 50, "the names are found: {named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "no such files: {missing:?}");
}
