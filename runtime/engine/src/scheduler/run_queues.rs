use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use foldhash::fast::RandomState;
use futures::task::AtomicWaker;
use lambent_types::{FunctionName, Namespace};

use super::Waiter;
use super::fair_queue::FairQueue;
use crate::tenant::Tenant;

/// How long the next guest of a tenant may have to wait. A burst of some dozen
/// that take ten milliseconds each is to be served rather than refused, and a person
/// who waits for half a second has not turned to something else.
const WAIT: Duration = Duration::from_millis(500);
/// It may have to wait for so many times the CPU time that guests of the tenant use, if
/// that is longer.
const WAIT_TIMES: u32 = 4;
/// The newest guest's part of what guests of a tenant use, on average: an
/// eighth, as in TCP's estimate of a round trip.
const NEWEST_PART: u32 = 8;

/// The guests that wait for the CPU, and what each tenant has used of it.
pub(super) struct RunQueues {
    cores: usize,
    /// Cores that run no guest of these queues.
    free_cores: usize,
    /// Guests that ever entered.
    entered: u64,
    namespaces: FairQueue<Option<Namespace>>,
    functions: HashMap<Option<Namespace>, FairQueue<Option<FunctionName>>, RandomState>,
    queues: HashMap<Tenant, RunQueue, RandomState>,
}

/// The guests of one function.
#[derive(Default)]
struct RunQueue {
    waiting: BTreeMap<Position, Arc<Waiter>>,
    /// Guests that have entered and have not ended, waiting or not.
    guests: usize,
    /// CPU time that a guest uses, on average.
    mean: Duration,
}

/// A guest's position in the run queue of its tenant: before guests that have used much
/// more CPU, and behind guests that came earlier, so that of many alike the first are
/// done first rather than all at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    level: u32,
    number: u64,
}

impl Position {
    /// Levels begin at 8, 64 and 512 times what guests of the tenant use on average,
    /// or milliseconds if that is not known: with finer levels a guest that uses a
    /// little more than most would wait for as long as others come.
    fn after(self, used: Duration, mean: Duration) -> Self {
        let times = used.as_nanos() / mean.max(Duration::from_millis(1)).as_nanos();
        Self { level: (times | 1).ilog2() / 3, number: self.number }
    }
}

/// Nanoseconds of CPU with this weight count one.
const WEIGHT_UNIT: u64 = 1 << 10;

impl RunQueues {
    pub(super) fn new(cores: usize) -> Self {
        let (cores, namespaces) = (cores.max(1), FairQueue::default());
        let (functions, queues) = (HashMap::default(), HashMap::default());
        Self { cores, free_cores: cores, entered: 0, namespaces, functions, queues }
    }

    pub(super) fn any_waiting(&self) -> bool {
        self.namespaces.waiting() > 0
    }

    /// Adds a guest, which is queued before each quantum from now on; returns its
    /// position.
    pub(super) fn enter(&mut self, tenant: &Tenant) -> Position {
        self.queues.entry(tenant.clone()).or_default().guests += 1;
        self.entered += 1;
        Position { level: 0, number: self.entered }
    }

