//! The command line against a node: what it prints, and what it exits with.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use lambent_test_support::guest;
use serde_json::{Value, json};

use crate::node::{Done, Node, eventually, lambent, run, run_within, shared, spawn};

/// A command that finds the node, and its key, by its data directory.
pub(crate) fn at(node: &Node, arguments: &[&str]) -> Command {
    let mut command = lambent(arguments);
    command.env("LAMBENT_DATA", node.data().path());
    command
}

pub(crate) fn path(guest_name: &str) -> String {
    guest(guest_name).to_str().unwrap().to_owned()
}

/// Runs a command that succeeds.
pub(crate) async fn ok(node: &Node, arguments: &[&str]) -> Done {
    let done = exits(node, 0, arguments).await;
    assert!(!done.stderr.contains("error:"), "{done:?}");
    done
}

/// Runs a command that exits with this code.
pub(crate) async fn exits(node: &Node, code: i32, arguments: &[&str]) -> Done {
    let command = at(node, arguments);
    let done = tokio::task::spawn_blocking(|| run(command)).await.unwrap();
    assert_eq!(done.code, Some(code), "{arguments:?}: {done:?}");
    done
}

/// Runs a command with `--json`, which prints JSON and nothing else.
pub(crate) async fn json(node: &Node, arguments: &[&str]) -> Value {
    let done = ok(node, &[arguments, &["--json"]].concat()).await;
    assert_eq!(done.stderr, "", "{arguments:?}");
    serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {done:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_from_deploy_to_delete_in_words() {
    let node = Node::start(&[]);
    let done = ok(&node, &["list"]).await;
    assert!(done.stdout.is_empty() && done.stderr.contains("no functions yet"), "{done:?}");
    let done = ok(&node, &["deploy", "hello", &path("hello-http"), "--public"]).await;
    assert!(done.stdout.starts_with("created hello (revision "), "{done:?}");
    let url = format!("http://hello.localhost:{}/", node.address.port());
    assert!(done.stdout.contains(&url), "{done:?}");
    let done = ok(&node, &["deploy", "hello", &path("guest-probe"), "--timeout=9s"]).await;
    assert!(done.stdout.starts_with("updated hello "), "{done:?}");

    let done = ok(&node, &["publish", "hello"]).await;
    assert_eq!(done.stdout, "published hello version 1\n");
    let done = ok(&node, &["publish", "hello"]).await;
    assert_eq!(done.stdout, "nothing changed since hello version 1\n");
    let done = ok(&node, &["configure", "hello", "--memory=64MiB", "--description", "mine"]).await;
    assert!(done.stdout.starts_with("configured hello "), "{done:?}");
    let done = ok(&node, &["versions", "hello"]).await;
    assert!(done.stdout.starts_with("VERSION") && done.stdout.contains("128.0 MiB"), "{done:?}");
    let done = ok(&node, &["describe", "hello"]).await;
    for phrase in ["64.0 MiB", "timeout      9s", "mine", "wasi:http/incoming-handler@0.2", &url] {
        assert!(done.stdout.contains(phrase), "{phrase}: {done:?}");
    }
    let done = ok(&node, &["rollback", "hello", "1"]).await;
    assert!(done.stdout.starts_with("hello is version 1 again "), "{done:?}");
    let done = ok(&node, &["list"]).await;
    assert!(done.stdout.contains("hello") && done.stdout.contains("128.0 MiB"), "{done:?}");

    let done = exits(&node, 2, &["delete", "hello"]).await;
    assert!(done.stderr.contains("--yes"), "nobody can be asked: {done:?}");
    ok(&node, &["delete", "hello", "--version", "1", "--yes"]).await;
    let done = ok(&node, &["delete", "hello", "--yes"]).await;
    assert_eq!(done.stdout, "deleted hello with all its versions\n");
    let done = exits(&node, 1, &["describe", "hello"]).await;
    assert!(done.stderr.contains("function \"hello\" does not exist"), "{done:?}");
    assert!(done.stderr.contains("lambent list"), "{done:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_json_every_answer_is_json() {
    let node = Node::start(&[]);
    let view = json(&node, &["deploy", "j", &path("guest-hostile-event"), "--tag", "a=b"]).await;
    assert_eq!((&view["name"], &view["configuration"]["tags"]["a"]), (&"j".into(), &"b".into()));
    assert_eq!(json(&node, &["list"]).await["functions"][0]["name"], "j");
    assert_eq!(json(&node, &["describe", "j"]).await["digest"], view["digest"]);
    assert_eq!(json(&node, &["publish", "j"]).await["version"], "1");
    assert_eq!(json(&node, &["versions", "j"]).await["versions"][0]["version"], "1");
    assert_eq!(json(&node, &["rollback", "j", "1"]).await["digest"], view["digest"]);
    let invoked = json(&node, &["invoke", "j", "-d", r#"{"do":"echo","text":"hi"}"#]).await;
    assert_eq!((&invoked["output"], &invoked["outcome"]), (&"hi".into(), &"ok".into()));
    assert!(invoked["fuel"].as_u64().unwrap() > 0, "{invoked}");
    let id = invoked["request_id"].as_str().unwrap();
    node.record("j", id).await;
    let logs = json(&node, &["logs", "j", "--request", id]).await;
    assert_eq!(logs["records"][0]["id"], id);
    let done = exits(&node, 4, &["invoke", "j", "--json", "-d", r#"{"do":"trap"}"#]).await;
    let failed: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(failed["error"]["errorType"], "Lambent.Trapped", "{failed}");
    let done = exits(&node, 1, &["describe", "nobody", "--json"]).await;
    let problem: Value = serde_json::from_str(&done.stderr).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&"function-not-found".into(), &404.into()));
    assert_eq!(json(&node, &["delete", "j", "--yes"]).await["deleted"], "j");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoke_prints_the_output_and_tells_failures_apart() {
    let node = shared().await;
    node.deploy("cli-event", "guest-hostile-event", "").await;
    node.deploy("cli-command", "guest-cli", "").await;
    let done = ok(node, &["invoke", "cli-event", "-d", r#"{"do":"echo","text":"as it is"}"#]).await;
    assert_eq!(done.stdout, "as it is");
    for phrase in ["ok, ", " fuel, ", " memory, ", "version $LATEST, request "] {
        assert!(done.stderr.contains(phrase), "{done:?}");
    }
    let deed = r#"{"do":"fail","kind":"OrderNotFound","message":"no order 7"}"#;
    let done = exits(node, 4, &["invoke", "cli-event", "-d", deed]).await;
    assert!(done.stdout.is_empty(), "{done:?}");
    assert!(done.stderr.contains("cli-event failed: OrderNotFound: no order 7"), "{done:?}");
    let done = exits(node, 2, &["invoke", "cli-event", "-d", "{not json}"]).await;
    assert!(done.stderr.contains("--data is not JSON"), "{done:?}");
    let done = exits(node, 2, &["invoke", "cli-event", "-d", "@/nonexistent"]).await;
    assert!(done.stderr.contains("/nonexistent"), "{done:?}");
    exits(node, 1, &["invoke", "cli-event", "--qualifier", "7"]).await;

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from a file").unwrap();
    let at_file = format!("@{}", file.path().display());
    assert_eq!(ok(node, &["invoke", "cli-command", "-d", &at_file]).await.stdout, "FROM A FILE");
    let mut command = at(node, &["invoke", "cli-command", "--data", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = spawn(command);
    child.stdin.take().unwrap().write_all(b"from a pipe").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"FROM A PIPE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environment_and_files_configure() {
    let node = shared().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "# comment\nexport A=1\nB=\"two words\"\n").unwrap();
    let file = file.path().to_str().unwrap();
    let guest = path("guest-probe");
    let arguments = [
        "deploy",
        "cli-env",
        &guest,
        "--public",
        "--env-file",
        file,
        "--env",
        "A=2",
        "--env",
        "HERE",
    ];
    let mut command = at(node, &arguments);
    command.env("HERE", "inherited");
    let done = run(command);
    assert_eq!(done.code, Some(0), "{done:?}");
    let seen = node.own_variables("cli-env").await;
    assert_eq!(seen, json!({ "A": "2", "B": "two words", "HERE": "inherited" }));
    let shown = ok(node, &["describe", "cli-env"]).await.stdout;
    assert!(shown.contains("B (9 bytes)") && !shown.contains("two words"), "{shown}");
    exits(node, 2, &["deploy", "cli-env", &guest, "--env", "NOT_SET_ANYWHERE"]).await;
    ok(node, &["configure", "cli-env", "--env-file", "/dev/null"]).await;
    assert_eq!(node.own_variables("cli-env").await, json!({}));
    let mut command = at(node, &["deploy", "cli-stdin", "-", "--public"]);
    command.stdin(std::fs::File::open(guest).unwrap());
    assert_eq!(run(command).code, Some(0));
    assert_eq!(node.get("cli-stdin", "/state").await.text(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_shown_and_followed() {
    let node = shared().await;
    node.deploy("cli-logs", "guest-probe", "").await;
    let done = ok(node, &["logs", "cli-logs"]).await;
    assert!(done.stdout.is_empty() && done.stderr.contains("no invocations yet"), "{done:?}");
    let mut command = at(node, &["logs", "cli-logs", "-f"]);
    let output = tempfile::NamedTempFile::new().unwrap();
    command.stdout(output.reopen().unwrap());
    let mut follower = spawn(command);
    for _ in 0..3 {
        node.get("cli-logs", "/log").await;
    }
    let followed = eventually("three records followed", async || {
        let text = std::fs::read_to_string(output.path()).unwrap();
        (text.matches("err  a line on stderr").count() == 3).then_some(text)
    })
    .await;
    follower.kill().unwrap();
    follower.wait().unwrap();
    let done = ok(node, &["logs", "cli-logs", "--since", "1h"]).await;
    assert_eq!(done.stdout, followed);
    assert_eq!(done.stdout.matches(" ok ").count(), 3, "{done:?}");
    let done = ok(node, &["logs", "cli-logs", "--limit", "1"]).await;
    assert_eq!(done.stdout.matches(" ok ").count(), 1, "{done:?}");
    let done = exits(node, 1, &["logs", "cli-nobody"]).await;
    assert!(done.stderr.contains("does not exist"), "{done:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_say_what_to_do() {
    let node = shared().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let module = file("module.wasm", &wat::parse_str("(module)").unwrap());
    let empty = file("empty.wasm", b"");
    let nothing = file("nothing.wasm", &wat::parse_str("(component)").unwrap());
    let text = file("text.wasm", b"hello");
    let (missing, hello) = ("/nonexistent/x.wasm", path("hello-http"));
    let cases: [(&[&str], i32, &[&str]); 12] = [
        (&["deploy", "x", &module], 1, &["exports no _start", "wasm32-wasip2"]),
        (&["deploy", "x", &empty], 2, &["is empty"]),
        (&["deploy", "x", &text], 2, &["is not WebAssembly"]),
        (&["deploy", "x", missing], 2, &["does not exist", "cargo build"]),
        (&["deploy", "x", &nothing], 1, &["no export that can be called"]),
        (&["deploy", "x.y", &hello], 2, &["'.'"]),
        (&["deploy", "x", &hello, "--memory", "1MiB"], 2, &["between 2.0 MiB and 4.0 GiB"]),
        (&["deploy", "x", &hello, "--memroy", "1MiB"], 2, &["--memory"]),
        (&["deploy", "x", &hello, "--if-revision", "99"], 1, &["does not exist"]),
        (&["configure", "x"], 2, &["nothing to change"]),
        (&["rollback", "x", "latest"], 2, &["latest"]),
        (&["nonsense"], 2, &["nonsense"]),
    ];
    for (arguments, code, phrases) in cases {
        let done = exits(node, code, arguments).await;
        for phrase in phrases {
            assert!(done.stderr.contains(phrase), "{arguments:?}: {phrase:?} is not in {done:?}");
        }
    }
    // No server, no key, a wrong key, and something that is no server.
    let endpoint = format!("http://{}", node.address);
    let done = run(lambent(&["list", "--endpoint", "http://127.0.0.1:1"]));
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.stderr.contains("lambent serve"), "{done:?}");
    let done = run(lambent(&["list", "--endpoint", &endpoint]));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("LAMBENT_KEY"), "{done:?}");
    let done = run(lambent(&["list", "--endpoint", &endpoint, "--key", "wrong"]));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("the given key was refused"), "{done:?}");
    let mut command = lambent(&["list", "--endpoint", &endpoint]);
    command.env("LAMBENT_KEY", &node.key);
    assert_eq!(run(command).code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_there_right_after_a_call() {
    let node = Node::start(&[]);
    node.deploy("used", "guest-probe", "").await;
    let reply = node.get("used", "/state").await;
    node.record("used", reply.header("lambent-request-id")).await;
    for since in ["1h", "1s"] {
        let usage = json(&node, &["usage", "--since", since]).await;
        assert_eq!(usage["usage"][0]["function"], "used", "{since}: {usage}");
        assert_eq!(usage["usage"][0]["invocations"], 1, "{since}: {usage}");
    }
}

#[test]
fn a_long_deploy_shows_how_far_it_is_and_which_limit_ended_it() {
    // The compiler has the lowest priority: on a busy machine its seconds take minutes.
    const PATIENCE: Duration = Duration::from_secs(280);
    let node = Node::start(&["--compile-cpu-seconds", "3"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), crate::compile_bomb::bomb(60_000)).unwrap();
    let arguments = ["deploy", "bomb", file.path().to_str().unwrap()];
    let deploy = |line: &[&str]| run_within(at(&node, line), PATIENCE);
    let done = deploy(&arguments);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains(", the server compiles it ("), "{done:?}");
    assert!(done.stderr.contains("more than 3 s of CPU time"), "{done:?}");
    assert!(done.stderr.contains("--compile-cpu-seconds"), "{done:?}");
    assert_eq!(done.stdout, "");
    let done = deploy(&[&arguments[..], &["--json"]].concat());
    let problem: Value = serde_json::from_str(&done.stderr).expect("nothing but the error");
    assert_eq!((&problem["code"], &problem["exit_code"]), (&"compile-limit".into(), &1.into()));
}

#[test]
fn completions_and_help_need_no_server() {
    for shell in ["bash", "zsh", "fish"] {
        let done = run(lambent(&["completions", shell]));
        assert!(done.code == Some(0) && done.stdout.contains("rollback"), "{done:?}");
        assert!(!done.stdout.contains("compile-worker"), "hidden is hidden");
    }
    for arguments in [&["--help"][..], &["serve", "--help"], &["deploy", "--help"], &["--version"]]
    {
        let done = run(lambent(arguments));
        assert!(done.code == Some(0) && done.stdout.contains("lambent"), "{done:?}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(run(lambent(&["version"])).stdout, format!("lambent {version}\n"));
    let done = run(lambent(&["version", "--json"]));
    assert_eq!(done.stdout, format!("{}\n", serde_json::json!({ "version": version })));
    let help = run(lambent(&["--help"])).stdout;
    for command in [
        "serve",
        "deploy",
        "invoke",
        "list",
        "describe",
        "publish",
        "rollback",
        "logs",
        "delete",
        "quickstart",
        "completions",
        "version",
    ] {
        assert!(help.contains(&format!("\n  {command}")), "{command} is not in {help}");
    }
}
