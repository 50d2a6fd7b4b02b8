//! Schedules fire when they say, and make up for the time no node was running.

use std::time::Duration;

use jiff::Timestamp;
use lambent_api::kinds::Schedule;
use serde_json::{Value, json};

use crate::cli::{exits, ok};
use crate::node::{Node, eventually};

/// `at(…)` of a moment this far away, to the second.
fn at(seconds: i64) -> (String, Timestamp) {
    let second = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
    let text = second.to_string();
    (format!("at({})", text.trim_end_matches('Z')), second)
}

async fn report(node: &Node, schedule: &str, time: Timestamp) -> Value {
    let key = format!("{schedule}/{time}.json");
    let report = eventually(&key, async || node.get_object("reports", &key).await).await;
    serde_json::from_slice(&report).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_written_at_its_time_and_after_a_crash_for_the_time_missed() {
    let node = Node::start(&[]);
    node.apply_example("nightly-report", &[]).await;
    let described = node.describe::<Schedule>("nightly").await;
    assert!(described.next.is_some(), "{described:?}");

    node.put_object("photos", "a.jpg", vec![0; 10]).await;
    node.put_object("photos", "b.jpg", vec![0; 20]).await;
    node.set_key("metadata", "a.jpg", "{}").await;
    let input = json!({ "buckets": ["photos"], "keyspaces": ["metadata"] });
    let schedule = |expression: &str| json!({ "function": "nightly-report", "expression": expression, "input": input });
    let (expression, time) = at(2);
    node.wire::<Schedule>("soon", schedule(&expression)).await;
    let written = report(&node, "soon", time).await;
    assert_eq!(written["time"], time.to_string(), "{written}");
    assert_eq!(written["buckets"]["photos"], json!({ "objects": 2, "bytes": 30 }));
    assert_eq!(written["keyspaces"], json!({ "metadata": 1 }));

    let (expression, time) = at(3);
    node.wire::<Schedule>("missed", schedule(&expression)).await;
    node.kill();
    let left = time.duration_since(Timestamp::now());
    // Its time has to pass while no node runs: nothing tells but the clock.
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
    let node = Node::start_in(&node.data(), &[]);
    let written = report(&node, "missed", time).await;
    assert_eq!(written["time"], time.to_string(), "the time it fired for: {written}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_schedules_are_refused_and_say_what_is_wrong() {
    let node = crate::node::shared().await;
    node.deploy("schedule-target", "echo-event", "").await;
    for (expression, phrase) in
        [("61 * * * *", "minute"), ("* * * * MOON", "day"), ("at(tomorrow)", "at("), ("", "")]
    {
        let schedule = json!({ "function": "schedule-target", "expression": expression });
        let ask = node.native("PUT", "/schedules/malformed");
        let ask = ask.header("content-type", "application/json").body(schedule.to_string());
        let detail = ask.send().await.problem(400, "invalid-configuration");
        assert!(detail.contains(phrase), "{expression:?}: {detail}");
    }
    let schedule = json!({ "function": "nobody", "expression": "rate(5 minutes)" });
    let ask = node.native("PUT", "/schedules/malformed");
    let ask = ask.header("content-type", "application/json").body(schedule.to_string());
    ask.send().await.problem(404, "function-not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_says_when_a_schedule_fires_and_refuses_what_never_does() {
    let node = crate::node::shared().await;
    node.deploy("scheduled", "echo-event", "").await;
    let put = |name, when: &[&'static str]| {
        [&["schedule", "put", name, "--function", "scheduled"][..], when].concat()
    };
    let said = ok(node, &put("at-nine", &["--cron", "0 9 * * *"])).await.stdout;
    assert!(said.starts_with("created schedule at-nine; it fires next at 2"), "{said}");
    let said = ok(node, &put("at-nine", &["--cron", "@daily", "--disabled"])).await.stdout;
    assert_eq!(said.trim(), "updated schedule at-nine; it is disabled");
    let bridge = ["--cron", "cron(0 9 ? * MON-FRI *)", "--time-zone", "Europe/Berlin"];
    ok(node, &put("at-nine", &bridge)).await;
    for (when, exit, phrase) in [
        (&["--rate", "1500ms"][..], 2, "whole seconds"),
        (&["--rate", "0s"], 2, "whole seconds"),
        (&["--cron", "rate(5 minutes)"], 2, "`rate`"),
        (&["--cron", "0 9 * * MON-FRI *"], 2, "the month field"),
        (&["--at", "2030-12-24T18:00:00-05:00"], 2, "an offset"),
        (&["--at", "2020-12-24T18:00:00"], 1, "is past: it was 2020-12-24T18:00:00Z"),
        (&["--cron", "0 0 30 2 *"], 1, "never fires"),
        (&["--rate", "9999999999d"], 2, "rate"),
    ] {
        let refused = exits(node, exit, &put("never", when)).await;
        assert!(refused.stderr.contains(phrase), "{when:?}: {refused:?}");
    }
    // One whose moment is past may still be changed.
    let (expression, _) = at(2);
    let moment: &'static str = expression[3..expression.len() - 1].to_owned().leak();
    ok(node, &put("moment", &["--at", moment])).await;
    eventually("moment", async || {
        node.describe::<Schedule>("moment").await.next.is_none().then_some(())
    })
    .await;
    let changed = ok(node, &put("moment", &["--at", moment, "--input", "1"])).await;
    assert!(changed.stdout.contains("it does not fire again"), "{changed:?}");
    assert!(changed.stderr.contains("warning: the schedule never fires"), "{changed:?}");
}