    /// Removes a guest that entered; it has ended, or is no longer queued. `used` is the
    /// CPU time that it has used.
    pub(super) fn exit(&mut self, tenant: &Tenant, used: Duration) {
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

    /// Queues a guest for its next quantum, which it is granted at once if a core is free.
    pub(super) fn enqueue_and_grant(
        &mut self,
        tenant: &Tenant,
        position: Position,
        used: Duration,
    ) -> Arc<Waiter> {
        let waiter = self.enqueue(tenant, position, used);
        self.grant();
        waiter
    }

    /// Queues a guest for its next quantum, which it is granted when another ends.
    pub(super) fn enqueue(
        &mut self,
        tenant: &Tenant,
        position: Position,
        used: Duration,
    ) -> Arc<Waiter> {
        let (granted, waker) = (AtomicBool::new(false), AtomicWaker::new());
        let (namespace, function) = tenant;
        let queue = self.queues.entry(tenant.clone()).or_default();
        let position = position.after(used, queue.mean);
        let waiter = Arc::new(Waiter { position, granted, waker });
        if queue.waiting.is_empty() {
            let functions = self.functions.entry(namespace.clone()).or_default();
            if functions.waiting() == 0 {
                self.namespaces.enter(namespace);
            }
            functions.enter(function);
        }
        queue.waiting.insert(position, waiter.clone());
        waiter
    }

    /// Ends a guest's quantum, which took so long, and grants the next.
    pub(super) fn end_quantum(&mut self, tenant: &Tenant, weight: u64, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let counted = nanoseconds.saturating_mul(WEIGHT_UNIT) / weight.max(1);
        let (namespace, function) = tenant;
        self.namespaces.charge(namespace, counted);
        self.functions.entry(namespace.clone()).or_default().charge(function, counted);
        self.free_cores += 1;
        self.grant();
    }

    /// Removes a guest that waits, or that does not use the quantum it was granted.
    pub(super) fn cancel(&mut self, tenant: &Tenant, waiter: &Arc<Waiter>) {
        if waiter.is_granted() {
            self.free_cores += 1;
            return self.grant();
        }
        if let Some(queue) = self.queues.get_mut(tenant) {
            queue.waiting.remove(&waiter.position);
        }
        self.remove_if_empty(tenant);
    }

    fn grant(&mut self) {
        while self.free_cores > 0
            && let Some(namespace) = self.namespaces.next()
        {
            let functions = self.functions.get_mut(&namespace);
            let Some(function) = functions.and_then(FairQueue::next) else {
                self.namespaces.leave(&namespace);
                continue;
            };
            let tenant = (namespace, function);
            let queue = self.queues.get_mut(&tenant);
            if let Some((_, waiter)) = queue.and_then(|queue| queue.waiting.pop_first()) {
                self.free_cores -= 1;
                waiter.grant();
            }
            self.remove_if_empty(&tenant);
        }
    }

    /// Takes a function out of its namespace's queue if none of its guests waits.
    fn remove_if_empty(&mut self, tenant: &Tenant) {
        if self.has_waiting(tenant) {
            return;
        }
        let (namespace, function) = tenant;
        let Some(functions) = self.functions.get_mut(namespace) else { return };
        functions.leave(function);
        if functions.waiting() == 0 {
            self.namespaces.leave(namespace);
        }
    }

    /// Whether guests of a tenant wait; another that begins is to wait behind them.
    pub(super) fn has_waiting(&self, tenant: &Tenant) -> bool {
        self.queues.get(tenant).is_some_and(|queue| !queue.waiting.is_empty())
    }

    /// Whether one more guest of a function would have to wait too long, by what
    /// its guests use, how many wait, and how many other functions and namespaces do.
    pub(super) fn is_overloaded(&self, tenant: &Tenant) -> bool {
        let Some(queue) = self.queues.get(tenant) else { return false };
        let functions = self.functions.get(&tenant.0).map_or(1, FairQueue::waiting).max(1);
        let sharing = functions.saturating_mul(self.namespaces.waiting().max(1));
        let waiting = queue.waiting.len().saturating_mul(sharing) / self.cores;
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
    fn the_next_quantum_is_for_the_tenant_that_has_used_least_for_its_weight() {
        let mut queues = RunQueues::new(1);
        let (heavy, light) = (tenant("heavy"), tenant("light"));
        let mut given = (0, 0);
        let step = Duration::from_micros(100);
        let (one, two) = (queues.enter(&light), queues.enter(&heavy));
        let mut first = queues.enqueue_and_grant(&light, one, step);
        let mut second = queues.enqueue_and_grant(&heavy, two, step);
        for _ in 0..300 {
            if first.is_granted() {
                given.0 += 1;
                first = queues.enqueue(&light, one, step);
                queues.end_quantum(&light, 1, step);
            } else {
                assert!(second.is_granted());
                given.1 += 1;
                second = queues.enqueue(&heavy, two, step);
                queues.end_quantum(&heavy, 2, step);
            }
        }
        assert!((98..=102).contains(&given.0) && (198..=202).contains(&given.1), "{given:?}");
    }

    #[test]
    fn a_tenant_that_comes_back_has_no_claim_on_the_past() {
        let mut queues = RunQueues::new(1);
        let (busy, back) = (tenant("busy"), tenant("back"));
        let step = Duration::from_millis(1);
        let (one, two) = (queues.enter(&busy), queues.enter(&back));
        for _ in 0..1000 {
            queues.enqueue_and_grant(&busy, one, step);
            queues.end_quantum(&busy, 1, step);
        }
        let mut mine = queues.enqueue_and_grant(&back, two, step);
        let theirs = queues.enqueue_and_grant(&busy, one, step);
        let mut in_a_row = 0;
        while mine.is_granted() {
            in_a_row += 1;
            mine = queues.enqueue(&back, two, step);
            queues.end_quantum(&back, 1, step);
        }
        assert!(in_a_row <= 2 && theirs.is_granted(), "{in_a_row}");
    }

    #[test]
    fn of_one_tenants_guests_the_short_and_the_early_are_first() {
        let mut queues = RunQueues::new(1);
        let mine = tenant("mine");
        let [running, long, early, late] = [(); 4].map(|()| queues.enter(&mine));
        let _running = queues.enqueue_and_grant(&mine, running, Duration::ZERO);
        let late = queues.enqueue_and_grant(&mine, late, Duration::from_millis(2));
        let long = queues.enqueue_and_grant(&mine, long, Duration::from_millis(100));
        let early = queues.enqueue_and_grant(&mine, early, Duration::from_millis(7));
        for next in [early, late, long] {
            assert!(!next.is_granted());
            queues.end_quantum(&mine, 1, Duration::from_millis(1));
            assert!(next.is_granted());
        }
    }

    #[test]
    fn a_guest_that_uses_a_little_more_than_most_is_not_overtaken_by_all() {
        let mut queues = RunQueues::new(1);
        let mine = tenant("mine");
        queues.enter(&mine);
        let [running, slow, next] = [(); 3].map(|()| queues.enter(&mine));
        queues.exit(&mine, Duration::from_millis(6));
        let _running = queues.enqueue_and_grant(&mine, running, Duration::ZERO);
        let slow = queues.enqueue_and_grant(&mine, slow, Duration::from_millis(10));
        let next = queues.enqueue_and_grant(&mine, next, Duration::ZERO);
        queues.end_quantum(&mine, 1, Duration::from_millis(1));
        assert!(slow.is_granted() && !next.is_granted());
    }

    #[test]
    fn a_tenant_whose_guests_would_wait_long_for_what_they_use_is_overloaded() {
        let mut queues = RunQueues::new(2);
        let (mine, other) = (tenant("mine"), tenant("other"));
        let short = Duration::from_millis(25);
        let mut waiters = Vec::new();
        for _ in 0..42 {
            let position = queues.enter(&mine);
            waiters.push(queues.enqueue_and_grant(&mine, position, Duration::ZERO));
        }
        assert!(!queues.is_overloaded(&mine), "nobody knows what they use");
        queues.enter(&mine);
        queues.exit(&mine, short);
        // 40 wait for two cores, 25 ms each: 500 ms.
        assert!(!queues.is_overloaded(&mine));
        for _ in 0..2 {
            let position = queues.enter(&mine);
            waiters.push(queues.enqueue_and_grant(&mine, position, short));
        }
        assert!(queues.is_overloaded(&mine) && !queues.is_overloaded(&other));
        // Guests that take seconds may wait for seconds.
        for _ in 0..100 {
            queues.enter(&mine);
            queues.exit(&mine, Duration::from_secs(10));
        }
        assert!(queues.is_overloaded(&mine), "42 of them are still too many");
        for waiter in waiters.drain(10..) {
            queues.cancel(&mine, &waiter);
        }
        assert!(!queues.is_overloaded(&mine));
        for waiter in &waiters {
            queues.cancel(&mine, waiter);
        }
        for _ in 0..44 {
            queues.exit(&mine, short);
        }
        assert!(queues.queues.is_empty() && queues.functions.is_empty());
        assert_eq!((queues.free_cores, queues.any_waiting()), (2, false));
    }

    #[test]
    fn functions_share_what_their_namespace_has() {
        let mut queues = RunQueues::new(1);
        let step = Duration::from_micros(100);
        let named = |namespace: &str, function: &str| {
            (Some(namespace.parse().unwrap()), Some(function.parse().unwrap()))
        };
        let tenants = [named("one", "a"), named("two", "b"), named("two", "c")];
        let positions = [0, 1, 2].map(|i| queues.enter(&tenants[i]));
        let mut waiters =
            [0, 1, 2].map(|i| queues.enqueue_and_grant(&tenants[i], positions[i], step));
        let mut given = [0; 3];
        for _ in 0..400 {
            let next = (0..3).find(|i| waiters[*i].is_granted()).unwrap();
            given[next] += 1;
            waiters[next] = queues.enqueue(&tenants[next], positions[next], step);
            queues.end_quantum(&tenants[next], 1, step);
        }
        assert!((198..=202).contains(&given[0]) && (98..=102).contains(&given[1]), "{given:?}");
    }
}
