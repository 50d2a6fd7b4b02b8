use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use lambent_types::{FunctionName, Namespace};
use tokio::sync::Notify;

use crate::tenant::Tenant;

/// A function holds at most so many times what is left over: eight ninths of
/// the budget if it is alone.
const FUNCTION_TIMES: u64 = 8;
/// A namespace holds at most so many times what is left over: 16 of 17 parts if it is
/// alone.
const NAMESPACE_TIMES: u64 = 16;
/// Bytes that are drawn at once, so that a guest that grows page by page does
/// not ask for each.
const DRAWN_AT_ONCE: u64 = 256 << 10;
/// Accounts there may be before those are looked for that hold nothing.
const ACCOUNTS_KEPT: usize = 64;

/// The memory that guests, and whatever else is charged to it, may hold together.
///
/// What would not fit is refused. Before that, whoever holds much is refused: a
/// function that would hold more than eight times what is then left over, and a
/// namespace that would hold more than sixteen times that. So each of `n`
/// namespaces that want all of it gets `16 / (16 n + 1)`, nobody can take what is
/// left over for those who come later, and who holds the most is the first to be
/// refused when it runs short.
#[derive(Debug)]
pub struct Budget {
    capacity: u64,
    state: Mutex<State>,
    /// Notified when some of it is given back.
    given_back: Notify,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    refused: u64,
    /// Those of functions, and of namespaces as the tenants of no function. One that
    /// holds nothing stays for a while, since its next guest is likely to come soon.
    accounts: HashMap<Tenant, Arc<Account>, RandomState>,
    /// How many there may be before those that hold nothing are removed.
    accounts_max: usize,
}

/// What a function or a namespace holds. A [`Hold`] keeps its account at hand, so that
/// to grow and to give back looks nothing up.
#[derive(Debug)]
struct Account {
    /// Bytes; read and written only while the budget's state is locked.
    used: AtomicU64,
    /// It holds at most so many times what is left over.
    times: u64,
    /// The account of the function's namespace.
    namespace: Option<Arc<Account>>,
}

/// How much of a [`Budget`] is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes there are.
    pub capacity: u64,
    /// Bytes that are held.
    pub used: u64,
    /// How often some were refused.
    pub refused: u64,
}

/// A budget has not the bytes that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node's memory is used up")]
pub struct Exhausted;

impl Budget {
    /// A budget of `capacity` bytes.
    #[must_use]
    pub fn new(capacity: u64) -> Arc<Self> {
        Arc::new(Self { capacity, state: Mutex::default(), given_back: Notify::new() })
    }

    /// A budget that only counts: the limits of invocations bound each of them, and
    /// nothing bounds them together.
    #[must_use]
    pub fn unlimited() -> Arc<Self> {
        Self::new(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of it is used.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let state = self.lock();
        Usage { capacity: self.capacity, used: state.used, refused: state.refused }
    }

    /// What something of `namespace` will hold, and of `function` if it is of one:
    /// nothing yet.
    #[must_use]
    pub fn hold(
        self: &Arc<Self>,
        namespace: Option<Namespace>,
        function: Option<FunctionName>,
    ) -> Hold {
        let (budget, tenant) = (Arc::clone(self), (namespace, function));
        let account = self.lock().account(&tenant);
        Hold { budget, tenant, account, drawn: Mutex::default() }
    }

    /// Counts a refusal.
    pub(crate) fn refuse(&self) {
        self.lock().refused += 1;
    }

    /// When some of it is given back, after this was called.
    pub(crate) fn given_back(&self) -> impl Future<Output = ()> {
        self.given_back.notified()
    }

    fn draw(&self, account: Option<&Account>, bytes: u64) -> Result<(), Exhausted> {
        let mut state = self.lock();
        if !self.fits(&state, account, bytes) {
            return Err(Exhausted);
        }
        state.used += bytes;
        for account in Account::with_namespace(account) {
            account.used.store(account.used.load(Relaxed) + bytes, Relaxed);
        }
        Ok(())
    }

    fn fits(&self, state: &State, account: Option<&Account>, bytes: u64) -> bool {
        let Some(left) = self.capacity.saturating_sub(state.used).checked_sub(bytes) else {
            return false;
        };
        Account::with_namespace(account).all(|account| {
            let used = account.used.load(Relaxed).saturating_add(bytes);
            used <= left.saturating_mul(account.times)
        })
    }

    fn give_back(&self, account: Option<&Account>, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let mut state = self.lock();
        state.used -= bytes;
        for account in Account::with_namespace(account) {
            account.used.store(account.used.load(Relaxed) - bytes, Relaxed);
        }
        drop(state);
        self.given_back.notify_waiters();
    }
}

impl State {
    /// The account of a tenant; those of no namespace have none.
    fn account(&mut self, tenant: &Tenant) -> Option<Arc<Account>> {
        let (namespace, function) = tenant;
        if let Some(account) = self.accounts.get(tenant) {
            return Some(account.clone());
        }
        let (times, namespace) = match (namespace, function) {
            (None, _) => return None,
            (Some(_), None) => (NAMESPACE_TIMES, None),
            (Some(_), Some(_)) => (FUNCTION_TIMES, self.account(&(namespace.clone(), None))),
        };
        if self.accounts.len() >= self.accounts_max {
            self.forget_unused();
        }
        let account = Arc::new(Account { used: AtomicU64::new(0), times, namespace });
        self.accounts.insert(tenant.clone(), account.clone());
        Some(account)
    }

