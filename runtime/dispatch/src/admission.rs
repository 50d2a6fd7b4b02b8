use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use lambent_types::{Error, ErrorCode, FunctionName, FunctionVersion, Namespace, ThrottleReason};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::limits::{Limits, Share};
use crate::options::Options;
use crate::runner::Runner;
use crate::scaling::Scaling;

/// How often the runner is asked whether a function is still overloaded, as it does not
/// tell when the CPU is free again; limits, too, are changed without a word.
const OVERLOAD_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Functions that do not run and are remembered for their scaling, before they are looked through.
const REMEMBERED_MAX: usize = 10_000;

/// Decides whether an invocation may begin: not beyond the limits of invocations in
/// flight, nor while its function waits too long for the CPU.
///
/// Three limits hold at once. A function has what is reserved for it, or shares what is not with
/// the others of its namespace. Of what the node runs at once, as much as is reserved is kept free
/// of the rest, up to nine tenths. And no function has more than nine tenths of the node.
pub(crate) struct Admission {
    runner: Arc<dyn Runner>,
    pub(crate) limits: Limits,
    /// Most invocations at once.
    max: usize,
    /// Most invocations of one function at once: 90 % of all, so that no
    /// function can take the whole node. Lambda keeps some unreserved likewise.
    function_max: usize,
    /// By how many the invocations of a function that run at once may grow in ten seconds.
    scaling_rate: u32,
    in_flight: Mutex<InFlight>,
    idle: Notify,
    freed: Notify,
}

type Key = (Namespace, FunctionName);

#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    /// Of all functions that have nothing reserved.
    shared: usize,
    /// Of those of each namespace.
    namespaces: HashMap<Namespace, usize, RandomState>,
    functions: HashMap<Key, Running, RandomState>,
}

#[derive(Debug)]
struct Running {
    count: usize,
    scaling: Scaling,
}

/// Why an invocation is not admitted.
struct Turned(ThrottleReason, String);

