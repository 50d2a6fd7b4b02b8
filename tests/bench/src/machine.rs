//! Where figures come from: without it they mean nothing.

use std::path::Path;

use lambent_test_support::root;
use serde_json::{Value, json};

use crate::process::output;

/// A line of a file in `/proc`, after its name.
fn member(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().trim_start_matches([' ', '\t', ':']).to_owned()
}

/// Of the machine, wherever this process may run.
pub(crate) fn cores() -> usize {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines().filter(|line| line.starts_with("processor")).count().max(1)
}

/// The machine, the kernel, the source and the time.
pub(crate) fn describe() -> Value {
    let tool = |program: &str, arguments: &[&str]| {
        output(Path::new(program), arguments).unwrap_or_default()
    };
    let source = root().display().to_string();
    json!({
        "date": jiff::Timestamp::now().to_string(),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "cpu": member("/proc/cpuinfo", "model name"),
        "cores": cores(),
        "memory": member("/proc/meminfo", "MemTotal"),
        "load": std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
        "commit": tool("git", &["-C", &source, "describe", "--always", "--dirty"]),
        "rustc": tool("rustc", &["--version"]),
        "wrk": tool("wrk", &["--version"]).lines().next().unwrap_or_default(),
    })
}
