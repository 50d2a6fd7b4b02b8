use lambent_engine::wasmtime::component::Resource;
use lambent_engine::{Host, Parts, wasmtime};
use lambent_service::{Condition, CopyObject, Operation};
use lambent_types::ErrorCode;

use crate::ctx::Ctx;
use crate::error::{Error, settle, told};
use crate::interfaces::blobstore::bindings::wasi::blobstore::blobstore::{self, ObjectId};
use crate::interfaces::blobstore::{Container, bucket_name};

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
        settle(copy(self, &source, &target, None).await.map(drop))
    }

    async fn move_object(&mut self, source: ObjectId, target: ObjectId) -> Answer<()> {
        settle(rename(self, &source, &target).await)
    }
}

async fn find(host: &mut Host<Ctx>, name: &str) -> Result<Container, Error> {
    let Parts { state: ctx, log, .. } = host.parts();
    let bucket = bucket_name(name)?;
    told(log, ctx.scope.resource(&bucket).describe().await)?;
    Ok(Container { bucket })
}

async fn create(host: &mut Host<Ctx>, name: &str) -> Result<Handle, Error> {
    let Parts { state: ctx, table, log, .. } = host.parts();
    let bucket = bucket_name(name)?;
    if !told(log, ctx.scope.resource(&bucket).create().await)?.created {
        return Err(Error::Other(format!("container \"{bucket}\" exists already")));
    }
    Ok(table.push(Container { bucket })?)
}

/// Deletes the bucket with all its objects.
async fn delete(host: &mut Host<Ctx>, name: &str) -> Result<(), Error> {
    let Parts { state: ctx, log, .. } = host.parts();
    let bucket = bucket_name(name)?;
    let bucket = ctx.scope.resource(&bucket);
    told(log, bucket.clear().await)?;
    told(log, bucket.delete().await)
}

/// Copies an object with its metadata, and returns the etag of what was
/// copied; none if it would be copied onto itself. What else is to be done with
/// the source is checked before.
async fn copy(
    host: &mut Host<Ctx>,
    source: &ObjectId,
    target: &ObjectId,
    then: Option<Operation>,
) -> Result<Option<String>, Error> {
    let Parts { state: ctx, log, .. } = host.parts();
    let (from, to) = (bucket_name(&source.container)?, bucket_name(&target.container)?);
    let (from, to) = (ctx.scope.resource(&from), ctx.scope.resource(&to));
    for operation in then.into_iter().chain([Operation::GetObject]) {
        told(log, from.check(operation).await)?;
    }
    told(log, to.check(Operation::PutObject).await)?;
    if from.name() == to.name() && source.object == target.object {
        told(log, from.head(&source.object).await)?;
        return Ok(None);
    }
    let whole = CopyObject { keeps_metadata: true, keeps_tags: true, ..CopyObject::default() };
    let copied = to.copy_object((&from, &source.object), &target.object, whole).await;
    let object = told(log, copied)?;
    Ok(Some(object.etag))
}

async fn rename(host: &mut Host<Ctx>, source: &ObjectId, target: &ObjectId) -> Result<(), Error> {
    let copied = copy(host, source, target, Some(Operation::DeleteObject)).await?;
    let Some(etag) = copied else { return Ok(()) };
    let Parts { state: ctx, log, .. } = host.parts();
    let from = bucket_name(&source.container)?;
    let from = ctx.scope.resource(&from);
    match from.delete_object(&source.object, Condition::Etag(etag)).await {
        Err(error) if error.code() == ErrorCode::PreconditionFailed => Err(Error::Other(
            "the object was changed while it was copied; it is now in both places".into(),
        )),
        deleted => told(log, deleted).map(drop),
    }
}
