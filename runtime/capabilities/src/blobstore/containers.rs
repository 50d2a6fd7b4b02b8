use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Parts, wasmtime};
use lambent_storage::{Condition, ObjectError, PutObject};
use lambent_types::Access;

use crate::blobstore::bindings::wasi::blobstore::blobstore::{self, ObjectId};
use crate::blobstore::container::empty;
use crate::blobstore::{Container, bucket};
use crate::ctx::Ctx;
use crate::error::{Error, settle};
use crate::grants::{self, Kind};

type Handle = Resource<Container>;
type Answer<V> = wasmtime::Result<Result<V, String>>;

impl blobstore::Host for Host<Ctx> {
    async fn create_container(&mut self, name: String) -> Answer<Handle> {
        settle(create(self, &name).await)
    }

    async fn get_container(&mut self, name: String) -> Answer<Handle> {
        settle(match find(self, &name).await {
            Ok(container) => self.table().push(container).map_err(Error::from),
            Err(error) => Err(error),
        })
    }

    async fn delete_container(&mut self, name: String) -> Answer<()> {
        settle(delete(self, &name).await)
    }

    async fn container_exists(&mut self, name: String) -> Answer<bool> {
        settle(match find(self, &name).await {
            Ok(_) => Ok(true),
            Err(Error::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        })
    }

    async fn copy_object(&mut self, source: ObjectId, target: ObjectId) -> Answer<()> {
        settle(copy(self, &source, &target, Access::Read).await.map(drop))
    }

    async fn move_object(&mut self, source: ObjectId, target: ObjectId) -> Answer<()> {
        settle(rename(self, &source, &target).await)
    }
}

/// What of a bucket was granted, whatever it is.
async fn find(host: &mut Host<Ctx>, name: &str) -> Result<Container, Error> {
    let Parts { state: ctx, log, .. } = host.parts();
    let known = name.parse().ok();
    let granted = known.and_then(|name| ctx.function.configuration.grants.buckets.get(&name));
    let container = bucket(ctx, log, name, granted.copied().unwrap_or(Access::Read))?;
    match ctx.shared.objects.bucket(ctx.namespace(), &container.bucket).await? {
        Some(_) => Ok(container),
        None => Err(grants::missing(log, Kind::Bucket, name)),
    }
}

async fn create(host: &mut Host<Ctx>, name: &str) -> Result<Handle, Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let container = bucket(ctx, log, name, Access::Write)?;
    ctx.shared.objects.create_bucket(ctx.namespace(), &container.bucket).await?;
    Ok(table.push(container)?)
}

/// Deletes the bucket with all its objects.
async fn delete(host: &mut Host<Ctx>, name: &str) -> Result<(), Error> {
    let Parts { state: ctx, log, .. } = host.parts();
    let container = bucket(ctx, log, name, Access::Write)?;
    ctx.stamp()?;
    empty(ctx, &container.bucket, ctx.changes()).await?;
    Ok(ctx.shared.objects.delete_bucket(ctx.namespace(), &container.bucket).await?)
}

/// Copies an object with its metadata, and returns the etag of what was
/// copied; none if it would be copied onto itself. Of the source `wanted` is
/// needed.
async fn copy(
    host: &mut Host<Ctx>,
    source: &ObjectId,
    target: &ObjectId,
    wanted: Access,
) -> Result<Option<String>, Error> {
    let Parts { state: ctx, log, .. } = host.parts();
    let from = bucket(ctx, log, &source.container, wanted)?.bucket;
    let to = bucket(ctx, log, &target.container, Access::Write)?.bucket;
    ctx.stamp()?;
    let (namespace, objects) = (ctx.namespace(), &ctx.shared.objects);
    if from == to && source.object == target.object {
        objects.head(namespace, &from, &source.object).await?;
        return Ok(None);
    }
    let (object, bytes) = objects.get(namespace, &from, &source.object, None).await?;
    let put = PutObject {
        content_type: object.content_type,
        headers: object.headers,
        metadata: object.metadata,
        condition: Condition::None,
    };
    objects.put(namespace, &to, &target.object, put, bytes, ctx.changes()).await?;
    Ok(Some(object.etag))
}

async fn rename(host: &mut Host<Ctx>, source: &ObjectId, target: &ObjectId) -> Result<(), Error> {
    let Some(etag) = copy(host, source, target, Access::ReadWrite).await? else { return Ok(()) };
    let ctx = host.state();
    let from = source.container.parse().map_err(|error| Error::Other(format!("{error}")))?;
    let (namespace, objects) = (ctx.namespace(), &ctx.shared.objects);
    let unchanged = Condition::Etag(etag);
    match objects.delete(namespace, &from, &source.object, unchanged, ctx.changes()).await {
        Ok(_) => Ok(()),
        Err(ObjectError::Condition { .. }) => Err(Error::Other(
            "the object was changed while it was copied; it is now in both places".into(),
        )),
        Err(error) => Err(error.into()),
    }
}
