//! What a plugin keeps, and one call to it.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use wasmtime::Store;
use wasmtime::component::Instance as Guest;

use super::{CallError, Completed, Lost, LostCause, OnLost};
use crate::instance::Instance;
use crate::invocation::{Finished, Invocation};
use crate::linked::Linked;
use crate::store_data::Host;

/// The instance of a plugin while no call runs, and what became of those before.
pub(super) struct Kept<T: 'static> {
    linked: Arc<Linked<T>>,
    instance: Option<Instance<T>>,
    generation: u64,
    /// What became of the last instance that was lost, until another is started.
    lost: Option<Lost>,
    /// Whether the host knows of the loss, and wants a fresh instance.
    accepted: bool,
    closed: bool,
}

impl<T: 'static> Kept<T> {
    pub(super) const fn new(linked: Arc<Linked<T>>) -> Self {
        let (instance, lost, accepted, closed) = (None, None, false, false);
        Self { linked, instance, generation: 0, lost, accepted, closed }
    }

    pub(super) const fn linked(&self) -> &Arc<Linked<T>> {
        &self.linked
    }

    pub(super) fn link(&mut self, linked: Arc<Linked<T>>) {
        self.linked = linked;
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) const fn lost(&self) -> Option<&Lost> {
        self.lost.as_ref()
    }

    /// Gives up the instance, if there is one; then its state is lost. It is to be dropped without
    /// the lock, as giving memory back takes a while, and its state may ask the plugin.
    pub(super) fn lose(&mut self, cause: LostCause) -> Option<Instance<T>> {
        let lost = self.instance.take()?;
        self.has_lost(cause);
        Some(lost)
    }

    pub(super) fn accept_loss(&mut self) {
        self.accepted = true;
    }

    /// Keeps nothing from now on.
    pub(super) fn close(&mut self) -> Option<Instance<T>> {
        self.closed = true;
        self.instance.take()
    }

    fn has_lost(&mut self, cause: LostCause) {
        self.lost = Some(Lost { generation: self.generation, cause });
        self.accepted = false;
    }

    /// The loss that a call has to be told.
    fn told(&self, wanted: Option<u64>, on_lost: OnLost) -> Option<Lost> {
        let another = wanted.is_some_and(|wanted| wanted != self.generation);
        match &self.lost {
            Some(lost) if wanted.is_some() || (on_lost == OnLost::Tell && !self.accepted) => {
                Some(lost.clone())
            }
            None if another => {
                let generation = wanted.unwrap_or_default();
                Some(Lost { generation, cause: LostCause::Earlier })
            }
            _ => None,
        }
    }
}

/// A call that runs. If it is dropped before it has ended, the instance is lost with it.
pub(super) struct Running<'a, T: 'static> {
    kept: &'a Mutex<Kept<T>>,
    linked: Arc<Linked<T>>,
    /// The instance, until the call has ended.
    instance: Option<Instance<T>>,
    generation: u64,
    /// The loss that was before, if the instance is a fresh one.
    before: Option<Lost>,
}

impl<'a, T: Send + 'static> Running<'a, T> {
    /// Takes the instance that is kept, or a fresh one if there was none or the loss is accepted.
    pub(super) fn begin(
        kept: &'a Mutex<Kept<T>>,
        invocation: Invocation<T>,
        wanted: Option<u64>,
        on_lost: OnLost,
    ) -> Result<Self, CallError> {
        let mut locked = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if locked.closed {
            return Err(CallError::Closed);
        }
        if let Some(lost) = locked.told(wanted, on_lost) {
            return Err(lost.into());
        }
        let linked = locked.linked.clone();
        let before = locked.lost.take();
        let instance = match locked.instance.take() {
            Some(mut instance) => {
                instance.renew(invocation);
                instance
            }
            None => {
                locked.generation += 1;
                Instance::new(&linked, invocation, None)
            }
        };
        let generation = locked.generation;
        Ok(Self { kept, linked, instance: Some(instance), generation, before })
    }

    /// Makes the call.
    pub(super) async fn run<R: Send>(
        mut self,
        guest: impl for<'b> FnOnce(&'b mut Store<Host<T>>, Guest) -> BoxFuture<'b, wasmtime::Result<R>>,
    ) -> Result<Completed<R>, CallError> {
        let generation = self.generation;
        let Some(instance) = &mut self.instance else { return Err(CallError::Closed) };
        let (outcome, value) = match instance.run(&self.linked, guest).await {
            Ok(ended) => ended,
            Err(refused) => {
                // Memory may also run out in the middle of a call, for what the host charges.
                if instance.open().is_some() {
                    self.end(Some(LostCause::HostFailed(refused.to_string())));
                } else {
                    self.unstart();
                }
                return Err(refused.into());
            }
        };
        let (meter, logs) = instance.read();
        let host_error = instance.take_host_error();
        let cause = match (&value, &host_error) {
            (Some(_), _) => None,
            (None, Some(error)) => Some(LostCause::HostFailed(format!("{error:#}"))),
            (None, None) => Some(LostCause::Ended(outcome.clone())),
        };
        self.end(cause);
        let finished = Finished { outcome, value, meter, logs, host_error };
        Ok(Completed { generation, finished })
    }

    /// Keeps the instance, or drops it if it was lost.
    fn end(&mut self, lost: Option<LostCause>) {
        let Some(mut instance) = self.instance.take() else { return };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match lost {
            Some(cause) => kept.has_lost(cause),
            None if kept.closed => {}
            None => {
                instance.count_served();
                kept.instance = Some(instance);
                return;
            }
        }
        // Dropped without the lock, as giving memory back takes a while.
        drop(kept);
    }

    /// There was no room for the instance, and all is as it was before.
    fn unstart(&mut self) {
        self.instance = None;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.generation = kept.generation.saturating_sub(1);
        kept.lost = self.before.take();
    }
}

impl<T: 'static> Drop for Running<'_, T> {
    fn drop(&mut self) {
        // Before anybody is told, so that a slot of the pool is free for the next.
        if self.instance.take().is_some() {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.has_lost(LostCause::Cancelled);
        }
    }
}
