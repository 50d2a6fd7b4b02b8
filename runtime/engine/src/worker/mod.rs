//! Shared instances, which serve several requests at once by the handler of `wasi:http`
//! 0.3. Each is driven by a task of its own: its worker, which ends with it.

pub(crate) mod in_flight;
pub(crate) mod mailbox;

use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use lambent_types::{Limits, Meter, Outcome};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;
use wasmtime::AsContextMut as _;
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::{WasiBody, WasiHttpView, p3};

use self::in_flight::{ActiveRequest, InFlight};
use self::mailbox::{Mailboxes, QueuedRequest, WorkerState};
use crate::fuel::deduct_host_fuel;
use crate::idle_slots::IdleSlot;
use crate::instance::{IDLE_TIME_MAX, Instance, panic_message};
use crate::linked::Linked;
use crate::response_head::HeadSlot;
use crate::scheduler::YieldWaker;
use crate::store_data::Host;
use crate::trap;

/// How a worker ended.
enum End {
    /// Nobody needs its instance any more.
    Done,
    /// The instance has reached a limit, or failed, and all requests in flight with it.
    Failed(wasmtime::Error),
    TimedOut,
    Panicked,
}

/// Drives one instance until nobody needs it, or until it fails.
pub(crate) struct Worker<T: Send + 'static> {
    /// Dropped before the instance: requests in flight must have been ended by then.
    in_flight: Option<Mutex<InFlight>>,
    instance: Instance<T>,
    linked: Arc<Linked<T>>,
    /// The mailboxes that its own is one of; gone when the function has changed.
    mailboxes: Weak<Mailboxes>,
    state: Arc<WorkerState>,
    requests: mpsc::UnboundedReceiver<QueuedRequest>,
    /// The instance counts as idle also while it serves.
    _slot: IdleSlot,
}

