//! What functions that are sources take, beside the same languages as plain HTTP servers.

mod language;
mod node;
mod python;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::PossibleValuesParser;
use lambent_types::ConfigurationPatch;

use self::language::{LANGUAGES, Language, PYTHON};
use self::node::Functions;
use crate::client::{self, Connection};
use crate::fleet;
use crate::http::stage;
use crate::latencies::Latencies;
use crate::process::memory;
use crate::table::Table;
use crate::{Failed, tools};

/// Requests of which each latency is the median.
const REQUESTS: usize = 2000;
/// Longer than an instance is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(15);

/// Measure functions that are sources
///
/// Of each language whose runtime can be built: deploys, first calls, used instances and memory,
/// and the same answer from a plain HTTP server of that language. Of Python also what its code
/// takes longer, and an import of boto3 with and without a snapshot.
#[derive(Debug, Args)]
pub(crate) struct RuntimesArgs {
    /// How many functions of each language
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(2..))]
    functions: u64,

    /// Measure only this language; may be repeated
    #[arg(long, value_name = "NAME", value_parser = names())]
    language: Vec<String>,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

pub(crate) async fn run(
    args: &RuntimesArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let lambent = tools::lambent(args.lambent.as_deref())?;
    let native = native(directory).await?;
    table.value("native: p50", native, " µs", "");
    let asked = |language: &&Language| {
        args.language.is_empty() || args.language.iter().any(|name| name == language.name)
    };
    for language in LANGUAGES.iter().filter(asked) {
        let Some(runtime) = (language.build)() else { continue };
        let data = directory.join(language.runtime);
        let functions = Functions::start(&lambent, &data, language, &runtime).await?;
        deploys_and_calls(&functions, language, args.functions, native, table).await?;
        if let Some(peer) = language.peer(directory)? {
            let server = peer.start(hello, |answer| answer.status == 200).await?;
            let mut connection = Connection::open(server.address).await?;
            let p50 = latency(&mut connection, &hello(server.address)).await?;
            table.value(&format!("{}, plain server: p50", language.name), p50, " µs", "");
        }
        if language.runtime == PYTHON {
            python::code(&functions, table).await?;
            python::boto3(&functions, directory, table).await?;
        }
    }
    Ok(())
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(LANGUAGES.iter().map(|language| language.name))
}

fn hello(address: std::net::SocketAddr) -> Vec<u8> {
    client::request(address, "GET", "/", None)
}

/// The median of the native server.
async fn native(directory: &Path) -> Result<f64, Failed> {
    let server = stage::native(directory, None)?;
    let server = server.start(hello, |answer| answer.status == 200).await?;
    latency(&mut Connection::open(server.address).await?, &hello(server.address)).await
}

/// The median of so many requests, one after the other, in microseconds.
async fn latency(connection: &mut Connection, request: &[u8]) -> Result<f64, Failed> {
    let mut latencies = Latencies::default();
    for _ in 0..REQUESTS {
        latencies.push(fleet::time(connection, request).await?);
    }
    Ok(latencies.quantile_us(0.5))
}

async fn deploys_and_calls(
    functions: &Functions,
    language: &Language,
    count: u64,
    native: f64,
    table: &mut Table,
) -> Result<(), Failed> {
    let name = language.name;
    let mut deploys = Latencies::default();
    for number in 0..count {
        let source = format!("{}\n{} {number}\n", language.hello, language.comment);
        let files = [(language.file, source.as_bytes())];
        let began = Instant::now();
        functions.deploy(&format!("f{number}"), &files, ConfigurationPatch::default()).await?;
        deploys.push(began.elapsed());
    }
    let server = &functions.node.server;
    let mut connection = Connection::open(server.address).await?;
    fleet::time(&mut connection, &fleet::call(server, 0)).await?;
    let before = memory(server.id())?.anonymous;
    let mut first = Latencies::default();
    for number in 1..count as usize {
        first.push(fleet::time(&mut connection, &fleet::call(server, number)).await?);
    }
    let grown = |now: u64| now.saturating_sub(before) as f64 / 1024.0 / (count - 1) as f64;
    let used = grown(memory(server.id())?.anonymous);
    tokio::time::sleep(IDLE).await;
    let called = grown(memory(server.id())?.anonymous);
    let warm = latency(&mut connection, &fleet::call(server, 0)).await?;

    let milliseconds = |latencies: &mut Latencies, part| latencies.quantile_us(part) / 1000.0;
    let (asked, above) = (language.asked_first, "0.2 ms");
    table.value(&format!("{name}, deploy: p50"), milliseconds(&mut deploys, 0.5), " ms", "1000 ms");
    table.value(&format!("{name}, first call: p50"), milliseconds(&mut first, 0.5), " ms", asked);
    table.value(&format!("{name}, first call: p99"), milliseconds(&mut first, 0.99), " ms", "");
    table.value(&format!("{name}, used instance: p50"), warm, " µs", "");
    let over = (warm - native) / 1000.0;
    table.value(&format!("{name}, used instance: above native"), over, " ms", above);
    table.value(&format!("{name}, with its instance: memory"), used / 1024.0, " MiB", "6 MiB");
    table.value(&format!("{name}, called once: memory"), called, " KiB", "200 KiB");
    Ok(())
}
