//! Instances that serve several requests at once, by the handler of `wasi:http`
//! 0.3. Each is driven by a task of its own: its worker, which ends with it.

use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use http_body::Body;
use http_body_util::BodyExt;
use lambent_types::{Limits, Meter, Outcome};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;
use wasmtime::AsContextMut as _;
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::{WasiBody, WasiHttpView, p3};

use crate::body::RequestBody;
use crate::completion::Completion;
use crate::component::Component;
use crate::desks::{Desk, State};
use crate::host::Host;
use crate::instances::{IDLE, Instances, Slot};
use crate::invocation::Invocation;
use crate::run::flights::{Flight, Flights};
use crate::run::http::{Answer, HeadSlot, respond};
use crate::run::instance::{Instance, panic_message, settle};
use crate::trap;
use crate::turns::Yielding;

/// A request on its way to a worker.
pub(crate) struct Job {
    request: http::Request<WasiBody>,
    /// Told when the response was read to its end; dropped if nobody reads on.
    read: oneshot::Receiver<()>,
    flight: Flight,
}

impl<T: Send + 'static> Component<T> {
    /// As [`Component::http`], by the worker at `desk`.
    pub(super) async fn http_shared<B>(
        desk: &Desk,
        invocation: &Invocation<T>,
        request: http::Request<RequestBody<B>>,
        completion: Arc<Completion>,
    ) -> Answer
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::fmt::Display,
    {
        let (slot, mut head) = HeadSlot::new();
        let ((ended, end), (told, read)) = (oneshot::channel(), oneshot::channel());
        let (began, start) = (invocation.began, invocation.start);
        let is_head = request.method() == http::Method::HEAD;
        let flight = Flight { slot, completion: completion.clone(), began, start, ended };
        desk.send(Job { request: request.map(BodyExt::boxed_unsync), read, flight });
        let mut end = end.map(|end| match end {
            Ok(Ok(outcome)) => Answer::Ended(outcome),
            Ok(Err(refused)) => Answer::Refused(refused),
            // The executor has ended, and with it the worker.
            Err(_) => Answer::Ended(Outcome::Cancelled),
        });
        let response = tokio::select! {
            biased;
            Ok(response) = &mut head => response,
            end = &mut end => return end,
        };
        let mut response = respond(response, completion, invocation.limits.response_bytes, is_head);
        // The worker sees to it that it ends in time.
        let body = response.body_mut();
        body.read_by(told);
        let ahead = tokio::select! {
            biased;
            end = &mut end => return end,
            ahead = body.read_ahead() => ahead,
        };
        match ahead {
            Ok(()) => Answer::Response(response),
            Err(message) => Answer::Ended(Outcome::BadResponse { message }),
        }
    }
}

/// How the work of an instance ended.
enum End {
    /// Nobody needs it any more.
    Done,
    /// It has reached a limit, or failed; and with it all that was in flight.
    Failed(wasmtime::Error),
    TimedOut,
    Panicked,
}

/// Drives one instance until nobody needs it, or until it fails.
pub(crate) struct Worker<T: Send + 'static> {
    /// Before the instance: what is in flight must know how it ends by then.
    flights: Option<Mutex<Flights>>,
    instance: Instance<T>,
    component: Component<T>,
    /// Those it is one of; gone when the function has changed.
    home: Weak<Instances<T>>,
    state: Arc<State>,
    jobs: mpsc::UnboundedReceiver<Job>,
    /// It counts as waiting also while it serves.
    _slot: Slot,
}

