use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::task::AtomicWaker;

use lambent_types::{FunctionName, Namespace};

use super::order::Order;
use super::{Tenant, Waiter};

/// How long the next guest of a tenant may have to wait. A burst of some dozen
/// that take ten milliseconds each is to be served rather than refused; and who
/// waits for half a second still thinks of what they asked for.
const WAIT: Duration = Duration::from_millis(500);
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
    namespaces: Order<Option<Namespace>>,
    functions: HashMap<Option<Namespace>, Order<Option<FunctionName>>>,
    queues: HashMap<Tenant, Queue>,
}

/// The guests of one function.
#[derive(Default)]
struct Queue {
    waiting: BTreeMap<Place, Arc<Waiter>>,
    /// Those that have asked for turns and have not ended.
    guests: usize,
    /// CPU time that one uses, on average.
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
    /// Levels begin at 8, 64 and 512 times what guests of the tenant use on
    /// average, or milliseconds if that is not known: those that use a little
    /// more than most would wait for as long as more of those come.
    fn after(self, used: Duration, mean: Duration) -> Self {
        let times = used.as_nanos() / mean.max(Duration::from_millis(1)).as_nanos();
        Self { level: (times | 1).ilog2() / 3, number: self.number }
    }
}

/// Nanoseconds of CPU with this weight count one.
const WEIGHT_UNIT: u64 = 1 << 10;

impl Accounts {
    pub(super) fn new(turns: usize) -> Self {
        let (turns, namespaces) = (turns.max(1), Order::default());
        let (functions, queues) = (HashMap::new(), HashMap::new());
        Self { turns, free: turns, asked: 0, namespaces, functions, queues }
    }

    pub(super) fn anyone_waits(&self) -> bool {
        self.namespaces.waiting() > 0
    }

    /// The place of a guest that asks for turns from now on.
    pub(super) fn join(&mut self, tenant: &Tenant) -> Place {
        self.queues.entry(tenant.clone()).or_default().guests += 1;
        self.asked += 1;
        Place { level: 0, number: self.asked }
    }

    /// A guest that joined has ended, having used so much.
    pub(super) fn part(&mut self, tenant: &Tenant, used: Duration) {
        let Some(queue) = self.queues.get_mut(tenant) else { return };
        let before = if queue.mean.is_zero() { used } else { queue.mean };
        queue.mean = before - before / NEWEST_PART + used / NEWEST_PART;
        queue.guests = queue.guests.saturating_sub(1);
        if queue.guests > 0 {
            return;
        }
        self.queues.remove(tenant);
        let (namespace, function) = tenant;
        if let Some(functions) = self.functions.get_mut(namespace) {
            functions.leave(function);
            if functions.is_empty() {
                self.functions.remove(namespace);
                self.namespaces.leave(namespace);
            }
        }
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
        let (namespace, function) = tenant;
        let queue = self.queues.entry(tenant.clone()).or_default();
        let place = place.after(used, queue.mean);
        let waiter = Arc::new(Waiter { place, granted, waker });
        if queue.waiting.is_empty() {
            let functions = self.functions.entry(namespace.clone()).or_default();
            if functions.waiting() == 0 {
                self.namespaces.enter(namespace);
            }
            functions.enter(function);
        }
        queue.waiting.insert(place, waiter.clone());
        waiter
    }

    /// A guest's turn is over.
    pub(super) fn end(&mut self, tenant: &Tenant, weight: u64, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let counted = nanoseconds.saturating_mul(WEIGHT_UNIT) / weight.max(1);
        let (namespace, function) = tenant;
        self.namespaces.charge(namespace, counted);
        self.functions.entry(namespace.clone()).or_default().charge(function, counted);
        self.free += 1;
        self.grant();
    }

    /// A guest no longer waits, or does not use the turn it was granted.
    pub(super) fn leave(&mut self, tenant: &Tenant, waiter: &Arc<Waiter>) {
        if waiter.is_granted() {
            self.free += 1;
            return self.grant();
        }
        if let Some(queue) = self.queues.get_mut(tenant) {
            queue.waiting.remove(&waiter.place);
        }
        self.settle(tenant);
    }

    fn grant(&mut self) {
        while self.free > 0
            && let Some(namespace) = self.namespaces.next()
        {
            let functions = self.functions.get_mut(&namespace);
            let Some(function) = functions.and_then(Order::next) else {
                self.namespaces.leave(&namespace);
                continue;
            };
            let tenant = (namespace, function);
            let queue = self.queues.get_mut(&tenant);
            if let Some((_, waiter)) = queue.and_then(|queue| queue.waiting.pop_first()) {
                self.free -= 1;
                waiter.grant();
            }
            self.settle(&tenant);
        }
    }

    /// Takes a function out of the order if none of its guests waits.
    fn settle(&mut self, tenant: &Tenant) {
        if self.are_waiting(tenant) {
            return;
        }
        let (namespace, function) = tenant;
        let Some(functions) = self.functions.get_mut(namespace) else { return };
        functions.leave(function);
        if functions.waiting() == 0 {
            self.namespaces.leave(namespace);
        }
    }

