use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lambent_types::Provisioned;

use crate::guest_memory::Reclaim;
use crate::idle_slots::IdleSlot;
use crate::instance::{IDLE_TIME_MAX, Instance};
use crate::invocation::Invocation;
use crate::linked::Linked;
use crate::program_driver::Handle;
use crate::tenant::{Tenant, tenant};
use crate::worker::Worker;
use crate::worker::mailbox::{Mailbox, Mailboxes};

/// How many idle instances of a function version are kept, and how often and by how many
/// requests at once one is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstancePoolOptions {
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

impl Default for InstancePoolOptions {
    /// No instance is kept ready, none is reused and none is shared.
    fn default() -> Self {
        Self { provisioned: Provisioned::NONE, reuse: 1, shared: 1 }
    }
}

/// How it ended that instances were to be made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// All are.
    Ready,
    /// As many instances wait as the engine lets.
    NoSlot,
    /// One could not be made: there is no memory for it, or it failed when it was instantiated or
    /// initialized.
    Failed,
}

/// What [`Provisioned::Auto`] keeps is enough for this long at the present rate: a
/// thousand times what it takes to instantiate one.
const HORIZON: Duration = Duration::from_millis(10);
/// The rate is measured over this time, and a burst is forgotten after as long.
const WINDOW: Duration = Duration::from_secs(1);
/// The most instances that [`Provisioned::Auto`] keeps.
const READY_MAX: usize = 256;

/// The idle instances of one component, under one environment and one set of limits. An
/// invocation of a [component with the pool](crate::Component::from_pool) takes one, if
/// there is one, in place of instantiating the component.
///
/// At most half of the engine's instances are idle, of all pools together; more are
/// dropped, or not made.
///
/// A ready instance has run nothing but what the component does when it is
/// instantiated, whose fuel counts to the invocation that takes it. An instance that
/// was used comes back only if its guest returned: after a trap, a limit or a
/// cancellation it is dropped.
pub struct InstancePool<T: 'static> {
    linked: Arc<Linked<T>>,
    /// The invocation that a ready instance is instantiated for.
    prototype: Box<dyn Fn() -> Invocation<T> + Send + Sync>,
    options: InstancePoolOptions,
    /// Whether its instances are those of programs.
    program: bool,
    tenant: Tenant,
    idle: Mutex<Idle<T>>,
    /// Where requests are handed to the workers of shared instances.
    mailboxes: Arc<Mailboxes>,
}

struct Idle<T: 'static> {
    /// Each with the time since when it is idle; the last used is at the back, as its
    /// memory is most likely in the caches.
    instances: VecDeque<(Instant, Instance<T>, IdleSlot)>,
    /// Programs that wait for an event, in the same order; of one component these are all.
    programs: VecDeque<(Instant, Handle<T>, IdleSlot)>,
    demand: Demand,
    filling: bool,
}