fn lock(flights: &Mutex<Flights>) -> MutexGuard<'_, Flights> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send + 'static> Worker<T> {
    pub(crate) const fn new(
        instance: Instance<T>,
        component: Component<T>,
        home: Weak<Instances<T>>,
        state: Arc<State>,
        jobs: mpsc::UnboundedReceiver<Job>,
        slot: Slot,
    ) -> Self {
        Self { flights: None, instance, component, home, state, jobs, _slot: slot }
    }

    pub(crate) async fn run(mut self) {
        let linked = self.component.0.clone();
        let made = self.instance.run(&linked, |_, _| Box::pin(async { Ok(()) })).await;
        let outcome = match made {
            Ok((_, Some(()))) => self.work().await,
            Ok((outcome, None)) => outcome,
            Err(refused) => {
                self.close();
                while let Ok(job) = self.jobs.try_recv() {
                    job.flight.refuse(refused.clone());
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
        let flights = self.flights.take();
        let all = flights.map(|flights| lock(&flights).end_all(left)).unwrap_or_default();
        let mut logs = Some(logs);
        for (flight, meter) in all {
            let meter = Meter { memory_bytes: memory, ..meter };
            flight.end(outcome.clone(), meter, logs.take().unwrap_or_default());
        }
        while let Ok(job) = self.jobs.try_recv() {
            job.flight.end(outcome.clone(), Meter::default(), logs.take().unwrap_or_default());
        }
    }

    /// No more jobs come.
    fn close(&mut self) {
        if let Some(home) = self.home.upgrade() {
            home.desks.remove(&self.state);
        }
        self.jobs.close();
    }

    /// Serves; returns what becomes of those that are in flight at the end.
    async fn work(&mut self) -> Outcome {
        let limits = self.instance.limits();
        self.instance.share();
        let Some(indices) = self.component.0.http_03.clone() else { return Outcome::Internal };
        let Some((store, guest)) = self.instance.open() else { return Outcome::Internal };
        let Ok(left) = settle(&mut store.as_context_mut()) else { return Outcome::Internal };
        let flights = Flights::new(limits.fuel, limits.timeout, left);
        let flights = &*self.flights.insert(Mutex::new(flights));
        let service = match indices.load(&mut *store, &guest) {
            Ok(service) => service,
            Err(error) => return trap::outcome(&error, store.data_mut(), &limits),
        };
        let (tenant, weight) = (store.data().tenant(), limits.memory_bytes >> 20);
        let end = {
            let (jobs, state) = (&mut self.jobs, &*self.state);
            let serving = store.run_concurrent(async |accessor| {
                serve(accessor, &service, jobs, flights, state).await
            });
            let serving = AssertUnwindSafe(serving).catch_unwind();
            let mut serving = pin!(self.component.0.turns.share(tenant, weight, serving));
            let mut alarm = pin!(tokio::time::sleep(IDLE));
            let yielding = Arc::new(Yielding::default());
            let home = &self.home;
            std::future::poll_fn(|cx| {
                yielding.begin(cx.waker());
                let waker = Waker::from(yielding.clone());
                let polled = serving.as_mut().poll(&mut Context::from_waker(&waker));
                // It goes on at once if it was stopped by its meter only: whoever
                // it is given now would wait for what it has in hand.
                state.busy.store(polled.is_pending() && yielding.is_woken(), Relaxed);
                if let Poll::Ready(served) = polled {
                    return Poll::Ready(End::of(served));
                }
                let landed = state.landed.swap(0, Relaxed);
                if landed > 0 {
                    let left = u32::try_from(lock(flights).len()).unwrap_or(u32::MAX);
                    serving.as_mut().relieve(left, landed, cx.waker());
                }
                let close = || {
                    if let Some(home) = home.upgrade() {
                        home.desks.retire(state);
                    }
                };
                ready!(watch(&mut alarm, &mut lock(flights), close, cx));
                Poll::Ready(End::TimedOut)
            })
            .await
        };
        end.outcome(self.instance.host(), &limits)
    }
}

impl End {
    /// Of an instance that no longer serves.
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

    /// What becomes of those that were in flight.
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
    /// Its executor ends.
    fn drop(&mut self) {
        self.fail(&Outcome::Cancelled);
    }
}

/// Ready when a request has to be over and is not. Has an instance that was idle
/// for long `close`, if it can be.
fn watch(
    alarm: &mut Pin<&mut Sleep>,
    flights: &mut Flights,
    close: impl Fn(),
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        let due = flights.deadline().unwrap_or_else(|| flights.idle_since() + IDLE);
        if due < alarm.deadline().into_std() {
            alarm.as_mut().reset(due.into());
        }
        ready!(alarm.as_mut().poll(cx));
        let now = Instant::now();
        if now < due {
            alarm.as_mut().reset(due.into());
        } else if flights.len() > 0 {
            return Poll::Ready(());
        } else {
            close();
            // Looked at again if a request was first.
            flights.rest();
        }
    }
}

/// Serves jobs until no more come and the guest is done with those that came.
async fn serve<T: Send + 'static>(
    accessor: &Accessor<Host<T>>,
    service: &Service,
    jobs: &mut mpsc::UnboundedReceiver<Job>,
    flights: &Mutex<Flights>,
    state: &State,
) -> wasmtime::Result<()> {
    let func = *service.wasi_http_handler().func_handle().func();
    let mut running = FuturesUnordered::new();
    std::future::poll_fn(|cx| {
        loop {
            match running.poll_next_unpin(cx) {
                Poll::Ready(Some((number, result))) => {
                    let outcome = result?;
                    land(accessor, flights, number, outcome)?;
                    state.land();
                    continue;
                }
                Poll::Ready(None) | Poll::Pending => {}
            }
            if accessor.poll_ready_for_concurrent_call(func, cx).is_pending() {
                return Poll::Pending;
            }
            match jobs.poll_recv(cx) {
                Poll::Ready(Some(Job { request, read, flight })) => {
                    let slot = flight.slot.clone();
                    let number = launch(accessor, flights, flight)?;
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

fn launch<T: Send + 'static>(
    accessor: &Accessor<Host<T>>,
    flights: &Mutex<Flights>,
    flight: Flight,
) -> wasmtime::Result<u64> {
    accessor.with(|mut access| {
        let mut store = access.as_context_mut();
        let mut flights = lock(flights);
        store.data_mut().deadline = flights.due(&flight);
        let (number, fuel) = flights.begin(flight, settle(&mut store)?);
        store.set_fuel(fuel)?;
        store.data_mut().expires = flights.expires();
        Ok(number)
    })
}

fn land<T: Send + 'static>(
    accessor: &Accessor<Host<T>>,
    flights: &Mutex<Flights>,
    number: u64,
    outcome: Outcome,
) -> wasmtime::Result<()> {
    accessor.with(|mut access| {
        let mut store = access.as_context_mut();
        let mut flights = lock(flights);
        let Some((flight, meter, fuel)) = flights.end(number, settle(&mut store)?) else {
            return Ok(());
        };
        store.set_fuel(fuel)?;
        let host = store.data_mut();
        host.expires = flights.expires();
        drop(flights);
        let meter = Meter { memory_bytes: host.limiter.peak(), ..meter };
        flight.end(outcome, meter, host.logs.take());
        Ok(())
    })
}

/// One request, until its response was read to its end.
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
            slot.offer(response);
            Ok(if read.await.is_ok() { Outcome::Ok } else { Outcome::Cancelled })
        }
        Err(code) => {
            slot.refuse(format!("the function answered with the error {code:?}"));
            Ok(Outcome::Ok)
        }
    }
}