    /// Removes the accounts that nothing refers to, so that there are never more than
    /// twice those in use and a few.
    fn forget_unused(&mut self) {
        // Functions first: they refer to the accounts of their namespaces.
        self.accounts
            .retain(|(_, function), account| function.is_none() || Arc::strong_count(account) > 1);
        self.accounts.retain(|_, account| Arc::strong_count(account) > 1);
        self.accounts_max = 2 * self.accounts.len() + ACCOUNTS_KEPT;
    }
}

impl Account {
    /// The account, and that of its namespace.
    fn with_namespace(account: Option<&Self>) -> impl Iterator<Item = &Self> {
        std::iter::successors(account, |account| account.namespace.as_deref())
    }
}

/// Bytes of a [`Budget`] that are held for one thing, until this is dropped.
#[derive(Debug)]
pub struct Hold {
    budget: Arc<Budget>,
    tenant: Tenant,
    account: Option<Arc<Account>>,
    drawn: Mutex<Drawn>,
}

#[derive(Debug, Default)]
struct Drawn {
    used: u64,
    drawn: u64,
}

impl Hold {
    fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds so many bytes more.
    ///
    /// # Errors
    /// The bytes are not there, or others come first; nothing has changed.
    pub fn grow(&self, bytes: u64) -> Result<(), Exhausted> {
        self.try_grow(bytes).inspect_err(|_| self.budget.refuse())
    }

    /// Does what [`Self::grow`] does, for a caller that tries again before it counts as a
    /// refusal.
    pub(crate) fn try_grow(&self, bytes: u64) -> Result<(), Exhausted> {
        let mut held = self.lock();
        let used = held.used.checked_add(bytes).ok_or(Exhausted)?;
        if let Some(lacking) = used.checked_sub(held.drawn).filter(|lacking| *lacking > 0) {
            let more = lacking.next_multiple_of(DRAWN_AT_ONCE);
            let drawn = match self.budget.draw(self.account.as_deref(), more) {
                Ok(()) => more,
                Err(_) => self.budget.draw(self.account.as_deref(), lacking).map(|()| lacking)?,
            };
            held.drawn += drawn;
        }
        held.used = used;
        Ok(())
    }

    /// Holds so many bytes less.
    pub(crate) fn shrink(&self, bytes: u64) {
        let mut held = self.lock();
        held.used = held.used.saturating_sub(bytes);
        let kept = held.used.next_multiple_of(DRAWN_AT_ONCE);
        if let Some(more) = held.drawn.checked_sub(kept).filter(|more| *more > 0) {
            held.drawn = kept;
            self.budget.give_back(self.account.as_deref(), more);
        }
    }

    /// Whether so many bytes more could be held now.
    #[must_use]
    pub fn has_room(&self, bytes: u64) -> bool {
        self.budget.fits(&self.budget.lock(), self.account.as_deref(), bytes)
    }

    /// Bytes that are held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lock().used
    }

