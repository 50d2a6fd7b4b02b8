use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use lambent_types::{Limits, Logs, Meter, Outcome, Start};
use wasmtime::component;
use wasmtime::{AsContextMut as _, Store, StoreContextMut, Trap, UpdateDeadline};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};

use crate::bindings::initialized;
use crate::budget::{Exhausted, Hold};
use crate::freezing::restore;
use crate::fuel;
use crate::initialization::{INITIALIZATION_TIME_MAX, initialize};
use crate::invocation::{Invocation, Refused};
use crate::limiter::{Denied, Limiter};
use crate::linked::Linked;
use crate::log::Log;
use crate::options::{
    HANDLES_MAX, HOSTCALL_BYTES_MAX, RANDOM_BYTES_AT_ONCE, RESOURCES_MAX, SHARED_RESOURCES_MAX,
};
use crate::scheduler::request_migration;
use crate::snapshot::Snapshot;
use crate::store_data::Host;
use crate::tenant::tenant;
use crate::trap;
use crate::trim::Trimmer;
use crate::wasi_options::WasiOptions;

/// A store with all its limits set, and the component instance in it: what an
/// invocation runs in.
///
/// It is used once and dropped, so that nothing of it is seen again, unless it is of a
/// [pool](crate::InstancePool) that reuses instances and the invocation ended well.
pub(crate) struct Instance<T: 'static> {
    store: Store<Host<T>>,
    /// Given back when the store is dropped, not before.
    charge: Charge,
    /// The component in it, once it was instantiated.
    guest: Option<component::Instance>,
    limits: Limits,
    start: Start,
    began: Instant,
    /// Whether the fuel was set, and the guest has not run but to be instantiated.
    fuelled: bool,
    /// Whether it stays without what it does once.
    uninitialized: bool,
    /// What it starts from in place of what it does once.
    snapshot: Option<Arc<Snapshot>>,
    /// Invocations it has served.
    served: u32,
    /// The error of the host that ended it.
    host_error: Option<wasmtime::Error>,
}

/// How long an instance is kept idle, beyond those provisioned, for a function that is
/// not called.
pub(crate) const IDLE_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes that an instance takes besides its memories and tables: its stack, its
/// store, and what the host holds for it.
const INSTANCE_BYTES: u64 = 128 << 10;

/// The memory that an instance is charged for, until it is gone.
struct Charge {
    hold: Arc<Hold>,
    trimmer: Arc<Trimmer>,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.trimmer.dropped(self.hold.bytes());
    }
}

/// Where a command's standard input comes from and its output goes; other
/// guests have an empty input, and their output is logged.
pub(crate) struct Stdio {
    pub(crate) stdin: Box<dyn StdinStream + Sync>,
    pub(crate) stdout: Box<dyn StdoutStream + Sync>,
}

