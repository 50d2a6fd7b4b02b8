use std::sync::Arc;
use std::time::Instant;

use lambent_types::{Environment, Limits, Logs, Meter, Outcome, Start};

use crate::budget::Exhausted;
use crate::context::Context;
use crate::egress::Egress;
use crate::instances::Instances;

/// One invocation to come: what it may use, and what the host knows about it.
pub struct Invocation<T: 'static> {
    /// What it may use.
    pub limits: Limits,
    /// The host's own state, for the capabilities.
    pub state: T,
    /// Environment variables.
    pub environment: Environment,
    /// What sends the HTTP requests it makes; without, they are refused.
    pub outgoing: Option<Arc<dyn Egress>>,
    /// What the guest may know about this invocation.
    pub context: Context,
    /// Where its instance comes from, if one waits there, and goes back to;
    /// without, it is a fresh one, dropped at the end.
    pub instances: Option<Arc<Instances<T>>>,
    /// How the code came to be in memory; only reported.
    pub start: Start,
    /// When the clock of [`Limits::timeout`] and of the meter started.
    pub began: Instant,
}

impl<T> Invocation<T> {
    /// An invocation under the default limits that begins now.
    #[must_use]
    pub fn new(state: T) -> Self {
        Self {
            limits: Limits::default(),
            state,
            environment: Environment::default(),
            outgoing: None,
            context: Context::default(),
            instances: None,
            start: Start::Loaded,
            began: Instant::now(),
        }
    }

    /// When it is ended if it is not over.
    pub(crate) fn deadline(&self) -> Instant {
        self.began + self.limits.timeout
    }

    /// The same under other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// One invocation that is over.
#[derive(Debug)]
pub struct Finished<R> {
    /// How it ended.
    pub outcome: Outcome,
    /// What it returned, if it did.
    pub value: Option<R>,
    /// What it used.
    pub meter: Meter,
    /// What it wrote.
    pub logs: Logs,
}

/// Why an invocation did not start. Nothing of the guest ran.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Every slot of the pool is taken.
    #[error("every instance slot is taken")]
    PoolExhausted,
    /// The memory of the node is used up.
    #[error(transparent)]
    MemoryExhausted(#[from] Exhausted),
    /// The component has no export of the kind asked for.
    #[error("the component does not export {0}")]
    NoSuchExport(lambent_types::Handler),
}
