//! Tables by DynamoDB's protocol, beside servers that have it too.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Answer, Connection};
use crate::measure::Rounds;
use crate::node::Node;
use crate::process::Server;
use crate::signed::Ask;
use crate::table::Table;
use crate::{Failed, peers, tools};

/// Clients that ask at once, each over a connection that is kept.
const CLIENTS: u32 = 16;
/// Items of the partition that is queried.
const QUERIED: u32 = 20;
/// Bytes of an item, about.
const ITEM_BYTES: usize = 500;
/// How long a server is asked before it is measured.
const WARM: Duration = Duration::from_secs(1);

/// Measure tables by DynamoDB's protocol
///
/// Sixteen clients ask a node, with signatures that are checked and writes that are durable, and the
/// servers of dynalite, which keeps all in memory, and moto, in turn.
#[derive(Debug, Args)]
pub(crate) struct TablesArgs {
    /// Seconds of each round
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// Rounds of each
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// Items that are there when single ones are read
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    items: u32,

    /// Measure the node alone
    #[arg(long)]
    alone: bool,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Get,
    Put,
    Query,
}

impl Deed {
    const ALL: [(Self, &str); 3] =
        [(Self::Get, "GetItem"), (Self::Put, "PutItem"), (Self::Query, "Query of 20 items")];

    /// The operation and its body, another each time.
    fn asked(self, number: u32, items: u32) -> (&'static str, Value) {
        match self {
            Self::Get => {
                let id = number.wrapping_mul(2_654_435_761) % items;
                ("GetItem", json!({ "TableName": "bench", "Key": key(&format!("i{id}"), 0) }))
            }
            Self::Put => ("PutItem", json!({ "TableName": "bench", "Item": item("put", number) })),
            Self::Query => {
                let condition = "id = :id";
                let values = json!({ ":id": { "S": "queried" } });
                let query = json!({
                    "TableName": "bench", "KeyConditionExpression": condition,
                    "ExpressionAttributeValues": values,
                });
                ("Query", query)
            }
        }
    }

    /// Whether an answer is what was asked for.
    fn is_right(self, answer: &Answer) -> bool {
        let has = |part: &[u8]| answer.body.windows(part.len()).any(|found| found == part);
        answer.status == 200
            && match self {
                Self::Get => has(br#""filling""#),
                Self::Put => true,
                Self::Query => has(br#""Count":20"#) || has(br#""Count": 20"#),
            }
    }
}

fn key(id: &str, n: u32) -> Value {
    json!({ "id": { "S": id }, "n": { "N": n.to_string() } })
}

fn item(id: &str, n: u32) -> Value {
    let mut item = key(id, n);
    item["filling"] = json!({ "S": "x".repeat(ITEM_BYTES) });
    item
}

async fn ask(
    (address, connection): (SocketAddr, &mut Connection),
    operation: &str,
    body: &Value,
) -> Result<Answer, Failed> {
    let target = format!("DynamoDB_20120810.{operation}");
    let headers =
        [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
    let body = body.to_string();
    let ask = Ask {
        service: "dynamodb",
        method: "POST",
        target: "/",
        headers: &headers,
        body: body.as_bytes(),
    };
    if !connection.is_open() {
        *connection = Connection::open(address).await?;
    }
    Ok(connection.send(&ask.signed(address)?).await?)
}

/// A table with so many items that are read alone, and those that are queried.
async fn prepare(address: SocketAddr, items: u32) -> Result<(), Failed> {
    let mut connection = Connection::open(address).await?;
    let attribute =
        |name: &str, kind: &str| json!({ "AttributeName": name, "AttributeType": kind });
    let part = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let create = json!({
        "TableName": "bench", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [attribute("id", "S"), attribute("n", "N")],
        "KeySchema": [part("id", "HASH"), part("n", "RANGE")],
    });
    let answer = ask((address, &mut connection), "CreateTable", &create).await?;
    if answer.status != 200 {
        return Err(format!("CreateTable: {answer}").into());
    }
    let begun = Instant::now();
    let describe = json!({ "TableName": "bench" });
    loop {
        let answer = ask((address, &mut connection), "DescribeTable", &describe).await?;
        let told: Value = serde_json::from_slice(&answer.body)?;
        match told["Table"]["TableStatus"].as_str() {
            Some("ACTIVE") => break,
            _ if begun.elapsed() > Duration::from_secs(30) => {
                return Err(answer.to_string().into());
            }
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    let single = (0..items).map(|id| item(&format!("i{id}"), 0));
    let all: Vec<Value> = single.chain((0..QUERIED).map(|n| item("queried", n))).collect();
    for some in all.chunks(25) {
        let puts: Vec<_> =
            some.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
        let batch = json!({ "RequestItems": { "bench": puts } });
        let answer = ask((address, &mut connection), "BatchWriteItem", &batch).await?;
        if answer.status != 200 {
            return Err(format!("BatchWriteItem: {answer}").into());
        }
    }
    Ok(())
}

/// How often a second a server does something for all clients together, after some time to warm.
async fn rate(
    address: SocketAddr,
    deed: Deed,
    (round, items): (u32, u32),
    time: Duration,
) -> Result<f64, Failed> {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let (begun, mut done) = (Instant::now(), 0_u32);
            // Numbers that no other client and no other round has.
            let first = (round * CLIENTS + client) * 10_000_000;
            for number in 0.. {
                let elapsed = begun.elapsed();
                if elapsed >= WARM + time {
                    break;
                }
                let (operation, body) = deed.asked(first.wrapping_add(number), items);
                let answer = ask((address, &mut connection), operation, &body).await?;
                if !deed.is_right(&answer) {
                    return Err(format!("{operation}: {answer}").into());
                }
                done += u32::from(elapsed >= WARM);
            }
            Ok::<u32, Failed>(done)
        });
    }
    let mut all = 0;
    while let Some(done) = clients.join_next().await {
        all += done??;
    }
    Ok(f64::from(all) / time.as_secs_f64())
}

pub(crate) async fn run(
    args: &TablesArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let lambent = tools::lambent(args.lambent.as_deref())?;
    let node = Node::start(&lambent, &directory.join("tables"), None).await?;
    let mut peers: Vec<(&str, Server)> = Vec::new();
    if !args.alone {
        peers.push(("dynalite", peers::dynalite(directory).await?));
        peers.push(("moto", peers::moto(directory).await?));
    }
    let own = ("lambent", node.server.address);
    let servers: Vec<_> =
        [own].into_iter().chain(peers.iter().map(|(name, peer)| (*name, peer.address))).collect();
    for (name, address) in &servers {
        eprintln!("preparing: {name}");
        prepare(*address, args.items).await?;
    }
    for (deed, what) in Deed::ALL {
        eprintln!("measuring: {what}");
        let mut rates = vec![Rounds::default(); servers.len()];
        for round in 0..args.rounds {
            for ((_, address), rates) in servers.iter().zip(&mut rates) {
                let time = Duration::from_secs(args.seconds);
                rates.push(rate(*address, deed, (round, args.items), time).await?);
            }
        }
        let node = rates[0].median();
        for ((name, _), rates) in servers.iter().zip(&rates) {
            let baseline = (*name != "lambent").then_some((node, "0.1 at most"));
            table.row(&format!("{what}: {name}"), rates, "/s", baseline);
        }
    }
    Ok(())
}
