//! A node: the real binary, on a port and a data directory of its own.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::time::{Duration, Instant};

use lambent_test_support::guest_bytes;
use lambent_types::parameters_extension::PORT_VARIABLE;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::client::{Ask, PATIENCE, Reply};

/// The binary under test.
pub(crate) const LAMBENT: &str = env!("CARGO_BIN_EXE_lambent");

/// A running node; killed when dropped, and with the test binary.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) pid: u32,
    data: Arc<TempDir>,
    child: Mutex<Child>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Node {
    /// Starts one with an empty data directory.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_in(&Arc::new(tempfile::tempdir().unwrap()), flags)
    }

    /// Starts one with what another one left in its data directory.
    pub(crate) fn start_in(data: &Arc<TempDir>, flags: &[&str]) -> Self {
        Self::start_program(Path::new(LAMBENT), data, flags)
    }

    /// Starts one from a copy of the binary.
    pub(crate) fn start_program(program: &Path, data: &Arc<TempDir>, flags: &[&str]) -> Self {
        Self::start_by(quiet(program), data, flags)
    }

    /// Starts one that may open so many files.
    pub(crate) fn start_with_files(files: u32, flags: &[&str]) -> Self {
        let mut shell = quiet(Path::new("sh"));
        let limited = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        shell.arg("-c").arg(limited).arg(LAMBENT);
        Self::start_by(shell, &Arc::new(tempfile::tempdir().unwrap()), flags)
    }

    /// As [`Self::start_in`], with these variables in its environment.
    pub(crate) fn start_with(data: &Arc<TempDir>, flags: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = lambent(&[]);
        command.envs(env.iter().copied());
        Self::start_by(command, data, flags)
    }

    /// Starts one by a command that runs the binary with further arguments.
    pub(crate) fn start_by(mut command: Command, data: &Arc<TempDir>, flags: &[&str]) -> Self {
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data.path()).args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command);
        let log = collect(child.stderr.take().unwrap());
        let mut ready = String::new();
        // Ends at the latest with the process.
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("the node did not start: {ready:?} {:#?}", log.lock().unwrap())
        });
        let url = ready["url"].as_str().unwrap();
        let address = url.rsplit('/').next().unwrap().parse().unwrap();
        let key = ready["key_file"].as_str().map(PathBuf::from);
        let key = key.unwrap_or_else(|| data.path().join("root-key.json"));
        let key = std::fs::read(key).unwrap();
        let key: Value = serde_json::from_slice(&key).unwrap();
        let key = key["secret"].as_str().unwrap().to_owned();
        let pid = child.id();
        Self { address, key, pid, data: data.clone(), child: Mutex::new(child), log }
    }

    /// Its data directory, for whoever comes after it.
    pub(crate) fn data(&self) -> Arc<TempDir> {
        self.data.clone()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// A request as it is given: without the key.
    pub(crate) fn ask(&self, method: &str, target: &str) -> Ask {
        Ask::new(self.address, method, target)
    }

    /// A request to the native API, with the key.
    pub(crate) fn api(&self, method: &str, target: &str) -> Ask {
        self.ask(method, &format!("/v1/functions{target}")).key(&self.key)
    }

    /// A request to a function, by host.
    pub(crate) fn call(&self, function: &str, method: &str, target: &str) -> Ask {
        self.ask(method, target).header("host", &format!("{function}.localhost"))
    }

    /// Gets a path of a function, by host.
    pub(crate) async fn get(&self, function: &str, target: &str) -> Reply {
        self.call(function, "GET", target).send().await
    }

    /// The variables of the probe deployed under this name, but for those that every function has which sends
    /// requests.
    pub(crate) async fn own_variables(&self, function: &str) -> Value {
        let mut variables = self.get(function, "/env").await.json();
        let given = |name: &str| name.starts_with("AWS_") || name == PORT_VARIABLE;
        if let Value::Object(variables) = &mut variables {
            variables.retain(|name, _| !given(name));
        }
        variables
    }

    /// Uploads bytes; `query` configures.
    pub(crate) async fn put(&self, function: &str, query: &str, code: Vec<u8>) -> Reply {
        let ask = self.api("PUT", &format!("/{function}?{query}"));
        ask.header("content-type", "application/wasm").body(code).send().await
    }

    /// Invokes a function with an event's data.
    pub(crate) async fn invoke(&self, function: &str, data: &str) -> Reply {
        let ask = self.api("POST", &format!("/{function}/invocations"));
        ask.header("content-type", "application/json").body(data.to_owned()).send().await
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits until it logs this.
    pub(crate) async fn logged(&self, text: &str) {
        eventually(text, async || self.log().contains(text).then_some(())).await;
    }

    /// Resident bytes.
    pub(crate) fn rss(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// The ids of its children.
    pub(crate) fn children(&self) -> Vec<u32> {
        let mut found = Vec::new();
        for task in std::fs::read_dir(format!("/proc/{}/task", self.pid)).into_iter().flatten() {
            let text = std::fs::read_to_string(task.unwrap().path().join("children"));
            found.extend(text.unwrap_or_default().split_whitespace().flat_map(str::parse::<u32>));
        }
        found
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid.cast_signed()).unwrap(), signal).unwrap();
    }

    /// Ends it without a warning.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&self) -> ExitStatus {
        eventually("the end of the node", async || self.child.lock().unwrap().try_wait().unwrap())
            .await
    }

    /// Ends it in order.
    pub(crate) async fn stop(&self) {
        self.signal(Signal::TERM);
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "signal {:?}: {}", status.signal(), self.log());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the log of the node {}:\n{}", self.pid, self.log());
        }
    }
}