    pub(crate) const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let drawn = self.lock().drawn;
        self.budget.give_back(self.account.as_deref(), drawn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn hold(budget: &Arc<Budget>, namespace: &str, function: &str) -> Hold {
        budget.hold(Some(namespace.parse().unwrap()), Some(function.parse().unwrap()))
    }

    /// Grows by a step until it is refused; the bytes held then.
    fn fill(hold: &Hold) -> u64 {
        while hold.grow(MIB).is_ok() {}
        hold.bytes()
    }

    #[test]
    fn what_is_held_is_given_back() {
        let budget = Budget::new(100 * MIB);
        let one = hold(&budget, "a", "f");
        one.grow(1).unwrap();
        assert_eq!((one.bytes(), budget.usage().used), (1, DRAWN_AT_ONCE));
        one.grow(10 * MIB).unwrap();
        assert_eq!(one.grow(u64::MAX), Err(Exhausted));
        assert_eq!(one.grow(100 * MIB), Err(Exhausted));
        assert_eq!(one.bytes(), 10 * MIB + 1);
        drop(one);
        assert_eq!(budget.usage(), Usage { capacity: 100 * MIB, used: 0, refused: 2 });
        let state = budget.lock();
        assert!(state.accounts.values().all(|account| account.used.load(Relaxed) == 0));
    }

    #[test]
    fn accounts_that_hold_nothing_are_removed() {
        let budget = Budget::new(100 * MIB);
        let kept = hold(&budget, "kept", "f");
        kept.grow(MIB).unwrap();
        for number in 0..1000 {
            hold(&budget, &format!("n{number}"), "f").grow(1).unwrap();
        }
        assert!(budget.lock().accounts.len() <= 2 * ACCOUNTS_KEPT);
        // One that was kept counts on.
        hold(&budget, "kept", "f").grow(MIB).unwrap();
        let state = budget.lock();
        let account = &state.accounts[&(Some("kept".parse().unwrap()), None)];
        assert_eq!((account.used.load(Relaxed), state.used), (MIB, MIB));
    }

    #[test]
    fn no_function_and_no_namespace_takes_it_all() {
        let budget = Budget::new(153 * MIB);
        let f = hold(&budget, "a", "f");
        // Eight ninths, and of what is left the namespace may have more.
        assert_eq!(fill(&f), 136 * MIB);
        let g = hold(&budget, "a", "g");
        assert_eq!(fill(&g), 8 * MIB);
        let other = hold(&budget, "b", "f");
        assert!(fill(&other) >= 7 * MIB);
        let third = hold(&budget, "c", "f");
        assert!(third.grow(MIB / 2).is_ok());
    }

    #[test]
    fn who_holds_the_most_is_refused_first_and_shares_become_equal() {
        let budget = Budget::new(340 * MIB);
        let mut greedy: Vec<_> = (0..20).map(|_| hold(&budget, "a", "f")).collect();
        while greedy.iter().all(|hold| hold.grow(MIB).is_ok()) {}
        let modest = hold(&budget, "b", "f");
        // As guests of the one end, the other grows, and the one does not.
        while let Some(ended) = greedy.pop() {
            drop(ended);
            fill(&modest);
            let held: u64 = greedy.iter().map(Hold::bytes).sum();
            if held > modest.bytes() {
                assert!(greedy.iter().all(|hold| hold.grow(MIB).is_err()));
            }
        }
        assert!(modest.bytes() >= 160 * MIB, "{}", modest.bytes() / MIB);
    }

    #[test]
    fn guests_of_no_function_share_all_of_it() {
        let budget = Budget::new(10 * MIB);
        let plugin = budget.hold(None, None);
        assert_eq!(fill(&plugin), 10 * MIB);
    }

    #[test]
    fn it_balances_however_many_use_it_at_once() {
        let budget = Budget::new(64 * MIB);
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let budget = &budget;
                scope.spawn(move || {
                    for round in 0..2000_u64 {
                        let held = hold(budget, name, "f");
                        for step in 0..round % 7 {
                            let _ = held.grow(step * 300_000);
                        }
                        assert!(budget.usage().used <= 64 * MIB);
                    }
                });
            }
        });
        assert_eq!(budget.usage().used, 0);
    }
}
