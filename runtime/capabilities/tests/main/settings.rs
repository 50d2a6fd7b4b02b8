//! `wasi:config` and `wasi:logging`.

use lambent_types::LogStream;
use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_the_environment_in_both_versions() {
    let calls = json!([
        { "use": "settings", "do": "get", "key": "COLOUR" },
        { "use": "settings", "do": "get", "key": "EMPTY" },
        { "use": "settings", "do": "get", "key": "MISSING" },
        { "use": "settings", "do": "get-all" },
    ]);
    let run = World::new().run(json!({}), calls).await;
    assert_eq!(*run.ok(0), json!(["red", "red"]));
    assert_eq!(*run.ok(1), json!(["", ""]));
    assert_eq!(*run.ok(2), json!([null, null]));
    let all = json!([["COLOUR", "red"], ["EMPTY", ""]]);
    assert_eq!(*run.ok(3), json!([all, all]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_have_their_level_and_stay_whole() {
    let call = json!([{ "use": "settings", "do": "log", "context": "db", "message": "slow" },
                      { "use": "settings", "do": "log", "context": "", "message": "plain" }]);
    let end = World::new().try_run("default", json!({}), call).await;
    let lines = &end.logs.lines;
    assert!(lines.iter().all(|line| line.stream == LogStream::Stderr));
    let text: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    let expected = [
        "begun and done",
        "TRACE db: slow",
        "DEBUG db: slow",
        "INFO db: slow",
        "WARN db: slow",
        "ERROR db: slow",
        "CRITICAL db: slow",
    ];
    assert_eq!(text[..7], expected);
    assert_eq!(text[8], "TRACE plain");
}
