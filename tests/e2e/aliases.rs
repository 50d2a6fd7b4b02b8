//! Aliases: a name leads to a version, or shares what comes out between two, wherever a function is
//! named; and the change of one is in force when it is answered, for good.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli;
use crate::client::{Ask, Reply};
use crate::node::{Node, eventually, guest_code, shared};

const HELLO: &str = "Hello from Lambent!\n";
const OTHER: &str = "wasip2 says hello to /\n";

/// A request to the native API with JSON.
fn ask(node: &Node, method: &str, path: &str, body: &Value) -> Ask {
    let ask = node.ask(method, path).key(&node.key).header("content-type", "application/json");
    ask.body(body.to_string())
}

/// Has an alias lead somewhere.
pub(crate) async fn alias(node: &Node, named: &str, settings: Value) -> Reply {
    let (function, alias) = named.split_once(':').unwrap();
    let path = format!("/v1/functions/{function}/aliases/{alias}");
    let reply = ask(node, "PUT", &path, &settings).send().await;
    assert!(reply.status == 200 || reply.status == 201, "{reply:?}");
    reply
}

/// Publishes what a function is.
pub(crate) async fn publish(node: &Node, function: &str) -> Value {
    let reply = node.api("POST", &format!("/{function}/versions")).send().await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["version"].clone()
}

/// A function with version 1, which says hello, and version 2, which says it otherwise.
async fn two_versions(node: &Node, function: &str) {
    node.deploy(function, "hello-http", "public=true").await;
    assert_eq!(publish(node, function).await, "1");
    node.deploy(function, "guest-peer-wasip2", "").await;
    assert_eq!(publish(node, function).await, "2");
}

async fn says(node: &Node, path: &str, header: Option<(&str, &str)>) -> String {
    let mut ask = node.ask("GET", path);
    if let Some((name, value)) = header {
        ask = ask.header(name, value);
    }
    let reply = ask.send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text()
}

