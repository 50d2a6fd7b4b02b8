use std::sync::Arc;

use tokio::runtime::Handle;

use crate::guest_memory::GuestMemory;
use crate::idle_slots::IdleSlots;
use crate::own_runtime::OwnRuntime;
use crate::scheduler::Scheduler;

/// What all components of an engine share when they run. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) slots: Arc<IdleSlots>,
    pub(crate) memory: Arc<GuestMemory>,
    /// Where guests that run for long are moved to; without it they stay on the
    /// executor that called them.
    pub(crate) executor: Option<Handle>,
    /// For those who call from outside of any executor of tokio's.
    pub(crate) own: Arc<OwnRuntime>,
}
