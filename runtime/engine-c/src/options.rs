//! What hosts say as JSON.

use std::path::PathBuf;
use std::time::Duration;

use lambent_engine::types::{Environment, Limits};
use lambent_engine::{Invocation, OnLost, Options, PluginOptions, QUEUE_DEFAULT, WasiOptions};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Options of an engine.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EngineOptions {
    instances: Option<u32>,
    pub(crate) without_wasi: bool,
}

impl EngineOptions {
    pub(crate) fn options(&self) -> Options {
        let default = Options::default();
        Options { instances: self.instances.unwrap_or(default.instances), ..default }
    }
}

/// Options of a plugin.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Given {
    queue: Option<usize>,
    restart_when_lost: bool,
    fuel: Option<u64>,
    timeout_ms: Option<u64>,
    memory_bytes: Option<u64>,
    log_bytes: Option<u64>,
    args: Vec<String>,
    env: Environment,
    dirs: Vec<Directory>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    host: PathBuf,
    guest: String,
    #[serde(default)]
    writable: bool,
}

impl Given {
    pub(crate) fn options(&self) -> PluginOptions {
        let on_lost = if self.restart_when_lost { OnLost::Restart } else { OnLost::Tell };
        let queue = self.queue.unwrap_or(QUEUE_DEFAULT);
        PluginOptions { queue, on_lost, ..PluginOptions::default() }
    }

    /// A directory that cannot be given.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.dirs.iter().try_for_each(|dir| dir.give(WasiOptions::new()).map(drop))
    }

    pub(crate) fn invocation(&self) -> Invocation<()> {
        let default = Limits::default();
        let limits = Limits {
            fuel: self.fuel.unwrap_or(default.fuel),
            timeout: self.timeout_ms.map_or(default.timeout, Duration::from_millis),
            memory_bytes: self.memory_bytes.unwrap_or(default.memory_bytes),
            log_bytes: self.log_bytes.unwrap_or(default.log_bytes),
            ..default
        };
        let environment = self.env.clone();
        let invocation = Invocation { environment, ..Invocation::new(()).limits(limits) };
        // A directory that has gone meanwhile is one that the guest does not have.
        let mut dirs = self.dirs.iter().filter(|dir| dir.host.is_dir());
        let wasi = dirs.try_fold(self.args(), |wasi, dir| dir.give(wasi));
        invocation.wasi(wasi.unwrap_or_else(|_| self.args()))
    }

    fn args(&self) -> WasiOptions {
        self.args.iter().fold(WasiOptions::new(), WasiOptions::arg)
    }
}

impl Directory {
    fn give(&self, wasi: WasiOptions) -> Result<WasiOptions, Error> {
        let Self { host, guest, writable } = self;
        let given = if *writable {
            wasi.writable_dir(host, guest)
        } else {
            wasi.read_only_dir(host, guest)
        };
        given.map_err(|error| Error::new("bad-options", format!("{}: {error}", host.display())))
    }
}

/// Reads options, of which no text and an empty one are the defaults.
pub(crate) fn parse<O: DeserializeOwned + Default>(text: Option<&str>) -> Result<O, Error> {
    match text {
        None | Some("") => Ok(O::default()),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| Error::new("bad-options", format!("the options are wrong: {error}"))),
    }
}
