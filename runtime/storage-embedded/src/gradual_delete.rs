use std::sync::Arc;

use lambent_storage::backend::ChangeLog;
use lambent_types::Namespace;

use crate::shard::{Growth, OperationError, Shard, Tx};

/// Deletes a resource that may hold more than one transaction should delete: `delete` is
/// called until it says that the resource is gone, which is then recorded as a change.
pub(crate) async fn delete_gradually<N, E>(
    shard: &Shard,
    (namespace, name): (&Namespace, &N),
    changes: &Arc<ChangeLog<N>>,
    delete: fn(&mut Tx<'_>, &Namespace, &N) -> Result<bool, E>,
) -> Result<(), E>
where
    N: Clone + Send + Sync + 'static,
    E: OperationError,
{
    let mut is_gone = false;
    while !is_gone {
        let (namespace, name, changes) = (namespace.clone(), name.clone(), Arc::clone(changes));
        let write = move |tx: &mut Tx<'_>| {
            let is_gone = delete(tx, &namespace, &name)?;
            if is_gone {
                tx.after_commit(move || changes.record(namespace, name));
            }
            Ok::<_, E>(is_gone)
        };
        is_gone = shard.write(Growth::Frees, write).await?;
    }
    Ok(())
}
