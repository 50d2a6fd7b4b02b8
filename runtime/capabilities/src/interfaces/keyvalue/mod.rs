//! `wasi:keyvalue` over keyspaces: what both of its drafts have in common.
//!
//! A store's identifier is a keyspace's name; an empty one is `default`, as
//! components from elsewhere expect.

pub(crate) mod bindings;
mod draft;
mod draft2;

use bytes::Bytes;
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Log, Parts, cost};
use lambent_service::{Change, Expect, KeyPage, KeyspaceHandle, ListKeys, SetOptions};
use lambent_types::{KeyspaceName, bounds};

use crate::ctx::Ctx;
use crate::error::{Error, told};

/// A guest's handle to a keyspace.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct Bucket {
    pub(crate) keyspace: KeyspaceName,
}

/// A guest's handle to a value that it means to swap.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct Cas {
    keyspace: KeyspaceName,
    key: String,
    /// What it was when last read; `None` if there was no value.
    revision: Option<u64>,
}

/// The keyspace that an empty identifier names.
const DEFAULT_KEYSPACE: &str = "default";
/// Bytes of values that one call gives back at most.
const VALUES_BYTES_MAX: usize = 8 << 20;
/// Values read from the store at once.
const GET_MANY_CHUNK: usize = 16;

type Handle = Resource<Bucket>;

async fn open(host: &mut Host<Ctx>, identifier: &str) -> Result<Handle, Error> {
    let name = if identifier.is_empty() { DEFAULT_KEYSPACE } else { identifier };
    let keyspace: KeyspaceName = match name.parse() {
        Ok(keyspace) => keyspace,
        Err(error) => return Err(Error::Other(format!("{error}"))),
    };
    let Parts { state: ctx, table, log, .. } = host.parts();
    told(log, ctx.scope.resource(&keyspace).describe().await)?;
    Ok(table.push(Bucket { keyspace })?)
}

/// The keyspace of a guest's handle, and the log that refusals go to.
fn keyspace<'a>(
    host: &'a mut Host<Ctx>,
    bucket: &Handle,
) -> Result<(KeyspaceHandle<'a>, &'a Log), Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let ctx: &'a Ctx = ctx;
    Ok((ctx.scope.resource(&table.get(bucket)?.keyspace), log))
}

async fn get(host: &mut Host<Ctx>, bucket: &Handle, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let (keyspace, log) = keyspace(host, bucket)?;
    let entry = told(log, keyspace.find(key).await)?;
    let value: Option<Vec<u8>> = entry.map(|entry| entry.value.into());
    host.charge(cost::bytes(key.len() + value.as_ref().map_or(0, Vec::len)));
    Ok(value)
}

async fn exists(host: &mut Host<Ctx>, bucket: &Handle, key: &str) -> Result<bool, Error> {
    host.charge(cost::bytes(key.len()));
    let (keyspace, log) = keyspace(host, bucket)?;
    Ok(told(log, keyspace.find(key).await)?.is_some())
}

async fn apply(host: &mut Host<Ctx>, bucket: &Handle, changes: Vec<Change>) -> Result<(), Error> {
    host.charge(cost::list(changes.len(), changes.iter().map(size).sum()));
    let (keyspace, log) = keyspace(host, bucket)?;
    if changes.len() > bounds::BATCH_MAX {
        return Err(too_many(changes.len()));
    }
    told(log, keyspace.apply(changes).await)?;
    Ok(())
}

/// Bytes that a change brings with it.
fn size(change: &Change) -> usize {
    match change {
        Change::Set { key, value, .. } => key.len() + value.len(),
        Change::Delete { key, .. } => key.len(),
    }
}

async fn increment(
    host: &mut Host<Ctx>,
    bucket: &Handle,
    key: &str,
    by: i64,
) -> Result<i64, Error> {
    host.charge(cost::bytes(key.len()));
    let (keyspace, log) = keyspace(host, bucket)?;
    told(log, keyspace.increment(key, by).await)
}

async fn list(
    host: &mut Host<Ctx>,
    bucket: &Handle,
    after: Option<String>,
) -> Result<KeyPage, Error> {
    let (keyspace, log) = keyspace(host, bucket)?;
    let list = ListKeys { after, limit: bounds::PAGE_MAX, ..ListKeys::default() };
    let page = told(log, keyspace.list(list).await)?;
    host.charge(cost::list(page.keys.len(), page.keys.iter().map(String::len).sum()));
    Ok(page)
}

/// Each key with its value.
async fn get_many(
    host: &mut Host<Ctx>,
    bucket: &Handle,
    keys: Vec<String>,
) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
    host.charge(cost::list(keys.len(), keys.iter().map(String::len).sum()));
    let (keyspace, log) = keyspace(host, bucket)?;
    if keys.len() > bounds::BATCH_MAX {
        return Err(too_many(keys.len()));
    }
    let mut values: Vec<Option<Vec<u8>>> = Vec::with_capacity(keys.len());
    let mut bytes = 0;
    // A few at a time, so that little more than the bound is ever held.
    for chunk in keys.chunks(GET_MANY_CHUNK) {
        for entry in told(log, keyspace.get_many(chunk).await)? {
            bytes += entry.as_ref().map_or(0, |entry| entry.value.len());
            values.push(entry.map(|entry| entry.value.into()));
        }
        if bytes > VALUES_BYTES_MAX {
            return Err(Error::Other(format!(
                "the values are larger than {VALUES_BYTES_MAX} bytes together; get fewer at once"
            )));
        }
    }
    host.charge(cost::bytes(bytes));
    Ok(keys.into_iter().zip(values).collect())
}

fn too_many(keys: usize) -> Error {
    Error::Other(format!("{keys} keys at once are too many; the most is {}", bounds::BATCH_MAX))
}

fn set(key: String, value: Vec<u8>, expect: Expect) -> Change {
    Change::Set {
        key,
        value: Bytes::from(value),
        options: SetOptions { expect, ..SetOptions::default() },
    }
}

const fn delete(key: String) -> Change {
    Change::Delete { key, expect: Expect::Any }
}
