//! Who runs next, when guests want more CPU than there is.
//!
//! A guest runs at once for its first half millisecond, as most need no more. From
//! then on, or from the beginning if others of its tenant wait already, it waits
//! for a turn before it goes on, and there are as many turns as cores. A turn
//! ends when the guest yields, by its meter or to wait for something, and the
//! next goes to the namespace that has used the least CPU of late for its
//! weight, and in it to the function: whoever asks for much is slowed down by
//! itself alone.

mod account;
mod order;
mod pace;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use lambent_types::{FunctionName, FunctionVersion, Namespace};

use crate::run::migrate;
use account::{Accounts, Place};
pub(crate) use pace::Pace;

use crate::epochs::Epochs;

/// What a guest may run for before it has to wait for turns.
pub(crate) const AT_ONCE: Duration = Duration::from_micros(500);

/// Whose guests share a part of the CPU: those of a function, within what its
/// namespace has; or all that are of no function, as a product's plugins.
pub(crate) type Tenant = (Option<Namespace>, Option<FunctionName>);

/// Who shares for an invocation of `function`.
pub(crate) fn tenant(function: Option<&FunctionVersion>) -> Tenant {
    let of = |function: &FunctionVersion| (function.namespace.clone(), function.name.clone());
    function.map(of).unzip()
}

/// The turns of one engine.
pub(crate) struct Turns {
    accounts: Mutex<Accounts>,
    /// Whether anyone waits: mostly nobody does, and every invocation asks.
    contended: AtomicBool,
    /// Ends each guest's time in one poll.
    pub(crate) epochs: Arc<Epochs>,
}

impl Turns {
    /// So many at once.
    pub(crate) fn new(turns: usize, epochs: Arc<Epochs>) -> Arc<Self> {
        let accounts = Mutex::new(Accounts::new(turns));
        Arc::new(Self { accounts, contended: AtomicBool::new(false), epochs })
    }

    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, change: impl FnOnce(&mut Accounts) -> R) -> R {
        let mut accounts = self.lock();
        let result = change(&mut accounts);
        self.contended.store(accounts.anyone_waits(), Ordering::Relaxed);
        result
    }

    /// A guest takes part no more.
    fn depart(&self, tenant: &Tenant, waiter: Option<Arc<Waiter>>, used: Duration) {
        self.change(|accounts| {
            if let Some(waiter) = waiter {
                accounts.leave(tenant, &waiter);
            }
            accounts.part(tenant, used);
        });
    }

    /// Whether so many guests of a tenant wait that one more would wait too long,
    /// and make those that come after it wait longer still.
    pub(crate) fn are_late(&self, tenant: impl FnOnce() -> Tenant) -> bool {
        self.contended.load(Ordering::Relaxed) && self.lock().are_late(&tenant())
    }

    /// Whether guests of a tenant wait for turns, so that one more that begins
    /// has to wait too. Else a tenant with many short guests, or many that begin,
    /// would have as many cores as it likes, and the threads that serve others.
    pub(crate) fn are_waiting(&self, tenant: impl FnOnce() -> Tenant) -> bool {
        self.contended.load(Ordering::Relaxed) && self.lock().are_waiting(&tenant())
    }

    /// Runs `guest` by turns once it has run for [`AT_ONCE`], or from the
    /// beginning if others of its tenant wait. `weight` is relative to that of
    /// other tenants' guests.
    pub(crate) fn share<F: Future>(
        self: &Arc<Self>,
        tenant: Tenant,
        weight: u64,
        guest: F,
    ) -> Sharing<F> {
        let at_once = if self.are_waiting(|| tenant.clone()) { Duration::ZERO } else { AT_ONCE };
        let turns = self.clone();
        let (used, place, waiter, yielding, pace) = (Duration::ZERO, None, None, None, None);
        Sharing { guest, turns, tenant, weight, at_once, used, place, waiter, yielding, pace }
    }
}

/// A guest that waits for a turn.
pub(crate) struct Waiter {
    place: Place,
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
    /// A guest that shares the CPU with others.
    pub(crate) struct Sharing<F> {
        #[pin]
        guest: F,
        turns: Arc<Turns>,
        tenant: Tenant,
        weight: u64,
        at_once: Duration,
        used: Duration,
        place: Option<Place>,
        waiter: Option<Arc<Waiter>>,
        yielding: Option<Arc<Yielding>>,
        pace: Option<Arc<Pace>>,
    }

    impl<F> PinnedDrop for Sharing<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(pace) = this.pace {
                pace.add(*this.used);
            }
            if this.place.is_some() {
                this.turns.depart(this.tenant, this.waiter.take(), *this.used);
            }
        }
    }
}

impl<F: Future> Sharing<F> {
    /// What it uses is told to `pace`.
    pub(crate) fn of(mut self, pace: Arc<Pace>) -> Self {
        self.pace = Some(pace);
        self
    }

