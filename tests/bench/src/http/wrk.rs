//! The load generator: wrk, as Debian packages it.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use super::workload::Workload;
use crate::Failed;

/// What wrk saw.
pub(crate) struct Driven {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Has wrk print figures for programs.
const REPORT: &str = r#"
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"#;

/// Says what to do if wrk is missing.
pub(crate) fn check() -> Result<(), Failed> {
    let found = Command::new("wrk").arg("--version").output();
    found.map(drop).map_err(|error| format!("wrk: {error}; run: apt-get install wrk").into())
}

/// Sends requests over so many connections for so long, each when the last is
/// answered.
pub(crate) fn drive(
    address: SocketAddr,
    target: &str,
    workload: Workload,
    clients: u32,
    seconds: u32,
) -> Result<Driven, Failed> {
    let directory = tempfile::tempdir()?;
    let mut lua = REPORT.to_owned();
    if let Some(body) = workload.body() {
        let path = directory.path().join("body");
        std::fs::write(&path, body)?;
        lua += &format!(
            "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\n\
             wrk.body = io.open({:?}, \"rb\"):read(\"*a\")\n",
            path.display().to_string()
        );
    }
    let script = directory.path().join("report.lua");
    std::fs::write(&script, lua)?;
    let output = Command::new("wrk")
        .args(["--threads", "1", "--latency", "--timeout", "30s"])
        .args(["--connections", &clients.to_string(), "--duration", &format!("{seconds}s")])
        .arg("--script")
        .arg(script)
        .arg(format!("http://{address}{target}"))
        .stdin(Stdio::null())
        .output()?;
    read(&String::from_utf8_lossy(&output.stdout), target)
}

fn read(text: &str, target: &str) -> Result<Driven, Failed> {
    let line = text.lines().find_map(|line| line.strip_prefix("figures "));
    let line = line.ok_or_else(|| format!("wrk said: {text}"))?;
    let figures: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, duration, p50, p99, errors] = figures[..] else {
        return Err(format!("wrk said: {line}").into());
    };
    if errors > 0 || requests == 0 {
        return Err(format!("{target}: {errors} of {requests} requests failed").into());
    }
    let (p50_us, p99_us) = (p50 as f64, p99 as f64);
    Ok(Driven { requests, seconds: duration as f64 / 1e6, p50_us, p99_us })
}
