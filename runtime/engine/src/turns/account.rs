use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::task::AtomicWaker;

use super::{Tenant, Waiter};

/// How long the next guest of a tenant may have to wait: nobody notices less.
const WAIT: Duration = Duration::from_millis(100);
/// How often what a guest uses it may have to wait, if that is longer.
const WAIT_TIMES: u32 = 4;
/// The newest guest's part of what guests of a tenant use, on average: an
/// eighth, as in TCP's estimate of a round trip.
const NEWEST_PART: u32 = 8;

/// Who has used how much, and who waits.
pub(super) struct Accounts {
    turns: usize,
    /// Turns that nobody has.
    free: usize,
    /// Guests that ever asked for a turn.
    asked: u64,
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
    waiting: BTreeMap<Place, Arc<Waiter>>,
    /// Turns that its guests have now.
    running: usize,
    /// CPU time that a guest uses, on average.
    mean: Duration,
}

/// A guest's place among those of its tenant that wait: before those that have
/// used much more CPU, which can wait, and behind those that came earlier, so
/// that of many alike the first are done first rather than all at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    level: u32,
    number: u64,
}

impl Place {
    /// Levels are 8 ms, 64 ms, 512 ms and so on.
    const fn after(self, used: Duration) -> Self {
        let level = ((used.as_millis() as u64) | 1).ilog2() / 3;
        Self { level, number: self.number }
    }
}

/// Nanoseconds of CPU with this weight count one.
const WEIGHT_UNIT: u64 = 1 << 10;

impl Accounts {
    pub(super) fn new(turns: usize) -> Self {
        let (tenants, order) = (HashMap::new(), BTreeSet::new());
        let turns = turns.max(1);
        Self { turns, free: turns, asked: 0, tenants, order, clock: 0 }
    }

    pub(super) fn anyone_waits(&self) -> bool {
        !self.order.is_empty()
    }

    /// The place of a guest that never waited before.
    pub(super) const fn place(&mut self) -> Place {
        self.asked += 1;
        Place { level: 0, number: self.asked }
    }

    /// Asks for a turn, which is granted at once if one is free.
    pub(super) fn ask(&mut self, tenant: &Tenant, place: Place, used: Duration) -> Arc<Waiter> {
        let waiter = self.wait(tenant, place, used);
        self.grant();
        waiter
    }

