//! Plugins: one kept instance of a component, and the calls that wait for it.

mod lost;
mod queue;
mod running;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::future::BoxFuture;
use wasmtime::Store;
use wasmtime::component::Instance as Guest;

pub use self::lost::{Lost, LostCause, OnLost};
pub use self::queue::QUEUE_DEFAULT;
use self::queue::Queue;
use self::running::{Kept, Running};
use crate::component::Component;
use crate::guest_memory::Reclaim;
use crate::instance::Instance;
use crate::invocation::{Finished, Invocation, Refused};
use crate::own_runtime::OwnRuntime;
use crate::store_data::Host;
use crate::tenant::{Tenant, tenant};

/// One kept instance of a component, which calls are made to one after the other, in the order in
/// which they were first polled. What a call leaves in the guest's memory, and the resources that
/// the guest and the host hold handles to, are there for the next. Cheap to clone.
///
/// There is never a second instance beside the first, and none takes its place in silence. The
/// instance is lost when a call ends in any other way than by returning (a trap, a limit, an error
/// of the host), when the future of a call that runs is dropped, and when the host
/// [discards](Self::discard) or [replaces](Self::replace) it. What happens then is decided by
/// [`OnLost`]: without it each call is answered with [`CallError::StateLost`] until the host calls
/// [`restart`](Self::restart).
///
/// - A call whose future is dropped while it waits is not made, and nothing is lost.
/// - As many calls wait as [`PluginOptions::queue`] says; more are refused with
///   [`CallError::QueueFull`].
/// - The future of a call borrows its `Plugin`, so that none is dropped with calls that wait; a
///   task has a clone of its own. The instance is dropped with the last clone. After
///   [`close`](Self::close) the calls that wait end with [`CallError::Closed`].
/// - The memory of the instance counts to the engine's [`Budget`](crate::Budget) between calls
///   too. It is given up for others only if [`PluginOptions::reclaimable`] is set.
/// - The time of a call begins when it is its turn. Its fuel is its own; its memory is the
///   instance's, whose limit is that of the call which started it.
/// - A call made from within a call, by an import, would wait for itself: it ends with the
///   timeout of the outer one.
pub struct Plugin<T: 'static> {
    inner: Arc<Inner<T>>,
}

impl<T: 'static> Clone for Plugin<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

/// How a [`Plugin`] is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginOptions {
    /// Calls that may wait while one runs.
    pub queue: usize,
    /// What is done when the instance was lost.
    pub on_lost: OnLost,
    /// Whether the instance may be given up, while no call runs, when the engine's budget has no
    /// memory left for another guest. The state is then lost, as [`LostCause::Reclaimed`].
    pub reclaimable: bool,
}

impl Default for PluginOptions {
    /// Up to [`QUEUE_DEFAULT`] calls wait, a loss is told, and nothing is given up.
    fn default() -> Self {
        Self { queue: QUEUE_DEFAULT, on_lost: OnLost::default(), reclaimable: false }
    }
}

/// A call that was made, and in which of the plugin's instances.
#[derive(Debug)]
pub struct Completed<R> {
    /// The number of the instance: 1 for the first. As long as it stays the same, what earlier
    /// calls left is there.
    pub generation: u64,
    /// How the call ended.
    pub finished: Finished<R>,
}

/// Why a call to a [`Plugin`] was not made. Nothing of the guest ran, but for what
/// [`Refused`](Self::Refused) says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// What earlier calls left is gone. [`Plugin::restart`] goes on with a fresh instance.
    #[error(transparent)]
    StateLost(#[from] Lost),
    /// So many calls wait already.
    #[error("{0} calls wait for the plugin already, which is as many as may")]
    QueueFull(usize),
    /// The plugin was closed.
    #[error("the plugin is closed")]
    Closed,
    /// There is no room for an instance: nothing is lost, and a later call may have more luck. If
    /// it was the host that found no room while the guest ran, the instance is lost, as the next
    /// call is told.
    #[error(transparent)]
    Refused(#[from] Refused),
}

pub(crate) struct Inner<T: 'static> {
    options: PluginOptions,
    /// Makes the invocation of a call that is given none.
    prototype: Box<dyn Fn() -> Invocation<T> + Send + Sync>,
    tenant: Tenant,
    queue: Queue,
    kept: Mutex<Kept<T>>,
}

