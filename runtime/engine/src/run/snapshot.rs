//! Taking a snapshot.

use std::time::Duration;

use lambent_types::{Limits, bounds};
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::component::Component;
use crate::freezing::{Freezing, call};
use crate::initialization::{failed, initialize};
use crate::invocation::{Finished, Invocation, Refused};
use crate::options::HOSTCALL_BYTES_MAX;
use crate::snapshot::{Snapshot, Transfer};
use crate::store_data::Host;

/// How long an instance may take to be initialized that a snapshot is taken of; Lambda's.
pub const SNAPSHOT_TIME_MAX: Duration = Duration::from_secs(130);

impl<T: Send + 'static> Component<T> {
    /// Whether snapshots can be taken of its instances.
    #[must_use]
    pub fn can_be_frozen(&self) -> bool {
        self.linked.freezing.is_some() && self.linked.initialization.is_some()
    }

    /// Initializes an instance and takes a snapshot of it, within [`SNAPSHOT_TIME_MAX`] and with
    /// as much fuel as there may be.
    ///
    /// # Errors
    /// [`Refused`]: nothing ran.
    pub async fn snapshot(&self, invocation: Invocation<T>) -> Result<Finished<Snapshot>, Refused> {
        let (timeout, fuel) = (SNAPSHOT_TIME_MAX, bounds::FUEL_MAX);
        let limits = Limits { timeout, fuel, ..invocation.limits };
        let invocation = Invocation { limits, uninitialized: true, ..invocation };
        let linked = self.linked.clone();
        self.call(invocation, move |store, instance| {
            Box::pin(async move {
                let found = linked.freezing.as_ref().zip(linked.initialization.as_ref());
                let (freezing, initialization) =
                    found.ok_or_else(|| wasmtime::Error::msg("it cannot be frozen"))?;
                let hooks = freezing.hooks.load(&mut *store, &instance)?;
                let hooks = hooks.lambent_runtime_snapshot();
                hooks.call_open_handles(&mut *store).await?;
                store.data_mut().transfer = Some(Box::new(Transfer::Before));
                save(store, instance, freezing).await?;
                initialize(store, instance, initialization, SNAPSHOT_TIME_MAX).await?;
                if let Err(failure) = hooks.call_before_snapshot(&mut *store).await? {
                    return Err(failed(store, failure.into()));
                }
                save(store, instance, freezing).await?;
                let taken = store.data_mut().transfer.take().and_then(|transfer| transfer.taken());
                taken.ok_or_else(|| wasmtime::Error::msg("its memory was not saved"))
            })
        })
        .await
    }
}

/// Has the memory of an instance handed over: all of it at once, which is more than a guest may
/// hand to the host itself.
async fn save<T: Send + 'static>(
    store: &mut Store<Host<T>>,
    instance: Instance,
    freezing: &Freezing,
) -> wasmtime::Result<()> {
    store.set_hostcall_fuel(usize::MAX);
    let saved = call(store, instance, freezing.save).await;
    store.set_hostcall_fuel(HOSTCALL_BYTES_MAX);
    saved
}
