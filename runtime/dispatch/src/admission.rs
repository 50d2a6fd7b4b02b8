use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use lambent_types::{Error, ErrorCode, FunctionName, FunctionVersion, Namespace};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::runner::Runner;

/// How often the runner is asked whether a function is still overloaded, as it does not
/// tell when the CPU is free again.
const OVERLOAD_CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Decides whether an invocation may begin: not beyond the limits of invocations in
/// flight, nor while its function waits too long for the CPU.
pub(crate) struct Admission {
    runner: Arc<dyn Runner>,
    /// Most invocations at once.
    max: usize,
    /// Most invocations of one function at once: 90 % of all, so that no
    /// function can take the whole node. Lambda keeps some unreserved likewise.
    function_max: usize,
    in_flight: Mutex<InFlight>,
    idle: Notify,
    freed: Notify,
}

#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    functions: HashMap<(Namespace, FunctionName), usize, RandomState>,
}

impl Admission {
    pub(crate) fn new(runner: Arc<dyn Runner>, max: usize) -> Self {
        let max = max.max(1);
        Self {
            runner,
            max,
            function_max: (max * 9 / 10).max(1),
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
        let mut in_flight = self.lock();
        if in_flight.total >= self.max {
            return Err(Error::new(
                ErrorCode::Throttled,
                format!("{} invocations are running, the most at once; try again", self.max),
            ));
        }
        let key = (function.namespace.clone(), function.name.clone());
        let running = in_flight.functions.entry(key.clone()).or_default();
        if *running >= self.function_max {
            return Err(Error::new(
                ErrorCode::Throttled,
                format!(
                    "{} invocations of function \"{}\" are running, the most one function may \
                     have at once; try again",
                    self.function_max, function.name
                ),
            ));
        }
        *running += 1;
        in_flight.total += 1;
        drop(in_flight);
        Ok(Permit { admission: Arc::clone(self), key })
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
        let in_flight = self.lock();
        let key = (function.namespace.clone(), function.name.clone());
        let running = in_flight.functions.get(&key).copied().unwrap_or(0);
        let of_all = self.max.saturating_sub(in_flight.total);
        of_all.min(self.function_max.saturating_sub(running))
    }

    /// Resolves when an invocation ends after this was called.
    fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.lock().total
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

/// The right to run one invocation.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    key: (Namespace, FunctionName),
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut in_flight = self.admission.lock();
        in_flight.total -= 1;
        if let Some(running) = in_flight.functions.get_mut(&self.key) {
            *running -= 1;
            if *running == 0 {
                in_flight.functions.remove(&self.key);
            }
        }
        let idle = in_flight.total == 0;
        drop(in_flight);
        self.admission.freed.notify_waiters();
        if idle {
            self.admission.idle.notify_waiters();
        }
    }
}
