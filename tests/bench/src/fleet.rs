//! Many functions on one node.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use lambent_api::client::Upload;
use lambent_api::types::ConfigurationPatch;
use tokio::task::JoinSet;

use crate::client::{self, Connection};
use crate::node::{self, Node};
use crate::process::Server;
use crate::{Failed, machine, tools};

/// How long a node that has started may take until it has nothing left to do.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks at whether it has.
const LOOK: Duration = Duration::from_millis(500);

/// What measurements of many functions can be told.
#[derive(Debug, Args)]
pub(crate) struct FleetArgs {
    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

/// A node's data, with functions `f0`, `f1` and so on in it.
pub(crate) struct Fleet {
    lambent: PathBuf,
    data: PathBuf,
    pub(crate) functions: usize,
}

/// What functions are made of.
pub(crate) enum Code {
    /// Of this component, all of them.
    Shared(Vec<u8>),
    /// Each of a component of its own that does the same as this one.
    Own(Vec<u8>),
}

impl Code {
    fn of(&self, number: usize) -> Cow<'_, [u8]> {
        match self {
            Self::Shared(component) => component.into(),
            Self::Own(component) => variant(component, number).into(),
        }
    }
}

/// A component that does the same and has a digest of its own: a section that
/// nobody reads is appended.
pub(crate) fn variant(component: &[u8], number: usize) -> Vec<u8> {
    let name = b"number";
    let content = number.to_le_bytes();
    let mut variant = component.to_vec();
    // A custom section: its id, its size, its name's length, its name, anything.
    let size = 1 + name.len() + content.len();
    variant.extend([0, size.to_le_bytes()[0], name.len().to_le_bytes()[0]]);
    variant.extend(name);
    variant.extend(content);
    variant
}

/// The request to a function.
pub(crate) fn call(server: &Server, number: usize) -> Vec<u8> {
    client::request(server.address, "GET", &format!("/fn/f{number}/"), None)
}

/// Sends a request, and tells how long the answer took.
pub(crate) async fn time(connection: &mut Connection, request: &[u8]) -> Result<Duration, Failed> {
    let begun = Instant::now();
    let answer = connection.send(request).await?;
    let took = begun.elapsed();
    (answer.status == 200).then_some(took).ok_or_else(|| answer.to_string().into())
}

impl Fleet {
    /// Deploys so many functions.
    pub(crate) async fn deploy(
        args: &FleetArgs,
        directory: &Path,
        functions: usize,
        code: Code,
    ) -> Result<Self, Failed> {
        let lambent = tools::lambent(args.lambent.as_deref())?;
        let fleet = Self { lambent, data: directory.join("fleet"), functions };
        let node = Node::start(&fleet.lambent, &fleet.data, None).await?;
        let next = AtomicUsize::new(0);
        let bar = ProgressBar::new(functions as u64);
        let deploys =
            Arc::new(Deploys { address: node.server.address, functions, code, next, bar });
        let mut clients = JoinSet::new();
        for _ in 0..machine::cores() * 2 {
            let deploys = deploys.clone();
            clients.spawn_blocking(move || deploys.client());
        }
        while let Some(client) = clients.join_next().await {
            client??;
        }
        deploys.bar.finish_and_clear();
        Ok(fleet)
    }

    /// Starts the node over it; tells how long that took.
    pub(crate) async fn start(&self) -> Result<(Node, Duration), Failed> {
        let begun = Instant::now();
        let node = Node::start(&self.lambent, &self.data, None).await?;
        Ok((node, begun.elapsed()))
    }

    /// Starts one without functions, whose data has been opened before too.
    pub(crate) async fn start_empty(&self) -> Result<(Node, Duration), Failed> {
        let empty = Self {
            lambent: self.lambent.clone(),
            data: self.data.with_extension("empty"),
            functions: 0,
        };
        drop(empty.start().await?);
        empty.start().await
    }

    /// Reads every file, so that the kernel has them in memory.
    pub(crate) fn warm(&self) -> Result<(), Failed> {
        let mut left = vec![self.data.clone()];
        while let Some(directory) = left.pop() {
            for entry in std::fs::read_dir(directory)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    left.push(entry.path());
                } else if kind.is_file() {
                    std::io::copy(&mut std::fs::File::open(entry.path())?, &mut std::io::sink())?;
                }
            }
        }
        Ok(())
    }
}

/// Deploys that several clients share.
struct Deploys {
    address: SocketAddr,
    functions: usize,
    code: Code,
    next: AtomicUsize,
    bar: ProgressBar,
}

impl Deploys {
    /// Deploys one after the other, until there are none left.
    fn client(&self) -> Result<(), Failed> {
        let client = node::typed_client(self.address)?;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.functions {
                return Ok(());
            }
            let (name, code) = (format!("f{number}").parse()?, self.code.of(number));
            let upload = Upload::new(&code, &ConfigurationPatch::default())?;
            client.deploy(&name, &upload, &mut upload.reader(), None)?;
            self.bar.inc(1);
        }
    }
}

/// Waits until a server uses no CPU: what it does after its start is done.
pub(crate) async fn settle(server: &Server) -> Result<(), Failed> {
    let begun = Instant::now();
    let mut before = server.cpu()?;
    while begun.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
        let now = server.cpu()?;
        if now - before <= LOOK / 50 {
            return Ok(());
        }
        before = now;
    }
    Err("the server does not come to rest".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_differ_in_a_well_formed_section() {
        let variant = variant(b"\0asm", 513);
        assert_eq!(variant, b"\0asm\0\x0f\x06number\x01\x02\0\0\0\0\0\0");
    }
}
