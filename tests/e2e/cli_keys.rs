//! Where the command line sends a key, and what it lets a server print.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::node::{Done, Node, lambent, run};

/// A server that gives these answers, one connection each, and keeps the heads
/// that it was sent.
struct Fake {
    address: SocketAddr,
    thread: JoinHandle<Vec<String>>,
}

impl Fake {
    fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve = move || answers.iter().map(|answer| serve(&listener, answer)).collect();
        Self { address, thread: std::thread::spawn(serve) }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn heads(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn serve(listener: &TcpListener, answer: &str) -> String {
    let mut stream: TcpStream = listener.accept().unwrap().0;
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
    }
    stream.write_all(answer.as_bytes()).unwrap();
    head.to_ascii_lowercase()
}

fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn nothing() -> String {
    answer("200 OK", r#"{"functions":[],"next":null}"#)
}

/// Runs a command in an environment with every secret that could be found.
fn tempted(node: &Node, line: &[&str]) -> Done {
    let mut command = lambent(line);
    command.env("LAMBENT_DATA", node.data().path());
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "aws-secret");
    command.env("AWS_SESSION_TOKEN", "aws-token");
    run(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_credential_goes_to_a_server_that_it_is_not_of() {
    let node = Node::start(&[]);
    let fake = Fake::start(vec![nothing(), answer("401 Unauthorized", "{}"), nothing()]);
    let url = fake.url();
    // Somebody else on this machine, who answers or asks for a key.
    let done = tempted(&node, &["list", "--endpoint", &url]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let done = tempted(&node, &["list", "--endpoint", &url]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let done = tempted(&node, &["list", "--endpoint", &url, "--key", "given"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let heads = fake.heads();
    for head in &heads[..2] {
        assert!(!head.contains("authorization") && !head.contains("aws"), "{head}");
        assert!(!head.contains(&node.key.to_ascii_lowercase()), "{head}");
    }
    assert!(heads[2].contains("authorization: bearer given\r\n"), "{}", heads[2]);

    // Its own server gets it, by each of its names.
    for name in [format!("http://{}", node.address), format!("localhost:{}", node.address.port())] {
        let done = tempted(&node, &["list", "--endpoint", &name]);
        assert_eq!(done.code, Some(0), "{name}: {done:?}");
    }
    assert_eq!(tempted(&node, &["list"]).code, Some(0));
    // Another node is told no key, and the error says whose key there is.
    let other = Node::start(&[]);
    let done = tempted(&node, &["list", "--endpoint", &format!("http://{}", other.address)]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("was not sent to"), "{done:?}");
    assert!(done.stderr.contains(&node.address.to_string()), "{done:?}");
    let mut command = lambent(&["list", "--endpoint", &format!("http://{}", node.address)]);
    command.env("AWS_SECRET_ACCESS_KEY", &node.key);
    assert_eq!(run(command).code, Some(1), "credentials of AWS are not shown as a key");
}

#[test]
fn a_redirect_is_not_followed() {
    let aim = TcpListener::bind("127.0.0.1:0").unwrap();
    aim.set_nonblocking(true).unwrap();
    let location =
        format!("307 Temporary Redirect\r\nlocation: http://{}/", aim.local_addr().unwrap());
    let fake = Fake::start(vec![answer(&location, "")]);
    let line = ["bucket", "delete", "photos", "--key", "given", "--endpoint", &fake.url()];
    let done = run(lambent(&line));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("it redirects to http://127.0.0.1"), "{done:?}");
    assert!(fake.heads()[0].starts_with("delete /v1/buckets/photos "));
    assert!(aim.accept().is_err(), "nobody came");
}

#[test]
fn a_key_in_cleartext_to_a_network_is_warned_of() {
    // An address that leads nowhere; the warning comes before.
    let line = ["list", "--key", "given", "--endpoint", "http://lambent.invalid"];
    let done = run(lambent(&line));
    assert!(done.stderr.starts_with("warning: the key goes unencrypted to"), "{done:?}");
    let done = run(lambent(&[&line[..], &["--json"]].concat()));
    let lines: Vec<Value> =
        done.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["warning"].is_string() && lines[1]["code"] == "unreachable", "{lines:?}");
    let done = run(lambent(&["list", "--key", "given", "--endpoint", "http://127.0.0.1:1"]));
    assert!(!done.stderr.contains("warning"), "{done:?}");
}

#[test]
fn a_data_directory_that_may_not_be_read_is_no_reason_to_ask_another_server() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("root-key.json"), "{").unwrap();
    let mut command = lambent(&["list"]);
    command.env("LAMBENT_DATA", data.path());
    let done = run(command);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("does not hold a key"), "{done:?}");
}

#[test]
fn what_a_server_says_cannot_rewrite_the_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}txt.exe\u{2066}\u{2069}\u{200b}\rOK";
    let problem = json!({
        "type": "about:blank", "title": evil, "status": 404, "code": "function-not-found",
        "detail": evil, "retryable": false,
    });
    let unknown = json!({ "code": "of-the-future", "detail": evil });
    let page = json!({ "keys": [evil], "next": null });
    let (not_found, teapot) = ("404 Not Found", "418 I'm a teapot");
    for (head, body, json) in [
        (not_found, problem.to_string(), false),
        (not_found, problem.to_string(), true),
        (teapot, unknown.to_string(), false),
        (teapot, evil.to_owned(), false),
        ("200 OK", page.to_string(), false),
        ("200 OK", page.to_string(), true),
    ] {
        let fake = Fake::start(vec![answer(head, &body)]);
        let url = fake.url();
        let mut line = vec!["kv", "list", "settings", "--endpoint", &url];
        line.extend(json.then_some("--json"));
        let done = run(lambent(&line));
        fake.heads();
        for text in [&done.stdout, &done.stderr] {
            let bad = |c: char| {
                (c.is_control() && c != '\n')
                    || matches!(c, '\u{200b}' | '\u{202e}' | '\u{2066}' | '\u{2069}')
            };
            assert!(!text.contains(bad), "{text:?}");
        }
        if json {
            let text = if done.stdout.is_empty() { &done.stderr } else { &done.stdout };
            let value: Value = serde_json::from_str(text).unwrap();
            let said = if done.stdout.is_empty() { &value["detail"] } else { &value["keys"][0] };
            assert_eq!(said, evil, "it is the same text");
        }
    }
}