impl Admission {
    pub(crate) fn new(runner: Arc<dyn Runner>, limits: Limits, options: Options) -> Self {
        let max = options.concurrency_max.max(1);
        Self {
            runner,
            limits,
            max,
            function_max: (max * 9 / 10).max(1),
            scaling_rate: options.scaling_rate.max(1),
            in_flight: Mutex::default(),
            idle: Notify::new(),
            freed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits one invocation, until the permit is dropped.
    ///
    /// # Errors
    /// `Overloaded`, `Throttled`.
    pub(crate) fn admit(self: &Arc<Self>, function: &FunctionVersion) -> Result<Permit, Error> {
        if self.runner.is_overloaded(function) {
            return Err(Error::new(
                ErrorCode::Overloaded,
                "invocations of this function wait too long for the CPU already; try again",
            ));
        }
        let share = self.limits.share(&function.namespace, &function.name);
        let key = (function.namespace.clone(), function.name.clone());
        let is_shared = matches!(share, Share::Shared { .. });
        let mut in_flight = self.lock();
        let turned = self.check(&in_flight, &key, share).err();
        let turned = turned.or_else(|| self.count(&mut in_flight, &key, is_shared).err());
        drop(in_flight);
        match turned {
            None => Ok(Permit { admission: Arc::clone(self), key, is_shared }),
            Some(Turned(reason, detail)) => Err(Error::throttled(reason, detail)),
        }
    }

    /// Refuses one more invocation that a limit is too low for.
    fn check(&self, in_flight: &InFlight, key: &Key, share: Share) -> Result<(), Turned> {
        let exceeded = ThrottleReason::ConcurrentInvocationLimitExceeded;
        let (namespace, name) = key;
        if in_flight.total >= self.max {
            let detail =
                format!("{} invocations are running, the most at once; try again", self.max);
            return Err(Turned(exceeded, detail));
        }
        let running = in_flight.functions.get(key).map_or(0, |running| running.count);
        match share {
            Share::Reserved(reserved) if running >= reserved => {
                let reason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
                return Err(Turned(reason, full(name, reserved)));
            }
            Share::Shared { namespace: limit, .. } if in_flight.of(namespace) >= limit => {
                let detail = format!(
                    "{limit} invocations are running in namespace \"{namespace}\", the most at \
                     once beside what is reserved; try again"
                );
                return Err(Turned(exceeded, detail));
            }
            Share::Shared { node_reserved, .. }
                if in_flight.shared >= self.shared_max(node_reserved) =>
            {
                let detail = format!(
                    "{} invocations are running, the most at once beside what is reserved; try \
                     again",
                    self.shared_max(node_reserved)
                );
                return Err(Turned(exceeded, detail));
            }
            _ => {}
        }
        if running >= self.function_max {
            let detail = format!(
                "{} invocations of function \"{name}\" are running, the most one function may \
                 have at once; try again",
                self.function_max
            );
            return Err(Turned(exceeded, detail));
        }
        Ok(())
    }

    /// Counts one more invocation, unless its function would grow too fast.
    fn count(&self, in_flight: &mut InFlight, key: &Key, is_shared: bool) -> Result<(), Turned> {
        let (rate, now) = (self.scaling_rate, Instant::now());
        if in_flight.functions.len() > REMEMBERED_MAX && !in_flight.functions.contains_key(key) {
            in_flight.functions.retain(|_, running| {
                running.count > 0 || !running.scaling.is_forgettable(rate, now)
            });
        }
        let new = || Running { count: 0, scaling: Scaling::new(rate, now) };
        let running = in_flight.functions.entry(key.clone()).or_insert_with(new);
        if !running.scaling.admits(rate, running.count, now) {
            let detail = format!(
                "{} invocations of function \"{}\" are running, and more than {rate} in ten \
                 seconds are not added; try again",
                running.count, key.1
            );
            return Err(Turned(ThrottleReason::FunctionInvocationRateLimitExceeded, detail));
        }
        running.count += 1;
        in_flight.total += 1;
        if is_shared {
            in_flight.shared += 1;
            *in_flight.namespaces.entry(key.0.clone()).or_default() += 1;
        }
        Ok(())
    }

    /// Most invocations at once of all functions that have nothing reserved.
    const fn shared_max(&self, node_reserved: usize) -> usize {
        let kept = self.max * 9 / 10;
        self.max - if node_reserved < kept { node_reserved } else { kept }
    }

    /// How many invocations of a function could begin now, once that is one at
    /// least. It may be none any more when they do.
    pub(crate) async fn wait_for_room(&self, function: &FunctionVersion) -> usize {
        loop {
            // Made before looking, so that no end is missed.
            let freed = self.freed();
            let overloaded = self.runner.is_overloaded(function);
            let room = if overloaded { 0 } else { self.room(function) };
            if room > 0 {
                return room;
            }
            drop(tokio::time::timeout(OVERLOAD_CHECK_INTERVAL, freed).await);
        }
    }

    /// How many invocations of a function the limits allow now.
    fn room(&self, function: &FunctionVersion) -> usize {
        let (namespace, name) = (&function.namespace, &function.name);
        let share = self.limits.share(namespace, name);
        let in_flight = self.lock();
        let key = (namespace.clone(), name.clone());
        let running = in_flight.functions.get(&key).map_or(0, |running| running.count);
        let of_share = match share {
            Share::Reserved(reserved) => reserved.saturating_sub(running),
            Share::Shared { namespace: limit, node_reserved } => {
                let of_namespace = limit.saturating_sub(in_flight.of(namespace));
                let of_node = self.shared_max(node_reserved).saturating_sub(in_flight.shared);
                of_namespace.min(of_node)
            }
        };
        let of_all = self.max.saturating_sub(in_flight.total);
        of_all.min(of_share).min(self.function_max.saturating_sub(running))
    }

    /// Resolves when an invocation ends after this was called.
    fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.lock().total
    }

    /// How many invocations of a function run.
    pub(crate) fn running(&self, namespace: &Namespace, name: &FunctionName) -> usize {
        let key = (namespace.clone(), name.clone());
        self.lock().functions.get(&key).map_or(0, |running| running.count)
    }

    /// Returns when no invocation is in flight.
    pub(crate) async fn idle(&self) {
        loop {
            // Made before looking, so that no notification is missed.
            let idle = self.idle.notified();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// What is said of a function that has as many invocations as it may.
fn full(name: &FunctionName, reserved: usize) -> String {
    if reserved == 0 {
        return format!(
            "function \"{name}\" is switched off: no invocation is reserved for it; reserve some, \
             or none in particular (lambent concurrency unreserve {name})"
        );
    }
    format!(
        "{reserved} invocations of function \"{name}\" are running, as many as are reserved for \
         it; try again"
    )
}

impl InFlight {
    /// How many run of the functions of a namespace that have nothing reserved.
    fn of(&self, namespace: &Namespace) -> usize {
        self.namespaces.get(namespace).copied().unwrap_or(0)
    }
}

/// The right to run one invocation.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    key: Key,
    /// Whether it counts to what functions share, as it did when it began.
    is_shared: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let rate = self.admission.scaling_rate;
        let mut guard = self.admission.lock();
        let in_flight = &mut *guard;
        in_flight.total -= 1;
        if self.is_shared {
            in_flight.shared -= 1;
            if let Some(shared) = in_flight.namespaces.get_mut(&self.key.0) {
                *shared -= 1;
                if *shared == 0 {
                    in_flight.namespaces.remove(&self.key.0);
                }
            }
        }
        if let Some(running) = in_flight.functions.get_mut(&self.key) {
            running.count -= 1;
            if running.count == 0 && running.scaling.is_forgettable(rate, Instant::now()) {
                in_flight.functions.remove(&self.key);
            }
        }
        let idle = in_flight.total == 0;
        drop(guard);
        self.admission.freed.notify_waiters();
        if idle {
            self.admission.idle.notify_waiters();
        }
    }
}
