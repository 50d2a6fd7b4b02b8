//! A Lambent server, and what is asked of its API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lambent_api::ReadLogs;
use lambent_api::client::{Client, Error};
use lambent_api::types::{ConfigurationPatch, Grants};
use serde_json::Value;

use crate::Failed;
use crate::client;
use crate::process::{Launch, Server, output};

/// How long what an invocation used may take to show.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running node.
pub(crate) struct Node {
    pub(crate) server: Server,
}

/// How a node over this data is started.
pub(crate) fn launch(lambent: &Path, data: &Path, core: Option<usize>) -> Launch {
    let data = data.display().to_string();
    // As many functions as are asked for.
    let quota = "--quota-resources=1000000";
    let arguments = ["serve", "--dev", "--listen", "{address}", "--data", &data, quota];
    Launch {
        program: lambent.to_owned(),
        arguments: arguments.map(ToOwned::to_owned).into(),
        log: PathBuf::from(format!("{data}.log")),
        core,
    }
}

/// A typed client of the server at this address.
pub(crate) fn typed_client(address: SocketAddr) -> Result<Client, Failed> {
    Ok(Client::new(address.to_string().parse()?))
}

impl Node {
    pub(crate) async fn start(
        lambent: &Path,
        data: &Path,
        core: Option<usize>,
    ) -> Result<Self, Failed> {
        Self::launched(&launch(lambent, data, core)).await
    }

    /// Starts it as told.
    pub(crate) async fn launched(launch: &Launch) -> Result<Self, Failed> {
        let health = |address| client::request(address, "GET", "/healthz", None);
        Ok(Self { server: launch.start(health, |answer| answer.status == 200).await? })
    }

    /// Asks through the typed client, on a thread that may block.
    pub(crate) async fn typed<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Client) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failed> {
        let client = typed_client(self.server.address)?;
        Ok(tokio::task::spawn_blocking(move || ask(&client)).await??)
    }

    /// Deploys as its users do, with flags of `lambent deploy`.
    pub(crate) fn deploy(
        &self,
        lambent: &Path,
        name: &str,
        component: &Path,
        flags: &[&str],
    ) -> Result<(), Failed> {
        let endpoint = format!("http://{}", self.server.address);
        let component = component.display().to_string();
        let mut arguments = vec!["--json", "--endpoint", &endpoint, "deploy", name, &component];
        arguments.extend(flags);
        let told = output(lambent, &arguments)?;
        let told: Value = serde_json::from_str(&told).unwrap_or_default();
        let deployed = told["name"] == name;
        deployed.then_some(()).ok_or_else(|| format!("lambent {arguments:?} failed").into())
    }

    /// Grants a function what is in `grants`, and nothing else.
    pub(crate) async fn grant(&self, function: &str, grants: Grants) -> Result<(), Failed> {
        let function = function.parse()?;
        let patch = ConfigurationPatch { grants: Some(grants), ..ConfigurationPatch::default() };
        self.typed(move |client| client.configure(&function, &patch, None)).await.map(drop)
    }

    /// The sum of a counter over the series that have all these labels.
    pub(crate) async fn counter(&self, name: &str, labels: &[&str]) -> Result<u64, Failed> {
        let address = self.server.address;
        let request = client::request(address, "GET", "/metrics", None);
        let answer = client::once(address, &request).await?;
        if answer.status != 200 {
            return Err(format!("GET /metrics: {answer}").into());
        }
        let text = String::from_utf8_lossy(&answer.body);
        let series = text.lines().filter_map(|line| line.strip_prefix(name)).filter(|rest| {
            rest.starts_with([' ', '{']) && labels.iter().all(|label| rest.contains(label))
        });
        let values = series.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        Ok(values.sum())
    }
}

/// What a node had counted for a function: the witness that an invocation that
/// was measured was metered, limited and logged too.
pub(crate) struct Counted {
    invocations: u64,
    fuel: u64,
    dropped: u64,
}

impl Counted {
    pub(crate) async fn now(node: &Node, function: &str) -> Result<Self, Failed> {
        let function = format!("function=\"{function}\"");
        let ok = [function.as_str(), "outcome=\"ok\""];
        Ok(Self {
            invocations: node.counter("lambent_invocations_total", &ok).await?,
            fuel: node.counter("lambent_fuel_total", &[&function]).await?,
            dropped: node.counter("lambent_logs_dropped_total", &[]).await?,
        })
    }

    /// Fails unless so many more were run, each with a meter and a record;
    /// returns how many records were dropped.
    pub(crate) async fn check(
        &self,
        node: &Node,
        function: &str,
        requests: u64,
    ) -> Result<u64, Failed> {
        let begun = Instant::now();
        let mut now = Self::now(node, function).await?;
        while now.invocations < self.invocations + requests && begun.elapsed() < PATIENCE {
            // An answer is out a little before it is counted.
            tokio::time::sleep(Duration::from_millis(20)).await;
            now = Self::now(node, function).await?;
        }
        let counted = now.invocations - self.invocations;
        if counted < requests {
            return Err(format!("of {requests} requests {counted} invocations were counted").into());
        }
        if now.fuel < self.fuel + requests {
            return Err(format!("{requests} requests used {} fuel", now.fuel - self.fuel).into());
        }
        check_record(node, function).await?;
        Ok(now.dropped - self.dropped)
    }
}

/// Fails unless the newest log record tells what its invocation used.
async fn check_record(node: &Node, function: &str) -> Result<(), Failed> {
    let name = function.parse()?;
    let newest = ReadLogs { limit: Some(1), ..ReadLogs::default() };
    let page = node.typed(move |client| client.logs(&name, &newest)?.value()).await?;
    let record = page.records.first().map(|entry| &entry.record);
    let metered =
        record.is_some_and(|record| record.meter.fuel > 0 && record.meter.memory_bytes > 0);
    metered.then_some(()).ok_or_else(|| format!("a record without a meter: {record:?}").into())
}
