use std::ops::Range;

use futures::StreamExt;
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Log, Parts, cost, wasi, wasmtime};
use lambent_service::{BucketHandle, Condition, ListObjects, Object, Operation, PutObject};
use lambent_types::{ErrorCode, bounds};

use crate::ctx::Ctx;
use crate::error::{Error, settle, told};
use crate::interfaces::blobstore::bindings::wasi::blobstore::container::{
    self, ContainerMetadata, ObjectMetadata,
};
use crate::interfaces::blobstore::{Container, IncomingValue, ObjectNames, OutgoingValue};
use crate::object_streams::too_many;

type Handle = Resource<Container>;
type Answer<V> = wasmtime::Result<Result<V, String>>;

impl container::Host for Host<Ctx> {}

impl container::HostContainer for Host<Ctx> {
    async fn name(&mut self, container: Handle) -> Answer<String> {
        Ok(Ok(self.table().get(&container)?.bucket.to_string()))
    }

    async fn info(&mut self, container: Handle) -> Answer<ContainerMetadata> {
        settle(info(self, &container).await)
    }

    async fn get_data(
        &mut self,
        container: Handle,
        name: String,
        start: u64,
        end: u64,
    ) -> Answer<Resource<IncomingValue>> {
        settle(get_data(self, &container, &name, start, end).await)
    }

    async fn write_data(
        &mut self,
        container: Handle,
        name: String,
        value: Resource<OutgoingValue>,
    ) -> Answer<()> {
        settle(write_data(self, &container, name, &value).await)
    }

    async fn list_objects(&mut self, container: Handle) -> Answer<Resource<ObjectNames>> {
        settle(list_objects(self, &container).await)
    }

    async fn delete_object(&mut self, container: Handle, name: String) -> Answer<()> {
        settle(delete(self, &container, &[name]).await)
    }

    async fn delete_objects(&mut self, container: Handle, names: Vec<String>) -> Answer<()> {
        settle(delete(self, &container, &names).await)
    }

    async fn has_object(&mut self, container: Handle, name: String) -> Answer<bool> {
        settle(match head(self, &container, &name).await {
            Ok(_) => Ok(true),
            Err(Error::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        })
    }

    async fn object_info(&mut self, container: Handle, name: String) -> Answer<ObjectMetadata> {
        settle(match head(self, &container, &name).await {
            Ok((container, object)) => Ok(ObjectMetadata {
                name: object.key,
                container,
                created_at: seconds(object.modified),
                size: object.size,
            }),
            Err(error) => Err(error),
        })
    }

    async fn clear(&mut self, container: Handle) -> Answer<()> {
        settle(clear(self, &container).await)
    }

    async fn drop(&mut self, container: Handle) -> wasmtime::Result<()> {
        self.table().delete(container)?;
        Ok(())
    }
}

impl container::HostStreamObjectNames for Host<Ctx> {
    async fn read_stream_object_names(
        &mut self,
        names: Resource<ObjectNames>,
        count: u64,
    ) -> Answer<(Vec<String>, bool)> {
        settle(read_names(self, &names, count).await)
    }

    async fn skip_stream_object_names(
        &mut self,
        names: Resource<ObjectNames>,
        count: u64,
    ) -> Answer<(u64, bool)> {
        let mut skipped = 0;
        loop {
            match read_names(self, &names, count - skipped).await {
                Ok((read, ended)) => {
                    skipped += read.len() as u64;
                    if ended || skipped >= count {
                        return Ok(Ok((skipped, ended)));
                    }
                }
                Err(error) => return settle(Err(error)),
            }
        }
    }

    async fn drop(&mut self, names: Resource<ObjectNames>) -> wasmtime::Result<()> {
        self.table().delete(names)?;
        Ok(())
    }
}

/// The bucket of a guest's handle, and the log that refusals go to.
fn bucket<'a>(
    host: &'a mut Host<Ctx>,
    container: &Handle,
) -> Result<(BucketHandle<'a>, &'a Log), Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let ctx: &'a Ctx = ctx;
    Ok((ctx.scope.resource(&table.get(container)?.bucket), log))
}

async fn info(host: &mut Host<Ctx>, container: &Handle) -> Result<ContainerMetadata, Error> {
    let (bucket, log) = bucket(host, container)?;
    let found = told(log, bucket.describe().await)?;
    Ok(ContainerMetadata { name: found.name.to_string(), created_at: seconds(found.created) })
}

