//! Runs WebAssembly components under limits, for servers and for products
//! that take plugins.
//!
//! An [`Engine`] is built once from [`Options`] and the [`Capability`]s it
//! serves. It inspects and compiles components, maps them into memory as
//! [`Component`]s, and runs each [`Invocation`] in an instance of its own:
//! taken from a pre-allocated pool, limited in fuel, memory, wall-clock time,
//! response size and log bytes, and dropped afterwards. Every invocation ends
//! in exactly one [`Outcome`](lambent_types::Outcome) with a
//! [`Meter`](lambent_types::Meter) reading.
//!
//! The engine is generic over `T`, the host's own state: capabilities reach it
//! through [`Host::state`]. It knows no listener, no storage and no policy.
//!
//! A [`Plugin`] is one kept instance with a queue of calls. The [`guide`] says what there is for
//! hosts of plugins; `examples/plugin.rs` is a whole host product on one page.

#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "the rest is to compile"))]
mod abi;
#[cfg(feature = "compile")]
mod adapt;
mod artifact;
mod bindings;
pub mod blocking;
mod body;
mod budget;
mod capability;
mod charged;
mod compile;
mod completion;
mod component;
mod context;
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "the rest is to compile"))]
mod core_module;
pub mod cost;
mod debug_string;
mod egress;
mod engine;
mod epochs;
mod error;
mod freezing;
mod fuel;
mod function_types;
mod guest_memory;
mod idle_slots;
#[cfg(feature = "compile")]
mod in_process;
mod initialization;
mod inspect;
mod instance;
mod instance_pool;
mod invocation;
mod limiter;
mod linked;
mod log;
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "the rest is to compile"))]
mod memory_access;
mod module_imports;
mod options;
mod own_runtime;
mod plugin;
mod pool;
mod precompiled;
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "the rest is to compile"))]
mod preview1;
mod program;
mod program_driver;
mod response_head;
mod response_stream;
mod run;
mod runtime;
mod runtime_api;
mod scheduler;
mod snapshot;
mod sockets;
mod store_data;
mod tenant;
mod trap;
mod trim;
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "the rest is to compile"))]
mod wasi_candidate;
mod wasi_interfaces;
mod wasi_options;
mod worker;

pub use artifact::{Artifact, ArtifactCache, ArtifactError};
pub use body::ResponseBody;
pub use budget::{Budget, Exhausted, Hold, Usage};
pub use capability::Capability;
pub use charged::{WASI_02, WASI_03};
pub use compile::{CompileError, Compiler};
pub use component::Component;
pub use context::Context;
pub use core_module::{CoreModule, ModuleError};
pub use egress::{Egress, Exchange};
pub use engine::{Builder, Engine};
pub use error::{ComponentError, LoadError, StartError};
#[cfg(feature = "compile")]
pub use in_process::InProcess;
pub use inspect::{InspectError, Inspection, Unmet};
pub use instance_pool::{Filled, InstancePool, InstancePoolOptions};
pub use invocation::{Failed, Finished, Invocation, Refused};
pub use log::Log;
pub use options::Options;
pub use plugin::{
    CallError, Completed, Lost, LostCause, OnLost, Plugin, PluginOptions, QUEUE_DEFAULT,
};
pub use pool::{PoolAdvice, machine_advice};
pub use precompiled::PrecompiledError;
pub use response_stream::{BeginStream, Piece};
pub use run::http::HttpOutcome;
pub use run::snapshot::SNAPSHOT_TIME_MAX;
pub use snapshot::{Damaged, Snapshot};
pub use sockets::RUNTIME_API;
pub use store_data::{Host, Parts};
pub use wasi_interfaces::Wasi;
pub use wasi_options::{ManualClock, WasiOptions};

#[doc = include_str!("../GUIDE.md")]
pub mod guide {}

/// What its code blocks say is tried.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use lambent_types as types;
pub use wasmtime;
pub use wasmtime_wasi as wasi;
pub use wasmtime_wasi_http as wasi_http;
