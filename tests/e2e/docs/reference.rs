//! The pages that are written from what the node says of itself: `UPDATE_GOLDEN=1` writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lambent_aws::Status;
use lambent_test_support::root;
use lambent_types::ErrorCode;
use serde_json::Value;

use crate::node::{lambent, run};

/// What is said of every command is on the page once.
const EVERY: &str = "For every command:";

fn golden(name: &str, now: &str) {
    let path = root().join("runtime/docs/src/reference").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == now, "{name} differs; run with UPDATE_GOLDEN=1 and review");
}

/// The help of a command.
fn help(command: &[String]) -> String {
    let mut arguments: Vec<_> = command.iter().map(String::as_str).collect();
    arguments.push("--help");
    let done = run(lambent(&arguments));
    assert_eq!(done.code, Some(0), "{command:?}: {done:?}");
    done.stdout
}

/// The names below `Commands:`.
fn below(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let list = rest.split("\n\n").next().unwrap();
    let name = |line: &str| {
        let line = line.strip_prefix("  ")?;
        let name = line.split(' ').next()?;
        (!name.is_empty() && name != "help").then(|| name.to_owned())
    };
    list.lines().filter_map(name).collect()
}

/// A help without what is the same in all.
fn own(help: &str) -> String {
    let mut own = String::new();
    let mut every = false;
    for line in help.lines() {
        if line == EVERY {
            every = true;
        } else if every && !line.is_empty() && !line.starts_with(' ') {
            every = false;
        }
        if !every {
            own += line.trim_end();
            own += "\n";
        }
    }
    own.trim_end().to_owned()
}

fn command(path: &[String], page: &mut String) {
    let help = help(path);
    let heading = "#".repeat((path.len() + 1).min(3));
    let name = path.join(" ");
    writeln!(page, "\n{heading} lambent {name}\n\n```text\n{}\n```", own(&help)).unwrap();
    for next in below(&help) {
        command(&[path, &[next]].concat(), page);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_the_command_line_is_its_help() {
    tokio::task::block_in_place(|| {
        let help = help(&[]);
        let mut page = format!(
            "# Command line\n\nEach command's `--help`, as a test writes it.\n\n```text\n{}\n```\n",
            help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end()
        );
        let commands = below(&help);
        assert!(commands.len() > 30, "{commands:?}");
        for next in commands {
            command(&[next], &mut page);
        }
        golden("cli.md", &page);
    });
}

#[test]
fn the_page_of_errors_is_the_table_of_codes() {
    let mut page = "# Error codes\n\nAn error of the API is a problem of RFC 9457 with a stable `code`; on the command line it is the text, and \
        `code` with `--json`. *again* says whether the same request may succeed later. A caller of a function that gave no answer gets `function-` with the \
        outcome, such as `function-trapped` or `function-timed-out`.\n\n| code | status | again | title | what to do |\n|---|---|---|---|---|\n"
        .to_owned();
    for code in ErrorCode::ALL {
        let again = if code.is_retryable() { "yes" } else { "no" };
        let hint = code.hint().unwrap_or_default();
        let (name, status, title) = (code.as_str(), code.status(), code.title());
        writeln!(page, "| `{name}` | {status} | {again} | {title} | {hint} |").unwrap();
    }
    golden("errors.md", &page);
}

#[test]
fn the_page_of_the_api_is_its_document() {
    let text = std::fs::read(root().join("runtime/server/openapi.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut tags = BTreeMap::<_, Vec<_>>::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Some(summary) = operation["summary"].as_str() else { continue };
            let tag = operation["tags"][0].as_str().unwrap_or("document").replace('_', " ");
            let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
            let row = format!("| {} | `{path}` | {summary} |", method.to_uppercase());
            tags.entry(tag).or_default().push(row);
        }
    }
    let mut page = "# API\n\nThe node's own API. Every node gives out the whole description, with parameters, bodies and answers, at `/v1/openapi.json` \
        (OpenAPI 3.1). A key is sent as `Authorization: Bearer KEY`; with the root key the header `lambent-namespace` says in which namespace. Errors have \
        a [code](errors.md).\n"
        .to_owned();
    for (tag, rows) in tags {
        writeln!(page, "\n## {tag}\n\n| method | path | |\n|---|---|---|").unwrap();
        writeln!(page, "{}", rows.join("\n")).unwrap();
    }
    golden("api.md", &page);
}

#[test]
fn the_page_of_aws_is_what_its_doors_serve() {
    let mut services = BTreeMap::<_, Vec<_>>::new();
    for (service, operation, status) in lambent_aws::operations() {
        services.entry(service).or_default().push((operation, status));
    }
    let mut page = "# AWS's APIs\n\nWhat a node serves of AWS's APIs, which clients of AWS's reach as [AWS tools](../tasks/aws.md) says. *Kept*: the \
        settings are stored and given back, and nothing is done by them. Every other operation, and every other service, is answered with \
        `NotImplemented` and a sentence.\n"
        .to_owned();
    for (service, operations) in services {
        let served = operations.iter().filter(|(_, status)| *status != Status::NotServed).count();
        let all = operations.len();
        writeln!(
            page,
            "\n## {service}\n\n{served} of {all} operations.\n\n| operation | |\n|---|---|"
        )
        .unwrap();
        for (operation, status) in operations {
            let status = match status {
                Status::Served => "served",
                Status::Stored => "kept",
                Status::NotServed => "not served",
            };
            writeln!(page, "| {operation} | {status} |").unwrap();
        }
    }
    golden("aws.md", &page);
}
