use std::ops::Range;

use futures::StreamExt;
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Parts, cost, wasi, wasmtime};
use lambent_storage::{Condition, ListObjects, Object, ObjectError, PutObject};
use lambent_types::{Access, BucketName, Origin, bounds};

use crate::blobstore::bindings::wasi::blobstore::container::{
    self, ContainerMetadata, ObjectMetadata,
};
use crate::blobstore::{Container, IncomingValue, ObjectNames, OutgoingValue};
use crate::ctx::Ctx;
use crate::error::{Error, settle};
use crate::grants::{self, Kind};

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
        settle(write_data(self, &container, name, &value))
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

/// What a call that reads works with.
fn reading<'a>(
    host: &'a mut Host<Ctx>,
    container: &Handle,
) -> Result<(&'a Ctx, &'a BucketName), Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let container = table.get(container)?;
    container.check(ctx, log, Access::Read)?;
    Ok((ctx, &container.bucket))
}

/// What a call that writes works with.
fn writing<'a>(
    host: &'a mut Host<Ctx>,
    container: &Handle,
) -> Result<(&'a Ctx, &'a BucketName, &'a Origin), Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let container = table.get(container)?;
    container.check(ctx, log, Access::Write)?;
    ctx.stamp()?;
    let ctx = &*ctx;
    Ok((ctx, &container.bucket, ctx.changes()))
}

async fn info(host: &mut Host<Ctx>, container: &Handle) -> Result<ContainerMetadata, Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let Container { bucket, .. } = table.get(container)?;
    match ctx.shared.objects.bucket(ctx.namespace(), bucket).await? {
        Some(found) => Ok(ContainerMetadata {
            name: found.name.to_string(),
            created_at: seconds(found.created),
        }),
        None => Err(grants::missing(log, Kind::Bucket, bucket.as_str())),
    }
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
    let (ctx, bucket) = reading(host, container)?;
    let stream = ctx.streams.open()?;
    let range = Range { start, end: end.saturating_add(1) };
    let got = ctx.shared.objects.get(ctx.namespace(), bucket, name, Some(range.clone())).await;
    let (object, bytes) = match got {
        // All of nothing is no error.
        Err(ObjectError::Range { size: 0 }) if start == 0 => {
            ctx.shared.objects.get(ctx.namespace(), bucket, name, None).await?
        }
        got => got?,
    };
    let size = range.end.min(object.size).saturating_sub(start);
    Ok(host.table().push(IncomingValue { size, bytes, stream })?)
}

/// Begins to write what the guest puts into `value`.
fn write_data(
    host: &mut Host<Ctx>,
    container: &Handle,
    name: String,
    value: &Resource<OutgoingValue>,
) -> Result<(), Error> {
    host.charge(cost::bytes(name.len()));
    let (ctx, bucket, origin) = writing(host, container)?;
    let objects = ctx.shared.objects.clone();
    let (namespace, bucket, origin) = (ctx.namespace().clone(), bucket.clone(), origin.clone());
    let value = host.table().get_mut(value)?;
    if value.writing.is_some() {
        return Err(Error::Other("the value is being written already".into()));
    }
    let bytes = value.pipe.reader().boxed();
    value.writing = Some(wasi::runtime::spawn(async move {
        objects.put(&namespace, &bucket, &name, PutObject::default(), bytes, &origin).await
    }));
    Ok(())
}

async fn list_objects(
    host: &mut Host<Ctx>,
    container: &Handle,
) -> Result<Resource<ObjectNames>, Error> {
    let (_, bucket) = reading(host, container)?;
    let names = ObjectNames { bucket: bucket.clone(), after: None, ended: false };
    Ok(host.table().push(names)?)
}

/// The next names, at most a page of them, and whether these are the last.
async fn read_names(
    host: &mut Host<Ctx>,
    names: &Resource<ObjectNames>,
    count: u64,
) -> Result<(Vec<String>, bool), Error> {
    let Parts { state: ctx, table, .. } = host.parts();
    let names = table.get_mut(names)?;
    if names.ended || count == 0 {
        return Ok((Vec::new(), names.ended));
    }
    let limit = usize::try_from(count).unwrap_or(usize::MAX).min(bounds::PAGE_MAX);
    let list = ListObjects { after: names.after.clone(), limit, ..ListObjects::default() };
    let page = ctx.shared.objects.list(ctx.namespace(), &names.bucket, list).await?;
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
    let (ctx, bucket, origin) = writing(host, container)?;
    delete_all(ctx, bucket, names.iter().map(String::as_str), origin).await
}

async fn delete_all(
    ctx: &Ctx,
    bucket: &BucketName,
    names: impl Iterator<Item = &str>,
    origin: &Origin,
) -> Result<(), Error> {
    for name in names {
        let objects = &ctx.shared.objects;
        objects.delete(ctx.namespace(), bucket, name, Condition::None, origin).await?;
    }
    Ok(())
}

async fn head(
    host: &mut Host<Ctx>,
    container: &Handle,
    name: &str,
) -> Result<(String, Object), Error> {
    host.charge(cost::bytes(name.len()));
    let (ctx, bucket) = reading(host, container)?;
    let object = ctx.shared.objects.head(ctx.namespace(), bucket, name).await?;
    Ok((bucket.to_string(), object))
}

async fn clear(host: &mut Host<Ctx>, container: &Handle) -> Result<(), Error> {
    let (ctx, bucket, origin) = writing(host, container)?;
    empty(ctx, bucket, origin).await
}

/// Deletes every object that is there when its turn comes.
pub(super) async fn empty(ctx: &Ctx, bucket: &BucketName, origin: &Origin) -> Result<(), Error> {
    let mut after = None;
    loop {
        let list = ListObjects { after, limit: bounds::PAGE_MAX, ..ListObjects::default() };
        let page = ctx.shared.objects.list(ctx.namespace(), bucket, list).await?;
        let names = page.objects.iter().map(|object| object.key.as_str());
        delete_all(ctx, bucket, names, origin).await?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn seconds(time: jiff::Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or(0)
}
