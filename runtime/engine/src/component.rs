use std::sync::Arc;

use lambent_types::Handler;

use crate::instance::{Instance, Stdio};
use crate::instance_pool::{InstancePool, InstancePoolOptions};
use crate::invocation::Invocation;
use crate::limiter::TABLE_ELEMENT_BYTES;
use crate::linked::Linked;

/// Compiled code in memory, linked and ready to be instantiated. Cheap to clone.
///
/// Each invocation has a fresh instance, which is dropped at its end, unless the
/// component was made [from a pool](Self::from_pool) of idle instances.
pub struct Component<T: 'static> {
    pub(crate) linked: Arc<Linked<T>>,
    /// Where instances are taken from and given back to.
    pub(crate) pool: Option<Arc<InstancePool<T>>>,
}

impl<T: 'static> Clone for Component<T> {
    fn clone(&self) -> Self {
        Self { linked: self.linked.clone(), pool: self.pool.clone() }
    }
}

/// Bytes of a WebAssembly page.
const PAGE_BYTES: u64 = 64 << 10;

impl<T: Send + 'static> Component<T> {
    pub(crate) const fn new(linked: Arc<Linked<T>>) -> Self {
        Self { linked, pool: None }
    }

    /// Makes a pool of instances of the component; nothing is instantiated yet.
    /// `prototype` makes the invocation that each ready instance is instantiated for;
    /// invocations that take instances must have the same environment, limits and
    /// purpose.
    #[must_use]
    pub fn pool(
        &self,
        options: InstancePoolOptions,
        prototype: impl Fn() -> Invocation<T> + Send + Sync + 'static,
    ) -> Arc<InstancePool<T>> {
        InstancePool::new(self.linked.clone(), options, prototype)
    }

    /// The component whose instances these are. Its invocations take their instances from
    /// the pool and give them back.
    #[must_use]
    pub fn from_pool(pool: Arc<InstancePool<T>>) -> Self {
        Self { linked: pool.linked().clone(), pool: Some(pool) }
    }

    /// How it can be called, in order of preference; the exports' types have
    /// been checked, not only their names.
    #[must_use]
    pub fn handlers(&self) -> Vec<Handler> {
        Handler::ALL.into_iter().filter(|handler| self.linked.has(*handler)).collect()
    }

    /// Whether it imports an interface by which it could send HTTP requests.
    #[must_use]
    pub fn sends_http(&self) -> bool {
        self.linked.sends_http
    }

    /// The component as wasmtime has it, whose types can be looked at.
    #[must_use]
    pub fn wasmtime(&self) -> &wasmtime::component::Component {
        self.linked.pre.component()
    }

    /// Bytes of memory and tables an instance takes at the least before it has
    /// run at all; `None` where that cannot be known without instantiating it.
    #[must_use]
    pub fn memory_bytes_min(&self) -> Option<u64> {
        let required = self.linked.pre.component().resources_required()?;
        // Only the largest is known, in pages; the others may be smaller.
        let memory = required.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE_BYTES);
        let table =
            required.max_initial_table_size.unwrap_or(0).saturating_mul(TABLE_ELEMENT_BYTES);
        Some(memory.saturating_add(table))
    }

    /// An instance for `invocation`: an idle one of the pool, if there is one, else a
    /// fresh one, which is instantiated when it is run.
    pub(crate) fn instance(&self, invocation: Invocation<T>, stdio: Option<Stdio>) -> Instance<T> {
        // A command's streams are its own, and it can be run only once.
        let pool = self.pool.as_ref().filter(|_| stdio.is_none());
        match pool.and_then(InstancePool::take) {
            Some(mut instance) => {
                instance.renew(invocation);
                instance
            }
            None => Instance::new(&self.linked, invocation, stdio),
        }
    }

    /// Gives an instance back to the pool after an invocation whose guest returned;
    /// an instance in any other state is dropped.
    pub(crate) fn release(&self, instance: Instance<T>) {
        if let Some(pool) = &self.pool {
            pool.give_back(instance);
        }
    }
}
