use std::any::Any;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lambent_types::Provisioned;

use crate::component::Component;
use crate::desks::{Desk, Desks};
use crate::invocation::Invocation;
use crate::reclaim::GiveUp;
use crate::run::instance::Instance;
use crate::run::shared::Worker;
use crate::turns::{Tenant, tenant};

/// How many instances of a function version wait for invocations, and what
/// becomes of those that have served one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Instances that are kept ready.
    pub provisioned: Provisioned,
    /// Invocations that one instance serves, one after the other; with 1 every
    /// invocation has an instance that nobody used before.
    pub reuse: u32,
    /// HTTP requests that one instance serves at once, by a handler of
    /// `wasi:http` 0.3. Limits are then the instance's: it has the fuel of all
    /// that are in flight, and when it reaches a limit or traps, all of them end.
    pub shared: u32,
}

impl Default for Keep {
    /// None ready, none reused, none shared.
    fn default() -> Self {
        Self { provisioned: Provisioned::NONE, reuse: 1, shared: 1 }
    }
}

/// What [`Provisioned::Auto`] keeps is enough for this long at the present rate: a
/// thousand times what it takes to instantiate one.
const HORIZON: Duration = Duration::from_millis(10);
/// The rate is that of so much time; a burst is forgotten as slowly.
const WINDOW: Duration = Duration::from_secs(1);
/// How long one is kept, beyond those provisioned, for a function that is not called.
pub(crate) const IDLE: Duration = Duration::from_secs(10);
/// The most [`Provisioned::Auto`] keeps.
const READY_MAX: usize = 256;

/// The instances of one component, under one environment and one set of limits,
/// that wait for an invocation: an [`Invocation`] that names them takes one, if
/// one waits, in place of instantiating the component.
///
/// At most half of the engine's instances wait, of all functions together; more
/// are dropped, or not made.
///
/// A ready instance has run nothing but what the component does when it is
/// instantiated, whose fuel counts to the invocation that takes it. One that
/// was used comes back only if its guest returned: after a trap, a limit or a
/// cancellation it is dropped.
pub struct Instances<T: 'static> {
    component: Component<T>,
    /// What a ready instance is instantiated under.
    prototype: Box<dyn Fn() -> Invocation<T> + Send + Sync>,
    keep: Keep,
    tenant: Tenant,
    waiting: Mutex<Waiting<T>>,
    /// Those that serve several requests at once.
    pub(crate) desks: Desks,
}

struct Waiting<T: 'static> {
    /// The last used at the back, whose memory is most likely in the caches.
    instances: VecDeque<(Instant, Instance<T>, Slot)>,
    demand: Demand,
    filling: bool,
}

impl<T: Send + 'static> Instances<T> {
    /// Those of `component`; nothing is instantiated yet. `prototype` gives what
    /// each ready instance is instantiated under; invocations that take them
    /// must have the same environment, limits and purpose.
    #[must_use]
    pub fn new(
        component: Component<T>,
        keep: Keep,
        prototype: impl Fn() -> Invocation<T> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let waiting =
            Waiting { instances: VecDeque::new(), demand: Demand::default(), filling: false };
        let prototype = Box::new(prototype);
        let (waiting, desks) = (Mutex::new(waiting), Desks::default());
        let tenant = tenant(prototype().context.function.as_deref());
        let memory = component.0.memory.clone();
        let instances = Arc::new(Self { component, prototype, keep, tenant, waiting, desks });
        let this: Arc<dyn GiveUp> = instances.clone();
        memory.register(Arc::downgrade(&this));
        instances
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().instances.len()
    }

    /// Whether none wait and none are wanted.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let waiting = self.lock();
        let wanted = self.wanted(&waiting, Instant::now());
        waiting.instances.is_empty() && wanted == 0 && self.desks.len() == 0
    }

    /// A place at an instance that serves several requests at once, of this
    /// thread, or of a new one; none if none is to, or no slot is free.
    pub(crate) fn desk(self: &Arc<Self>) -> Option<Desk> {
        let Keep { shared, reuse, .. } = self.keep;
        let linked = &self.component.0;
        if shared <= 1 || linked.http_03.is_none() {
            return None;
        }
        if let Some(desk) = self.desks.find(shared, reuse) {
            return Some(desk);
        }
        let slot = linked.slots.take()?;
        let fresh = || Instance::new(linked, (self.prototype)(), None);
        let instance = self.take().unwrap_or_else(fresh);
        let (desk, state, jobs) = self.desks.open(reuse);
        let (component, home) = (self.component.clone(), Arc::downgrade(self));
        tokio::spawn(Worker::new(instance, component, home, state, jobs, slot).run());
        Some(desk)
    }

    /// Takes the one that was used last, and sees to it that others are made
    /// ready.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Instance<T>> {
        let now = Instant::now();
        let mut waiting = self.lock();
        waiting.demand.asked(now);
        let instance = waiting.instances.pop_back();
        let lacking = waiting.instances.len() < self.wanted(&waiting, now) && !waiting.filling;
        waiting.filling |= lacking;
        drop(waiting);
        if lacking {
            let this = Arc::clone(self);
            // On this thread's executor: when whoever took the last has yielded.
            tokio::spawn(async move { this.fill().await });
        }
        instance.map(|(_, instance, _)| instance)
    }

    /// Keeps an instance that was used, unless it has served often enough.
    pub(crate) fn give_back(&self, instance: Instance<T>) {
        if instance.served() < self.keep.reuse
            && let Some(slot) = self.component.0.slots.take()
        {
            self.lock().instances.push_back((Instant::now(), instance, slot));
        }
    }

    fn wanted(&self, waiting: &Waiting<T>, now: Instant) -> usize {
        match self.keep.provisioned {
            Provisioned::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Provisioned::Auto => waiting.demand.likely(now),
        }
    }

    /// Instantiates as many as should be ready and are not.
    pub async fn fill(&self) {
        while self.lacks() {
            let linked = &self.component.0;
            let Some(slot) = linked.slots.take() else {
                self.lock().filling = false;
                return;
            };
            let mut instance = Instance::new(linked, (self.prototype)(), None);
            if !instance.prepare(linked).await {
                // No slot is free, or the component fails to instantiate: the
                // next invocation tries, and can tell someone.
                self.lock().filling = false;
                return;
            }
            // At the front: one that was used costs less to use again.
            self.lock().instances.push_front((Instant::now(), instance, slot));
            tokio::task::yield_now().await;
        }
    }

    /// Whether fewer are ready than should be; if not, filling is over.
    fn lacks(&self) -> bool {
        let mut waiting = self.lock();
        waiting.filling = waiting.instances.len() < self.wanted(&waiting, Instant::now());
        waiting.filling
    }

    /// Drops those that have waited too long, but keeps as many as should be
    /// ready. Returns how many wait then.
    pub fn retire(&self) -> usize {
        let now = Instant::now();
        let mut waiting = self.lock();
        let kept = self.wanted(&waiting, now);
        let mut retired = Vec::new();
        while waiting.instances.len() > kept
            && let Some((since, ..)) = waiting.instances.front()
            && now.duration_since(*since) >= IDLE
        {
            retired.extend(waiting.instances.pop_front());
        }
        let left = waiting.instances.len();
        drop(waiting);
        // Dropped here: giving memory back takes a while.
        drop(retired);
        left
    }
}

