//! `wasi:keyvalue@0.2.0-draft`: numbers as cursors, unsigned counters, no
//! compare-and-swap.

use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, wasmtime};
use lambent_service::Expect;

use crate::ctx::Ctx;
use crate::error::Error;
use crate::interfaces::keyvalue::bindings::draft::wasi::keyvalue::{atomics, batch, store};
use crate::interfaces::keyvalue::{self, Bucket, Handle};

impl store::Host for Host<Ctx> {
    async fn open(&mut self, identifier: String) -> Result<Handle, Error> {
        keyvalue::open(self, &identifier).await
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<store::Error> {
        match error {
            Error::Missing(_) => Ok(store::Error::NoSuchStore),
            Error::Denied(_) => Ok(store::Error::AccessDenied),
            Error::Other(text) => Ok(store::Error::Other(text)),
            Error::Trap(error) => Err(error),
        }
    }
}

impl store::HostBucket for Host<Ctx> {
    async fn get(&mut self, bucket: Handle, key: String) -> Result<Option<Vec<u8>>, Error> {
        keyvalue::get(self, &bucket, &key).await
    }

    async fn set(&mut self, bucket: Handle, key: String, value: Vec<u8>) -> Result<(), Error> {
        keyvalue::apply(self, &bucket, vec![keyvalue::set(key, value, Expect::Any)]).await
    }

    async fn delete(&mut self, bucket: Handle, key: String) -> Result<(), Error> {
        keyvalue::apply(self, &bucket, vec![keyvalue::delete(key)]).await
    }

    async fn exists(&mut self, bucket: Handle, key: String) -> Result<bool, Error> {
        keyvalue::exists(self, &bucket, &key).await
    }

    async fn list_keys(
        &mut self,
        bucket: Handle,
        cursor: Option<u64>,
    ) -> Result<store::KeyResponse, Error> {
        let keyspace = self.table().get(&bucket)?.keyspace.clone();
        let wanted = cursor.unwrap_or(0);
        let (mut at, mut after) = self.state().cursors.nearest(&keyspace, wanted);
        loop {
            let page = keyvalue::list(self, &bucket, after).await?;
            let count = page.keys.len() as u64;
            let next = at.saturating_add(count);
            let skipped = wanted - at;
            if skipped < count || page.next.is_none() {
                let skipped = usize::try_from(skipped.min(count)).unwrap_or(usize::MAX);
                let keys = page.keys.into_iter().skip(skipped).collect();
                let cursor = page.next.map(|after| {
                    self.state().cursors.remember(keyspace, next, after);
                    next
                });
                return Ok(store::KeyResponse { keys, cursor });
            }
            (at, after) = (next, page.next);
        }
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table().delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for Host<Ctx> {
    async fn increment(&mut self, bucket: Handle, key: String, by: u64) -> Result<u64, Error> {
        let by = i64::try_from(by).map_err(|_| {
            Error::Other(format!("{by} is more than a counter can hold; the most is {}", i64::MAX))
        })?;
        let value = keyvalue::increment(self, &bucket, &key, by).await?;
        u64::try_from(value).map_err(|_| {
            Error::Other(format!("the counter is {value}, which this interface cannot say"))
        })
    }
}

impl batch::Host for Host<Ctx> {
    async fn get_many(
        &mut self,
        bucket: Handle,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, Error> {
        let found = keyvalue::get_many(self, &bucket, keys).await?;
        Ok(found.into_iter().map(|(key, value)| value.map(|value| (key, value))).collect())
    }

    async fn set_many(
        &mut self,
        bucket: Handle,
        values: Vec<(String, Vec<u8>)>,
    ) -> Result<(), Error> {
        let set = |(key, value)| keyvalue::set(key, value, Expect::Any);
        keyvalue::apply(self, &bucket, values.into_iter().map(set).collect()).await
    }

    async fn delete_many(&mut self, bucket: Handle, keys: Vec<String>) -> Result<(), Error> {
        keyvalue::apply(self, &bucket, keys.into_iter().map(keyvalue::delete).collect()).await
    }
}
