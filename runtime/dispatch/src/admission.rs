use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lambent_types::{Error, ErrorCode, FunctionName, FunctionVersion, Namespace};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Counts invocations in flight and turns away those beyond the limits.
#[derive(Debug)]
pub(crate) struct Admission {
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
    functions: HashMap<(Namespace, FunctionName), usize>,
}

impl Admission {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.max(1);
        Self {
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
    pub(crate) fn admit(self: &Arc<Self>, function: &FunctionVersion) -> Result<Permit, Error> {
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

    /// How many invocations of a function would be admitted now.
    pub(crate) fn room(&self, function: &FunctionVersion) -> usize {
        let in_flight = self.lock();
        let key = (function.namespace.clone(), function.name.clone());
        let running = in_flight.functions.get(&key).copied().unwrap_or(0);
        let of_all = self.max.saturating_sub(in_flight.total);
        of_all.min(self.function_max.saturating_sub(running))
    }

    /// Resolves when an invocation ends after this was called.
    pub(crate) fn freed(&self) -> Notified<'_> {
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
#[derive(Debug)]
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
