//! A backend of [`lambent_storage`] for one machine: SQLite and plain files in a data
//! directory, which one process uses at a time.
//!
//! [`open`] makes stores of a [`DataDir`]. The bytes of each file are described in [`layout`].

pub mod backup;
pub mod layout;

mod amounts;
mod cache;
mod code;
mod data_dir;
mod emit;
mod error;
mod event_log;
mod fatal;
mod group_commit;
mod held;
mod keyvalue;
mod logs;
mod messages;
mod objects;
mod options;
mod queues;
mod quota;
mod readers;
mod registry;
mod resource_rows;
mod resources;
mod row;
mod rows;
mod schedules;
mod schema;
mod shard;
mod shards;
mod signals;
mod sqlite;
mod tables;
mod triggers;
mod usage;
mod volumes;
mod writer;
mod writer_cache;

use std::sync::Arc;

use lambent_storage::backend::Parts;
use lambent_storage::{
    KeyValue, NamespaceQuotas, Objects, Registry, Space, Stores, Tables, Usage, Volumes,
    default_reserve,
};
use lambent_types::Clock;

pub use data_dir::{DataDir, write_file};
pub use error::OpenError;
pub use options::{LogOptions, Options};

use crate::code::EmbeddedCode;
use crate::event_log::EmbeddedEventLog;
use crate::keyvalue::EmbeddedKeyValue;
use crate::logs::EmbeddedLogs;
use crate::messages::sweep::MessageSweep;
use crate::objects::EmbeddedObjects;
use crate::queues::EmbeddedQueues;
use crate::registry::EmbeddedRegistry;
use crate::resource_rows::Damaged;
use crate::resources::EmbeddedResources;
use crate::schedules::EmbeddedSchedules;
use crate::shards::Shards;
use crate::tables::EmbeddedTables;
use crate::usage::EmbeddedUsage;
use crate::volumes::EmbeddedVolumes;

/// Opens or creates the stores in a data directory. Each keeps it locked
/// until it is dropped, and then has written everything it was given. Reads
/// no function and no object: they are read when they are asked for.
///
/// # Errors
/// A database cannot be opened, is from a newer release, is damaged, or
/// would not be durable.
pub fn open(data: &DataDir, options: Options, clock: Arc<dyn Clock>) -> Result<Stores, OpenError> {
    backup::forget(data);
    let reserve = options.disk_reserve.unwrap_or_else(|| {
        // A system that does not say how large the disk is does not say what is free.
        default_reserve(data.disk().map_or(0, |disk| disk.size))
    });
    let (quotas, space) = (NamespaceQuotas::new(options.quotas), space_of(data, reserve));
    let limits = || (Arc::clone(&quotas), Arc::clone(&space));
    let shards = Shards::open(&schema::SHARD, data, Arc::clone(&clock), limits())?;
    let parts = || (Arc::clone(&shards), Arc::clone(&clock));
    let cache_bytes = options.keyvalue_cache_bytes;
    let keyvalue = EmbeddedKeyValue::open(Arc::clone(&shards), Arc::clone(&clock), cache_bytes);
    let keyvalue = Arc::new(keyvalue);
    let (queues, events) = (EmbeddedQueues::new(parts()), EmbeddedEventLog::new(parts()));
    let messages = Arc::new(MessageSweep::new(parts()));
    let tables = Arc::new(EmbeddedTables::open(parts()));
    let damaged = Arc::new(Damaged::default());
    let resources = EmbeddedResources::new(Arc::clone(&shards), Arc::clone(&damaged));
    let schedules = EmbeddedSchedules::new(Arc::clone(&shards), damaged);
    let usage = Arc::new(EmbeddedUsage::open(parts()));
    let objects = EmbeddedObjects::open(data, Arc::clone(&shards))?;
    let objects = Arc::new(objects);
    let volumes = Arc::new(EmbeddedVolumes::open(data, Arc::clone(&shards))?);
    let registry = EmbeddedRegistry::open(data, options.cache_bytes, limits())?;
    let registry = Arc::new(registry);
    Ok(Stores::new(Parts {
        registry: Arc::clone(&registry) as Arc<dyn Registry>,
        code: Arc::new(EmbeddedCode::open(data, Arc::clone(&space))?),
        logs: Arc::new(EmbeddedLogs::open(data, options.logs)?),
        objects: Arc::clone(&objects) as Arc<dyn Objects>,
        keyvalue: Arc::clone(&keyvalue) as Arc<dyn KeyValue>,
        tables: Arc::clone(&tables) as Arc<dyn Tables>,
        queues: Arc::new(queues),
        events: Arc::new(events),
        resources: Arc::new(resources),
        schedules: Arc::new(schedules),
        usage: Arc::clone(&usage) as Arc<dyn Usage>,
        volumes: Arc::clone(&volumes) as Arc<dyn Volumes>,
        space,
        quotas,
        holds: vec![shards, registry],
        sweeps: vec![objects, keyvalue, messages, usage, volumes, tables],
    }))
}

/// The free space of the disk of a data directory.
fn space_of(data: &DataDir, reserve: u64) -> Arc<Space> {
    let data = data.clone();
    Space::measured_by(reserve, move || Ok(data.disk()?.free))
}
