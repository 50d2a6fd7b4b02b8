//! The CPU scheduler: which guest runs next when guests want more CPU than there is.
//!
//! A guest runs at once for its initial quantum, as most need no more. From then on, or
//! from the beginning if other guests of its tenant wait already, it queues before each
//! quantum, and as many guests run as there are cores. A quantum ends when the guest
//! yields, by its meter or to wait for something. The next goes to the namespace that
//! has used the least CPU for its weight, and in it to the function with the least:
//! a tenant that asks for much slows down nobody but itself.

mod fair_queue;
mod mean_cpu_time;
mod migrate;
mod run_queues;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;

use crate::epochs::Epochs;
use crate::tenant::Tenant;

pub(crate) use self::mean_cpu_time::MeanCpuTime;
pub(crate) use self::migrate::{AbortGuest, Migrating, request_migration};
use self::run_queues::{Position, RunQueues};

/// What a guest may run for before it has to queue.
const INITIAL_QUANTUM: Duration = Duration::from_micros(500);

/// The CPU scheduler of one engine.
pub(crate) struct Scheduler {
    queues: Mutex<RunQueues>,
    /// Whether any guest waits: mostly none does, and every invocation asks.
    contended: AtomicBool,
    /// Ends a guest's time in one poll.
    pub(crate) epochs: Arc<Epochs>,
}

impl Scheduler {
    /// A scheduler that lets `cores` guests run at once.
    pub(crate) fn new(cores: usize, epochs: Arc<Epochs>) -> Arc<Self> {
        let queues = Mutex::new(RunQueues::new(cores));
        Arc::new(Self { queues, contended: AtomicBool::new(false), epochs })
    }

    fn lock(&self) -> MutexGuard<'_, RunQueues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update<R>(&self, update: impl FnOnce(&mut RunQueues) -> R) -> R {
        let mut queues = self.lock();
        let result = update(&mut queues);
        self.contended.store(queues.any_waiting(), Ordering::Relaxed);
        result
    }

    /// Takes a guest out of the run queues.
    fn remove(&self, tenant: &Tenant, waiter: Option<Arc<Waiter>>, used: Duration) {
        self.update(|queues| {
            if let Some(waiter) = waiter {
                queues.cancel(tenant, &waiter);
            }
            queues.exit(tenant, used);
        });
    }

    /// Whether so many guests of a tenant wait that one more would wait too long,
    /// and make those that come after it wait longer still.
    pub(crate) fn is_overloaded(&self, tenant: impl FnOnce() -> Tenant) -> bool {
        self.contended.load(Ordering::Relaxed) && self.lock().is_overloaded(&tenant())
    }

    /// Whether guests of a tenant wait, so that one more that begins has to wait too.
    /// Otherwise a tenant with many short guests, or many that begin, would have as
    /// many cores as it likes, and the threads that serve others.
    pub(crate) fn has_waiting(&self, tenant: impl FnOnce() -> Tenant) -> bool {
        self.contended.load(Ordering::Relaxed) && self.lock().has_waiting(&tenant())
    }

    /// Runs `guest` quantum by quantum once it has run for [`INITIAL_QUANTUM`], or from
    /// the beginning if other guests of its tenant wait. `weight` is relative to the
    /// weight of other tenants' guests.
    pub(crate) fn schedule<F: Future>(
        self: &Arc<Self>,
        tenant: Tenant,
        weight: u64,
        guest: F,
    ) -> Scheduled<F> {
        let waits = self.has_waiting(|| tenant.clone());
        Scheduled {
            guest,
            scheduler: self.clone(),
            tenant,
            weight,
            initial_quantum: if waits { Duration::ZERO } else { INITIAL_QUANTUM },
            used: Duration::ZERO,
            position: None,
            waiter: None,
            yield_waker: None,
            mean: None,
        }
    }
}

/// A guest that waits for its next quantum.
struct Waiter {
    position: Position,
    granted: AtomicBool,
    waker: AtomicWaker,
}

impl Waiter {
    fn grant(&self) {
        self.granted.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn is_granted(&self) -> bool {
        self.granted.load(Ordering::Acquire)
    }
}

pin_project_lite::pin_project! {
    /// A guest under the scheduler.
    pub(crate) struct Scheduled<F> {
        #[pin]
        guest: F,
        scheduler: Arc<Scheduler>,
        tenant: Tenant,
        weight: u64,
        initial_quantum: Duration,
        used: Duration,
        position: Option<Position>,
        waiter: Option<Arc<Waiter>>,
        yield_waker: Option<Arc<YieldWaker>>,
        mean: Option<Arc<MeanCpuTime>>,
    }

    impl<F> PinnedDrop for Scheduled<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(mean) = this.mean {
                mean.add(*this.used);
            }
            if this.position.is_some() {
                this.scheduler.remove(this.tenant, this.waiter.take(), *this.used);
            }
        }
    }
}

impl<F: Future> Scheduled<F> {
    /// Counts what the guest uses in `mean` when it ends.
    pub(crate) fn measured_by(mut self, mean: Arc<MeanCpuTime>) -> Self {
        self.mean = Some(mean);
        self
    }

    /// Deducts the part of the CPU time that `completed` requests used, of which it
    /// serves `in_flight` still, so that a guest that serves without end is not taken
    /// for a long one.
    pub(crate) fn deduct_completed(
        self: Pin<&mut Self>,
        in_flight: u32,
        completed: u32,
        waker: &Waker,
    ) {
        let this = self.project();
        *this.used = *this.used * in_flight / in_flight.saturating_add(completed).max(1);
        if *this.used < INITIAL_QUANTUM && this.position.take().is_some() {
            this.scheduler.remove(this.tenant, this.waiter.take(), *this.used);
            *this.initial_quantum = INITIAL_QUANTUM;
            // It no longer waits for a quantum.
            waker.wake_by_ref();
        }
    }
}

