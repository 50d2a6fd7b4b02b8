//! Servers in processes of their own: started, looked at, and always ended.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failed;
use crate::client::{self, Answer};

/// How long a server may take until it answers, and until it ends.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a server is started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    /// `{address}` stands for where to listen.
    pub(crate) arguments: Vec<String>,
    /// Where its output goes.
    pub(crate) log: PathBuf,
    /// The only core it runs on.
    pub(crate) core: Option<usize>,
}

/// A server that runs; ended when dropped.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
}

/// Bytes of memory that a process holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// What of it no file backs.
    pub(crate) anonymous: u64,
}

impl Launch {
    /// Starts it, and waits until it answers the request as `expected` wants.
    pub(crate) async fn start(
        &self,
        request: impl Fn(SocketAddr) -> Vec<u8>,
        expected: impl Fn(&Answer) -> bool,
    ) -> Result<Server, Failed> {
        let mut server = self.spawn()?;
        let request = request(server.address);
        let begun = Instant::now();
        loop {
            let answer = client::once(server.address, &request).await;
            if answer.as_ref().is_ok_and(&expected) {
                return Ok(server);
            }
            if server.child.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
                let (program, log) = (self.program.display(), server.log());
                let answer = answer.map(|answer| answer.to_string());
                return Err(format!("{program} does not serve: {answer:?}; its log: {log}").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn spawn(&self) -> Result<Server, Failed> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let log = File::create(&self.log)?;
        let mut command = match self.core {
            Some(core) => {
                // It becomes the program, so that the process is the server's.
                let mut taskset = Command::new("taskset");
                taskset.args(["--cpu-list", &core.to_string()]).arg(&self.program);
                taskset
            }
            None => Command::new(&self.program),
        };
        let child = command
            .args(self.arguments.iter().map(|text| text.replace("{address}", &address.to_string())))
            // Where it is set, every guest that ends early costs a backtrace.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        Ok(Server { child, log: self.log.clone(), address })
    }
}

impl Server {
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

    /// Its process, to look at its memory while it is under load.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it end in order.
    pub(crate) async fn end(mut self) -> Result<(), Failed> {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(process.ok_or("no process")?, Signal::TERM)?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > PATIENCE {
                return Err(format!("a server does not end; its log: {}", self.log()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It keeps nothing that is needed: its end need not be orderly.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The memory of a process.
pub(crate) fn memory(process: u32) -> Result<Memory, Failed> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let member = |name: &str| -> Result<u64, Failed> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.ok_or_else(|| format!("no {name} in /proc/…/status"))?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    };
    Ok(Memory { resident: member("VmRSS:")?, anonymous: member("RssAnon:")? })
}

/// Keeps this process, the generator of the load, on one core.
pub(crate) fn pin(core: usize) -> Result<(), Failed> {
    let (core, own) = (core.to_string(), std::process::id().to_string());
    run("taskset", &["--all-tasks", "--cpu-list", "--pid", &core, &own], Path::new("."))
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str], directory: &Path) -> Result<(), Failed> {
    eprintln!("{program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        // Standard output is for the figures.
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| format!("{program}: {error}"))?;
    status
        .success()
        .then_some(())
        .ok_or_else(|| format!("{program} {arguments:?}: {status}").into())
}

/// What a program writes.
pub(crate) fn output(program: &Path, arguments: &[&str]) -> Result<String, Failed> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
