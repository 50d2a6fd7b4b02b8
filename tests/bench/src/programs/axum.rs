//! Requests that axum serves by `lambda_http`, beside the same program as a native one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lambent_test_support::root;

use super::build::component;
use super::calls::PROVIDED;
use crate::generator::{self, Load};
use crate::measure::Rounds;
use crate::node::Node;
use crate::process::{Launch, Server};
use crate::table::Table;
use crate::{Failed, client, tools};

/// The program, in `tests/lambda/rust`.
const PROGRAM: &str = "orders-api";
/// Where in it the request goes: to the list of its orders, of which there are none.
const ROUTE: &str = "/orders";
/// Clients, and native processes, of which each takes one event at a time.
const CLIENTS: u32 = 16;
const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(3);

/// Both by turns.
pub(super) async fn run(lambent: &Path, directory: &Path, table: &mut Table) -> Result<(), Failed> {
    let node = Node::start(lambent, &directory.join("axum"), None).await?;
    let public = [&PROVIDED[..], &["--public"]].concat();
    node.deploy(lambent, PROGRAM, &component("rust", Some(PROGRAM))?, &public)?;
    let native = start(&native_program()?, directory).await?;
    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        theirs.push(rate(native.address, ROUTE).await?);
        ours.push(rate(node.server.address, &format!("/fn/{PROGRAM}{ROUTE}")).await?);
    }
    table.row("axum, native: requests a second", &theirs, "", None);
    let baseline = Some((theirs.median(), "0.35"));
    table.row("axum, used instances: requests a second", &ours, "", baseline);
    Ok(())
}

/// Builds it for this machine.
fn native_program() -> Result<PathBuf, Failed> {
    let target = root().join("target/lambda-native");
    let (manifest, to) =
        (root().join("tests/lambda/rust/Cargo.toml"), target.display().to_string());
    let manifest = manifest.display().to_string();
    let build = ["build", "--release", "--locked", "--manifest-path", &manifest];
    tools::cargo(&[&build[..], &["--package", PROGRAM, "--target-dir", &to]].concat())?;
    Ok(target.join("release").join(PROGRAM))
}

async fn start(program: &Path, directory: &Path) -> Result<Server, Failed> {
    let instances = CLIENTS.to_string();
    let front = Launch {
        program: std::env::current_exe()?,
        arguments: vec![
            "runtime-api".into(),
            "{address}".into(),
            program.display().to_string(),
            instances,
        ],
        log: directory.join("runtime-api.log"),
        core: None,
    };
    let list = |address| client::request(address, "GET", ROUTE, None);
    front.start(list, |answer| answer.status == 200).await
}

/// Requests a second, all of them answered.
async fn rate(address: SocketAddr, target: &str) -> Result<f64, Failed> {
    let request = client::request(address, "GET", target, None);
    let load = Load { address, request, connections: CLIENTS as usize, time: TIME };
    let seen = generator::closed(&load).await?;
    if seen.refused.count() > 0 || seen.failed > 0 {
        return Err(format!("of the requests some failed: {:?}", seen.statuses).into());
    }
    Ok(seen.goodput())
}