impl<F: Future> Future for Scheduled<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let queued = *this.used >= *this.initial_quantum;
        if queued {
            let waiter = match this.waiter {
                Some(waiter) => waiter,
                None => this.waiter.insert(this.scheduler.update(|queues| {
                    let position = this.position.get_or_insert_with(|| queues.enter(this.tenant));
                    queues.enqueue_and_grant(this.tenant, *position, *this.used)
                })),
            };
            // Registered before looking, so that a grant in between wakes the task.
            waiter.waker.register(cx.waker());
            if !waiter.is_granted() {
                return Poll::Pending;
            }
        }
        this.scheduler.epochs.see();
        let began = Instant::now();
        if !queued {
            migrate::clear_request();
            let polled = this.guest.poll(cx);
            *this.used += began.elapsed();
            if migrate::is_requested() {
                *this.initial_quantum = Duration::ZERO;
            }
            return polled;
        }
        let yield_waker = this.yield_waker.get_or_insert_with(Arc::default);
        yield_waker.reset(cx.waker());
        let polled = this.guest.poll(&mut Context::from_waker(&Waker::from(yield_waker.clone())));
        let took = began.elapsed();
        *this.used += took;
        let yielded = this.position.filter(|_| polled.is_pending() && yield_waker.is_woken());
        *this.waiter = this.scheduler.update(|queues| {
            // In one step, or the core would always go to another guest.
            let waiter = yielded.map(|position| queues.enqueue(this.tenant, position, *this.used));
            queues.end_quantum(this.tenant, *this.weight, took);
            waiter
        });
        if yielded.is_some() {
            // The kernel's scheduler too gets a chance: by itself it looks only at its
            // tick, every 4 ms or so, whether another thread is due, such as one that serves.
            std::thread::yield_now();
        }
        polled
    }
}

/// Tells a guest that yields, and could go on at once, from one that waits: a guest
/// that yields wakes its task before its poll has returned.
#[derive(Default)]
pub(crate) struct YieldWaker {
    woken: AtomicBool,
    waker: AtomicWaker,
}

impl YieldWaker {
    /// To be called before each poll.
    pub(crate) fn reset(&self, waker: &Waker) {
        self.waker.register(waker);
        self.woken.store(false, Ordering::Release);
    }

    /// Whether the task was woken since the last [`reset`](Self::reset).
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for YieldWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// Lets other tasks run, in the way in which wasmtime yields: tokio's own `yield_now`
/// wakes only later, which looks as if the guest waited for something.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use futures::FutureExt as _;

    use super::*;

    fn named(name: &str) -> Tenant {
        (Some(name.parse().unwrap()), None)
    }

    /// Takes some CPU time a step.
    async fn spin(steps: u32) {
        for _ in 0..steps {
            let began = Instant::now();
            while began.elapsed() < Duration::from_micros(200) {}
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_tenant_with_many_guests_does_not_slow_down_another() {
        let scheduler = Scheduler::new(1, Epochs::none());
        let steps = Arc::new(AtomicU32::new(0));
        let counted = || {
            let steps = steps.clone();
            async move {
                for _ in 0..1000 {
                    spin(1).await;
                    steps.fetch_add(1, Relaxed);
                }
            }
        };
        let many: Vec<_> =
            (0..20).map(|_| tokio::spawn(scheduler.schedule(named("a"), 1, counted()))).collect();
        // All of them are queued by now.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = steps.load(Relaxed);
        tokio::spawn(scheduler.schedule(named("b"), 1, spin(100))).await.unwrap();
        // As many by equal shares, 2,000 if each guest had one.
        let meanwhile = steps.load(Relaxed) - before;
        assert!(meanwhile < 500, "{meanwhile}");
        many.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn a_guest_that_begins_waits_behind_those_of_its_tenant_that_wait() {
        let scheduler = Scheduler::new(1, Epochs::none());
        let mut first = pin!(scheduler.schedule(named("a"), 1, spin(1000)));
        let mut second = pin!(scheduler.schedule(named("a"), 1, spin(1000)));
        // Each has its initial quantum, then one of them runs.
        for _ in 0..10 {
            assert!(first.as_mut().now_or_never().is_none());
            assert!(second.as_mut().now_or_never().is_none());
        }
        let mut third = pin!(scheduler.schedule(named("a"), 1, async {}));
        assert!(third.as_mut().now_or_never().is_none(), "its tenant's guests wait");
        let other = pin!(scheduler.schedule(named("b"), 1, async {}));
        assert!(other.now_or_never().is_some(), "no other tenant's do");
    }

    #[tokio::test]
    async fn a_guest_that_ends_or_is_dropped_while_it_waits_delays_no_other() {
        let scheduler = Scheduler::new(1, Epochs::none());
        let guests: Vec<_> =
            (0..8).map(|_| tokio::spawn(scheduler.schedule((None, None), 1, spin(50)))).collect();
        tokio::time::sleep(Duration::from_millis(20)).await;
        guests.iter().step_by(2).for_each(tokio::task::JoinHandle::abort);
        for guest in guests.into_iter().skip(1).step_by(2) {
            tokio::time::timeout(Duration::from_secs(30), guest).await.unwrap().unwrap();
        }
        scheduler.schedule((None, None), 1, spin(50)).await;
        assert!(!scheduler.is_overloaded(|| (None, None)));
    }
}