fn lock(in_flight: &Mutex<InFlight>) -> MutexGuard<'_, InFlight> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send + 'static> Worker<T> {
    pub(crate) const fn new(
        instance: Instance<T>,
        linked: Arc<Linked<T>>,
        mailboxes: Weak<Mailboxes>,
        state: Arc<WorkerState>,
        requests: mpsc::UnboundedReceiver<QueuedRequest>,
        slot: IdleSlot,
    ) -> Self {
        Self { in_flight: None, instance, linked, mailboxes, state, requests, _slot: slot }
    }

    pub(crate) async fn run(mut self) {
        let linked = self.linked.clone();
        let made = self.instance.run(&linked, |_, _| Box::pin(async { Ok(()) })).await;
        let outcome = match made {
            Ok((_, Some(()))) => self.serve().await,
            Ok((outcome, None)) => outcome,
            Err(refused) => {
                self.close();
                while let Ok(request) = self.requests.try_recv() {
                    request.active.refuse(refused.clone());
                }
                return;
            }
        };
        self.fail(&outcome);
    }

    /// Ends whatever is left with the instance.
    fn fail(&mut self, outcome: &Outcome) {
        self.close();
        let (left, memory, logs) = self.instance.used();
        let in_flight = self.in_flight.take();
        let all = in_flight.map(|in_flight| lock(&in_flight).end_all(left)).unwrap_or_default();
        let mut logs = Some(logs);
        for (request, meter) in all {
            let meter = Meter { memory_bytes: memory, ..meter };
            request.end(outcome.clone(), meter, logs.take().unwrap_or_default());
        }
        while let Ok(request) = self.requests.try_recv() {
            request.active.end(outcome.clone(), Meter::default(), logs.take().unwrap_or_default());
        }
    }

    /// Takes no more requests.
    fn close(&mut self) {
        if let Some(mailboxes) = self.mailboxes.upgrade() {
            mailboxes.close(&self.state);
        }
        self.requests.close();
    }

    /// Serves; returns the outcome of the requests that are in flight at the end.
    async fn serve(&mut self) -> Outcome {
        let limits = self.instance.limits();
        self.instance.raise_resource_limits();
        let Some(indices) = self.linked.http_03.clone() else { return Outcome::Internal };
        let Some((store, guest)) = self.instance.open() else { return Outcome::Internal };
        let Ok(left) = deduct_host_fuel(&mut store.as_context_mut()) else {
            return Outcome::Internal;
        };
        let in_flight = InFlight::new(limits.fuel, limits.timeout, left);
        let in_flight = &*self.in_flight.insert(Mutex::new(in_flight));
        let service = match indices.load(&mut *store, &guest) {
            Ok(service) => service,
            Err(error) => return trap::outcome(&error, store.data_mut(), &limits),
        };
        let (tenant, weight) = (store.data().tenant(), limits.memory_bytes >> 20);
        let end = {
            let (requests, state) = (&mut self.requests, &*self.state);
            let serving = store.run_concurrent(async |accessor| {
                serve(accessor, &service, requests, in_flight, state).await
            });
            let serving = AssertUnwindSafe(serving).catch_unwind();
            let scheduler = &self.linked.runtime.scheduler;
            let mut serving = pin!(scheduler.schedule(tenant, weight, serving));
            let mut timer = pin!(tokio::time::sleep(IDLE_TIME_MAX));
            let yield_waker = Arc::new(YieldWaker::default());
            let mailboxes = &self.mailboxes;
            std::future::poll_fn(|cx| {
                yield_waker.reset(cx.waker());
                let waker = Waker::from(yield_waker.clone());
                let polled = serving.as_mut().poll(&mut Context::from_waker(&waker));
                // It goes on at once if it was stopped by its meter only: a request that
                // it is handed now would wait for those that it serves already.
                state.busy.store(polled.is_pending() && yield_waker.is_woken(), Relaxed);
                if let Poll::Ready(served) = polled {
                    return Poll::Ready(End::of(served));
                }
                let completed = state.completed.swap(0, Relaxed);
                if completed > 0 {
                    let left = u32::try_from(lock(in_flight).len()).unwrap_or(u32::MAX);
                    serving.as_mut().deduct_completed(left, completed, cx.waker());
                }
                let close_if_idle = || {
                    if let Some(mailboxes) = mailboxes.upgrade() {
                        mailboxes.close_if_idle(state);
                    }
                };
                ready!(poll_deadline(&mut timer, &mut lock(in_flight), close_if_idle, cx));
                Poll::Ready(End::TimedOut)
            })
            .await
        };
        end.outcome(self.instance.host(), &limits)
    }
}

impl End {
    /// The end of a worker whose instance no longer serves.
    fn of(served: std::thread::Result<wasmtime::Result<wasmtime::Result<()>>>) -> Self {
        match served {
            Ok(Ok(Ok(()))) => Self::Done,
            Ok(Ok(Err(error)) | Err(error)) => Self::Failed(error),
            Err(panic) => {
                let message = panic_message(&*panic);
                tracing::error!(message, "the host panicked while it ran a guest");
                Self::Panicked
            }
        }
    }

    /// The outcome of the requests that were in flight.
    fn outcome<T>(self, host: &mut Host<T>, limits: &Limits) -> Outcome {
        match self {
            Self::Done => Outcome::Ok,
            Self::Failed(error) => trap::outcome(&error, host, limits),
            Self::TimedOut => trap::timed_out(limits),
            Self::Panicked => Outcome::Internal,
        }
    }
}

impl<T: Send + 'static> Drop for Worker<T> {
    /// Ends what is in flight when the executor ends.
    fn drop(&mut self) {
        self.fail(&Outcome::Cancelled);
    }
}

/// Ready when a request has reached its deadline. Calls `close_if_idle` when the instance
/// was idle for long.
fn poll_deadline(
    timer: &mut Pin<&mut Sleep>,
    in_flight: &mut InFlight,
    close_if_idle: impl Fn(),
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        let idle_end = || in_flight.idle_since() + IDLE_TIME_MAX;
        let due = in_flight.deadline().unwrap_or_else(idle_end);
        if due < timer.deadline().into_std() {
            timer.as_mut().reset(due.into());
        }
        ready!(timer.as_mut().poll(cx));
        let now = Instant::now();
        if now < due {
            timer.as_mut().reset(due.into());
        } else if in_flight.len() > 0 {
            return Poll::Ready(());
        } else {
            close_if_idle();
            // It is looked at again if a request came first.
            in_flight.mark_idle();
        }
    }
}

