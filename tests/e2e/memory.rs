//! The memory of a node is shared out, and what does not fit is refused: the
//! kernel never has to end the node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;

use crate::client::Reply;
use crate::node::{LAMBENT, Node, eventually, quiet};

const MIB: u64 = 1 << 20;

/// A control group that allows so much memory; removed when dropped.
struct Group(PathBuf);

impl Group {
    /// None where this process may not make any.
    fn new(bytes: u64) -> Option<Self> {
        let name = format!("lambent-test-{}", std::process::id());
        let kinds =
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        kinds.into_iter().find_map(|(at, limit)| {
            let group = Path::new(at).join(&name);
            fs::create_dir(&group).ok()?;
            let group = Self(group);
            fs::write(group.0.join(limit), bytes.to_string()).ok()?;
            Some(group)
        })
    }

    /// The binary, in it.
    fn command(&self) -> Command {
        let mut inside = quiet(Path::new("sh"));
        let script =
            format!("echo $$ > {}/cgroup.procs && exec {LAMBENT} \"$@\"", self.0.display());
        inside.args(["-c", &script, "lambent"]);
        inside
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Busy until the last process in it is gone.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

/// Sixteen that want 100 MiB each, at once, beside one that needs little.
async fn sixteen_of_100_mib(node: Node) {
    let node = Arc::new(node);
    node.deploy("bystander", "hello-http", "").await;
    node.deploy("large", "guest-hostile", "timeout=60s&fuel=100000000000").await;
    let done = Arc::new(AtomicBool::new(false));
    let served = tokio::spawn({
        let (node, done) = (node.clone(), done.clone());
        async move {
            let mut served = 0;
            while !done.load(Ordering::Relaxed) {
                let reply = node.get("bystander", "/").await;
                assert_eq!(reply.status, 200, "{reply:?}");
                served += 1;
            }
            served
        }
    });
    let highest = tokio::spawn({
        let (node, done) = (node.clone(), done.clone());
        async move {
            let mut highest = 0;
            while !done.load(Ordering::Relaxed) {
                highest = highest.max(node.rss());
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            highest
        }
    });
    let (mut ok, mut refused) = (0, 0);
    for path in
        ["/hold?mib=100&ms=2000", "/hold?mib=100&kib=64&ms=2000", "/hold?mib=100&late=1&ms=2000"]
    {
        for reply in join_all((0..16).map(|_| node.get("large", path))).await {
            match reply.status {
                200 => ok += 1,
                _ => refused += u64::from(told(&node, &reply).await),
            }
        }
    }
    done.store(true, Ordering::Relaxed);
    assert!(ok >= 3 && refused >= 3, "{ok} were served, {refused} refused");
    assert!(served.await.unwrap() > 10);
    let highest = highest.await.unwrap();
    assert!(highest < 820 * MIB, "the node had {} MiB", highest / MIB);
    eventually("all of it given back", async || {
        let used = metric(&node, "lambent_memory_used_bytes").await;
        (used == 0).then_some(())
    })
    .await;
    assert!(metric(&node, "lambent_memory_refusals_total").await >= refused);
    assert!(metric(&node, "lambent_memory_budget_bytes").await < 819 * MIB);
    node.stop().await;
}

/// One that is refused is told so, or its logs tell who may read them. Whether it
/// was for memory: on a slow machine the CPU may be what is short.
async fn told(node: &Node, reply: &Reply) -> bool {
    if reply.status == 503 && reply.json()["code"] == "overloaded" {
        return false;
    }
    if reply.status == 503 {
        let detail = reply.problem(503, "memory-exhausted");
        assert!(detail.contains("the node's memory is used up"), "{detail}");
        assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
        return true;
    }
    reply.problem(502, "function-out-of-memory");
    let record = node.record("large", reply.header("lambent-request-id")).await;
    assert_eq!(record["outcome"]["node"], true, "{record}");
    true
}

async fn metric(node: &Node, name: &str) -> u64 {
    let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in {metrics}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_of_more_memory_than_the_budget_are_refused_and_told_so() {
    sixteen_of_100_mib(Node::start(&["--memory-budget", "819MiB"])).await;
}

/// Without a flag: the node finds the limit of its control group by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_in_a_small_control_group_lives() {
    let Some(group) = Group::new(1024 * MIB) else {
        eprintln!("skipped: this process may make no control group that limits memory");
        return;
    };
    let data = Arc::new(tempfile::tempdir().unwrap());
    sixteen_of_100_mib(Node::start_by(group.command(), &data, &[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_has_the_node_hold_is_charged_too() {
    let node = Node::start(&["--memory-budget", "128MiB"]);
    let code = vec![0; 200 << 20];
    let reply = node.put("large", "", code).await;
    let detail = reply.problem(503, "memory-exhausted");
    assert!(detail.contains("has not the memory for the body"), "{detail}");
    // What fits is looked at.
    node.put("large", "", vec![b'x'; 1 << 20]).await.problem(422, "invalid-component");
    eventually("all of it given back", async || {
        (metric(&node, "lambent_memory_used_bytes").await == 0).then_some(())
    })
    .await;
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/install/lambent.service");
    let unit = fs::read_to_string(unit).unwrap();
    for bound in ["MemoryMax=", "OOMPolicy=continue", "TasksMax=", "LimitNOFILE="] {
        assert!(unit.lines().any(|line| line.starts_with(bound)), "{bound}");
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lambent.service");
    // It is not installed here.
    fs::write(&file, unit.replace("/usr/local/bin/lambent", LAMBENT)).unwrap();
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg(&file).output() else {
        eprintln!("skipped: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(!said.contains("lambent.service:"), "{said}");
}