    /// Forgets what those used that it did with and is done with, `ended` of
    /// them, so that a guest that serves without end is not taken for a long one.
    pub(crate) fn relieve(self: Pin<&mut Self>, left: u32, ended: u32, waker: &Waker) {
        let this = self.project();
        *this.used = *this.used * left / left.saturating_add(ended).max(1);
        if *this.used < AT_ONCE && this.place.take().is_some() {
            this.turns.depart(this.tenant, this.waiter.take(), *this.used);
            *this.at_once = AT_ONCE;
            // It no longer waits for a turn.
            waker.wake_by_ref();
        }
    }
}

impl<F: Future> Future for Sharing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let by_turns = *this.used >= *this.at_once;
        if by_turns {
            let waiter = match this.waiter {
                Some(waiter) => waiter,
                None => this.waiter.insert(this.turns.change(|accounts| {
                    let place = *this.place.get_or_insert_with(|| accounts.join(this.tenant));
                    accounts.ask(this.tenant, place, *this.used)
                })),
            };
            // Before looking, so that a grant in between wakes.
            waiter.waker.register(cx.waker());
            if !waiter.is_granted() {
                return Poll::Pending;
            }
        }
        this.turns.epochs.see();
        let began = Instant::now();
        if !by_turns {
            migrate::stays();
            let polled = this.guest.poll(cx);
            *this.used += began.elapsed();
            if migrate::leaves() {
                *this.at_once = Duration::ZERO;
            }
            return polled;
        }
        let yielding = this.yielding.get_or_insert_with(Arc::default);
        yielding.begin(cx.waker());
        let polled = this.guest.poll(&mut Context::from_waker(&Waker::from(yielding.clone())));
        let took = began.elapsed();
        *this.used += took;
        let goes_on = this.place.filter(|_| polled.is_pending() && yielding.is_woken());
        *this.waiter = this.turns.change(|accounts| {
            // In one step, or its turn would always go to someone else.
            let asked = goes_on.map(|place| accounts.wait(this.tenant, place, *this.used));
            accounts.end(this.tenant, *this.weight, took);
            asked
        });
        if goes_on.is_some() {
            // The system's turn too: it looks only at its tick, every 4 ms or so,
            // whether another thread is due, such as one that serves.
            std::thread::yield_now();
        }
        polled
    }
}

/// Tells a guest that yields, and could go on at once, from one that waits: it
/// is woken before it has returned.
#[derive(Default)]
pub(crate) struct Yielding {
    woken: AtomicBool,
    waker: AtomicWaker,
}

impl Yielding {
    pub(crate) fn begin(&self, waker: &Waker) {
        self.waker.register(waker);
        self.woken.store(false, Ordering::Release);
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for Yielding {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// Lets others run. As wasmtime does it: tokio's own wakes only later, which looks
/// as if the guest waited for something.
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
        let turns = Turns::new(1, Epochs::none());
        let many: Vec<_> =
            (0..20).map(|_| tokio::spawn(turns.share(named("a"), 1, spin(1000)))).collect();
        // All of them wait for turns by now.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let began = Instant::now();
        tokio::spawn(turns.share(named("b"), 1, spin(100))).await.unwrap();
        // 20 ms by itself, 40 by equal shares, 400 if each guest had one.
        assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
        many.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn who_begins_waits_behind_those_of_its_tenant_that_wait() {
        let turns = Turns::new(1, Epochs::none());
        let mut first = pin!(turns.share(named("a"), 1, spin(1000)));
        let mut second = pin!(turns.share(named("a"), 1, spin(1000)));
        // Each has what it may run at once, then one has the turn.
        for _ in 0..10 {
            assert!(first.as_mut().now_or_never().is_none());
            assert!(second.as_mut().now_or_never().is_none());
        }
        let mut third = pin!(turns.share(named("a"), 1, async {}));
        assert!(third.as_mut().now_or_never().is_none(), "its tenant's guests wait");
        let other = pin!(turns.share(named("b"), 1, async {}));
        assert!(other.now_or_never().is_some(), "no other tenant's do");
    }

    #[tokio::test]
    async fn one_that_ends_or_is_dropped_while_it_waits_holds_up_nobody() {
        let turns = Turns::new(1, Epochs::none());
        let guests: Vec<_> =
            (0..8).map(|_| tokio::spawn(turns.share((None, None), 1, spin(50)))).collect();
        tokio::time::sleep(Duration::from_millis(20)).await;
        guests.iter().step_by(2).for_each(tokio::task::JoinHandle::abort);
        for guest in guests.into_iter().skip(1).step_by(2) {
            tokio::time::timeout(Duration::from_secs(30), guest).await.unwrap().unwrap();
        }
        turns.share((None, None), 1, spin(50)).await;
        assert!(!turns.are_late(|| (None, None)));
    }
}
