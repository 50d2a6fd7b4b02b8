//! A release has an alias go over from one version to another, by steps or at once, and takes it back:
//! by hand, or by itself when the new version does worse than its bounds allow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::aliases::{alias, publish};
use crate::cli;
use crate::client::{Ask, Reply};
use crate::node::{Node, eventually, shared};

const HELLO: &str = "Hello from Lambent!\n";
const OTHER: &str = "wasip2 says hello to /\n";

fn ask(node: &Node, method: &str, path: &str, body: &Value) -> Ask {
    let ask = node.ask(method, path).key(&node.key).header("content-type", "application/json");
    ask.body(body.to_string())
}

fn path(named: &str) -> String {
    let (function, alias) = named.split_once(':').unwrap();
    format!("/v1/functions/{function}/releases/{alias}")
}

/// Begins a release of version 2.
async fn start(node: &Node, named: &str, steps: Value, bounds: Value) -> Value {
    let plan = json!({ "version": 2, "steps": steps, "bounds": bounds });
    let reply = ask(node, "PUT", &path(named), &plan).send().await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

async fn change(node: &Node, named: &str, state: &str) -> Reply {
    ask(node, "PATCH", &path(named), &json!({ "state": state })).send().await
}

async fn status(node: &Node, named: &str) -> Value {
    let reply = ask(node, "GET", &path(named), &json!({})).send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// What of the events the second version handles: 1 if all.
async fn weight(node: &Node, named: &str) -> f64 {
    let (function, alias) = named.split_once(':').unwrap();
    let target = format!("/v1/functions/{function}/aliases/{alias}");
    let alias = ask(node, "GET", &target, &json!({})).send().await.json();
    let whole = if alias["version"] == "2" { 1.0 } else { 0.0 };
    alias["split"]["weight"].as_f64().unwrap_or(whole)
}

/// A function with two versions, which are the guests of these names, and `live`, which leads to the
/// first.
async fn two_versions(node: &Node, function: &str, guests: [&str; 2]) {
    for guest in guests {
        node.deploy(function, guest, "public=true").await;
        publish(node, function).await;
    }
    alias(node, &format!("{function}:live"), json!({ "version": 1 })).await;
}

const PAGES: [&str; 2] = ["hello-http", "guest-peer-wasip2"];
/// The first gives back what it is told; the second does it.
const DOERS: [&str; 2] = ["echo-event", "guest-hostile-event"];

fn step(weight: f64, millis: u64) -> Value {
    json!({ "weight": weight, "duration_ms": millis })
}

async fn says(node: &Node, function: &str) -> String {
    let reply = node.ask("GET", &format!("/fn/{function}/")).send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text()
}

/// Has `live` handle so many events, a few at once.
async fn invoke(node: &Node, function: &str, count: u32, event: &Value) {
    let target = format!("/v1/functions/{function}/invocations?qualifier=live");
    for _ in 0..count / 10 {
        let ten = (0..10).map(|_| ask(node, "POST", &target, event).send());
        for reply in futures::future::join_all(ten).await {
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_goes_over_by_steps_as_time_passes() {
    let node = shared().await;
    two_versions(node, "rl-steps", PAGES).await;
    let begun = Instant::now();
    let release =
        start(node, "rl-steps:live", json!([step(0.2, 1500), step(0.6, 1500)]), json!({})).await;
    assert_eq!((&release["state"], &release["from"]), (&json!("running"), &json!("1")));
    let mut seen = vec![0.2];
    let promoted = eventually("the promotion", async || {
        let release = status(node, "rl-steps:live").await;
        (release["state"] == "promoted").then_some(release)
    });
    let watched = async {
        while *seen.last().unwrap() < 1.0 {
            let now = weight(node, "rl-steps:live").await;
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let (promoted, ()) = tokio::join!(promoted, watched);
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(seen, [0.2, 0.6, 1.0]);
    assert!(promoted.get("statistics").is_none() && promoted.get("reason").is_none());
    assert_eq!(says(node, "rl-steps:live").await, OTHER);
    // What was promoted can be taken back, in one step.
    assert_eq!(change(node, "rl-steps:live", "rolled-back").await.status, 200);
    assert_eq!(says(node, "rl-steps:live").await, HELLO);
    assert_eq!(status(node, "rl-steps:live").await["reason"], "by hand");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_paused_promoted_and_rolled_back_by_the_command_line() {
    let node = Node::start(&[]);
    two_versions(&node, "hello", PAGES).await;
    let done = cli::ok(&node, &["release", "status", "hello"]).await;
    assert!(done.stderr.contains("no releases yet"), "{done:?}");
    let begin = ["release", "start", "hello:live", "2", "--step", "10%=10m", "--step", "50%=1h"];
    let bounds = ["--max-error-rate", "+50%", "--max-p95", "300ms", "--max-fuel", "+10%"];
    let done = cli::ok(&node, &[&begin[..], &bounds[..]].concat()).await;
    let told = "hello:live goes from version 1 to version 2: 10% at step 1 of 2, ";
    assert!(done.stdout.starts_with(told), "{done:?}");
    let done = cli::exits(&node, 1, &["alias", "set", "hello", "live", "2"]).await;
    assert!(done.stderr.contains("lambent release rollback hello:live"), "{done:?}");
    let done = cli::ok(&node, &["alias", "describe", "hello", "live"]).await;
    assert!(done.stdout.contains("from version 1 to version 2, running"), "{done:?}");
    let done = cli::ok(&node, &["release", "pause", "hello:live"]).await;
    assert!(done.stdout.contains("paused, "), "{done:?}");
    let done = cli::ok(&node, &["release", "status", "hello:live"]).await;
    for told in ["paused", "10% for 10m, then 50% for 1h", "error rate +50%, p95 duration 300ms"] {
        assert!(done.stdout.contains(told), "{told}: {done:?}");
    }
    let shown = cli::json(&node, &["release", "status", "hello:live"]).await;
    assert_eq!((&shown["step"], &shown["statistics"]["to"]["version"]), (&json!(0), &json!("2")));
    cli::ok(&node, &["release", "resume", "hello:live"]).await;
    let done = cli::ok(&node, &["release", "promote", "hello:live"]).await;
    assert_eq!(done.stdout, "hello:live leads to version 2, after version 1\n");
    let back = ["release", "rollback", "hello:live", "--reason", "wrong totals"];
    let done = cli::ok(&node, &back).await;
    assert_eq!(
        done.stdout,
        "hello:live leads to version 1 again, not to version 2: wrong totals\n"
    );
    let done = cli::exits(&node, 1, &["release", "resume", "hello:live"]).await;
    assert!(done.stderr.contains("is rolled-back"), "{done:?}");
    let done = cli::ok(&node, &["release", "switch", "hello:live", "2"]).await;
    assert_eq!(done.stdout, "hello:live leads to version 2, after version 1\n");
    let done = cli::ok(&node, &["release", "status", "hello"]).await;
    assert!(done.stdout.contains("live") && done.stdout.contains("promoted"), "{done:?}");
    for (wrong, told) in [
        (["start", "hello", "2"], "name an alias of hello"),
        (["start", "hello:live", "0"], "0 is not in 1.."),
        (["status", "hello:2", ""], "versions are not released"),
    ] {
        let arguments = ["release"].into_iter().chain(wrong).filter(|a| !a.is_empty());
        let arguments: Vec<_> = arguments.collect();
        let done = cli::exits(&node, 2, &arguments).await;
        assert!(done.stderr.contains(told), "{told}: {done:?}");
    }
}

/// Releases version 2 of `function`, which does worse at an event, and expects it to be taken back by
/// itself, for this reason.
async fn taken_back(node: &Node, function: &str, bounds: Value, event: Value, reason: &str) {
    two_versions(node, function, DOERS).await;
    let named = format!("{function}:live");
    start(node, &named, json!([step(0.5, 3_600_000)]), bounds).await;
    // Ten requests prove nothing, whatever becomes of them.
    invoke(node, function, 10, &event).await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(status(node, &named).await["state"], "running");
    let release = eventually("the version to be taken back", async || {
        invoke(node, function, 50, &event).await;
        let release = status(node, &named).await;
        (release["state"] == "rolled-back").then_some(release)
    })
    .await;
    let told = release["reason"].as_str().unwrap();
    assert!(told.contains(reason) && told.contains("(p = "), "{told}");
    assert!(weight(node, &named).await.abs() < f64::EPSILON);
    let (_, seen) = told.split_once("version 2").unwrap();
    assert!(seen.contains("version 1"), "{told}");
    node.logged("a release is taken back").await;
    let done = cli::ok(node, &["release", "status", &named]).await;
    assert!(done.stdout.contains(reason), "{done:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_fails_is_taken_back_by_itself() {
    let node = Node::start(&[]);
    let event = json!({ "do": "fail", "kind": "Broken", "message": "it is" });
    let bounds = json!({ "error_rate": "+50%" });
    taken_back(&node, "fails", bounds, event, "invocations of version 2 failed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_slow_is_taken_back_by_itself() {
    let node = Node::start(&[]);
    let event = json!({ "do": "sleep", "ms": 120 });
    let bounds = json!({ "p95_duration": "+25%" });
    taken_back(&node, "slow", bounds, event, "95th percentile of durations is ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_uses_more_fuel_is_taken_back_by_itself() {
    let node = Node::start(&[]);
    let event = json!({ "do": "log", "bytes": 100_000 });
    let bounds = json!({ "fuel": "+10%" });
    taken_back(&node, "hungry", bounds, event, "fuel on average").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_again_is_not_taken_back() {
    let node = Node::start(&[]);
    node.deploy("same", "echo-event", "").await;
    publish(&node, "same").await;
    node.deploy("same", "echo-event", "description=again").await;
    publish(&node, "same").await;
    alias(&node, "same:live", json!({ "version": 1 })).await;
    let bounds = json!({ "error_rate": "+0%", "p95_duration": "+50%", "fuel": "+5%" });
    start(&node, "same:live", json!([step(0.5, 3_600_000)]), bounds).await;
    invoke(&node, "same", 600, &json!({ "n": 1 })).await;
    let seen = eventually("all to be seen", async || {
        let release = status(&node, "same:live").await;
        let count = |side: &str| release["statistics"][side]["invocations"].as_u64().unwrap();
        (count("from") + count("to") == 600).then_some(release)
    })
    .await;
    assert_eq!(
        (&seen["state"], &seen["statistics"]["to"]["failures"]),
        (&json!("running"), &json!(0))
    );
    assert!(seen["statistics"]["to"]["p95_duration_us"].as_u64().unwrap() > 0, "{seen}");
    assert_eq!(seen["statistics"]["to"]["fuel"], seen["statistics"]["from"]["fuel"]);
    told_apart(&node, &seen["statistics"]).await;
}

/// Metrics, usage and logs tell the two versions of a release apart, with the alias.
async fn told_apart(node: &Node, statistics: &Value) {
    let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
    let usage = ask(node, "GET", "/v1/usage", &json!({})).send().await.json();
    for (side, version) in [("from", "1"), ("to", "2")] {
        let count = statistics[side]["invocations"].as_u64().unwrap();
        let series = format!(
            "lambent_version_invocations_total{{namespace=\"default\",function=\"same\",\
             version=\"{version}\",alias=\"live\"}} {count}"
        );
        assert!(metrics.lines().any(|line| line == series), "{series}: {metrics}");
        let all = usage["usage"].as_array().unwrap().iter();
        let own = all.filter(|one| one["version"] == version && one["alias"] == "live");
        let used: u64 = own.map(|one| one["invocations"].as_u64().unwrap()).sum();
        assert_eq!(used, count, "{usage}");
        let logs = node.api("GET", &format!("/same/logs?qualifier={version}&limit=1")).send().await;
        assert_eq!(logs.json()["records"][0]["alias"], "live");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_under_load_is_one_change_and_fails_no_request() {
    let node = Arc::new(Node::start(&[]));
    two_versions(&node, "blue", PAGES).await;
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (node, stop, served) = (node.clone(), stop.clone(), served.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let text = says(&node, "blue:live").await;
                    assert!(text == HELLO || text == OTHER, "{text}");
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for _ in 0..10 {
        let plan = json!({ "version": 2, "steps": [] });
        let reply = ask(&node, "PUT", &path("blue:live"), &plan).send().await;
        assert_eq!((reply.status, &reply.json()["state"]), (201, &json!("promoted")));
        // Whatever begins after the answer is of the new version, all of it.
        for _ in 0..20 {
            assert_eq!(says(&node, "blue:live").await, OTHER);
        }
        assert_eq!(change(&node, "blue:live", "rolled-back").await.status, 200);
        for _ in 0..20 {
            assert_eq!(says(&node, "blue:live").await, HELLO);
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(served.load(Ordering::Relaxed) > 100, "{served:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_goes_on_after_the_node_was_killed() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_in(&data, &[]);
    two_versions(&node, "killed", PAGES).await;
    start(&node, "killed:live", json!([step(0.3, 6000), step(0.7, 1000)]), json!({})).await;
    // It is stored every second what is left of so short a step.
    sleep(Duration::from_millis(2500)).await;
    node.kill();
    sleep(Duration::from_millis(5000)).await;
    let node = Node::start_in(&data, &[]);
    let release = status(&node, "killed:live").await;
    assert_eq!((&release["state"], &release["step"]), (&json!("running"), &json!(0)), "{release}");
    let left = release["left_ms"].as_u64().unwrap();
    assert!((1000..=5500).contains(&left), "no time passes without a node: {release}");
    assert!((weight(&node, "killed:live").await - 0.3).abs() < 1e-9);
    let ends = Instant::now();
    eventually("the promotion", async || {
        (status(&node, "killed:live").await["state"] == "promoted").then_some(())
    })
    .await;
    assert!(ends.elapsed() >= Duration::from_millis(left + 500), "{:?}", ends.elapsed());
    assert_eq!(says(&node, "killed:live").await, OTHER);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_released_is_not_applied_and_bad_input_is_told_once() {
    let node = Node::start(&[]);
    two_versions(&node, "hello", PAGES).await;
    let put = async |named: &str, plan: Value| ask(&node, "PUT", &path(named), &plan).send().await;
    let two = |steps: Value| json!({ "version": 2, "steps": steps });
    for (reply, status, code, told) in [
        (put("none:live", two(json!([]))).await, 404, "function-not-found", "none"),
        (put("hello:none", two(json!([]))).await, 404, "alias-not-found", "no alias"),
        (
            put("hello:live", json!({ "version": 9 })).await,
            404,
            "version-not-found",
            "no version 9",
        ),
        (put("hello:live", json!({ "version": 1 })).await, 409, "conflict", "version 1 already"),
        (put("hello:live", json!({ "version": 0 })).await, 400, "invalid-configuration", "from 1"),
        (put("hello:live", json!({})).await, 400, "invalid-request", "version"),
        (put("hello:live", json!({ "version": 2, "to": 3 })).await, 400, "invalid-request", "to"),
        (
            put("hello:live", two(json!([step(0.5, 1000), step(0.1, 1000)]))).await,
            400,
            "invalid-configuration",
            "10% follows one of 50%",
        ),
        (
            put("hello:live", two(json!([step(1.5, 1000)]))).await,
            400,
            "invalid-request",
            "above 0 and at most 1",
        ),
        (
            put("hello:live", two(json!([step(0.5, 1000), step(1.0, 1000)]))).await,
            400,
            "invalid-configuration",
            "leave out the step of 100%",
        ),
        (
            put("hello:live", two(json!([step(0.5, 10)]))).await,
            400,
            "invalid-configuration",
            "a step lasts 10ms",
        ),
        (
            put("hello:live", json!({ "version": 2, "bounds": { "error_rate": "lots" } })).await,
            400,
            "invalid-request",
            "such as +25%",
        ),
        (change(&node, "hello:live", "paused").await, 404, "release-not-found", "no release"),
        (change(&node, "hello:live", "done").await, 400, "invalid-request", "rolled-back"),
    ] {
        let detail = reply.problem(status, code);
        assert!(detail.contains(told), "{told}: {detail}");
    }

    start(&node, "hello:live", json!([step(0.1, 3_600_000)]), json!({})).await;
    let detail = put("hello:live", two(json!([]))).await.problem(409, "conflict");
    assert!(detail.contains("end that first: lambent release promote hello:live"), "{detail}");
    let project = tempfile::tempdir().unwrap();
    let file = project.path().join("lambent.toml");
    let text = format!(
        "[functions.hello]\ncomponent = {:?}\npublic = true\naliases.live.version = 2\n",
        cli::path("guest-peer-wasip2")
    );
    std::fs::write(&file, text).unwrap();
    let apply = ["apply", file.to_str().unwrap(), "--yes"];
    let done = cli::exits(&node, 1, &apply).await;
    let told = format!("{}{}", done.stdout, done.stderr);
    assert!(told.contains("lambent release rollback hello:live"), "{done:?}");
    assert_eq!(change(&node, "hello:live", "promoted").await.status, 200);
    let done = cli::ok(&node, &apply).await;
    assert!(done.stdout.contains("nothing to do"), "{done:?}");
}