impl<T: Send + 'static> Instance<T> {
    /// A fresh instance for `invocation`, which is instantiated when it is run.
    pub(crate) fn new(linked: &Linked<T>, invocation: Invocation<T>, stdio: Option<Stdio>) -> Self {
        let deadline = invocation.deadline();
        let Invocation {
            limits,
            state,
            environment,
            wasi,
            outgoing,
            context,
            start,
            began,
            uninitialized,
            snapshot,
            program: _,
            stream: _,
        } = invocation;
        let logs = Log::new(limits.log_bytes);
        // Programs count on being told a name, and some fail without one.
        let name = context.function.as_ref().map_or("function", |version| version.name.as_str());
        let mut wasi = wasi_builder(wasi, name, &logs, stdio);
        for (key, value) in &*environment.0 {
            wasi.env(key, value);
        }
        let (memory, (namespace, name)) =
            (&linked.runtime.memory, tenant(context.function.as_deref()));
        let hold = Arc::new(memory.budget.hold(namespace, name));
        logs.charge(hold.clone());
        let limiter = Limiter::new(limits.memory_bytes, hold.clone(), memory.clone());
        let (wasi, clock) = (wasi.build(), (deadline, linked.runtime.scheduler.epochs.clone()));
        let host = Host::new(state, wasi, outgoing, logs, context, limits, clock, limiter);
        let mut store = Store::new(&linked.engine, host);
        store.limiter_async(|host| &mut host.limiter);
        store.epoch_deadline_callback(at_epoch);
        store.set_hostcall_fuel(HOSTCALL_BYTES_MAX);
        store.set_max_component_handles(HANDLES_MAX);
        if let Some(table) = store.concurrent_resource_table() {
            table.set_max_capacity(RESOURCES_MAX);
        }
        let charge = Charge { hold, trimmer: memory.trimmer.clone() };
        let guest = None;
        Self {
            store,
            charge,
            guest,
            limits,
            start,
            began,
            fuelled: false,
            uninitialized,
            snapshot,
            served: 0,
            host_error: None,
        }
    }

    /// Makes it the instance of another invocation of the same function version.
    pub(crate) fn renew(&mut self, invocation: Invocation<T>) {
        let deadline = invocation.deadline();
        let Invocation { limits, state, outgoing, context, began, .. } = invocation;
        self.start = if self.served == 0 { Start::Ready } else { Start::Reused };
        self.limits = limits;
        self.began = began;
        self.store.data_mut().renew(state, outgoing, context, limits, deadline);
    }

    /// Instantiates it ahead of its first invocation, to which the fuel counts; returns
    /// whether that succeeded.
    pub(crate) async fn prepare(&mut self, linked: &Linked<T>) -> bool {
        self.store.data_mut().limiter.set_spare();
        let prepared = self.run(linked, |_, _| Box::pin(async { Ok(()) })).await;
        self.fuelled = matches!(prepared, Ok((Outcome::Ok, Some(()))));
        self.fuelled
    }

    /// Instantiates the component, if that was not done, and runs `guest` until
    /// it ends or reaches a limit.
    pub(crate) async fn run<R>(
        &mut self,
        linked: &Linked<T>,
        guest: impl for<'a> FnOnce(
            &'a mut Store<Host<T>>,
            component::Instance,
        ) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<(Outcome, Option<R>), Refused> {
        if !std::mem::take(&mut self.fuelled)
            && let Err(error) = fuel::set(&mut self.store, self.limits.fuel)
        {
            tracing::error!(%error, "could not set the fuel of a store");
            return Ok((Outcome::Internal, None));
        }
        self.store.set_epoch_deadline(1);
        // Only if it is to be initialized, and has not been.
        let initialization = linked.initialization.as_ref();
        let initialization = initialization.filter(|_| self.guest.is_none() && !self.uninitialized);
        let mut deadline = self.store.data().deadline;
        if initialization.is_some() {
            deadline += INITIALIZATION_TIME_MAX;
        }
        let tenant = self.store.data().tenant();
        let weight = self.limits.memory_bytes >> 20;
        let ended = {
            // It stays where it is from now on: a future is copied whole wherever it is moved.
            let running = pin!(self.run_guest(linked, initialization, guest));
            let running = AssertUnwindSafe(running).catch_unwind();
            let scheduled = linked.runtime.scheduler.schedule(tenant, weight, running);
            let scheduled = scheduled.measured_by(linked.cpu_time.clone());
            tokio::time::timeout_at(deadline.into(), scheduled).await
        };
        match ended {
            // Epochs alone compare the host's work with the limit while the guest runs.
            Ok(Ok(Ok(_))) if fuel::is_overspent(&self.store) => {
                let (limit, backtrace) = (self.limits.fuel, Vec::new());
                Ok((Outcome::OutOfFuel { limit, backtrace }, None))
            }
            Ok(Ok(Ok(value))) => Ok((Outcome::Ok, Some(value))),
            Ok(Ok(Err(error))) => match self.refusal(&error) {
                Some(refused) => Err(refused),
                None => Ok((self.ended_by(error), None)),
            },
            Ok(Err(panic)) => {
                let message = panic_message(&*panic);
                tracing::error!(message, "the host panicked while it ran a guest");
                Ok((Outcome::Internal, None))
            }
            Err(_elapsed) => Ok((trap::timed_out(&self.limits), None)),
        }
    }

    /// Instantiates the component, if that was not done, and runs `guest` to its end.
    async fn run_guest<R>(
        &mut self,
        linked: &Linked<T>,
        initialization: Option<&initialized::InitializedIndices>,
        guest: impl for<'a> FnOnce(
            &'a mut Store<Host<T>>,
            component::Instance,
        ) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> wasmtime::Result<R> {
        if linked.cpu_time.is_long() {
            request_migration().await;
        }
        let instance = match self.guest {
            Some(instance) => instance,
            None => self.instantiate(linked, initialization).await?,
        };
        let store = &mut self.store;
        if initialization.is_none() {
            return guest(store, instance).await;
        }
        // Its time began when it was initialized, and may end before the time for both.
        let until = store.data().deadline;
        let ended = tokio::time::timeout_at(until.into(), guest(store, instance)).await;
        ended.unwrap_or_else(|_elapsed| Err(Trap::Interrupt.into()))
    }

    /// Instantiates the component, and has it do what it does once or start from its snapshot.
    async fn instantiate(
        &mut self,
        linked: &Linked<T>,
        initialization: Option<&initialized::InitializedIndices>,
    ) -> wasmtime::Result<component::Instance> {
        linked.runtime.memory.grow(&self.charge.hold, INSTANCE_BYTES).await?;
        let store = &mut self.store;
        let instance = linked.pre.instantiate_async(store.as_context_mut()).await?;
        let frozen = self.snapshot.take().zip(linked.freezing.as_ref());
        match (initialization, frozen) {
            (Some(_), Some((snapshot, freezing))) => {
                Box::pin(restore(store, instance, freezing, snapshot)).await?;
                self.start = Start::Restored;
            }
            (Some(indices), None) => {
                Box::pin(initialize(store, instance, indices, INITIALIZATION_TIME_MAX)).await?;
            }
            (None, _) => {}
        }
        Ok(*self.guest.insert(instance))
    }

    /// What the error that ended the guest means; the host's own is kept.
    fn ended_by(&mut self, error: wasmtime::Error) -> Outcome {
        let outcome = trap::outcome(&error, self.store.data_mut(), &self.limits);
        self.host_error = trap::is_of_host(&error, &outcome).then_some(error);
        outcome
    }

    /// The error of the host that ended it, if one did.
    pub(crate) const fn take_host_error(&mut self) -> Option<wasmtime::Error> {
        self.host_error.take()
    }

    /// Why nothing of the guest ran, if the error means that the node lacked something.
    fn refusal(&self, error: &wasmtime::Error) -> Option<Refused> {
        let uninstantiated = self.guest.is_none();
        let denied = uninstantiated && self.store.data().limiter.denied() == Some(Denied::Node);
        trap::refusal(error).or_else(|| denied.then_some(Refused::MemoryExhausted(Exhausted)))
    }

    /// Reads the meter and takes the logs of the invocation that is over.
    pub(crate) fn read(&mut self) -> (Meter, Logs) {
        let (left, memory_bytes, logs) = self.used();
        let meter = Meter {
            fuel: self.limits.fuel.saturating_sub(left),
            duration: self.began.elapsed(),
            memory_bytes,
            bytes_in: 0,
            bytes_out: 0,
            start: self.start,
        };
        (meter, logs)
    }

    /// The limits it was made under.
    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    /// What it is charged to.
    pub(crate) fn hold(&self) -> Arc<Hold> {
        self.charge.hold.clone()
    }

    pub(crate) fn host(&mut self) -> &mut Host<T> {
        self.store.data_mut()
    }

    /// What is left of its fuel, its peak of memory, and what it wrote.
    pub(crate) fn used(&mut self) -> (u64, u64, Logs) {
        let left = fuel::left(&self.store);
        let host = self.store.data_mut();
        (left, host.limiter.peak(), host.logs.take())
    }

    /// The store and the component in it, once it was instantiated.
    pub(crate) fn open(&mut self) -> Option<(&mut Store<Host<T>>, component::Instance)> {
        let guest = self.guest?;
        Some((&mut self.store, guest))
    }

    /// Lets it hold as many resources as the requests need that it serves at once.
    pub(crate) fn raise_resource_limits(&mut self) {
        self.store.data_mut().table.set_max_capacity(SHARED_RESOURCES_MAX);
        if let Some(table) = self.store.concurrent_resource_table() {
            table.set_max_capacity(SHARED_RESOURCES_MAX);
        }
    }

    /// Counts an invocation that it has served; returns how many those are.
    pub(crate) const fn count_served(&mut self) -> u32 {
        self.served = self.served.saturating_add(1);
        self.served
    }
}