impl<T: Send + 'static> GiveUp for Instances<T> {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    fn give_up(&self) -> Option<Box<dyn Any + Send>> {
        let given_up = self.lock().instances.pop_front()?;
        Some(Box::new(given_up))
    }

    fn end_idle(&self) -> usize {
        self.desks.retire_all()
    }
}

/// The slots of an engine's pool that instances may wait in: half of them, so
/// that those that run always find one, whatever is kept for whom.
#[derive(Debug)]
pub(crate) struct Slots {
    taken: AtomicUsize,
    max: usize,
}

impl Slots {
    /// Of a pool of so many.
    pub(crate) fn of_pool(instances: u32) -> Arc<Self> {
        let max = usize::try_from(instances / 2).unwrap_or(usize::MAX);
        Arc::new(Self { taken: AtomicUsize::new(0), max })
    }

    fn take(self: &Arc<Self>) -> Option<Slot> {
        let more = |taken| (taken < self.max).then_some(taken + 1);
        self.taken.fetch_update(Relaxed, Relaxed, more).ok().map(|_| Slot(Arc::clone(self)))
    }
}

/// The slot of an instance that waits, until it no longer does.
pub(crate) struct Slot(Arc<Slots>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Relaxed);
    }
}

/// How often instances were asked for of late.
#[derive(Debug, Default)]
struct Demand {
    window: Option<Instant>,
    asked: u32,
    /// Those of the window before.
    before: u32,
}

impl Demand {
    fn asked(&mut self, now: Instant) {
        match self.window {
            Some(began) if now.duration_since(began) < WINDOW => self.asked += 1,
            Some(began) if now.duration_since(began) < 2 * WINDOW => {
                self.before = std::mem::replace(&mut self.asked, 1);
                self.window = Some(now);
            }
            _ => *self = Self { window: Some(now), asked: 1, before: 0 },
        }
    }

    /// How many are likely to be asked for within the horizon.
    fn likely(&self, now: Instant) -> usize {
        let Some(began) = self.window else { return 0 };
        if now.duration_since(began) >= IDLE {
            return 0;
        }
        let rate = f64::from(self.asked.max(self.before)) / WINDOW.as_secs_f64();
        let likely = (rate * HORIZON.as_secs_f64()).ceil() as usize;
        likely.clamp(1, READY_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demand_follows_the_rate_and_is_forgotten() {
        let start = Instant::now();
        let mut demand = Demand::default();
        assert_eq!(demand.likely(start), 0);
        demand.asked(start);
        assert_eq!(demand.likely(start), 1);
        for _ in 1..1000 {
            demand.asked(start + WINDOW / 2);
        }
        assert_eq!(demand.likely(start + WINDOW / 2), 10);
        // A window later the rate of the window before still counts.
        demand.asked(start + WINDOW);
        assert_eq!(demand.likely(start + WINDOW), 10);
        demand.asked(start + 4 * WINDOW);
        assert_eq!(demand.likely(start + 4 * WINDOW), 1);
        assert_eq!(demand.likely(start + 4 * WINDOW + IDLE), 0);
    }
}