    /// Waits for the next turn that ends.
    pub(super) fn wait(&mut self, tenant: &Tenant, place: Place, used: Duration) -> Arc<Waiter> {
        let (granted, waker) = (AtomicBool::new(false), AtomicWaker::new());
        let place = place.after(used);
        let waiter = Arc::new(Waiter { place, granted, waker });
        let account = self.tenants.entry(tenant.clone()).or_default();
        if account.waiting.is_empty() {
            account.used = account.used.max(self.clock);
            self.order.insert((account.used, tenant.clone()));
        }
        account.waiting.insert(place, waiter.clone());
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
        account.waiting.remove(&waiter.place);
        if account.waiting.is_empty() {
            self.order.remove(&(account.used, tenant.clone()));
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
        self.grant();
        self.forget(tenant);
    }

    fn grant(&mut self) {
        while self.free > 0
            && let Some((used, tenant)) = self.order.pop_first()
        {
            self.clock = self.clock.max(used);
            let Some(account) = self.tenants.get_mut(&tenant) else { continue };
            let Some((_, waiter)) = account.waiting.pop_first() else { continue };
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

    /// A guest that asked for turns has ended, having used so much.
    pub(super) fn ended(&mut self, tenant: &Tenant, used: Duration) {
        if let Some(account) = self.tenants.get_mut(tenant) {
            let before = if account.mean.is_zero() { used } else { account.mean };
            account.mean = before - before / NEWEST_PART + used / NEWEST_PART;
        }
    }

    /// Whether one more guest of a tenant would have to wait too long, by what
    /// its guests use, how many wait, and with how many others it shares.
    pub(super) fn are_late(&self, tenant: &Tenant) -> bool {
        let Some(account) = self.tenants.get(tenant) else { return false };
        let waiting = account.waiting.len().saturating_mul(self.order.len().max(1));
        let waiting = u32::try_from(waiting / self.turns).unwrap_or(u32::MAX);
        let wait = account.mean.saturating_mul(waiting);
        wait > WAIT.max(account.mean.saturating_mul(WAIT_TIMES))
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
        let step = Duration::from_micros(100);
        let (one, two) = (accounts.place(), accounts.place());
        let mut first = accounts.ask(&light, one, step);
        let mut second = accounts.ask(&heavy, two, step);
        for _ in 0..300 {
            if first.is_granted() {
                given.0 += 1;
                first = accounts.wait(&light, one, step);
                accounts.end(&light, 1, step);
            } else {
                assert!(second.is_granted());
                given.1 += 1;
                second = accounts.wait(&heavy, two, step);
                accounts.end(&heavy, 2, step);
            }
        }
        assert!((98..=102).contains(&given.0) && (198..=202).contains(&given.1), "{given:?}");
    }

    #[test]
    fn who_comes_back_has_no_claim_on_the_past() {
        let mut accounts = Accounts::new(1);
        let (busy, back) = (tenant("busy"), tenant("back"));
        let step = Duration::from_millis(1);
        let (one, two) = (accounts.place(), accounts.place());
        for _ in 0..1000 {
            accounts.ask(&busy, one, step);
            accounts.end(&busy, 1, step);
        }
        let mut mine = accounts.ask(&back, two, step);
        let theirs = accounts.ask(&busy, one, step);
        let mut in_a_row = 0;
        while mine.is_granted() {
            in_a_row += 1;
            mine = accounts.wait(&back, two, step);
            accounts.end(&back, 1, step);
        }
        assert!(in_a_row <= 2 && theirs.is_granted(), "{in_a_row}");
    }

    #[test]
    fn of_one_tenants_guests_the_short_and_the_early_are_first() {
        let mut accounts = Accounts::new(1);
        let mine = tenant("mine");
        let [running, long, early, late] = [(); 4].map(|()| accounts.place());
        let _running = accounts.ask(&mine, running, Duration::ZERO);
        let late = accounts.ask(&mine, late, Duration::from_millis(2));
        let long = accounts.ask(&mine, long, Duration::from_millis(100));
        let early = accounts.ask(&mine, early, Duration::from_millis(7));
        for next in [early, late, long] {
            assert!(!next.is_granted());
            accounts.end(&mine, 1, Duration::from_millis(1));
            assert!(next.is_granted());
        }
    }

    #[test]
    fn late_is_who_would_wait_long_for_what_its_guests_use() {
        let mut accounts = Accounts::new(2);
        let (mine, other) = (tenant("mine"), tenant("other"));
        let short = Duration::from_millis(5);
        let mut waiters = Vec::new();
        for _ in 0..42 {
            let place = accounts.place();
            waiters.push(accounts.ask(&mine, place, Duration::ZERO));
        }
        assert!(!accounts.are_late(&mine), "nobody knows what they use");
        accounts.ended(&mine, short);
        // 40 wait for two turns, 5 ms each: 100 ms.
        assert!(!accounts.are_late(&mine));
        for _ in 0..2 {
            let place = accounts.place();
            waiters.push(accounts.ask(&mine, place, short));
        }
        assert!(accounts.are_late(&mine) && !accounts.are_late(&other));
        // Guests that take seconds may wait for seconds.
        for _ in 0..100 {
            accounts.ended(&mine, Duration::from_secs(10));
        }
        assert!(accounts.are_late(&mine), "42 of them are still too many");
        for waiter in waiters.drain(10..) {
            accounts.leave(&mine, &waiter);
        }
        assert!(!accounts.are_late(&mine));
        for waiter in &waiters {
            accounts.leave(&mine, waiter);
        }
        assert_eq!((accounts.free, accounts.order.len()), (2, 0));
    }
}
