use lambent_types::{Namespace, Origin};

use crate::event_log;
use crate::shard::Tx;
use crate::triggers::index as trigger_index;
use lambent_storage::backend::ChangeEvent;
use lambent_storage::{QuotaExceeded, StorageError};

/// Appends the event of a change to the channel of every trigger that it fits,
/// in the transaction of the change. A namespace without room for the event is
/// refused the change: no event is lost silently. Deletions have more room, so
/// that a namespace that is full can delete.
pub(crate) fn emit<E: From<QuotaExceeded> + From<StorageError>>(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    change: &ChangeEvent<'_>,
    origin: &Origin,
) -> Result<(), E> {
    let triggers = trigger_index::of(tx, namespace)?;
    if triggers.is_empty() {
        return Ok(());
    }
    let quotas = tx.ledger.quotas(&namespace.key());
    let quotas = if change.is_deletion() { quotas.for_deletions() } else { quotas };
    let mut event = None;
    for one in triggers.iter() {
        let Some(partition) = one.partition else { continue };
        if change.fits(&one.trigger.source) {
            let event = event.get_or_insert_with(|| change.event(tx.now)).clone();
            event_log::append::<E>(
                tx,
                namespace,
                partition,
                event,
                (change.group(), origin),
                &quotas,
            )?;
        }
    }
    Ok(())
}
