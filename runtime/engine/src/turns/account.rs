use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;

use super::{Tenant, Waiter};

/// How long a guest may have to wait for a turn without anything being wrong.
const WAIT: Duration = Duration::from_millis(20);
/// How long all waits of a tenant must have been longer for it to be late: a
/// burst is none. Both as CoDel (RFC 8289) has them, for slower things.
const INTERVAL: Duration = Duration::from_millis(100);

/// Who has used how much, and who waits.
pub(super) struct Accounts {
    /// Turns that nobody has.
    free: usize,
    tenants: HashMap<Tenant, Account>,
    /// The tenants that wait, by what they have used.
    order: BTreeSet<(u64, Tenant)>,
    /// What the tenant that was granted the last turn had used: one that comes
    /// back after a while has no claim on what it did not use.
    clock: u64,
}

/// One tenant.
#[derive(Default)]
struct Account {
    /// Nanoseconds of CPU, divided by weight.
    used: u64,
    waiting: VecDeque<Arc<Waiter>>,
    /// Turns that its guests have now.
    running: usize,
    /// Since when every wait was longer than [`WAIT`].
    late_since: Option<Instant>,
}

/// Nanoseconds of CPU with this weight count one.
const WEIGHT_UNIT: u64 = 1 << 10;

impl Accounts {
    pub(super) fn new(turns: usize) -> Self {
        let (tenants, order) = (HashMap::new(), BTreeSet::new());
        Self { free: turns.max(1), tenants, order, clock: 0 }
    }

    pub(super) fn anyone_waits(&self) -> bool {
        !self.order.is_empty()
    }

    /// Asks for a turn, which is granted at once if one is free.
    pub(super) fn ask(&mut self, tenant: &Tenant, now: Instant) -> Arc<Waiter> {
        let waiter = self.wait(tenant, now);
        self.grant(now);
        waiter
    }

    /// Waits for the next turn that ends.
    pub(super) fn wait(&mut self, tenant: &Tenant, now: Instant) -> Arc<Waiter> {
        let (granted, waker) = (AtomicBool::new(false), AtomicWaker::new());
        let waiter = Arc::new(Waiter { since: now, granted, waker });
        let account = self.tenants.entry(tenant.clone()).or_default();
        if account.waiting.is_empty() {
            account.used = account.used.max(self.clock);
            self.order.insert((account.used, tenant.clone()));
        }
        account.waiting.push_back(waiter.clone());
        waiter
    }

    /// A guest's turn is over.
    pub(super) fn end(&mut self, tenant: &Tenant, weight: u64, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let counted = nanoseconds.saturating_mul(WEIGHT_UNIT) / weight.max(1);
        self.give_back(tenant, counted);
    }

    /// A guest that waited, or had a turn that it did not use, is gone.
    pub(super) fn leave(&mut self, tenant: &Tenant, waiter: &Arc<Waiter>) {
        if waiter.is_granted() {
            return self.give_back(tenant, 0);
        }
        let Some(account) = self.tenants.get_mut(tenant) else { return };
        account.waiting.retain(|other| !Arc::ptr_eq(other, waiter));
        if account.waiting.is_empty() {
            self.order.remove(&(account.used, tenant.clone()));
            account.late_since = None;
        }
        self.forget(tenant);
    }

    fn give_back(&mut self, tenant: &Tenant, counted: u64) {
        self.free += 1;
        if let Some(account) = self.tenants.get_mut(tenant) {
            account.running = account.running.saturating_sub(1);
            let before = account.used;
            account.used = before.saturating_add(counted);
            if !account.waiting.is_empty() {
                self.order.remove(&(before, tenant.clone()));
                self.order.insert((account.used, tenant.clone()));
            }
        }
        self.grant(Instant::now());
        self.forget(tenant);
    }