impl<T: Send + 'static> InstancePool<T> {
    /// See [`Component::pool`](crate::Component::pool).
    pub(crate) fn new(
        linked: Arc<Linked<T>>,
        options: InstancePoolOptions,
        prototype: impl Fn() -> Invocation<T> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let idle = Idle {
            instances: VecDeque::new(),
            programs: VecDeque::new(),
            demand: Demand::default(),
            filling: false,
        };
        let Invocation { context, program, .. } = prototype();
        let program = program && linked.event.is_none();
        let tenant = tenant(context.function.as_deref());
        let pool = Arc::new(Self {
            linked,
            prototype: Box::new(prototype),
            options,
            program,
            tenant,
            idle: Mutex::new(idle),
            mailboxes: Arc::default(),
        });
        let reclaimed: Arc<dyn Reclaim> = pool.clone();
        pool.linked.runtime.memory.register(Arc::downgrade(&reclaimed));
        pool
    }

    /// The component that it has instances of.
    pub(crate) const fn linked(&self) -> &Arc<Linked<T>> {
        &self.linked
    }

    fn lock(&self) -> MutexGuard<'_, Idle<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many instances are idle.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.lock().len()
    }

    /// Whether it has no instance and needs none.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        let idle = self.lock();
        let wanted = self.wanted(&idle, Instant::now());
        idle.len() == 0 && wanted == 0 && self.mailboxes.len() == 0
    }

    /// Reserves a place at the worker of a shared instance on this thread, or of a new
    /// one; none if instances are not shared, or no slot is free.
    pub(crate) fn reserve_mailbox(self: &Arc<Self>) -> Option<Mailbox> {
        let InstancePoolOptions { shared, reuse, .. } = self.options;
        let linked = &self.linked;
        if shared <= 1 || linked.http_03.is_none() {
            return None;
        }
        if let Some(mailbox) = self.mailboxes.reserve(shared, reuse) {
            return Some(mailbox);
        }
        let slot = linked.runtime.slots.take()?;
        let fresh = || Instance::new(linked, (self.prototype)(), None);
        let instance = self.take().unwrap_or_else(fresh);
        let (mailbox, state, requests) = self.mailboxes.open(reuse);
        let mailboxes = Arc::downgrade(&self.mailboxes);
        let worker = Worker::new(instance, linked.clone(), mailboxes, state, requests, slot);
        tokio::spawn(worker.run());
        Some(mailbox)
    }

    /// Takes the instance that was used last, and has others made ready if they are
    /// lacking.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Instance<T>> {
        self.take_by(|idle| idle.instances.pop_back()).map(|(_, instance, _)| instance)
    }

    /// Does what [`Self::take`] does, with the program that was used last.
    pub(crate) fn take_program(self: &Arc<Self>) -> Option<Handle<T>> {
        self.take_by(|idle| idle.programs.pop_back()).map(|(_, program, _)| program)
    }

    fn take_by<R>(self: &Arc<Self>, take: impl FnOnce(&mut Idle<T>) -> Option<R>) -> Option<R> {
        let now = Instant::now();
        let mut idle = self.lock();
        idle.demand.count(now);
        let taken = take(&mut idle);
        let lacking = idle.len() < self.wanted(&idle, now) && !idle.filling;
        idle.filling |= lacking;
        drop(idle);
        if lacking {
            let this = Arc::clone(self);
            // On this thread's executor, so that it begins when the invocation that took
            // the last instance has yielded.
            tokio::spawn(async move {
                this.fill().await;
            });
        }
        taken
    }

    /// Keeps an instance that was used, unless it has served often enough.
    pub(crate) fn give_back(&self, mut instance: Instance<T>) {
        if instance.count_served() < self.options.reuse
            && let Some(slot) = self.linked.runtime.slots.take()
        {
            self.lock().instances.push_back((Instant::now(), instance, slot));
        }
    }

    /// Keeps a program that waits for an event, unless it has served often enough; then it ends.
    pub(crate) fn give_back_program(&self, program: Handle<T>) {
        if program.served() < self.options.reuse
            && let Some(slot) = self.linked.runtime.slots.take()
        {
            self.lock().programs.push_back((Instant::now(), program, slot));
        }
    }

    fn wanted(&self, idle: &Idle<T>, now: Instant) -> usize {
        match self.options.provisioned {
            Provisioned::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Provisioned::Auto => idle.demand.expected(now),
        }
    }

    /// Instantiates as many instances as should be ready and are not.
    pub async fn fill(&self) -> Filled {
        while self.lacks() {
            let Some(slot) = self.linked.runtime.slots.take() else {
                self.lock().filling = false;
                return Filled::NoSlot;
            };
            if !self.prepare_one(slot).await {
                // No memory is free, or the component fails to instantiate: the
                // next invocation tries again, and reports why.
                self.lock().filling = false;
                return Filled::Failed;
            }
            tokio::task::yield_now().await;
        }
        Filled::Ready
    }

    /// Makes one instance ready; returns whether that succeeded.
    async fn prepare_one(&self, slot: IdleSlot) -> bool {
        let linked = &self.linked;
        // At the front, as an instance that was used costs less to use again.
        if self.program {
            let prepared = Handle::prepare(linked, (self.prototype)()).await;
            let Some(program) = prepared else { return false };
            self.lock().programs.push_front((Instant::now(), program, slot));
            return true;
        }
        let mut instance = Instance::new(linked, (self.prototype)(), None);
        let prepared = instance.prepare(linked).await;
        if prepared {
            self.lock().instances.push_front((Instant::now(), instance, slot));
        }
        prepared
    }

    /// Whether fewer are ready than should be; if not, filling ends.
    fn lacks(&self) -> bool {
        let mut idle = self.lock();
        idle.filling = idle.len() < self.wanted(&idle, Instant::now());
        idle.filling
    }

    /// Drops the instances that have been idle for too long, but keeps as many as should
    /// be ready. Returns how many are idle then.
    pub fn evict(&self) -> usize {
        let now = Instant::now();
        let mut idle = self.lock();
        let kept = self.wanted(&idle, now);
        let expired = |since: &Instant| now.duration_since(*since) >= IDLE_TIME_MAX;
        let (mut evicted, mut ended) = (Vec::new(), Vec::new());
        while idle.len() > kept && idle.instances.front().is_some_and(|(since, ..)| expired(since))
        {
            evicted.extend(idle.instances.pop_front());
        }
        while idle.len() > kept && idle.programs.front().is_some_and(|(since, ..)| expired(since)) {
            ended.extend(idle.programs.pop_front());
        }
        let left = idle.len();
        drop(idle);
        // Dropped without the lock, as giving memory back takes a while.
        drop((evicted, ended));
        left
    }
}

