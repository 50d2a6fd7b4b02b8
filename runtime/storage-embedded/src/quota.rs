//! How operations charge a namespace for what they add, within its quotas.

use lambent_types::Namespace;

use crate::shard::Tx;
use lambent_storage::backend::Reservation;
use lambent_storage::{Quota, QuotaExceeded, Quotas};

#[cfg(test)]
mod tests;

fn amount(tx: &Tx<'_>, namespace: &str, quota: Quota) -> u64 {
    tx.amounts.get(namespace, quota).unwrap_or_else(|| tx.ledger.held(namespace, quota))
}

/// Adds to what a namespace holds, in the transaction of the change: before its
/// first write, since it may be refused. Taking away never is.
pub(crate) fn charge<E: From<QuotaExceeded>>(
    tx: &Tx<'_>,
    namespace: &Namespace,
    quota: Quota,
    delta: i64,
) -> Result<(), E> {
    let owner = namespace.key();
    tx.ledger.quotas(&owner).check(quota, amount(tx, &owner, quota), delta)?;
    count(tx, namespace, quota, delta);
    Ok(())
}

/// Adds bytes of objects that were reserved as they came; see [`charge`].
pub(crate) fn charge_reserved<E: From<QuotaExceeded>>(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    delta: i64,
    mut reservation: Reservation,
) -> Result<(), E> {
    reservation.check(amount(tx, &namespace.key(), Quota::ObjectBytes), delta)?;
    count(tx, namespace, Quota::ObjectBytes, delta);
    reservation.settle();
    tx.settled.push(reservation);
    Ok(())
}

/// Adds to what a namespace holds whatever its quota: for what must not fail,
/// such as setting a message aside.
pub(crate) fn count(tx: &Tx<'_>, namespace: &Namespace, quota: Quota, delta: i64) {
    if delta != 0 {
        let owner = namespace.key();
        let now = amount(tx, &owner, quota).saturating_add_signed(delta);
        tx.amounts.set(owner, quota, now);
    }
}

/// Adds messages, and the bytes of all of them, within these quotas; see [`charge`].
pub(crate) fn charge_messages<E: From<QuotaExceeded>>(
    tx: &Tx<'_>,
    namespace: &Namespace,
    (messages, bytes): (i64, i64),
    quotas: &Quotas,
) -> Result<(), E> {
    let owner = namespace.key();
    quotas.check(Quota::MessageBytes, amount(tx, &owner, Quota::MessageBytes), bytes)?;
    quotas.check(Quota::Messages, amount(tx, &owner, Quota::Messages), messages)?;
    count_messages(tx, namespace, (messages, bytes));
    Ok(())
}

/// Adds messages whatever the quota; see [`count`].
pub(crate) fn count_messages(tx: &Tx<'_>, namespace: &Namespace, (messages, bytes): (i64, i64)) {
    count(tx, namespace, Quota::MessageBytes, bytes);
    count(tx, namespace, Quota::Messages, messages);
}
