//! What AWS's protocols cost beside the native API, on one node and in one run, with signatures that
//! are checked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use lambent_test_support::guest;
use serde_json::{Value, json};

use crate::client::{self, Answer, Connection};
use crate::measure::{Rounds, milliseconds};
use crate::node::Node;
use crate::signed::Ask;
use crate::table::Table;
use crate::{Failed, peers, tools};

/// Rounds that are not counted, in which caches and pools fill.
const WARM: usize = 50;
const PUT_BYTES: usize = 64 << 10;
const GET_BYTES: usize = 1 << 20;

/// Measure AWS's protocols beside the native API
///
/// One client asks the same of one node by both, in turn, over a connection that is kept: an
/// invocation, an object that is written and one that is read, and a message's way through a queue.
/// With --peer the same is asked of moto, which is installed from PyPI.
#[derive(Debug, Args)]
pub(crate) struct AwsArgs {
    /// How often each is asked
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    rounds: u32,

    /// Ask a server of moto's too
    #[arg(long)]
    peer: bool,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

/// A server and the connection over which it is asked.
struct Server {
    address: SocketAddr,
    connection: Connection,
}

impl Server {
    async fn at(address: SocketAddr) -> Result<Self, Failed> {
        Ok(Self { address, connection: Connection::open(address).await? })
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<Answer, Failed> {
        if !self.connection.is_open() {
            self.connection = Connection::open(self.address).await?;
        }
        let answer = self.connection.send(bytes).await?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(answer.to_string().into()),
        }
    }

    async fn ask(&mut self, ask: &Ask<'_>) -> Result<Answer, Failed> {
        let bytes = ask.signed(self.address)?;
        self.send(&bytes).await
    }