/// Serves requests until no more come and the guest is done with those that came.
async fn serve<T: Send + 'static>(
    accessor: &Accessor<Host<T>>,
    service: &Service,
    requests: &mut mpsc::UnboundedReceiver<QueuedRequest>,
    in_flight: &Mutex<InFlight>,
    state: &WorkerState,
) -> wasmtime::Result<()> {
    let func = *service.wasi_http_handler().func_handle().func();
    let mut running = FuturesUnordered::new();
    std::future::poll_fn(|cx| {
        loop {
            match running.poll_next_unpin(cx) {
                Poll::Ready(Some((number, result))) => {
                    let outcome = result?;
                    complete(accessor, in_flight, number, outcome)?;
                    state.complete();
                    continue;
                }
                Poll::Ready(None) | Poll::Pending => {}
            }
            if accessor.poll_ready_for_concurrent_call(func, cx).is_pending() {
                return Poll::Pending;
            }
            match requests.poll_recv(cx) {
                Poll::Ready(Some(QueuedRequest { request, read, active })) => {
                    let slot = active.slot.clone();
                    let number = begin(accessor, in_flight, active)?;
                    let handled = handle(accessor, service, request, slot, read);
                    running.push(async move { (number, handled.await) });
                }
                Poll::Ready(None) if running.is_empty() => {
                    ready!(accessor.poll_no_interesting_tasks(cx));
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

fn begin<T: Send + 'static>(
    accessor: &Accessor<Host<T>>,
    in_flight: &Mutex<InFlight>,
    request: ActiveRequest,
) -> wasmtime::Result<u64> {
    accessor.with(|mut access| {
        let mut store = access.as_context_mut();
        let mut in_flight = lock(in_flight);
        store.data_mut().deadline = in_flight.deadline_of(&request);
        let (number, fuel) = in_flight.begin(request, deduct_host_fuel(&mut store)?);
        store.set_fuel(fuel)?;
        store.data_mut().expires = in_flight.expires();
        Ok(number)
    })
}

fn complete<T: Send + 'static>(
    accessor: &Accessor<Host<T>>,
    in_flight: &Mutex<InFlight>,
    number: u64,
    outcome: Outcome,
) -> wasmtime::Result<()> {
    accessor.with(|mut access| {
        let mut store = access.as_context_mut();
        let mut in_flight = lock(in_flight);
        let left = deduct_host_fuel(&mut store)?;
        let Some((request, meter, fuel)) = in_flight.end(number, left) else { return Ok(()) };
        store.set_fuel(fuel)?;
        let host = store.data_mut();
        host.expires = in_flight.expires();
        drop(in_flight);
        let meter = Meter { memory_bytes: host.limiter.peak(), ..meter };
        request.end(outcome, meter, host.logs.take());
        Ok(())
    })
}

/// Handles one request, until its response was read to its end.
async fn handle<T: Send + 'static>(
    accessor: &Accessor<Host<T>>,
    service: &Service,
    request: http::Request<WasiBody>,
    slot: HeadSlot,
    read: oneshot::Receiver<()>,
) -> wasmtime::Result<Outcome> {
    let (request, sent) = accessor.with(|mut access| {
        let (request, sent) = p3::Request::from_http(access.get().http().hooks, request);
        // Its type names a lifetime that it has no use for.
        let sent: BoxFuture<'static, _> = Box::pin(sent);
        (request, sent)
    });
    match service.handle(accessor, request).await? {
        Ok(response) => {
            let response = accessor.with(|store| response.into_http(store, sent))?;
            slot.send(response);
            Ok(if read.await.is_ok() { Outcome::Ok } else { Outcome::Cancelled })
        }
        Err(code) => {
            slot.refuse(format!("the function answered with the error {code:?}"));
            Ok(Outcome::Ok)
        }
    }
}
