//! Makes each contender ready to be started for a workload.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use guest_bench_work as work;
use lambent_api::SetKey;
use lambent_api::client::Client;
use lambent_api::kinds::Keyspace;
use lambent_api::types::{Access, Grants, KeyspaceName};
use lambent_test_support::{guest, root};

use super::contender::{Contender, Kind, Wasi};
use super::programs::Programs;
use super::workload::{VALUE, Workload};
use crate::Failed;
use crate::node::{self, Node};
use crate::process::{Launch, Server};
use crate::tools::Release;

/// The function, and its keyspace.
pub(crate) const FUNCTION: &str = "bench";

/// Where contenders keep what they need, and what they share.
pub(crate) struct Stage<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) programs: Programs,
    /// The core for servers.
    pub(crate) core: Option<usize>,
    pub(crate) upstream: SocketAddr,
}

/// A contender that can be started for a workload.
pub(crate) struct Entry {
    launch: Launch,
    pub(crate) workload: Workload,
    pub(crate) target: String,
    /// Whether it is a node, whose figures only count with everything on.
    pub(crate) is_lambent: bool,
}

/// What became of one.
pub(crate) enum Staged {
    Ready(Entry),
    /// And why it cannot be had.
    Skipped(String),
}

/// The component that serves a workload.
pub(crate) fn component(workload: Workload, wasi: Wasi) -> PathBuf {
    guest(match (workload, wasi) {
        // The example is the smallest there is.
        (Workload::Hello, Wasi::P2) => "hello-http",
        (_, Wasi::P2) => "guest-bench-http",
        (_, Wasi::P3) => "guest-bench-http3",
    })
}

/// This program as the native server.
pub(crate) fn native(directory: &Path, core: Option<usize>) -> Result<Launch, Failed> {
    Ok(Launch {
        program: std::env::current_exe()?,
        arguments: vec!["native".into(), "{address}".into()],
        log: directory.join("native.log"),
        core,
    })
}

/// `wasmtime serve` of a workload's component.
pub(crate) fn wasmtime(
    (directory, core): (&Path, Option<usize>),
    program: &Path,
    (workload, wasi): (Workload, Wasi),
    flags: &[&str],
) -> Launch {
    let pair = format!("keyvalue-in-memory-data={}={VALUE}", work::KEY);
    let mut arguments = vec!["serve", "--addr", "{address}", "-S", "cli,keyvalue", "-S", &pair];
    if wasi == Wasi::P3 {
        arguments.extend(["-S", "p3", "-W", "component-model-async"]);
    }
    arguments.extend(flags);
    let component = component(workload, wasi).display().to_string();
    let arguments = arguments.into_iter().map(ToOwned::to_owned).chain([component]).collect();
    let (program, log) = (program.to_owned(), directory.join("wasmtime.log"));
    Launch { program, arguments, log, core }
}

impl Stage<'_> {
    /// Builds, installs and deploys what the contender needs.
    pub(crate) async fn prepare(
        &self,
        contender: &Contender,
        workload: Workload,
    ) -> Result<Staged, Failed> {
        let (launch, prefix, keyspace) = match contender.kind {
            Kind::Native => (native(self.directory, self.core)?, "", ""),
            Kind::Lambent(wasi, flags) => match self.programs.lambent(flags)? {
                Ok(program) => {
                    let launch = self.deployed(contender, workload, program, wasi, flags).await?;
                    (launch, "/fn/bench", FUNCTION)
                }
                Err(why) => return Ok(Staged::Skipped(why)),
            },
            Kind::Wasmtime(release, wasi, flags) => {
                let program = match release {
                    Release::Same => &self.programs.wasmtime,
                    Release::Newest => &self.programs.newest,
                };
                match program {
                    Ok(program) => (self.wasmtime(program, (workload, wasi), flags), "", ""),
                    Err(why) => return Ok(Staged::Skipped(why.clone())),
                }
            }
            Kind::Workerd if workload != Workload::Hello => {
                return Ok(Staged::Skipped("only hello is written in JavaScript".into()));
            }
            Kind::Workerd => match &self.programs.workerd {
                Ok(program) => (self.workerd(program), "", ""),
                Err(why) => return Ok(Staged::Skipped(why.clone())),
            },
        };
        let target = format!("{prefix}{}", workload.target(self.upstream, keyspace));
        let is_lambent = matches!(contender.kind, Kind::Lambent(..));
        Ok(Staged::Ready(Entry { launch, workload, target, is_lambent }))
    }

    /// A node with the one function, and all that it may use.
    async fn deployed(
        &self,
        contender: &Contender,
        workload: Workload,
        program: &Path,
        wasi: Wasi,
        flags: &[&str],
    ) -> Result<Launch, Failed> {
        let data = self.directory.join(format!("{}-{}", contender.name, workload.name()));
        let node = Node::start(program, &data, None).await?;
        node.deploy(program, FUNCTION, &component(workload, wasi), flags)?;
        if matches!(workload, Workload::Wait | Workload::Keyvalue) {
            let name: KeyspaceName = FUNCTION.parse()?;
            let keyspace = name.clone();
            let fill = move |client: &Client| {
                client.put::<Keyspace>(&keyspace, &())?;
                client.set_key(&keyspace, work::KEY, VALUE.as_bytes(), SetKey::default(), None)
            };
            node.typed(fill).await?;
            let grants = Grants {
                keyspaces: BTreeMap::from([(name, Access::Read)]),
                hosts: BTreeSet::from([format!("http://{}", self.upstream).parse()?]),
                ..Grants::default()
            };
            node.grant(FUNCTION, grants).await?;
        }
        Ok(node::launch(program, &data, self.core))
    }

    fn wasmtime(&self, program: &Path, what: (Workload, Wasi), flags: &[&str]) -> Launch {
        wasmtime((self.directory, self.core), program, what, flags)
    }

    fn workerd(&self, program: &Path) -> Launch {
        let config = root().join("tests/bench/workerd/config.capnp").display().to_string();
        let arguments = ["serve", &config, "--socket-addr=http={address}"];
        let (program, log) = (program.to_owned(), self.directory.join("workerd.log"));
        Launch { program, arguments: arguments.map(ToOwned::to_owned).into(), log, core: self.core }
    }
}

impl Entry {
    /// Starts it, and waits for the right answer.
    pub(crate) async fn start(&self) -> Result<Server, Failed> {
        let request = |address| self.workload.request(address, &self.target);
        self.launch.start(request, |answer| self.workload.is_answer(answer)).await
    }
}
