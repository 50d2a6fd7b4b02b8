use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::namespace_quotas::NamespaceQuotas;
use crate::quota::{Quota, QuotaExceeded, Quotas};
use crate::sync;

/// What namespaces hold, by quota, and what is on its way to them. It counts for one
/// process: two nodes that write the same backend need the backend's own count.
///
/// What is held is what is committed: whoever commits tells. What is on its way
/// is reserved as it comes, and given back when its [`Reservation`] is dropped:
/// because it was committed, because its writer went away, or with the process.
#[derive(Debug)]
pub struct Ledger {
    quotas: Arc<NamespaceQuotas>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    accounts: HashMap<(String, Quota), Account>,
    /// What is being replaced, by namespace and name.
    replaced: HashSet<(String, String)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Account {
    /// What is committed.
    held: u64,
    /// What is on its way.
    reserved: u64,
    /// How much of `reserved` is in the transaction that is being written.
    settling: u64,
}

impl Ledger {
    /// A ledger of these amounts.
    pub fn new(
        quotas: Arc<NamespaceQuotas>,
        amounts: impl IntoIterator<Item = ((String, Quota), u64)>,
    ) -> Arc<Self> {
        let accounts = amounts
            .into_iter()
            .map(|(place, held)| (place, Account { held, ..Account::default() }))
            .collect();
        let state = Mutex::new(State { accounts, ..State::default() });
        Arc::new(Self { quotas, state })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    fn account(&self, namespace: &str, quota: Quota) -> Account {
        let place = (namespace.to_owned(), quota);
        self.lock().accounts.get(&place).copied().unwrap_or_default()
    }

    /// What a namespace may hold now.
    pub fn quotas(&self, namespace: &str) -> Quotas {
        self.quotas.of(namespace)
    }

    /// What a namespace holds as far as it is committed.
    pub fn held(&self, namespace: &str, quota: Quota) -> u64 {
        self.account(namespace, quota).held
    }

    /// What a namespace holds, and what is on its way to it.
    pub fn used(&self, namespace: &str, quota: Quota) -> u64 {
        let account = self.account(namespace, quota);
        account.held.saturating_add(account.reserved)
    }

    /// Notes what namespaces hold now that a transaction is committed, and that
    /// what it settled is no longer on its way.
    pub fn committed(
        &self,
        amounts: impl Iterator<Item = ((String, Quota), u64)>,
        settled: Vec<Reservation>,
    ) {
        let mut state = self.lock();
        for (place, held) in amounts {
            state.accounts.entry(place).or_default().held = held;
        }
        for mut reservation in settled {
            reservation.give_back(&mut state);
        }
    }
}

/// Bytes of objects on their way to a namespace.
#[derive(Debug)]
pub struct Reservation {
    ledger: Arc<Ledger>,
    namespace: String,
    /// What is replaced by it, while nothing else on its way replaces the same.
    replaces: Option<String>,
    /// How many bytes the replacement frees.
    frees: u64,
    /// How many bytes have come.
    came: u64,
    /// How many of them are reserved.
    reserved: u64,
    settling: bool,
}

impl Reservation {
    const QUOTA: Quota = Quota::ObjectBytes;

    /// Reserves nothing yet. What replaces something may take its room; of
    /// several that replace the same, one may.
    pub fn new(ledger: &Arc<Ledger>, namespace: String, replaces: String, frees: u64) -> Self {
        let first = ledger.lock().replaced.insert((namespace.clone(), replaces.clone()));
        let (replaces, frees) = if first { (Some(replaces), frees) } else { (None, 0) };
        let ledger = Arc::clone(ledger);
        Self { ledger, namespace, replaces, frees, came: 0, reserved: 0, settling: false }
    }

    fn place(&self) -> (String, Quota) {
        (self.namespace.clone(), Self::QUOTA)
    }

    /// Reserves so many more bytes.
    ///
    /// # Errors
    /// The namespace would hold more than its quota.
    pub fn grow(&mut self, bytes: u64) -> Result<(), QuotaExceeded> {
        self.came = self.came.saturating_add(bytes);
        let more = self.came.saturating_sub(self.frees).saturating_sub(self.reserved);
        let quotas = self.ledger.quotas(&self.namespace);
        let mut state = self.ledger.lock();
        let account = state.accounts.entry(self.place()).or_default();
        let used = account.held.saturating_add(account.reserved);
        // What is replaced still counts as used, and its bytes do too.
        let delta = i64::try_from(more).unwrap_or(i64::MAX);
        quotas.check(Self::QUOTA, used, delta)?;
        account.reserved += more;
        drop(state);
        self.reserved += more;
        Ok(())
    }

    /// What others have on their way, apart from those that are being committed.
    fn others(&self) -> u64 {
        let account = self.ledger.account(&self.namespace, Self::QUOTA);
        account.reserved.saturating_sub(account.settling).saturating_sub(self.reserved)
    }