    fn grant(&mut self, now: Instant) {
        while self.free > 0
            && let Some((used, tenant)) = self.order.pop_first()
        {
            self.clock = self.clock.max(used);
            let Some(account) = self.tenants.get_mut(&tenant) else { continue };
            let Some(waiter) = account.waiting.pop_front() else { continue };
            account.waited(waiter.since, now);
            account.running += 1;
            if !account.waiting.is_empty() {
                self.order.insert((used, tenant));
            }
            self.free -= 1;
            waiter.grant();
        }
    }

    /// Keeps no account of a tenant that is no worse off without it.
    fn forget(&mut self, tenant: &Tenant) {
        let idle = self.tenants.get(tenant).is_some_and(|account| {
            account.waiting.is_empty() && account.running == 0 && account.used <= self.clock
        });
        if idle {
            self.tenants.remove(tenant);
        }
    }

    pub(super) fn are_late(&self, tenant: &Tenant, now: Instant) -> bool {
        let Some(account) = self.tenants.get(tenant) else { return false };
        let since = |moment: Instant| now.saturating_duration_since(moment);
        account.late_since.is_some_and(|late| since(late) >= INTERVAL)
            || account.waiting.front().is_some_and(|oldest| since(oldest.since) >= WAIT + INTERVAL)
    }
}

impl Account {
    fn waited(&mut self, since: Instant, now: Instant) {
        if now.saturating_duration_since(since) < WAIT || self.waiting.is_empty() {
            self.late_since = None;
        } else {
            self.late_since.get_or_insert(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> Tenant {
        Some(name.parse().unwrap())
    }

    #[test]
    fn the_next_turn_is_for_who_has_used_least_for_its_weight() {
        let mut accounts = Accounts::new(1);
        let (heavy, light) = (tenant("heavy"), tenant("light"));
        let mut given = (0, 0);
        let now = Instant::now();
        let (mut first, mut second) = (accounts.ask(&light, now), accounts.ask(&heavy, now));
        for _ in 0..300 {
            if first.is_granted() {
                given.0 += 1;
                first = accounts.wait(&light, now);
                accounts.end(&light, 1, Duration::from_micros(100));
            } else {
                assert!(second.is_granted());
                given.1 += 1;
                second = accounts.wait(&heavy, now);
                accounts.end(&heavy, 2, Duration::from_micros(100));
            }
        }
        assert!((98..=102).contains(&given.0) && (198..=202).contains(&given.1), "{given:?}");
    }

    #[test]
    fn who_comes_back_has_no_claim_on_the_past() {
        let mut accounts = Accounts::new(1);
        let (busy, back) = (tenant("busy"), tenant("back"));
        let now = Instant::now();
        for _ in 0..1000 {
            accounts.ask(&busy, now);
            accounts.end(&busy, 1, Duration::from_millis(1));
        }
        let mut mine = accounts.ask(&back, now);
        let theirs = accounts.ask(&busy, now);
        let mut in_a_row = 0;
        while mine.is_granted() {
            in_a_row += 1;
            mine = accounts.wait(&back, now);
            accounts.end(&back, 1, Duration::from_millis(1));
        }
        assert!(in_a_row <= 2 && theirs.is_granted(), "{in_a_row}");
    }

    #[test]
    fn a_standing_queue_is_late_and_a_burst_is_not() {
        let mut accounts = Accounts::new(1);
        let (late, other) = (tenant("late"), tenant("other"));
        let start = Instant::now();
        let waiters: Vec<_> = (0..10).map(|_| accounts.ask(&late, start)).collect();
        assert!(waiters[0].is_granted() && !waiters[1].is_granted());
        assert!(!accounts.are_late(&late, start + WAIT));
        assert!(accounts.are_late(&late, start + WAIT + INTERVAL));
        assert!(!accounts.are_late(&other, start + WAIT + INTERVAL));
        for waiter in &waiters {
            accounts.leave(&late, waiter);
        }
        assert!(!accounts.are_late(&late, start + 2 * INTERVAL));
        assert!(accounts.tenants.is_empty() && accounts.order.is_empty());
        assert_eq!(accounts.free, 1);
    }
}