/// A node that tests share which only add functions of their own.
pub(crate) async fn shared() -> &'static Node {
    static NODE: OnceCell<Node> = OnceCell::const_new();
    NODE.get_or_init(async || Node::start(&["--log-size", "64MiB"])).await
}

/// The bytes of a guest; the first call builds all of them.
pub(crate) async fn guest_code(name: &str) -> Vec<u8> {
    let name = name.to_owned();
    tokio::task::spawn_blocking(move || guest_bytes(&name)).await.unwrap()
}

/// The binary, without what the environment of the tests says about it.
pub(crate) fn lambent(arguments: &[&str]) -> Command {
    let mut command = quiet(Path::new(LAMBENT));
    command.args(arguments);
    command
}

pub(crate) fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("LAMBENT_") || name.starts_with("AWS_") || name.starts_with("XDG_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", "/nonexistent");
    command
}

/// What a command that ends by itself did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, which comes in time or by force.
pub(crate) fn run(command: Command) -> Done {
    run_within(command, PATIENCE)
}

/// As [`run`], with other patience.
pub(crate) fn run_within(mut command: Command, patience: Duration) -> Done {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command);
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let (stdout, stderr) = (read(Box::new(stdout)), read(Box::new(stderr)));
    let deadline = Instant::now() + patience;
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if Instant::now() > deadline => {
                // With what it has started, if it leads a group: they hold its output open.
                let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    Done { code, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Starts a process that the kernel ends with this one, however this one ends.
///
/// The kernel acts when the thread that started it ends, so that is one which
/// lives as long as the process.
pub(crate) fn spawn(command: Command) -> Child {
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static STARTER: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
        let (orders, taken) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in taken {
                let die = || {
                    let signal = Some(Signal::KILL);
                    rustix::process::set_parent_process_death_signal(signal).map_err(Into::into)
                };
                // SAFETY: one system call, which may be made between fork and exec.
                unsafe { command.pre_exec(die) };
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (answer, answered) = mpsc::channel();
    STARTER.lock().unwrap().send((command, answer)).unwrap();
    answered.recv().unwrap().expect("the binary can be run")
}

fn collect(pipe: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let all = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            all.lock().unwrap().push(line);
        }
    });
    lines
}

/// Asks again and again until there is an answer, with an end to patience.
pub(crate) async fn eventually<T>(what: &str, probe: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Every file under a directory, by name, with what tells a new file from an old.
pub(crate) fn files(path: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap().map(Result::unwrap) {
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((entry.path(), metadata.ino(), metadata.modified().unwrap()));
        }
    }
    found.sort();
    found
}
