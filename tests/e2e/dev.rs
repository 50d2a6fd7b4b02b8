//! `lambent dev`: what is changed is served.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use lambent_test_support::guest;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Ask;
use crate::node::{eventually, lambent, run, spawn};

/// A folder with a `lambent.toml`, sources that its builds copy, and a running `lambent dev`.
struct Dev {
    folder: TempDir,
    running: Option<Running>,
}

struct Running {
    child: Mutex<Child>,
    events: Arc<Mutex<Vec<Value>>>,
}

/// Two functions, each built by a command of its own.
const FILE: &str = r#"
[keyspaces.kept]
[functions.one]
build = "sh build.sh one"
component = "out/one.wasm"
watch = ["one", "build.sh"]
public = true
[functions.two]
build = "sh build.sh two"
component = "out/two.wasm"
watch = ["two"]
public = true
"#;

const BUILD: &str = "mkdir -p out && ls $1 | wc -l > out/$1.count && cp $1/code.wasm out/$1.new && mv out/$1.new out/$1.wasm";

impl Dev {
    fn new() -> Self {
        let dev = Self { folder: tempfile::tempdir().unwrap(), running: None };
        for name in ["one", "two"] {
            fs::create_dir(dev.path(name)).unwrap();
            fs::copy(guest("hello-http"), dev.path(&format!("{name}/code.wasm"))).unwrap();
        }
        fs::write(dev.path("lambent.toml"), FILE).unwrap();
        fs::write(dev.path("build.sh"), BUILD).unwrap();
        dev
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        self.start_with(&["--listen", "127.0.0.1:0"], &[]);
    }

