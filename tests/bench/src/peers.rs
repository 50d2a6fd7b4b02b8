//! Emulators of AWS, to compare with.

use std::path::Path;

use lambent_test_support::toolchains::{npm_packages, python_packages};

use crate::process::{Launch, Server};
use crate::{Failed, client};

/// How a shell splits the address for a program that wants it in parts.
const SPLIT: &str = "host=${1%:*} port=${1##*:};";

fn launch(directory: &Path, name: &str, command: &str, of: &str) -> Launch {
    let arguments = ["-c", &format!("{SPLIT} exec {command}"), of, "{address}"];
    Launch {
        program: "sh".into(),
        arguments: arguments.map(ToOwned::to_owned).into(),
        log: directory.join(format!("{name}.log")),
        core: None,
    }
}

/// A server of moto's, from PyPI.
pub(crate) async fn moto(directory: &Path) -> Result<Server, Failed> {
    let packages = tokio::task::spawn_blocking(|| python_packages("aws-server", &[])).await?;
    let packages = packages.ok_or("moto cannot be installed")?;
    let start = format!(
        "import sys; sys.path.insert(0, {packages:?}); from moto.server import main; main()"
    );
    let launch = launch(directory, "moto", "python3 -c \"$0\" -H $host -p $port", &start);
    let health = |address| client::request(address, "GET", "/moto-api/data.json", None);
    launch.start(health, |answer| answer.status == 200).await
}

/// A server of dynalite's, from npm, which keeps its tables in memory.
pub(crate) async fn dynalite(directory: &Path) -> Result<Server, Failed> {
    let packages = tokio::task::spawn_blocking(|| npm_packages("dynalite")).await?;
    let program =
        packages.ok_or("dynalite cannot be installed")?.join("node_modules/dynalite/cli.js");
    let command = "node \"$0\" --host $host --port $port --createTableMs 0";
    let launch = launch(directory, "dynalite", command, &program.display().to_string());
    let health = |address| client::request(address, "GET", "/", None);
    launch.start(health, |answer| answer.status == 200).await
}