    /// Whether guests of a tenant wait, before which one more is not to begin.
    pub(super) fn are_waiting(&self, tenant: &Tenant) -> bool {
        self.queues.get(tenant).is_some_and(|queue| !queue.waiting.is_empty())
    }

    /// Whether one more guest of a function would have to wait too long, by what
    /// its guests use, how many wait, and with how many others they share.
    pub(super) fn are_late(&self, tenant: &Tenant) -> bool {
        let Some(queue) = self.queues.get(tenant) else { return false };
        let functions = self.functions.get(&tenant.0).map_or(1, Order::waiting).max(1);
        let sharing = functions.saturating_mul(self.namespaces.waiting().max(1));
        let waiting = queue.waiting.len().saturating_mul(sharing) / self.turns;
        let wait = queue.mean.saturating_mul(u32::try_from(waiting).unwrap_or(u32::MAX));
        wait > WAIT.max(queue.mean.saturating_mul(WAIT_TIMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> Tenant {
        (Some(name.parse().unwrap()), Some("f".parse().unwrap()))
    }

    #[test]
    fn the_next_turn_is_for_who_has_used_least_for_its_weight() {
        let mut accounts = Accounts::new(1);
        let (heavy, light) = (tenant("heavy"), tenant("light"));
        let mut given = (0, 0);
        let step = Duration::from_micros(100);
        let (one, two) = (accounts.join(&light), accounts.join(&heavy));
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
        let (one, two) = (accounts.join(&busy), accounts.join(&back));
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
        let [running, long, early, late] = [(); 4].map(|()| accounts.join(&mine));
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
    fn who_uses_a_little_more_than_most_is_not_overtaken_by_all() {
        let mut accounts = Accounts::new(1);
        let mine = tenant("mine");
        accounts.join(&mine);
        let [running, slow, next] = [(); 3].map(|()| accounts.join(&mine));
        accounts.part(&mine, Duration::from_millis(6));
        let _running = accounts.ask(&mine, running, Duration::ZERO);
        let slow = accounts.ask(&mine, slow, Duration::from_millis(10));
        let next = accounts.ask(&mine, next, Duration::ZERO);
        accounts.end(&mine, 1, Duration::from_millis(1));
        assert!(slow.is_granted() && !next.is_granted());
    }

    #[test]
    fn late_is_who_would_wait_long_for_what_its_guests_use() {
        let mut accounts = Accounts::new(2);
        let (mine, other) = (tenant("mine"), tenant("other"));
        let short = Duration::from_millis(25);
        let mut waiters = Vec::new();
        for _ in 0..42 {
            let place = accounts.join(&mine);
            waiters.push(accounts.ask(&mine, place, Duration::ZERO));
        }
        assert!(!accounts.are_late(&mine), "nobody knows what they use");
        accounts.join(&mine);
        accounts.part(&mine, short);
        // 40 wait for two turns, 25 ms each: 500 ms.
        assert!(!accounts.are_late(&mine));
        for _ in 0..2 {
            let place = accounts.join(&mine);
            waiters.push(accounts.ask(&mine, place, short));
        }
        assert!(accounts.are_late(&mine) && !accounts.are_late(&other));
        // Guests that take seconds may wait for seconds.
        for _ in 0..100 {
            accounts.join(&mine);
            accounts.part(&mine, Duration::from_secs(10));
        }
        assert!(accounts.are_late(&mine), "42 of them are still too many");
        for waiter in waiters.drain(10..) {
            accounts.leave(&mine, &waiter);
        }
        assert!(!accounts.are_late(&mine));
        for waiter in &waiters {
            accounts.leave(&mine, waiter);
        }
        for _ in 0..44 {
            accounts.part(&mine, short);
        }
        assert!(accounts.queues.is_empty() && accounts.functions.is_empty());
        assert_eq!((accounts.free, accounts.anyone_waits()), (2, false));
    }

    #[test]
    fn functions_share_what_their_namespace_has() {
        let mut accounts = Accounts::new(1);
        let step = Duration::from_micros(100);
        let named = |namespace: &str, function: &str| {
            (Some(namespace.parse().unwrap()), Some(function.parse().unwrap()))
        };
        let tenants = [named("one", "a"), named("two", "b"), named("two", "c")];
        let places = [0, 1, 2].map(|i| accounts.join(&tenants[i]));
        let mut waiters = [0, 1, 2].map(|i| accounts.ask(&tenants[i], places[i], step));
        let mut given = [0; 3];
        for _ in 0..400 {
            let next = (0..3).find(|i| waiters[*i].is_granted()).unwrap();
            given[next] += 1;
            waiters[next] = accounts.wait(&tenants[next], places[next], step);
            accounts.end(&tenants[next], 1, step);
        }
        assert!((198..=202).contains(&given[0]) && (98..=102).contains(&given[1]), "{given:?}");
    }
}
