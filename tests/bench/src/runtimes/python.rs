//! What is measured of Python alone.

use std::path::Path;
use std::process::Command;

use lambent_api::types::ConfigurationPatch;

use super::node::Functions;
use crate::client::{self, Connection};
use crate::latencies::Latencies;
use crate::process::{output, run};
use crate::table::Table;
use crate::{Failed, fleet};

/// Fresh instances whose first call is measured.
const FRESH: usize = 20;

/// Work of the kinds that `pyperformance` has, each some tenths of a second.
const WORK: &str = include_str!("work.py");
/// What is pinned of boto3: what it needs it names itself.
const BOTO3: &str = "boto3==1.44.8";

const IMPORTS: &str = "import boto3
client = boto3.client('s3', region_name='eu-central-1', aws_access_key_id='a', aws_secret_access_key='b')
def lambda_handler(event, context):
    return client.generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'k'})
";

/// How much longer Python's code takes than on the Python of this machine.
pub(super) async fn code(functions: &Functions, table: &mut Table) -> Result<(), Failed> {
    let patch = ConfigurationPatch {
        timeout_ms: Some(300_000),
        fuel: Some(lambent_types::bounds::FUEL_MAX),
        memory_bytes: Some(512 << 20),
        ..ConfigurationPatch::default()
    };
    functions.deploy("mixed", &[("app.py", WORK.as_bytes())], patch).await?;
    let address = functions.node.server.address;
    let request = client::request(address, "GET", "/fn/mixed/", None);
    let mut connection = Connection::open(address).await?;
    let answer = connection.send(&request).await?;
    let own: Vec<(String, f64)> = serde_json::from_slice(&answer.body)
        .map_err(|error| format!("the function `mixed`: {error}: {answer}"))?;
    let program = format!("{WORK}\nprint(json.dumps(lambda_handler(None, None)))");
    let version = output(Path::new("python3"), &["--version"])?;
    let told = output(Path::new("python3"), &["-c", &program])?;
    let native: Vec<(String, f64)> = serde_json::from_str(&told)?;
    let mut product = 1.0;
    for ((name, seconds), (_, base)) in own.iter().zip(&native) {
        table.value(&format!("Python, {name}: to {version}"), seconds / base, " ×", "");
        product *= seconds / base;
    }
    let mean = product.powf(1.0 / own.len() as f64);
    table.value(&format!("Python, geometric mean: to {version}"), mean, " ×", "2 ×");
    Ok(())
}

/// The first call of fresh instances of a function that imports boto3.
pub(super) async fn boto3(
    functions: &Functions,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let folder = directory.join("boto3");
    let target = folder.display().to_string();
    let install = ["-m", "pip", "install", "--quiet", "--target", &target, BOTO3];
    if !Command::new("python3").args(["-m", "pip", "--version"]).output()?.status.success() {
        println!("skipped: boto3, since python3 has no pip");
        return Ok(());
    }
    run("python3", &install, directory)?;
    std::fs::write(folder.join("app.py"), IMPORTS)?;
    let patch = ConfigurationPatch {
        memory_bytes: Some(512 << 20),
        timeout_ms: Some(30_000),
        fuel: Some(lambent_types::bounds::FUEL_MAX),
        reuse: Some(Some(1)),
        snapshot: Some(true),
        ..ConfigurationPatch::default()
    };
    functions.deploy_folder("boto3", &folder, patch).await?;
    let name = "boto3".parse()?;
    functions.node.typed(move |client| client.publish(&name).map(drop)).await?;
    for (what, target, asked) in
        [("with a snapshot", "/fn/boto3:1/", "60 ms"), ("without", "/fn/boto3/", "")]
    {
        let address = functions.node.server.address;
        let request = client::request(address, "GET", target, None);
        let mut connection = Connection::open(address).await?;
        let mut latencies = Latencies::default();
        for _ in 0..FRESH {
            latencies.push(fleet::time(&mut connection, &request).await?);
        }
        let p50 = latencies.quantile_us(0.5) / 1000.0;
        table.value(&format!("Python, boto3, {what}: first call: p50"), p50, " ms", asked);
    }
    Ok(())
}