impl<T: Send + 'static> Component<T> {
    /// A plugin of this component, whose calls are made with the invocations that `prototype`
    /// makes: their limits and state are the call's. Their environment and what else they
    /// give are the instance's, as the call that starts it has them. Nothing is
    /// instantiated before the first call. A pool of the component plays no part.
    #[must_use]
    pub fn plugin(
        &self,
        options: PluginOptions,
        prototype: impl Fn() -> Invocation<T> + Send + Sync + 'static,
    ) -> Plugin<T> {
        let tenant = tenant(prototype().context.function.as_deref());
        let inner = Arc::new(Inner {
            options,
            prototype: Box::new(prototype),
            tenant,
            queue: Queue::new(options.queue),
            kept: Mutex::new(Kept::new(self.linked.clone())),
        });
        if options.reclaimable {
            let reclaimed: Arc<dyn Reclaim> = inner.clone();
            self.linked.runtime.memory.register(Arc::downgrade(&reclaimed));
        }
        Plugin { inner }
    }
}

impl<T: Send + 'static> Plugin<T> {
    /// Calls the plugin: `guest` is handed the instance when it is the call's turn, as with
    /// [`Component::call`].
    ///
    /// # Errors
    /// See [`CallError`]. How a call ended that was made is in [`Completed::finished`].
    pub async fn call<R: Send>(
        &self,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>, Guest) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Completed<R>, CallError> {
        self.call_with((self.inner.prototype)(), None, guest).await
    }

    /// Calls the plugin with state and limits of this call's own, and only if the instance is
    /// still that of `generation`, if one is given: for handles that belong to an instance. What
    /// the invocation says of the environment counts only if the call starts the instance.
    ///
    /// # Errors
    /// See [`CallError`]; [`CallError::StateLost`] if the instance is another, whatever
    /// [`OnLost`] says.
    pub async fn call_with<R: Send>(
        &self,
        invocation: Invocation<T>,
        generation: Option<u64>,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>, Guest) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Completed<R>, CallError> {
        let inner = &self.inner;
        let runtime = self.own_runtime();
        let called = async {
            let _turn = inner.queue.turn().await?;
            let invocation = Invocation { began: Instant::now(), ..invocation };
            Running::begin(&inner.kept, invocation, generation, inner.options.on_lost)?
                .run(guest)
                .await
        };
        runtime.enter(called).await
    }

    /// The number of the instance that there is, or was last; 0 before the first call.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.inner.lock().generation()
    }

    /// Why there is no instance any more, if it was lost and none has been started since.
    #[must_use]
    pub fn lost(&self) -> Option<Lost> {
        self.inner.lock().lost().cloned()
    }

    /// Calls that wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.queue.waiting()
    }

    /// Has the next call start with a fresh instance, whether or not there is one, once the calls
    /// are over that were made before: the host accepts that the state is gone.
    ///
    /// # Errors
    /// [`CallError::QueueFull`] and [`CallError::Closed`].
    pub async fn restart(&self) -> Result<(), CallError> {
        self.change(|kept| {
            let lost = kept.lose(LostCause::Discarded);
            kept.accept_loss();
            lost
        })
        .await
    }

    /// Drops the instance, if there is one, once the calls are over that were made before. Its
    /// state is lost, which the next call is told.
    ///
    /// # Errors
    /// [`CallError::QueueFull`] and [`CallError::Closed`].
    pub async fn discard(&self) -> Result<(), CallError> {
        self.change(|kept| kept.lose(LostCause::Discarded)).await
    }

    /// Goes on with another component, such as a newer version of the same plugin: the calls that
    /// were made before end on the old one. The state of an instance that there is then is lost,
    /// which the next call is told.
    ///
    /// # Errors
    /// [`CallError::QueueFull`] and [`CallError::Closed`].
    pub async fn replace(&self, component: &Component<T>) -> Result<(), CallError> {
        let linked = component.linked.clone();
        self.change(|kept| {
            kept.link(linked);
            kept.lose(LostCause::Replaced)
        })
        .await
    }

    /// Takes no more calls, ends those that wait with [`CallError::Closed`], and drops the
    /// instance, after the call that runs, if one does.
    pub fn close(&self) {
        self.inner.queue.close();
        let dropped = self.inner.lock().close();
        drop(dropped);
    }

    /// The executor for those who call from outside of any.
    pub(crate) fn own_runtime(&self) -> Arc<OwnRuntime> {
        self.inner.lock().linked().runtime.own.clone()
    }

    /// Changes what is kept when it is this change's turn.
    async fn change(
        &self,
        change: impl FnOnce(&mut Kept<T>) -> Option<Instance<T>>,
    ) -> Result<(), CallError> {
        let _turn = self.inner.queue.turn().await?;
        let lost = change(&mut self.inner.lock());
        drop(lost);
        Ok(())
    }
}

impl<T: 'static> Inner<T> {
    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Reclaim for Inner<T> {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    fn reclaim(&self) -> Option<Box<dyn std::any::Any + Send>> {
        let reclaimed = self.lock().lose(LostCause::Reclaimed)?;
        Some(Box::new(reclaimed))
    }

    fn end_idle_workers(&self) -> usize {
        0
    }
}