/// How many of `n` should be `part`, give or take so many that chance alone does it once in a
/// hundred million times.
fn bounds(n: u32, part: f64) -> std::ops::RangeInclusive<f64> {
    let (mean, deviation) = (f64::from(n) * part, (f64::from(n) * part * (1.0 - part)).sqrt());
    mean - 6.0 * deviation..=mean + 6.0 * deviation
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_leads_where_it_was_put_last_at_once_and_for_good() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_in(&data, &[]);
    two_versions(&node, "al").await;
    let missing = node.ask("GET", "/fn/al:live/").key(&node.key).send().await;
    missing.problem(404, "alias-not-found");
    for (version, expected) in [(1, HELLO), (2, OTHER), (1, HELLO)] {
        alias(&node, "al:live", json!({ "version": version })).await;
        assert_eq!(says(&node, "/fn/al:live/", None).await, expected);
        assert_eq!(says(&node, "/fn/@default/AL:Live/", None).await, expected);
    }
    let refused = node.api("DELETE", "/al/versions/1").send().await;
    assert!(refused.problem(409, "conflict").contains("alias \"live\" leads to version 1"));
    node.kill();
    let node = Node::start_in(&data, &[]);
    assert_eq!(says(&node, "/fn/al:live/", None).await, HELLO);
    let described = node.api("GET", "/al?qualifier=live").send().await.json();
    assert_eq!(described["version"], "1");
    let deleted = node.api("DELETE", "/al/aliases/live").send().await;
    assert_eq!(deleted.status, 204);
    assert_eq!(node.api("DELETE", "/al/versions/1").send().await.status, 204);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_gets_its_part_and_users_stay_with_their_version() {
    let node = shared().await;
    two_versions(node, "al-split").await;
    alias(node, "al-split:live", json!({ "version": 1, "split": { "version": 2, "weight": 0.2 } }))
        .await;
    let mut second = 0;
    for _ in 0..600 {
        second += u32::from(says(node, "/fn/al-split:live/", None).await == OTHER);
    }
    assert!(bounds(600, 0.2).contains(&f64::from(second)), "{second} of 600");
    let mut of: HashMap<u32, bool> = HashMap::new();
    for weight in [0.1, 0.3, 0.7] {
        let split = json!({ "version": 2, "weight": weight });
        let sticky = "header:x-user";
        let settings = json!({ "version": 1, "split": split, "sticky": sticky });
        alias(node, "al-split:live", settings).await;
        let mut moved = 0;
        for user in 0..150 {
            let name = format!("user-{user}");
            let header = Some(("x-user", &*name));
            let is_second = says(node, "/fn/al-split:live/", header).await == OTHER;
            assert_eq!(says(node, "/fn/al-split:live/", header).await == OTHER, is_second);
            let before = of.insert(user, is_second);
            assert!(before != Some(true) || is_second, "user {user} went back");
            moved += u32::from(is_second);
        }
        assert!(bounds(150, weight).contains(&f64::from(moved)), "{moved} of 150 at {weight}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_by_an_alias_says_so_in_records_usage_and_metrics() {
    let node = Node::start(&[]);
    node.deploy("told", "echo-event", "").await;
    publish(&node, "told").await;
    alias(&node, "told:live", json!({ "version": 1 })).await;
    let invoke = async |qualifier: &str| {
        let target = format!("/v1/functions/told/invocations?qualifier={qualifier}");
        let reply = ask(&node, "POST", &target, &json!({ "n": 1 })).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.header("lambent-version").to_owned()
    };
    assert_eq!(invoke("live").await, "1");
    assert_eq!(invoke("1").await, "1");
    assert_eq!(invoke("$LATEST").await, "$LATEST");
    let target = "/v1/functions/told/invocations?qualifier=live";
    let later = ask(&node, "POST", target, &json!({})).header("prefer", "respond-async");
    assert_eq!(later.send().await.status, 202);
    let read = async |query: &str| {
        let logs = node.api("GET", &format!("/told/logs{query}")).send().await.json();
        logs["records"].as_array().unwrap().clone()
    };
    let records = eventually("four records", async || {
        let records = read("").await;
        (records.len() == 4).then_some(records)
    })
    .await;
    let by_alias = records.iter().filter(|record| record["alias"] == "live").count();
    assert_eq!(by_alias, 2, "{records:?}");
    assert_eq!(read("?qualifier=live").await.len(), 2);
    assert_eq!(read("?qualifier=1").await.len(), 3);
    assert_eq!(read("?qualifier=$LATEST").await.len(), 1);
    let usage = ask(&node, "GET", "/v1/usage", &json!({})).send().await.json();
    let used = |version: &str, alias: Value| -> u64 {
        let all = usage["usage"].as_array().unwrap().iter();
        let own = all.filter(|one| one["version"] == version && one["alias"] == alias);
        own.map(|one| one["invocations"].as_u64().unwrap()).sum()
    };
    assert_eq!(used("1", json!("live")), 2, "{usage}");
    assert_eq!((used("1", Value::Null), used("$LATEST", Value::Null)), (1, 1), "{usage}");
    let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
    let series = "lambent_version_invocations_total{namespace=\"default\",function=\"told\",\
                  version=\"1\",alias=\"live\"} 2";
    assert!(metrics.lines().any(|line| line == series), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_by_an_alias_wherever_a_function_is_named() {
    let node = Node::start(&[]);
    node.deploy("ev", "echo-event", "").await;
    publish(&node, "ev").await;
    alias(&node, "ev:live", json!({ "version": 1 })).await;
    let put = async |path: &str, body: Value| ask(&node, "PUT", path, &body).send().await;
    put("/v1/queues/jobs", json!({})).await;
    let source = json!({ "kind": "queue", "queue": "jobs" });
    let unknown = json!({ "function": "ev:none", "source": source });
    put("/v1/triggers/t", unknown).await.problem(404, "alias-not-found");
    let made = put("/v1/triggers/t", json!({ "function": "ev:live", "source": source })).await;
    assert_eq!((made.status, &made.json()["function"]), (201, &json!("ev:live")));
    let schedule = json!({ "function": "ev:live", "expression": "rate(1 minute)" });
    assert_eq!(put("/v1/schedules/s", schedule).await.status, 201);
    let refused = node.api("DELETE", "/ev/aliases/live").send().await;
    let detail = refused.problem(409, "conflict");
    assert!(detail.contains("trigger \"t\", schedule \"s\""), "{detail}");
    let sent = ask(&node, "POST", "/v1/queues/jobs/messages", &json!("one")).send().await;
    assert!(sent.status < 300, "{sent:?}");
    let record = eventually("a record of the message", async || {
        let logs = node.api("GET", "/ev/logs?qualifier=live").send().await.json();
        logs["records"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!((&record["version"], &record["alias"]), (&json!("1"), &json!("live")));

    node.put("web", "public=true", guest_code("hello-http").await).await;
    publish(&node, "web").await;
    alias(&node, "web:live", json!({ "version": 1 })).await;
    let routes = json!({ "/*": { "kind": "function", "function": "web:live" } });
    let site = put("/v1/sites/shop", json!({ "routes": routes })).await;
    assert_eq!(site.status, 201, "{site:?}");
    assert_eq!(node.get("shop", "/").await.text(), HELLO);
    let logs = async || {
        let logs = node.api("GET", "/web/logs?qualifier=live").send().await.json();
        logs["records"].as_array().unwrap().first().cloned()
    };
    eventually("a record of the site's request", logs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_names_versions_and_shifts_aliases() {
    let node = Node::start(&[]);
    node.deploy("hello", "echo-event", "").await;
    publish(&node, "hello").await;
    cli::ok(&node, &["configure", "hello", "--description", "two"]).await;
    publish(&node, "hello").await;
    let done = cli::ok(&node, &["alias", "set", "hello", "live", "1"]).await;
    assert_eq!(done.stdout, "hello:live leads to version 1\n");
    let done = cli::ok(&node, &["alias", "set", "hello", "live", "1", "--split", "2=10%"]).await;
    let told = "hello:live leads to version 1, and for 10% of the events to version 2\n";
    assert_eq!(done.stdout, told);
    let stale = ["alias", "set", "hello", "live", "2", "--if-revision", "1"];
    let done = cli::exits(&node, 1, &stale).await;
    assert!(done.stderr.contains("is at revision 2"), "{done:?}");
    cli::ok(&node, &["alias", "set", "hello", "live", "2"]).await;
    let invoked = cli::json(&node, &["invoke", "hello:live", "-d", "{}"]).await;
    assert_eq!(invoked["version"], "2");
    let done = cli::ok(&node, &["describe", "hello:live"]).await;
    assert!(done.stdout.contains("two"), "{done:?}");
    let done = cli::exits(&node, 2, &["invoke", "hello:live", "--qualifier", "1"]).await;
    assert!(done.stderr.contains("leave one of the two out"), "{done:?}");
    let done = cli::exits(&node, 1, &["invoke", "hello:none"]).await;
    assert!(done.stderr.contains("no alias \"none\""), "{done:?}");
    assert!(done.stderr.contains("lambent alias list hello"), "{done:?}");
    let done = cli::ok(&node, &["alias", "list", "hello"]).await;
    assert!(done.stdout.starts_with("NAME") && done.stdout.contains("live"), "{done:?}");
    let done =
        cli::exits(&node, 2, &["alias", "set", "hello", "live", "2", "--split", "2=1%"]).await;
    assert!(done.stderr.contains("both versions of the alias are 2"), "{done:?}");
    let done = cli::ok(&node, &["alias", "delete", "hello", "live"]).await;
    assert_eq!(done.stdout, "deleted alias hello:live\n");

    let project = tempfile::tempdir().unwrap();
    let file = project.path().join("lambent.toml");
    let text = format!(
        "[functions.hello]\ncomponent = {:?}\n[functions.hello.aliases.live]\nversion = 2\n",
        cli::path("echo-event")
    );
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    cli::ok(&node, &["apply", file, "--yes"]).await;
    let live = cli::json(&node, &["alias", "describe", "hello", "live"]).await;
    assert_eq!(live["version"], "2");
    let again = cli::ok(&node, &["apply", file, "--yes"]).await;
    assert!(again.stdout.contains("nothing to do"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_names_an_alias_and_prunes_it_with_what_named_it() {
    let node = Node::start(&[]);
    node.deploy("hello", "echo-event", "").await;
    publish(&node, "hello").await;
    let project = tempfile::tempdir().unwrap();
    let file = project.path().join("lambent.toml");
    let component = cli::path("echo-event");
    let text = |alias: &str, trigger: &str| {
        format!(
            "[functions.hello]\ncomponent = {component:?}\n{alias}\n[queues.jobs]\n\
             [triggers.t]\nfunction = \"{trigger}\"\nqueue = {{ queue = \"jobs\" }}\n"
        )
    };
    let path = file.to_str().unwrap();
    std::fs::write(&file, text("aliases.live.version = 1", "hello:live")).unwrap();
    cli::ok(&node, &["apply", path, "--yes"]).await;
    let trigger = cli::json(&node, &["trigger", "describe", "t"]).await;
    assert_eq!(trigger["function"], "hello:live");
    std::fs::write(&file, text("", "hello")).unwrap();
    let pruned = cli::ok(&node, &["apply", path, "--prune", "--yes"]).await;
    assert!(pruned.stdout.contains("aliases.live.version"), "{pruned:?}");
    let gone = cli::exits(&node, 1, &["alias", "describe", "hello", "live"]).await;
    assert!(gone.stderr.contains("no alias \"live\""), "{gone:?}");
    let again = cli::ok(&node, &["apply", path, "--prune", "--yes"]).await;
    assert!(again.stdout.contains("nothing to do"), "{again:?}");
}
