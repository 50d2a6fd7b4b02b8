//! What a namespace holds: whether it holds anything, and all of it deleted.

use lambent_storage::{Change, Condition, Expect, ListKeys, ListObjects, QueueAttributes};
use lambent_types::{Error, ErrorCode, Precondition, bounds};

use crate::data_scope::{BucketHandle, DataScope, KeyspaceHandle};
use crate::scope::Scope;

/// How often everything is looked through again for what invocations that were
/// still running have written meanwhile.
const ROUNDS_MAX: usize = 100;

/// Fails if the scope's namespace holds anything, naming some of it.
pub(crate) async fn check_empty(scope: &Scope) -> Result<(), Error> {
    let held = some(scope).await?;
    if held.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "namespace \"{}\" is not empty: it holds {}; delete these first, or it with its contents",
        scope.namespace(),
        held.join(", ")
    );
    Err(Error::new(ErrorCode::Conflict, detail))
}

/// The first of each kind of thing that the namespace holds.
async fn some(scope: &Scope) -> Result<Vec<String>, Error> {
    let mut held = Vec::new();
    let mut note = |kind: &str, name: Option<String>| {
        held.extend(name.map(|name| format!("{kind} \"{name}\"")));
    };
    let functions = scope.functions(None, 1).await?;
    note("function", functions.first().map(|function| function.latest.name.to_string()));
    note("bucket", scope.buckets().await?.first().map(|bucket| bucket.name.to_string()));
    note("keyspace", scope.keyspaces().await?.first().map(|keyspace| keyspace.name.to_string()));
    note("queue", scope.queues().await?.first().map(|queue| queue.name.to_string()));
    note("trigger", scope.triggers().await?.first().map(|trigger| trigger.name.to_string()));
    let schedules = scope.schedules().await?;
    note("schedule", schedules.first().map(|scheduled| scheduled.specification.name.to_string()));
    Ok(held)
}

/// A deletion goes on when the node is started again: it does not hold up its end.
fn check_stays(scope: &DataScope) -> Result<(), Error> {
    if scope.data().drain.is_cancelled() {
        let detail = "the node is stopping; the deletion goes on when it is started again";
        return Err(Error::new(ErrorCode::ShuttingDown, detail));
    }
    Ok(())
}

/// Deletes everything in the scope's namespace.
pub(crate) async fn delete(scope: &Scope) -> Result<(), Error> {
    for _ in 0..ROUNDS_MAX {
        if some(scope).await?.is_empty() {
            return Ok(());
        }
        // What starts functions goes first, so that nothing new begins.
        for scheduled in scope.schedules().await? {
            gone(scope.named(scheduled.specification.name).delete().await)?;
        }
        for trigger in scope.triggers().await? {
            gone(scope.named(trigger.name).delete().await)?;
        }
        for function in scope.functions(None, bounds::PAGE_MAX).await? {
            let function = scope.named(function.latest.name.clone());
            gone(function.delete(&Precondition::NONE).await)?;
        }
        delete_queues(scope).await?;
        for keyspace in scope.keyspaces().await? {
            delete_keyspace(&scope.resource(&keyspace.name)).await?;
        }
        for bucket in scope.buckets().await? {
            delete_bucket(&scope.resource(&bucket.name)).await?;
        }
    }
    check_empty(scope).await
}

/// That something was deleted meanwhile, or was written to once more and is
/// deleted in the next round, is no failure.
fn gone(deleted: Result<(), Error>) -> Result<(), Error> {
    match deleted {
        Err(error) if matches!(error.code().status(), 404 | 409) => Ok(()),
        other => other,
    }
}

async fn delete_queues(scope: &Scope) -> Result<(), Error> {
    let queues = scope.queues().await?;
    // No queue is deleted that another sends its dead letters to.
    for queue in queues.iter().filter(|queue| queue.attributes.redrive.is_some()) {
        let attributes = QueueAttributes { redrive: None, ..queue.attributes.clone() };
        gone(scope.resource(&queue.name).put(attributes).await.map(drop))?;
    }
    for queue in queues {
        gone(scope.resource(&queue.name).delete().await)?;
    }
    Ok(())
}

async fn delete_keyspace(keyspace: &KeyspaceHandle<'_>) -> Result<(), Error> {
    loop {
        let list = ListKeys {
            prefix: String::new(),
            after: None,
            limit: bounds::BATCH_MAX.min(bounds::PAGE_MAX),
        };
        let page = keyspace.list(list).await?;
        check_stays(keyspace.scope())?;
        if page.keys.is_empty() {
            return gone(keyspace.delete().await);
        }
        let delete = |key| Change::Delete { key, expect: Expect::Any };
        keyspace.apply(page.keys.into_iter().map(delete).collect()).await?;
    }
}

async fn delete_bucket(bucket: &BucketHandle<'_>) -> Result<(), Error> {
    for upload in bucket.uploads().await? {
        gone(bucket.abort_upload(&upload.id).await)?;
    }
    loop {
        let limit = bounds::PAGE_MAX;
        let list = ListObjects { prefix: String::new(), delimiter: None, after: None, limit };
        let page = bucket.list(list).await?;
        if page.objects.is_empty() {
            return gone(bucket.delete().await);
        }
        for object in page.objects {
            check_stays(bucket.scope())?;
            bucket.delete_object(&object.key, Condition::None).await?;
        }
    }
}