/// Decides whether a guest that has run for an epoch lets others run or is ended. The executor's own timers may come late, as they are
/// looked at between tasks, some of which are guests.
fn at_epoch<T>(mut store: StoreContextMut<'_, Host<T>>) -> wasmtime::Result<UpdateDeadline> {
    // Not less than what is left: the guest has its own count in a register.
    let left = store.get_fuel()?;
    let host = store.data_mut();
    host.epochs.see();
    if host.host_fuel > left {
        return Err(Trap::OutOfFuel.into());
    }
    if Instant::now() >= host.expires {
        return Ok(UpdateDeadline::Interrupt);
    }
    Ok(UpdateDeadline::Yield(1))
}

/// What a guest has of the machine, but for its environment.
fn wasi_builder(
    given: Option<Box<WasiOptions>>,
    name: &str,
    logs: &Log,
    stdio: Option<Stdio>,
) -> WasiCtxBuilder {
    let mut wasi = given.map_or_else(WasiOptions::new, |given| *given).into_builder(name, logs);
    wasi.max_random_size(RANDOM_BYTES_AT_ONCE);
    wasi.allow_tcp(false).allow_udp(false);
    if let Some(stdio) = stdio {
        wasi.stdin(stdio.stdin).stdout(stdio.stdout);
    }
    wasi
}

pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
