//! `wasi:keyvalue` over keyspaces: what both of its drafts have in common.
//!
//! A store's identifier is a keyspace's name; an empty one is `default`, as
//! components from elsewhere expect.

pub(crate) mod bindings;
mod draft;
mod draft2;

use bytes::Bytes;
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Parts, cost};
use lambent_storage::{Change, Expect, KeyPage, ListKeys, SetOptions};
use lambent_types::{Access, KeyspaceName, Origin, bounds};

use crate::ctx::Ctx;
use crate::error::Error;
use crate::grants::{self, Kind};

/// A guest's handle to a keyspace, with what it may do there.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct Bucket {
    pub(crate) keyspace: KeyspaceName,
    pub(crate) granted: Option<Access>,
}

/// A guest's handle to a value that it means to swap.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "generated bindings re-export it")]
pub struct Cas {
    bucket: Bucket,
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

/// The bucket of a keyspace as the function has it, granted or not.
pub(crate) fn bucket(ctx: &Ctx, keyspace: KeyspaceName) -> Bucket {
    let granted = ctx.function.configuration.grants.keyspaces.get(&keyspace).copied();
    Bucket { keyspace, granted }
}

impl Bucket {
    fn check(&self, ctx: &Ctx, log: &lambent_engine::Log, wanted: Access) -> Result<(), Error> {
        let what = (Kind::Keyspace, self.keyspace.as_str());
        grants::check(log, &ctx.function.name, what, self.granted, wanted)
    }
}

async fn open(host: &mut Host<Ctx>, identifier: &str) -> Result<Handle, Error> {
    let name = if identifier.is_empty() { DEFAULT_KEYSPACE } else { identifier };
    let keyspace: KeyspaceName = match name.parse() {
        Ok(keyspace) => keyspace,
        Err(error) => return Err(Error::Other(format!("{error}"))),
    };
    let Parts { state: ctx, table, log, .. } = host.parts();
    let bucket = bucket(ctx, keyspace);
    if bucket.granted.is_none() {
        bucket.check(ctx, log, Access::Read)?;
    }
    if ctx.shared.keyvalue.keyspace(ctx.namespace(), &bucket.keyspace).await?.is_none() {
        return Err(grants::missing(log, Kind::Keyspace, bucket.keyspace.as_str()));
    }
    Ok(table.push(bucket)?)
}

/// What a call that reads works with.
fn reading<'a>(
    host: &'a mut Host<Ctx>,
    bucket: &Handle,
) -> Result<(&'a Ctx, &'a KeyspaceName), Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let bucket = table.get(bucket)?;
    bucket.check(ctx, log, Access::Read)?;
    Ok((ctx, &bucket.keyspace))
}

/// What a call that writes works with.
fn writing<'a>(
    host: &'a mut Host<Ctx>,
    bucket: &Handle,
) -> Result<(&'a Ctx, &'a KeyspaceName, &'a Origin), Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let bucket = table.get(bucket)?;
    bucket.check(ctx, log, Access::Write)?;
    ctx.stamp()?;
    let ctx = &*ctx;
    Ok((ctx, &bucket.keyspace, ctx.changes()))
}

async fn get(host: &mut Host<Ctx>, bucket: &Handle, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let (ctx, keyspace) = reading(host, bucket)?;
    let entry = ctx.shared.keyvalue.get(ctx.namespace(), keyspace, key).await?;
    let value: Option<Vec<u8>> = entry.map(|entry| entry.value.into());
    host.charge(cost::bytes(key.len() + value.as_ref().map_or(0, Vec::len)));
    Ok(value)
}

async fn exists(host: &mut Host<Ctx>, bucket: &Handle, key: &str) -> Result<bool, Error> {
    host.charge(cost::bytes(key.len()));
    let (ctx, keyspace) = reading(host, bucket)?;
    Ok(ctx.shared.keyvalue.get(ctx.namespace(), keyspace, key).await?.is_some())
}

async fn apply(host: &mut Host<Ctx>, bucket: &Handle, changes: Vec<Change>) -> Result<(), Error> {
    host.charge(cost::list(changes.len(), changes.iter().map(size).sum()));
    let (ctx, keyspace, origin) = writing(host, bucket)?;
    if changes.len() > bounds::BATCH_MAX {
        return Err(too_many(changes.len()));
    }
    ctx.shared.keyvalue.apply(ctx.namespace(), keyspace, changes, origin).await?;
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
    let (ctx, keyspace, origin) = writing(host, bucket)?;
    Ok(ctx.shared.keyvalue.increment(ctx.namespace(), keyspace, key, by, origin).await?)
}

async fn list(
    host: &mut Host<Ctx>,
    bucket: &Handle,
    after: Option<String>,
) -> Result<KeyPage, Error> {
    let (ctx, keyspace) = reading(host, bucket)?;
    let list = ListKeys { after, limit: bounds::PAGE_MAX, ..ListKeys::default() };
    let page = ctx.shared.keyvalue.list(ctx.namespace(), keyspace, list).await?;
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
    let (ctx, keyspace) = reading(host, bucket)?;
    if keys.len() > bounds::BATCH_MAX {
        return Err(too_many(keys.len()));
    }
    let mut values: Vec<Option<Vec<u8>>> = Vec::with_capacity(keys.len());
    let mut bytes = 0;
    // A few at a time, so that little more than the bound is ever held.
    for chunk in keys.chunks(GET_MANY_CHUNK) {
        for entry in ctx.shared.keyvalue.get_many(ctx.namespace(), keyspace, chunk).await? {
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
