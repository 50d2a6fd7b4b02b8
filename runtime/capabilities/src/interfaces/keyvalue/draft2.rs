//! `wasi:keyvalue@0.2.0-draft2`: opaque cursors, signed counters, and
//! compare-and-swap.

use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Parts, cost, wasmtime};
use lambent_service::Expect;
use lambent_types::ErrorCode;

use crate::ctx::Ctx;
use crate::error::{Error, told};
use crate::interfaces::keyvalue::bindings::draft2::wasi::keyvalue::atomics::{self, CasError};
use crate::interfaces::keyvalue::bindings::draft2::wasi::keyvalue::{batch, store};
use crate::interfaces::keyvalue::{self, Bucket, Cas, Handle};

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
        cursor: Option<String>,
    ) -> Result<store::KeyResponse, Error> {
        let keyspace = self.table().get(&bucket)?.keyspace.clone();
        let ctx = self.state();
        let (shared, namespace) = (ctx.shared.clone(), ctx.namespace().clone());
        let place = (&namespace, &keyspace);
        let after = match cursor {
            None => None,
            Some(cursor) => Some(shared.cursor_key.take(place, &cursor).ok_or_else(unknown)?),
        };
        let page = keyvalue::list(self, &bucket, after).await?;
        let cursor = page.next.map(|after| shared.cursor_key.give(place, &after));
        Ok(store::KeyResponse { keys: page.keys, cursor })
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table().delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for Host<Ctx> {
    async fn increment(&mut self, bucket: Handle, key: String, by: i64) -> Result<i64, Error> {
        keyvalue::increment(self, &bucket, &key, by).await
    }

    async fn swap(
        &mut self,
        cas: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), CasError>> {
        match swap(self, cas, value).await {
            Ok(None) => Ok(Ok(())),
            Ok(Some(newer)) => Ok(Err(CasError::CasFailed(newer))),
            Err(error) => Ok(Err(CasError::StoreError(store::Host::convert_error(self, error)?))),
        }
    }
}

impl atomics::HostCas for Host<Ctx> {
    async fn new(&mut self, bucket: Handle, key: String) -> Result<Resource<Cas>, Error> {
        self.charge(cost::bytes(key.len()));
        let (keyspace, log) = keyvalue::keyspace(self, &bucket)?;
        let entry = told(log, keyspace.find(&key).await)?;
        let (keyspace, revision) = (keyspace.name().clone(), entry.map(|entry| entry.revision));
        Ok(self.table().push(Cas { keyspace, key, revision })?)
    }

    /// Reads the value again, so that no handle holds one; what is swapped is
    /// then what was read here.
    async fn current(&mut self, cas: Resource<Cas>) -> Result<Option<Vec<u8>>, Error> {
        let Parts { state: ctx, table, log, .. } = self.parts();
        let cas = table.get_mut(&cas)?;
        let entry = told(log, ctx.scope.resource(&cas.keyspace).find(&cas.key).await)?;
        cas.revision = entry.as_ref().map(|entry| entry.revision);
        let value: Option<Vec<u8>> = entry.map(|entry| entry.value.into());
        self.charge(cost::bytes(value.as_ref().map_or(0, Vec::len)));
        Ok(value)
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table().delete(cas)?;
        Ok(())
    }
}

fn unknown() -> Error {
    Error::Other(
        "the cursor is not one that list-keys gave for this store; list from the beginning".into(),
    )
}

/// Sets the value if it is what the handle knows; else a handle that knows what
/// it is.
async fn swap(
    host: &mut Host<Ctx>,
    cas: Resource<Cas>,
    value: Vec<u8>,
) -> Result<Option<Resource<Cas>>, Error> {
    host.charge(cost::bytes(value.len()));
    let Parts { state: ctx, table, log, .. } = host.parts();
    let mut cas = table.delete(cas)?;
    let expect = cas.revision.map_or(Expect::Absent, Expect::Revision);
    let change = vec![keyvalue::set(cas.key.clone(), value, expect)];
    let keyspace = ctx.scope.resource(&cas.keyspace);
    match keyspace.apply(change).await {
        Ok(_) => Ok(None),
        Err(error) if error.code() == ErrorCode::PreconditionFailed => {
            cas.revision = told(log, keyspace.find(&cas.key).await)?.map(|entry| entry.revision);
            Ok(Some(table.push(cas)?))
        }
        Err(error) => told(log, Err(error)),
    }
}

impl batch::Host for Host<Ctx> {
    async fn get_many(
        &mut self,
        bucket: Handle,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
        keyvalue::get_many(self, &bucket, keys).await
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