    /// An operation of SQS.
    async fn queue(&mut self, operation: &str, body: &Value) -> Result<Value, Failed> {
        let target = format!("AmazonSQS.{operation}");
        let headers =
            [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let body = body.to_string();
        let body = body.as_bytes();
        let ask = Ask { service: "sqs", method: "POST", target: "/", headers: &headers, body };
        Ok(serde_json::from_slice(&self.ask(&ask).await?.body)?)
    }

    /// A request of the native API.
    async fn native(
        &mut self,
        method: &str,
        target: &str,
        body: Option<(&str, &[u8])>,
    ) -> Result<Answer, Failed> {
        let bytes = client::request(self.address, method, target, body);
        self.send(&bytes).await
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Invoke,
    Put,
    Get,
    Message,
}

impl Deed {
    const ALL: [(Self, &str, &str); 4] = [
        (Self::Invoke, "invoke, typed echo", "1.3"),
        (Self::Put, "put 64 KiB", ""),
        (Self::Get, "get 1 MiB", ""),
        (Self::Message, "send, receive, delete a message", ""),
    ];

    async fn by_aws(self, server: &mut Server) -> Result<(), Failed> {
        let object =
            |method, target, body| Ask { service: "s3", method, target, headers: &[], body };
        match self {
            Self::Invoke => {
                let target = "/2015-03-31/functions/echo/invocations";
                let body = br#"{"n":1}"#;
                let ask = Ask { service: "lambda", method: "POST", target, headers: &[], body };
                server.ask(&ask).await?;
            }
            Self::Put => {
                server.ask(&object("PUT", "/bench/put", &vec![7; PUT_BYTES])).await?;
            }
            Self::Get => {
                let answer = server.ask(&object("GET", "/bench/get", &[])).await?;
                whole(&answer)?;
            }
            Self::Message => {
                let url = json!(format!("http://{}/000000000000/bench", server.address));
                server
                    .queue("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "a" }))
                    .await?;
                let received = server.queue("ReceiveMessage", &json!({ "QueueUrl": url })).await?;
                let receipt = &received["Messages"][0]["ReceiptHandle"];
                let delete = json!({ "QueueUrl": url, "ReceiptHandle": receipt });
                let bytes = delete.to_string();
                let headers = [
                    ("content-type", "application/x-amz-json-1.0"),
                    ("x-amz-target", "AmazonSQS.DeleteMessage"),
                ];
                let (headers, body) = (headers.as_slice(), bytes.as_bytes());
                let ask = Ask { service: "sqs", method: "POST", target: "/", headers, body };
                server.ask(&ask).await?;
            }
        }
        Ok(())
    }

    async fn natively(self, server: &mut Server) -> Result<(), Failed> {
        match self {
            Self::Invoke => {
                let body: &[u8] = br#"{"n":1}"#;
                let target = "/v1/functions/echo/invocations";
                server.native("POST", target, Some(("application/json", body))).await?;
            }
            Self::Put => {
                let body = vec![7; PUT_BYTES];
                let body = Some(("application/octet-stream", body.as_slice()));
                server.native("PUT", "/v1/buckets/bench/objects/put", body).await?;
            }
            Self::Get => {
                let answer = server.native("GET", "/v1/buckets/bench/objects/get", None).await?;
                whole(&answer)?;
            }
            Self::Message => {
                let json = "application/json";
                let messages = "/v1/queues/bench/messages";
                let body = br#"{"messages":[{"text":"a"}]}"#.as_slice();
                server.native("POST", messages, Some((json, body))).await?;
                let any = Some((json, b"{}".as_slice()));
                let received = server.native("POST", "/v1/queues/bench/receive", any).await?;
                let received: Value = serde_json::from_slice(&received.body)?;
                let receipt =
                    received["messages"][0]["receipt"].as_str().ok_or("nothing was received")?;
                let settled = json!({ "receipts": [receipt] }).to_string();
                let body = Some((json, settled.as_bytes()));
                server.native("POST", "/v1/queues/bench/delete", body).await?;
            }
        }
        Ok(())
    }
}

fn whole(answer: &Answer) -> Result<(), Failed> {
    match answer.body.len() {
        GET_BYTES => Ok(()),
        bytes => Err(format!("{bytes} bytes came of {GET_BYTES}").into()),
    }
}

async fn timed(work: impl Future<Output = Result<(), Failed>>) -> Result<f64, Failed> {
    let begun = Instant::now();
    work.await?;
    Ok(milliseconds(begun.elapsed()) * 1e3)
}

/// What is there before anything is measured.
async fn prepare(server: &mut Server) -> Result<(), Failed> {
    let object = |method, target, body| Ask { service: "s3", method, target, headers: &[], body };
    server.ask(&object("PUT", "/bench", &[])).await?;
    server.ask(&object("PUT", "/bench/get", &vec![7; GET_BYTES])).await?;
    server.queue("CreateQueue", &json!({ "QueueName": "bench" })).await?;
    Ok(())
}

pub(crate) async fn run(args: &AwsArgs, directory: &Path, table: &mut Table) -> Result<(), Failed> {
    let lambent = tools::lambent(args.lambent.as_deref())?;
    let node = Node::start(&lambent, &directory.join("aws"), None).await?;
    node.deploy(&lambent, "echo", &guest("echo-event"), &[])?;
    let mut server = Server::at(node.server.address).await?;
    prepare(&mut server).await?;
    let peer = match args.peer {
        true => Some(peer(directory).await?),
        false => None,
    };
    for (deed, name, asked) in Deed::ALL {
        eprintln!("measuring: {name}");
        let (mut native, mut aws) = (Rounds::default(), Rounds::default());
        for round in 0..WARM + args.rounds as usize {
            let (one, other) =
                (timed(deed.natively(&mut server)).await?, timed(deed.by_aws(&mut server)).await?);
            if round >= WARM {
                native.push(one);
                aws.push(other);
            }
        }
        table.row(&format!("{name}: native"), &native, " us", None);
        table.row(&format!("{name}: AWS's"), &aws, " us", Some((native.median(), asked)));
        let Some(peer) = peer.as_ref().filter(|_| deed != Deed::Invoke) else { continue };
        let mut server = Server::at(peer.address).await?;
        let mut rounds = Rounds::default();
        for _ in 0..args.rounds.min(200) {
            rounds.push(timed(deed.by_aws(&mut server)).await?);
        }
        table.row(&format!("{name}: moto"), &rounds, " us", Some((aws.median(), "")));
    }
    Ok(())
}

/// A server of moto's, with what is to be there.
async fn peer(directory: &Path) -> Result<crate::process::Server, Failed> {
    let server = peers::moto(directory).await?;
    prepare(&mut Server::at(server.address).await?).await?;
    Ok(server)
}