/// The bytes from `start` to `end`, both included, of which there may be fewer.
async fn get_data(
    host: &mut Host<Ctx>,
    container: &Handle,
    name: &str,
    start: u64,
    end: u64,
) -> Result<Resource<IncomingValue>, Error> {
    host.charge(cost::bytes(name.len()));
    if start > end {
        return Err(Error::Other(format!("the range from {start} to {end} ends before it begins")));
    }
    let stream = host.state().streams.open()?;
    let (bucket, log) = bucket(host, container)?;
    let range = Range { start, end: end.saturating_add(1) };
    let (object, bytes) = match bucket.get(name, Some(range.clone())).await {
        // All of nothing is no error.
        Err(error) if start == 0 && error.code() == ErrorCode::RangeNotSatisfiable => {
            told(log, bucket.get(name, None).await)?
        }
        got => told(log, got)?,
    };
    let size = range.end.min(object.size).saturating_sub(start);
    Ok(host.table().push(IncomingValue { size, bytes, stream })?)
}

/// Begins to write what the guest puts into `value`.
async fn write_data(
    host: &mut Host<Ctx>,
    container: &Handle,
    name: String,
    value: &Resource<OutgoingValue>,
) -> Result<(), Error> {
    host.charge(cost::bytes(name.len()));
    let (handle, log) = bucket(host, container)?;
    told(log, handle.check(Operation::PutObject).await)?;
    let bucket = handle.name().clone();
    let scope = host.state().scope.clone();
    let value = host.table().get_mut(value)?;
    if value.stream.is_none() {
        return Err(too_many());
    }
    if value.writing.is_some() {
        return Err(Error::Other("the value is being written already".into()));
    }
    let bytes = value.pipe.reader().boxed();
    value.writing = Some(wasi::runtime::spawn(async move {
        scope.resource(&bucket).write(&name, PutObject::default(), bytes).await
    }));
    Ok(())
}

async fn list_objects(
    host: &mut Host<Ctx>,
    container: &Handle,
) -> Result<Resource<ObjectNames>, Error> {
    let (bucket, log) = bucket(host, container)?;
    told(log, bucket.check(Operation::ListObjects).await)?;
    let names = ObjectNames { bucket: bucket.name().clone(), after: None, ended: false };
    Ok(host.table().push(names)?)
}

/// The next names, at most a page of them, and whether these are the last.
async fn read_names(
    host: &mut Host<Ctx>,
    names: &Resource<ObjectNames>,
    count: u64,
) -> Result<(Vec<String>, bool), Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let names = table.get_mut(names)?;
    if names.ended || count == 0 {
        return Ok((Vec::new(), names.ended));
    }
    let limit = usize::try_from(count).unwrap_or(usize::MAX).min(bounds::PAGE_MAX);
    let list = ListObjects { after: names.after.clone(), limit, ..ListObjects::default() };
    let page = told(log, ctx.scope.resource(&names.bucket).list(list).await)?;
    names.ended = page.next.is_none();
    names.after = page.next;
    let ended = names.ended;
    let keys: Vec<_> = page.objects.into_iter().map(|object| object.key).collect();
    host.charge(cost::list(keys.len(), keys.iter().map(String::len).sum()));
    Ok((keys, ended))
}

async fn delete(host: &mut Host<Ctx>, container: &Handle, names: &[String]) -> Result<(), Error> {
    host.charge(cost::list(names.len(), names.iter().map(String::len).sum()));
    if names.len() > bounds::BATCH_MAX {
        return Err(Error::Other(format!(
            "{} objects at once are too many; the most is {}",
            names.len(),
            bounds::BATCH_MAX
        )));
    }
    let (bucket, log) = bucket(host, container)?;
    told(log, delete_all(&bucket, names.iter().map(String::as_str)).await)
}

async fn delete_all(
    bucket: &BucketHandle<'_>,
    names: impl Iterator<Item = &str>,
) -> Result<(), lambent_types::Error> {
    bucket.check(Operation::DeleteObject).await?;
    for name in names {
        bucket.delete_object(name, Condition::None).await?;
    }
    Ok(())
}

async fn head(
    host: &mut Host<Ctx>,
    container: &Handle,
    name: &str,
) -> Result<(String, Object), Error> {
    host.charge(cost::bytes(name.len()));
    let (bucket, log) = bucket(host, container)?;
    let object = told(log, bucket.head(name).await)?;
    Ok((bucket.name().to_string(), object))
}

async fn clear(host: &mut Host<Ctx>, container: &Handle) -> Result<(), Error> {
    let (bucket, log) = bucket(host, container)?;
    told(log, bucket.clear().await)
}

fn seconds(time: jiff::Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or(0)
}