    fn start_with(&mut self, arguments: &[&str], variables: &[(&str, &str)]) {
        let mut command = lambent(&["dev", "--json"]);
        command.args(arguments).envs(variables.iter().copied());
        command.current_dir(self.folder.path()).stdout(Stdio::piped());
        let mut child = spawn(command);
        let events = Arc::new(Mutex::new(Vec::new()));
        let (read, stdout) = (events.clone(), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                read.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        self.running = Some(Running { child: Mutex::new(child), events });
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// How many events of a name there were whose text has this.
    fn count(&self, event: &str, text: &str) -> usize {
        let events = self.running().events.lock().unwrap();
        events
            .iter()
            .filter(|told| told["event"] == event && told.to_string().contains(text))
            .count()
    }

    /// Waits until there were so many events of a name whose text has this.
    async fn told(&self, event: &str, text: &str, count: usize) {
        let what = format!("{event} {text} {count}");
        eventually(&what, async || (self.count(event, text) >= count).then_some(())).await;
    }

    async fn url(&self) -> String {
        eventually("a node", async || {
            let events = self.running().events.lock().unwrap();
            let started = events.iter().find(|told| told["event"] == "started")?;
            Some(started["url"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// The status of a function's answer.
    async fn status(&self, function: &str) -> u16 {
        let url = self.url().await;
        let address = url.strip_prefix("http://").unwrap().parse().unwrap();
        let ask = Ask::new(address, "GET", "/").header("host", &format!("{function}.localhost"));
        ask.send().await.status
    }

    fn signal(&self, signal: Signal) {
        let child = self.running().child.lock().unwrap();
        kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
    }

    /// Ends it in order.
    async fn stop(&mut self) {
        self.end_by(Signal::INT).await;
    }

    async fn end_by(&mut self, signal: Signal) {
        self.signal(signal);
        let status = eventually("the end", async || {
            self.running().child.lock().unwrap().try_wait().unwrap()
        })
        .await;
        assert_eq!(status.code(), Some(0));
        self.told("stopped", "", 1).await;
        self.running = None;
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            let mut child = running.child.lock().unwrap();
            let _ = child.kill();
            let _ = child.wait();
            if std::thread::panicking() {
                eprintln!("{:#?}", running.events.lock().unwrap());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_is_built_and_served_and_nothing_else() {
    let mut dev = Dev::new();
    dev.start();
    dev.told("ready", "", 1).await;
    assert_eq!((dev.status("one").await, dev.status("two").await), (200, 200));
    dev.told("invocation", "\"function\":\"one\"", 1).await;

    // Another component, which answers nothing to HTTP.
    fs::copy(guest("echo-event"), dev.path("one/code.wasm")).unwrap();
    dev.told("ready", "", 2).await;
    assert_ne!(dev.status("one").await, 200);
    assert_eq!(dev.status("two").await, 200);
    assert_eq!(dev.count("built", "two"), 1, "what did not change is not built again");

    // A build that fails leaves what was served; the next one that goes well does not.
    fs::write(dev.path("build.sh"), "exit 3").unwrap();
    dev.told("build-failed", "one", 1).await;
    assert_eq!(dev.status("two").await, 200);
    fs::copy(guest("hello-http"), dev.path("one/code.wasm")).unwrap();
    fs::write(dev.path("build.sh"), BUILD).unwrap();
    eventually("one again", async || (dev.status("one").await == 200).then_some(())).await;

    // A file that is wrong for a while, and a variable of it.
    fs::write(dev.path("lambent.toml"), "[function.x]").unwrap();
    dev.told("manifest-failed", "did you mean", 1).await;
    fs::write(dev.path("lambent.toml"), format!("{FILE}environment = {{ A = \"1\" }}\n")).unwrap();
    dev.told("applied", "changed function two", 1).await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_there_again_and_one_runs_at_a_time() {
    let mut dev = Dev::new();
    dev.start();
    dev.told("ready", "", 1).await;
    let url = dev.url().await;
    let mut second = lambent(&["dev"]);
    second.current_dir(dev.folder.path());
    let refused = tokio::task::block_in_place(|| run(second));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let pid = dev.running().child.lock().unwrap().id();
    assert!(refused.stderr.contains(&format!("process {pid}, at {url}")), "{refused:?}");
    let set = lambent(&["kv", "set", "kept", "key", "value", "--endpoint", &url]);
    assert_eq!(tokio::task::block_in_place(|| run(set)).code, Some(0));
    dev.stop().await;
    dev.start();
    dev.told("ready", &dev.url().await, 1).await;
    assert_eq!(dev.count("applied", ""), 0);
    let url = dev.url().await;
    let get = lambent(&["kv", "get", "kept", "key", "--endpoint", &url]);
    let kept = tokio::task::block_in_place(|| run(get));
    assert!(kept.stdout.starts_with("value"), "{kept:?}");
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_files_are_written_none_is_lost() {
    let mut dev = Dev::new();
    dev.start();
    dev.told("ready", "", 1).await;
    let counted = async |count: usize| {
        let what = format!("{count} files");
        eventually(&what, async || {
            let text = fs::read_to_string(dev.path("out/one.count")).ok()?;
            (text.trim() == count.to_string()).then_some(())
        })
        .await;
    };
    counted(1).await;
    // As editors do: a file that takes another's place; several writes; deleted and made.
    fs::write(dev.path("one/.new.swp"), "1").unwrap();
    fs::rename(dev.path("one/.new.swp"), dev.path("one/a")).unwrap();
    counted(2).await;
    for part in ["", "1", "12"] {
        fs::write(dev.path("one/b"), part).unwrap();
    }
    fs::remove_file(dev.path("one/a")).unwrap();
    fs::write(dev.path("one/a"), "2").unwrap();
    counted(3).await;
    // As version control does: a thousand at once, in folders that were not there.
    for index in 0..1000 {
        let folder = dev.path(&format!("one/{}", index / 100));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(index.to_string()), "1").unwrap();
    }
    counted(13).await;
    fs::remove_dir_all(dev.path("one/3")).unwrap();
    counted(12).await;
    // In a folder that is new, and at once.
    fs::create_dir_all(dev.path("one/9/deep/er")).unwrap();
    fs::write(dev.path("one/9/deep/er/x"), "1").unwrap();
    let before = dev.count("built", "one");
    fs::write(dev.path("one/9/deep/er/x"), "2").unwrap();
    eventually("a build", async || (dev.count("built", "one") > before).then_some(())).await;
    assert_eq!(dev.count("built", "two"), 1);
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_ends_with_all_that_it_started() {
    let mut dev = Dev::new();
    fs::write(dev.path("build.sh"), "sleep 1000 & echo $! > pid.new; mv pid.new pid; wait")
        .unwrap();
    dev.start();
    let pid = eventually("a build", async || fs::read_to_string(dev.path("pid")).ok()).await;
    dev.stop().await;
    let state = || fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    // It may wait for init to see it.
    eventually("the end of the build", async || {
        state().map_or(true, |stat| stat.contains(") Z")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_writes_what_is_watched_is_not_repeated_for_ever() {
    let mut dev = Dev::new();
    fs::write(dev.path("build.sh"), format!("date +%N >> one/generated; {BUILD}")).unwrap();
    dev.start();
    dev.told("left-out", "generated", 1).await;
    let built = dev.count("built", "one");
    assert!(built <= 4, "{built}");
    fs::write(dev.path("one/mine"), "1").unwrap();
    dev.told("built", "one", built + 1).await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_build_writes_is_no_change_of_another_function() {
    let mut dev = Dev::new();
    let watching_all =
        FILE.replace("watch = [\"one\", \"build.sh\"]\n", "").replace("watch = [\"two\"]\n", "");
    fs::write(dev.path("lambent.toml"), watching_all).unwrap();
    fs::write(dev.path("build.sh"), "cp $1/code.wasm out/$1.wasm").unwrap();
    fs::create_dir(dev.path("out")).unwrap();
    dev.start();
    dev.told("ready", "", 1).await;
    fs::write(dev.path("note"), "1").unwrap();
    dev.told("built", "two", 2).await;
    fs::write(dev.path("other"), "1").unwrap();
    dev.told("built", "two", 3).await;
    let built = dev.count("built", "one");
    assert!(built <= 3, "{built} builds of the first for three changes");
    assert_eq!(dev.status("one").await, 200);
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_a_folder_that_is_not_there_is_awaited() {
    let mut dev = Dev::new();
    let later = dev.path("later/file");
    let watch = format!("watch = [\"two\", \"{}\"]", later.display());
    fs::write(dev.path("lambent.toml"), FILE.replace("watch = [\"two\"]", &watch)).unwrap();
    dev.start();
    dev.told("ready", "", 1).await;
    fs::create_dir(dev.path("later")).unwrap();
    fs::write(later, "1").unwrap();
    dev.told("built", "two", 2).await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_build_leaves_that_fails_is_not_served() {
    let mut dev = Dev::new();
    dev.start();
    dev.told("ready", "", 1).await;
    fs::write(dev.path("build.sh"), "cp $1/code.wasm out/$1.wasm; exit 3").unwrap();
    dev.told("build-failed", "one", 1).await;
    // It answers nothing to HTTP.
    fs::copy(guest("echo-event"), dev.path("one/code.wasm")).unwrap();
    dev.told("build-failed", "one", 2).await;
    fs::write(dev.path("lambent.toml"), format!("{FILE}environment = {{ A = \"1\" }}\n")).unwrap();
    dev.told("applied", "changed function two", 1).await;
    assert_eq!(dev.status("one").await, 200);
    assert_eq!(dev.count("applied", "function one"), 1, "it was only created");
    fs::write(dev.path("build.sh"), BUILD).unwrap();
    dev.told("applied", "changed function one", 1).await;
    assert_ne!(dev.status("one").await, 200);
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_signal_that_asks_for_the_end_ends_it() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut dev = Dev::new();
        dev.start();
        dev.told("ready", "", 1).await;
        dev.end_by(signal).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_is_used_only_by_the_flag_and_keeps_what_the_file_does_not_name() {
    let mut other = Dev::new();
    other.start();
    other.told("ready", "", 1).await;
    let url = other.url().await;
    let set = lambent(&["configure", "two", "--env", "KEPT=1", "--endpoint", &url]);
    assert_eq!(tokio::task::block_in_place(|| run(set)).code, Some(0));

    // What is exported for other commands is not deployed to.
    let mut own = Dev::new();
    own.start_with(&["--listen", "127.0.0.1:0"], &[("LAMBENT_ENDPOINT", &url)]);
    own.told("ready", "", 1).await;
    assert_ne!(own.url().await, url);
    own.stop().await;

    let mut dev = Dev::new();
    let two = FILE.split_once("[functions.two]").unwrap().1;
    let text = format!("[functions.two]{two}description = \"new\"\n");
    fs::write(dev.path("lambent.toml"), text).unwrap();
    dev.start_with(&["--endpoint", &url], &[]);
    dev.told("applied", "changed function two", 1).await;
    assert_eq!(dev.url().await, url);
    dev.stop().await;
    assert_eq!(other.status("one").await, 200);
    let describe = lambent(&["describe", "two", "--json", "--endpoint", &url]);
    let described = tokio::task::block_in_place(|| run(describe));
    assert!(described.stdout.contains("KEPT"), "{described:?}");
    other.stop().await;
}
