//! A program that takes events by Lambda's Runtime API. An event says in words what to do, and
//! what came of it is the response.

mod hostile;
mod http;
mod protocol;

use std::io;
use std::time::Duration;

use http::Api;

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

fn main() -> io::Result<()> {
    let mut api = Api::connect()?;
    let found = begin(&mut api)?;
    let mut served = 0;
    loop {
        let event = api.ask("GET", NEXT, &[], b"")?;
        if event.status != 200 {
            return Err(io::Error::other(event.shown()));
        }
        served += 1;
        let id = event.header("Lambda-Runtime-Aws-Request-Id").to_owned();
        let text = String::from_utf8_lossy(&event.body).trim_matches('"').to_owned();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        if let Some(path) = protocol::path(&text) {
            protocol::serve(&mut api, &id, path)?;
            continue;
        }
        println!("event {word}");
        let answer = match word {
            "echo" => rest.to_owned(),
            "count" => served.to_string(),
            "found" => found.clone(),
            "environment" => environment(),
            "deadline" => event.header("Lambda-Runtime-Deadline-Ms").to_owned(),
            "headers" => format!("{:?}", event.empty_headers()),
            "sleep" => {
                std::thread::sleep(Duration::from_millis(rest.parse().unwrap_or(0)));
                "slept".to_owned()
            }
            "exit" => std::process::exit(rest.parse().unwrap_or(0)),
            "panic" => panic!("as it was told"),
            "spin" => spin(),
            _ => match protocol::run(&mut api, &id, word, rest)? {
                Some(answer) => answer,
                // It has answered already.
                None => continue,
            },
        };
        respond(&mut api, &id, answer.as_bytes())?;
    }
}

/// What the environment says to do before the first event.
fn begin(api: &mut Api) -> io::Result<String> {
    match std::env::var("BEGIN").unwrap_or_default().as_str() {
        "error" => {
            let body = br#"{"errorType":"Broken","errorMessage":"no database"}"#;
            let path = "/2018-06-01/runtime/init/error";
            let answer = api.ask("POST", path, &[], body)?;
            println!("{}", answer.shown());
            std::process::exit(1)
        }
        "exit" => std::process::exit(3),
        "hang" => {
            std::thread::sleep(Duration::from_secs(3600));
            Ok(String::new())
        }
        "spin" => Ok(spin()),
        "hostile" => hostile::run(),
        "extension" => protocol::register(api),
        _ => Ok(String::new()),
    }
}

fn environment() -> String {
    let mut all: Vec<_> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    all.sort();
    all.join("\n")
}

fn spin() -> String {
    let mut number = 1_u64;
    while number != 0 {
        number = std::hint::black_box(number.wrapping_mul(3) | 1);
    }
    number.to_string()
}

/// Answers an event.
pub(crate) fn respond(api: &mut Api, id: &str, body: &[u8]) -> io::Result<http::Answer> {
    api.ask("POST", &format!("/2018-06-01/runtime/invocation/{id}/response"), &[], body)
}
