//! What the servers are asked to do, and how their answers are checked.

use std::net::SocketAddr;

use clap::ValueEnum;
use guest_bench_work as work;
use serde_json::{Value, json};

use crate::client::{self, Answer};

/// What is in the key that is read.
pub(crate) const VALUE: &str = "a value";
/// What an upstream answers.
pub(crate) const SLOW: &str = "slow\n";
/// The path that does nothing but hash, and for about how long: `?kib=`.
pub(crate) const CPU: &str = "/cpu";

/// Something that a server is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// The smallest answer
    Hello,
    /// 1 KiB of JSON: parse, change, write
    Json,
    /// 64 KiB, sent back
    Body64k,
    /// 1 MiB, sent back
    Body1m,
    /// SHA-256 of 1 MiB
    Cpu,
    /// Waits 20 ms for an upstream
    Wait,
    /// Reads a key
    Keyvalue,
}

impl Workload {
    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The path and query; `keyspace` is what the server calls the one it has.
    pub(crate) fn target(self, upstream: SocketAddr, keyspace: &str) -> String {
        match self {
            Self::Hello => "/".into(),
            Self::Json => "/json".into(),
            Self::Body64k | Self::Body1m => "/echo".into(),
            Self::Cpu => format!("{CPU}?kib=1024&seed=1"),
            Self::Wait => format!("/wait?upstream={upstream}"),
            Self::Keyvalue => format!("/keyvalue?store={keyspace}"),
        }
    }

    /// What is posted; nothing is got.
    pub(crate) fn body(self) -> Option<Vec<u8>> {
        match self {
            Self::Json => Some(object().to_string().into_bytes()),
            Self::Body64k => Some(vec![b'.'; 64 << 10]),
            Self::Body1m => Some(vec![b'.'; 1 << 20]),
            _ => None,
        }
    }

    /// One such request.
    pub(crate) fn request(self, address: SocketAddr, target: &str) -> Vec<u8> {
        match self.body() {
            Some(body) => {
                client::request(address, "POST", target, Some(("application/json", &body)))
            }
            None => client::request(address, "GET", target, None),
        }
    }

    /// Whether this is the answer.
    pub(crate) fn is_answer(self, answer: &Answer) -> bool {
        let right = match self {
            Self::Hello => answer.body == work::HELLO.as_bytes(),
            Self::Json => {
                let mut expected = object();
                expected["count"] = json!(2);
                serde_json::from_slice::<Value>(&answer.body).is_ok_and(|got| got == expected)
            }
            Self::Body64k | Self::Body1m => self.body().is_some_and(|body| answer.body == body),
            Self::Cpu => answer.body == work::cpu(&format!("{CPU}?kib=1024&seed=1")).as_bytes(),
            Self::Wait => answer.body == SLOW.as_bytes(),
            Self::Keyvalue => answer.body == VALUE.as_bytes(),
        };
        answer.status == 200 && right
    }
}

/// About 1 KiB as JSON.
fn object() -> Value {
    let lines: Vec<_> = (0..12)
        .map(|line| json!({ "item": format!("item {line}"), "price": line * 100 + 99, "tags": ["a", "b"] }))
        .collect();
    json!({ "count": 1, "customer": "somebody", "paid": true, "note": "n".repeat(300), "lines": lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_about_a_kibibyte() {
        let bytes = object().to_string().len();
        assert!((900..1150).contains(&bytes), "{bytes}");
    }
}