impl<T: Send + 'static> Reclaim for InstancePool<T> {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    fn reclaim(&self) -> Option<Box<dyn Any + Send>> {
        let reclaimed = self.lock().instances.pop_front()?;
        Some(Box::new(reclaimed))
    }

    fn end_idle_workers(&self) -> usize {
        let programs = std::mem::take(&mut self.lock().programs);
        programs.len() + self.mailboxes.close_all_idle()
    }
}

impl<T> Idle<T> {
    fn len(&self) -> usize {
        self.instances.len() + self.programs.len()
    }
}

/// How often instances were needed lately.
#[derive(Debug, Default)]
struct Demand {
    window: Option<Instant>,
    count: u32,
    /// The count of the window before.
    before: u32,
}

impl Demand {
    fn count(&mut self, now: Instant) {
        match self.window {
            Some(began) if now.duration_since(began) < WINDOW => self.count += 1,
            Some(began) if now.duration_since(began) < 2 * WINDOW => {
                self.before = std::mem::replace(&mut self.count, 1);
                self.window = Some(now);
            }
            _ => *self = Self { window: Some(now), count: 1, before: 0 },
        }
    }

    /// How many instances are expected to be needed within the horizon.
    fn expected(&self, now: Instant) -> usize {
        let Some(began) = self.window else { return 0 };
        if now.duration_since(began) >= IDLE_TIME_MAX {
            return 0;
        }
        let rate = f64::from(self.count.max(self.before)) / WINDOW.as_secs_f64();
        let expected = (rate * HORIZON.as_secs_f64()).ceil() as usize;
        expected.clamp(1, READY_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demand_follows_the_rate_and_is_forgotten() {
        let start = Instant::now();
        let mut demand = Demand::default();
        assert_eq!(demand.expected(start), 0);
        demand.count(start);
        assert_eq!(demand.expected(start), 1);
        for _ in 1..1000 {
            demand.count(start + WINDOW / 2);
        }
        assert_eq!(demand.expected(start + WINDOW / 2), 10);
        // A window later the rate of the window before still counts.
        demand.count(start + WINDOW);
        assert_eq!(demand.expected(start + WINDOW), 10);
        demand.count(start + 4 * WINDOW);
        assert_eq!(demand.expected(start + 4 * WINDOW), 1);
        assert_eq!(demand.expected(start + 4 * WINDOW + IDLE_TIME_MAX), 0);
    }
}
