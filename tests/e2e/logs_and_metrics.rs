//! What a node tells about itself: the records of invocations, metrics, and
//! the description of its API.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::node::{Node, eventually, shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_hold_what_was_written_and_can_be_paged_through() {
    let node = shared().await;
    node.deploy("logs", "guest-probe", "").await;
    assert!(node.records("logs").await.is_empty());
    let mut ids = Vec::new();
    for bytes in [64, 128, 192] {
        let reply = node.get("logs", &format!("/log?bytes={bytes}")).await;
        ids.push(reply.header("lambent-request-id").to_owned());
        node.record("logs", &ids[ids.len() - 1]).await;
    }
    let get = async |query: &str| {
        let reply = node.api("GET", &format!("/logs/logs?{query}")).send().await;
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        reply.json()
    };
    let all = get("").await;
    let seen: Vec<_> = records(&all).iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(seen, ids, "oldest first");
    let first = &records(&all)[0];
    let lines = first["logs"]["lines"].as_array().unwrap();
    assert_eq!(
        (&lines[0]["stream"], lines[0]["text"].as_str().unwrap().len()),
        (&"stdout".into(), 63)
    );
    assert_eq!(
        (&lines[1]["stream"], &lines[1]["text"]),
        (&"stderr".into(), &"a line on stderr".into())
    );
    assert_eq!(first["logs"]["dropped_bytes"], 0);
    assert_eq!((&first["function"], &first["version"]), (&"logs".into(), &"$LATEST".into()));
    assert_eq!(first["handler"], "wasi:http/incoming-handler@0.2");
    for member in ["fuel", "duration_us", "memory_bytes", "bytes_out"] {
        assert!(first["meter"][member].as_u64().unwrap() > 0, "{member}: {first}");
    }

    let page = get("after=0&limit=2").await;
    assert_eq!(records(&page).len(), 2);
    let page = get(&format!("after={}", page["next"])).await;
    assert_eq!(records(&page).len(), 1);
    assert_eq!(records(&page)[0]["id"], *ids[2]);
    assert_eq!(records(&get(&format!("after={}", page["next"])).await).len(), 0);
    assert_eq!(records(&get("limit=1").await)[0]["id"], *ids[2], "without a cursor the newest");
    assert_eq!(records(&get(&format!("request={}", ids[1])).await)[0]["id"], *ids[1]);
    assert_eq!(records(&get("since=1h").await).len(), 3);
    assert_eq!(records(&get("since=2100-01-01T00:00:00Z").await).len(), 0);
    let second = records(&all)[1]["started"].as_str().unwrap();
    assert_eq!(records(&get(&format!("since={second}")).await).len(), 2);
    for bad in ["after=x", "since=yesterday", "request=7", "limit=0", "wait=1h", "follow=1"] {
        let reply = node.api("GET", &format!("/logs/logs?{bad}")).send().await;
        reply.problem(400, "invalid-request");
    }
}

fn records(page: &Value) -> &Vec<Value> {
    page["records"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_is_told_as_soon_as_there_is_something() {
    let node = shared().await;
    node.deploy("follow", "guest-probe", "").await;
    node.deploy("follow-other", "guest-probe", "").await;
    let began = Instant::now();
    let wait = async {
        let reply = node.api("GET", "/follow/logs?after=0&wait=40s").send().await;
        (reply.json(), began.elapsed())
    };
    let act = async {
        // Of another function: nothing to tell.
        node.get("follow-other", "/log").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        node.get("follow", "/log").await.header("lambent-request-id").to_owned()
    };
    let ((page, after), id) = tokio::join!(wait, act);
    assert_eq!(records(&page)[0]["id"], *id);
    assert!(after >= Duration::from_millis(300) && after < Duration::from_secs(30), "{after:?}");
    let began = Instant::now();
    let target = format!("/follow/logs?after={}&wait=300ms", page["next"]);
    let empty = node.api("GET", &target).send().await.json();
    assert!(records(&empty).is_empty() && began.elapsed() >= Duration::from_millis(290));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_records_go_when_there_are_too_many() {
    let node = Node::start(&["--log-size", "1MiB"]);
    node.deploy("chatty", "guest-probe", "").await;
    let first = node.get("chatty", "/log?bytes=200000").await;
    let first = first.header("lambent-request-id").to_owned();
    node.record("chatty", &first).await;
    for _ in 0..30 {
        let reply = node.get("chatty", "/log?bytes=200000").await;
        // Its record comes when the guest has ended, which may be after its response.
        node.record("chatty", reply.header("lambent-request-id")).await;
    }
    let last = node.get("chatty", "/log?bytes=64").await;
    let last = last.header("lambent-request-id").to_owned();
    eventually("the end of the oldest record", async || {
        let target = format!("/chatty/logs?request={first}");
        let page = node.api("GET", &target).send().await.json();
        records(&page).is_empty().then_some(())
    })
    .await;
    node.record("chatty", &last).await;
    let kept = node.records("chatty").await;
    assert_eq!(kept[kept.len() - 1]["id"], *last, "however large the others are");
    assert!(kept.len() < 32, "{} are kept", kept.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_have_the_promised_series() {
    let node = Node::start(&[]);
    node.deploy("hello", "hello-http", "").await;
    node.deploy("hostile", "guest-hostile", "").await;
    for _ in 0..3 {
        node.get("hello", "/").await;
    }
    node.get("hostile", "/trap").await;
    node.get("nobody", "/").await;
    let scrape = async || node.ask("GET", "/metrics").key(&node.key).send().await;
    let hello = "{namespace=\"default\",function=\"hello\"";
    eventually("all of them counted", async || {
        let line = format!("lambent_invocations_total{hello},outcome=\"ok\"}} 3");
        scrape().await.text().contains(&line).then_some(())
    })
    .await;
    let reply = scrape().await;
    assert!(reply.header("content-type").starts_with("application/openmetrics-text"), "{reply:?}");
    let text = reply.text();
    for line in [
        format!("lambent_invocation_duration_seconds_count{hello}}} 3"),
        "lambent_invocations_total{namespace=\"default\",function=\"hostile\",outcome=\"trapped\"} 1".into(),
        "lambent_invocation_memory_bytes_count 4".into(),
        "lambent_in_flight 0".into(),
        "lambent_logs_dropped_total 0".into(),
        "lambent_http_requests_total{door=\"function\",status=\"2xx\"} 3".into(),
        "# EOF".into(),
    ] {
        assert!(text.lines().any(|l| l == line), "{line:?} is not in\n{text}");
    }
    for start in [
        format!("lambent_fuel_total{hello}}} "),
        "lambent_starts_total{start=\"mapped\"} ".into(),
        "lambent_starts_total{start=\"loaded\"} ".into(),
        "lambent_connections ".into(),
        "process_resident_memory_bytes ".into(),
        "lambent_build_info{version=".into(),
    ] {
        assert!(text.lines().any(|l| l.starts_with(&start)), "{start:?} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_describes_itself() {
    let node = shared().await;
    let reply = node.ask("GET", "/v1/openapi.json").key(&node.key).send().await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    let document = reply.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert!(document["paths"]["/v1/functions/{name}"]["put"].is_object());
    let root = lambent_test_support::root();
    let committed = std::fs::read(root.join("runtime/server/openapi.json")).unwrap();
    let committed: Value = serde_json::from_slice(&committed).unwrap();
    assert_eq!(document, committed);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(node.ask("GET", path).send().await.status, 200, "without a key");
    }
}