    /// Refuses a commit that adds `delta` bytes to the `held` ones if it needs more than was
    /// reserved and the namespace would hold too much. What was reserved is never refused,
    /// even if the quota was lowered since.
    ///
    /// # Errors
    /// The namespace would hold more than its quota.
    pub fn check(&self, held: u64, delta: i64) -> Result<(), QuotaExceeded> {
        if delta <= i64::try_from(self.reserved).unwrap_or(i64::MAX) {
            return Ok(());
        }
        let used = held.saturating_add(self.others());
        self.ledger.quotas(&self.namespace).check(Self::QUOTA, used, delta)
    }

    /// Notes that the reserved bytes are now counted by the transaction that is being written.
    pub fn settle(&mut self) {
        self.settling = true;
        let mut state = self.ledger.lock();
        state.accounts.entry(self.place()).or_default().settling += self.reserved;
    }

    fn give_back(&mut self, state: &mut State) {
        let account = state.accounts.entry(self.place()).or_default();
        account.reserved -= self.reserved;
        account.settling -= if self.settling { self.reserved } else { 0 };
        self.reserved = 0;
        self.settling = false;
        if let Some(replaces) = self.replaces.take() {
            state.replaced.remove(&(self.namespace.clone(), replaces));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.reserved > 0 || self.replaces.is_some() {
            let ledger = Arc::clone(&self.ledger);
            self.give_back(&mut ledger.lock());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::namespace_quotas::OwnQuotas;

    fn ledger(held: u64, limit: u64) -> Arc<Ledger> {
        let quotas = Quotas::default().with(Quota::ObjectBytes, limit);
        Ledger::new(NamespaceQuotas::new(quotas), [(("ns".into(), Quota::ObjectBytes), held)])
    }

    fn reservation(ledger: &Arc<Ledger>, key: &str, frees: u64) -> Reservation {
        Reservation::new(ledger, "ns".into(), key.into(), frees)
    }

    #[test]
    fn what_is_on_its_way_is_counted_until_it_is_dropped() {
        let ledger = ledger(10, 20);
        let mut one = reservation(&ledger, "a", 0);
        one.grow(6).unwrap();
        let mut two = reservation(&ledger, "b", 0);
        two.grow(4).unwrap();
        let refused = two.grow(1).unwrap_err();
        assert_eq!((refused.used, refused.wanted), (20, 21));
        assert_eq!(ledger.used("ns", Quota::ObjectBytes), 20);
        drop(one);
        assert_eq!(ledger.used("ns", Quota::ObjectBytes), 14);
        let mut three = reservation(&ledger, "c", 0);
        three.grow(6).unwrap();
    }

    #[test]
    fn one_of_those_that_replace_the_same_may_take_its_room() {
        let ledger = ledger(20, 20);
        let mut one = reservation(&ledger, "a", 15);
        one.grow(15).unwrap();
        reservation(&ledger, "a", 15).grow(1).unwrap_err();
        one.grow(1).unwrap_err();
        drop(one);
        reservation(&ledger, "a", 15).grow(15).unwrap();
    }

    #[test]
    fn what_was_reserved_before_a_quota_was_lowered_is_honoured_and_nothing_more() {
        let ledger = ledger(10, 20);
        let mut one = reservation(&ledger, "a", 0);
        one.grow(6).unwrap();
        let mut two = reservation(&ledger, "b", 0);
        two.grow(1).unwrap();
        let lowered = OwnQuotas([(Quota::ObjectBytes, Some(5))].into());
        ledger.quotas.set(&"ns".parse().unwrap(), lowered);
        assert_eq!(one.check(10, 6), Ok(()));
        assert_eq!(two.grow(1).unwrap_err().limit, 5);
        assert_eq!(one.check(10, 7).unwrap_err().wanted, 18);
        reservation(&ledger, "c", 0).grow(1).unwrap_err();
    }

    #[test]
    fn what_is_committed_is_counted_once() {
        let ledger = ledger(0, 20);
        let mut one = reservation(&ledger, "a", 0);
        one.grow(12).unwrap();
        let mut two = reservation(&ledger, "b", 0);
        two.grow(8).unwrap();
        assert_eq!((one.others(), two.others()), (8, 12));
        one.settle();
        assert_eq!(two.others(), 0);
        assert_eq!(ledger.used("ns", Quota::ObjectBytes), 20);
        let amounts = [(("ns".to_owned(), Quota::ObjectBytes), 12)];
        ledger.committed(amounts.into_iter(), vec![one]);
        assert_eq!(ledger.used("ns", Quota::ObjectBytes), 20);
        assert_eq!(ledger.held("ns", Quota::ObjectBytes), 12);
        drop(two);
        assert_eq!(ledger.used("ns", Quota::ObjectBytes), 12);
    }
}
