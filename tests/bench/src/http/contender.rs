//! The servers that are compared, and how each is started.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lambent_test_support::{guest, root};

use crate::Failed;

/// What every contender answers to `GET /`.
pub(crate) const HELLO: &str = "Hello from Lambent!\n";

/// The version of the peer that is compared, from crates.io.
const WASMTIME: &str = "=48.0.8";
/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// One server that can be started.
pub(crate) struct Contender {
    name: String,
    program: PathBuf,
    /// Its arguments; `{address}` stands for where to listen.
    arguments: Vec<String>,
    /// What to ask for.
    path: &'static str,
    log: PathBuf,
}

/// A server that runs; stopped when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    path: &'static str,
}

/// Builds and installs what is missing. The first is the ceiling.
pub(crate) fn all(directory: &Path) -> Result<Vec<Contender>, Failed> {
    let lambent = lambent()?;
    let wasmtime = wasmtime()?;
    let data = directory.join("hello");
    deploy(&lambent, &data)?;
    let hello = guest("hello-http").display().to_string();
    let contender = |name: &str, program: &Path, arguments: &str, path: &'static str| {
        let last = (name.starts_with("wasmtime")).then(|| hello.clone());
        Contender {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments: arguments.split(' ').map(ToOwned::to_owned).chain(last).collect(),
            path,
            log: directory.join(format!("{name}.log")),
        }
    };
    let serve = format!("serve --dev --listen {{address}} --data {}", data.display());
    let own = std::env::current_exe()?;
    let peer = |name: &str, flags: &str| {
        contender(name, &wasmtime, &format!("serve --addr {{address}} -S cli{flags}"), "/")
    };
    Ok(vec![
        contender("native axum", &own, "--serve-native {address}", "/"),
        contender("lambent, fresh", &lambent, &serve, "/fn/hello/"),
        peer("wasmtime serve, fresh", " --max-instance-reuse-count 1"),
        peer("wasmtime serve, fresh, tuned", TUNED),
        peer("wasmtime serve, reused", ""),
    ])
}

/// What made the peer fastest of all its flags that we tried.
const TUNED: &str = " --max-instance-reuse-count 1 -O pooling-allocator=y -O pooling-memory-keep-resident=65536 \
     -O pooling-table-keep-resident=65536 -O memory-init-cow=y";

fn cargo(arguments: &[&str]) -> Result<(), Failed> {
    eprintln!("cargo {}", arguments.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).current_dir(root()).args(arguments).status()?;
    status.success().then_some(()).ok_or_else(|| format!("cargo {arguments:?}: {status}").into())
}

fn lambent() -> Result<PathBuf, Failed> {
    cargo(&["build", "--release", "--bin", "lambent"])?;
    Ok(root().join("target/release/lambent"))
}

fn wasmtime() -> Result<PathBuf, Failed> {
    let tools = root().join("target/bench-tools");
    let program = tools.join("bin/wasmtime");
    if !program.exists() {
        let tools = tools.display().to_string();
        cargo(&["install", "wasmtime-cli", "--version", WASMTIME, "--locked", "--root", &tools])?;
    }
    Ok(program)
}

/// Deploys the function that every round of ours serves.
fn deploy(lambent: &Path, data: &Path) -> Result<(), Failed> {
    let log = data.with_extension("log");
    let serve = ["serve", "--dev", "--listen", "{address}", "--data"].map(ToOwned::to_owned);
    let arguments = serve.into_iter().chain([data.display().to_string()]).collect();
    let (name, program) = ("deploy".to_owned(), lambent.to_owned());
    let server = Contender { name, program, arguments, path: "/healthz", log }.start()?;
    let status = Command::new(lambent)
        .args(["--endpoint", &format!("http://{}", server.address), "deploy", "hello"])
        .arg(guest("hello-http"))
        .stdout(Stdio::null())
        .status()?;
    status.success().then_some(()).ok_or_else(|| format!("lambent deploy: {status}").into())
}

impl Contender {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(&self) -> Result<Server, Failed> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let log = File::create(&self.log)?;
        let child = Command::new(&self.program)
            .args(self.arguments.iter().map(|text| text.replace("{address}", &address.to_string())))
            .env_remove("RUST_BACKTRACE")
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let mut server = Server { child, address, path: self.path };
        let begun = Instant::now();
        while !server.answers() {
            let ended = server.child.try_wait()?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("{} does not answer: {log}", self.name).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Whether it answers, and, if it serves the function, with its greeting.
    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let (path, host) = (self.path, self.address);
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        let greets = |text: &str| self.path == "/healthz" || text.contains(HELLO.trim());
        ask().is_ok_and(|text| text.starts_with("HTTP/1.1 200") && greets(&text))
    }

    /// CPU time it has used, by the kernel's account.
    pub(crate) fn cpu(&self) -> Result<Duration, Failed> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
        let ticks = |field: usize| -> Result<u64, Failed> {
            Ok(fields.get(field).ok_or("a short /proc/…/stat")?.parse()?)
        };
        // utime and stime, which Linux counts in hundredths of a second.
        Ok(Duration::from_millis((ticks(12)? + ticks(13)?) * 10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It keeps nothing: its end need not be orderly.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
