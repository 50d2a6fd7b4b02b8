use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use lambent_types::{Failure, Outcome};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;
use wasmtime::{Store, Trap};

use super::active::{Active, Job, Used};
use crate::initialization::INITIALIZATION_TIME_MAX;
use crate::instance::{Instance, panic_message};
use crate::invocation::Invocation;
use crate::linked::Linked;
use crate::log::Log;
use crate::program::{Program, Turn};
use crate::runtime_api::answer::{Answer, failure};
use crate::runtime_api::delivery::{Delivery, epoch_ms};
use crate::runtime_api::extension_routes::shutdown_event;
use crate::runtime_api::server::Server;
use crate::scheduler::Scheduled;
use crate::store_data::Host;
use crate::trap;

/// How long the extensions of a program have when they were told of its end; Lambda's.
const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(2);

/// How a program ended.
enum End {
    /// Its `main` returned, or it exited or trapped, or the host panicked.
    Guest(Ran),
    /// It said that it is of no more use.
    Failed(Failure),
    TimedOut,
    /// Nobody waits for the invocation any more.
    Abandoned,
    /// Nobody needs the program any more.
    Done,
}

type Ran = std::thread::Result<wasmtime::Result<Result<(), ()>>>;

/// Drives a program until nobody needs it, or until it fails.
pub(super) struct Driver<T: Send + 'static> {
    instance: Instance<T>,
    linked: Arc<Linked<T>>,
    program: Arc<Program<T>>,
    log: Log,
    jobs: mpsc::UnboundedReceiver<Job<T>>,
    active: Option<Active>,
    /// Who waits for it to be initialized.
    ready: Option<oneshot::Sender<()>>,
    /// Whether it has had an invocation.
    used: bool,
}

impl<T: Send + 'static> Driver<T> {
    /// The driver of a new program. `active` is of `invocation`, which the instance is made for.
    pub(super) fn new(
        linked: Arc<Linked<T>>,
        invocation: Invocation<T>,
        jobs: mpsc::UnboundedReceiver<Job<T>>,
        active: Option<Active>,
        ready: Option<oneshot::Sender<()>>,
    ) -> Self {
        let function = invocation.context.function.clone();
        let mut instance = Instance::new(&linked, invocation, None);
        if active.is_none() {
            instance.host().limiter.set_spare();
        }
        let program = Program::new(instance.hold(), function);
        let host = instance.host();
        host.program = Some(program.clone());
        let log = host.logs.clone();
        Self { instance, linked, program, log, jobs, active, ready, used: false }
    }

    /// Drives it to its end.
    pub(super) async fn run(mut self) {
        let linked = self.linked.clone();
        let made = self.instance.run(&linked, |_, _| Box::pin(async { Ok(()) })).await;
        match made {
            Ok((_, Some(()))) => self.drive().await,
            Ok((outcome, None)) => self.end(outcome),
            Err(refused) => {
                if let Some(active) = self.active.take() {
                    active.refuse(refused);
                }
            }
        }
    }

    async fn drive(&mut self) {
        let end = self.serve().await;
        let limits = self.active.as_ref().map_or(self.instance.limits(), |active| active.limits);
        let initialized = self.program.session.lifecycle().is_initialized();
        let outcome = match end {
            End::Done => return,
            End::Abandoned => Outcome::Cancelled,
            End::Failed(failure) => Outcome::FunctionError(failure),
            End::TimedOut if initialized => trap::timed_out(&limits),
            End::TimedOut => not_initialized(),
            End::Guest(Ok(Ok(returned))) => exited(i32::from(returned.is_err())),
            End::Guest(Ok(Err(error))) => {
                let interrupted = error.downcast_ref() == Some(&Trap::Interrupt);
                match error.downcast_ref::<wasmtime_wasi::I32Exit>() {
                    Some(wasmtime_wasi::I32Exit(code)) => exited(*code),
                    None if interrupted && !initialized => not_initialized(),
                    None => trap::outcome(&error, self.instance.host(), &limits),
                }
            }
            End::Guest(Err(panic)) => {
                let message = panic_message(&*panic);
                tracing::error!(message, "the host panicked while it ran a guest");
                Outcome::Internal
            }
        };
        // What the program says of its end itself is the better explanation.
        let fatal = self.program.session.lifecycle().take_fatal();
        self.end(fatal.map_or(outcome, Outcome::FunctionError));
    }

    /// Ends the invocation in hand with the instance.
    fn end(&mut self, outcome: Outcome) {
        let (fuel_left, memory_bytes, logs) = self.instance.used();
        if let Some(active) = self.active.take() {
            let used = Used { fuel_left, memory_bytes, bytes_streamed: 0, logs };
            active.end((outcome, None), used, false);
        }
    }

    /// Runs it until it ends or is to end.
    async fn serve(&mut self) -> End {
        let Self { instance, linked, program, log, jobs, active, ready, used } = self;
        let weight = instance.limits().memory_bytes >> 20;
        let Some((store, guest)) = instance.open() else { return End::Done };
        let Some(indices) = linked.run_02.clone() else { return End::Done };
        let expires = Instant::now() + INITIALIZATION_TIME_MAX;
        let host = store.data_mut();
        (host.deadline, host.expires) = (expires, expires);
        let tenant = host.tenant();
        let running = async move {
            let store: &mut Store<Host<T>> = store;
            let command = indices.load(&mut *store, &guest)?;
            command.wasi_cli_run().call_run(store).await
        };
        let running = AssertUnwindSafe(running).catch_unwind();
        let mut guest = pin!(linked.runtime.scheduler.schedule(tenant, weight, running));
        let mut timer = pin!(tokio::time::sleep_until(expires.into()));
        let mut server = Server::new(program.clone());
        let mut serving = Serving { program, log, jobs, active, ready, used, parked: false };
        std::future::poll_fn(|cx| serving.poll(&mut guest, &mut server, &mut timer, cx)).await
    }
}

/// What a driver works with while its guest has the store.
struct Serving<'d, T: Send + 'static> {
    program: &'d Arc<Program<T>>,
    log: &'d Log,
    jobs: &'d mut mpsc::UnboundedReceiver<Job<T>>,
    active: &'d mut Option<Active>,
    ready: &'d mut Option<oneshot::Sender<()>>,
    used: &'d mut bool,
    /// Whether the guest is frozen, as there is nothing to do for it.
    parked: bool,
}

impl<T: Send + 'static> Serving<'_, T> {
    fn poll<F: Future<Output = Ran>>(
        &mut self,
        guest: &mut Pin<&mut Scheduled<F>>,
        server: &mut Server,
        timer: &mut Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<End> {
        loop {
            server.poll(cx);
            if self.parked {
                match self.jobs.poll_recv(cx) {
                    Poll::Ready(Some(job)) => self.take(job, timer),
                    Poll::Ready(None) if self.shut_down(timer) => {}
                    Poll::Ready(None) => return Poll::Ready(End::Done),
                    Poll::Pending => return Poll::Pending,
                }
                continue;
            }
            if let Poll::Ready(ran) = guest.as_mut().poll(cx) {
                return Poll::Ready(End::Guest(ran));
            }
            server.poll(cx);
            if self.program.session.lifecycle().has_failed() {
                let failure = self.program.session.lifecycle().take_fatal();
                return Poll::Ready(failure.map_or(End::Done, End::Failed));
            }
            if self.program.is_parked() {
                guest.as_mut().deduct_completed(0, 1, cx.waker());
                self.park(timer);
                continue;
            }
            if self.active.as_mut().is_some_and(|active| active.poll_abandoned(cx)) {
                return Poll::Ready(End::Abandoned);
            }
            return timer.as_mut().poll(cx).map(|()| End::TimedOut);
        }
    }

    /// The program waits for an event: INIT is over, or the invocation that it had.
    fn park(&mut self, timer: &mut Pin<&mut Sleep>) {
        if self.active.as_ref().is_some_and(|active| active.event.is_some()) {
            // The instance was made for this one, whose time begins now.
            if let Some(mut active) = self.active.take() {
                let deadline = Instant::now() + active.limits.timeout;
                self.program.set_turn(Turn::First { deadline });
                self.deliver(&mut active, deadline, timer);
                *self.active = Some(active);
            }
            return;
        }
        self.parked = true;
        if let Some(active) = self.active.take() {
            self.program.session.set_stream(None);
            let answer = self.program.session.lifecycle().take_answer();
            let bytes_streamed = match answer {
                Some(Answer::Streamed(bytes)) => bytes,
                _ => 0,
            };
            let no_answer = || (Outcome::Internal, None);
            let end = answer.map_or_else(no_answer, Answer::settle);
            active.end(end, Used { bytes_streamed, ..self.measured() }, true);
        }
        if let Some(ready) = self.ready.take() {
            let _ = ready.send(());
        }
    }

    /// Begins another invocation.
    fn take(&mut self, job: Job<T>, timer: &mut Pin<&mut Sleep>) {
        let Job { mut invocation, event, reply } = job;
        let mut active = Active::new(&mut invocation, event, reply);
        let deadline = active.deadline();
        let (invocation, renewed) = (Box::new(invocation), *self.used);
        self.program.set_turn(Turn::Invocation { invocation, deadline, renewed });
        self.deliver(&mut active, deadline, timer);
        *self.active = Some(active);
    }

    fn deliver(&mut self, active: &mut Active, deadline: Instant, timer: &mut Pin<&mut Sleep>) {
        let Some(event) = active.event.take() else { return };
        let left = deadline.saturating_duration_since(Instant::now());
        let delivery = Delivery::new(&active.context, event, left);
        self.program.session.set_stream(active.stream.take());
        self.program.session.lifecycle().deliver(Arc::new(delivery));
        (self.parked, *self.used) = (false, true);
        timer.as_mut().reset(deadline.into());
    }

    /// Tells the extensions of the end; returns whether any of them wants to know.
    fn shut_down(&mut self, timer: &mut Pin<&mut Sleep>) -> bool {
        let event = shutdown_event(epoch_ms(SHUTDOWN_TIME_MAX));
        let told = self.program.session.lifecycle().shut_down(&event);
        if told {
            let deadline = Instant::now() + SHUTDOWN_TIME_MAX;
            self.program.set_turn(Turn::End { deadline });
            self.parked = false;
            timer.as_mut().reset(deadline.into());
        }
        told
    }

    /// What the invocation has used that ends now.
    fn measured(&self) -> Used {
        let fuel_left = self.program.fuel_left.load(Relaxed);
        let memory_bytes = self.program.memory_peak.load(Relaxed);
        Used { fuel_left, memory_bytes, bytes_streamed: 0, logs: self.log.take() }
    }
}

/// The outcome of an invocation whose program exited.
fn exited(code: i32) -> Outcome {
    let message = match code {
        0 => "Runtime exited without providing a reason".to_owned(),
        code => format!("Runtime exited with error: exit status {code}"),
    };
    Outcome::FunctionError(failure("Runtime.ExitError", message))
}

fn not_initialized() -> Outcome {
    let limit = INITIALIZATION_TIME_MAX.as_secs();
    let message = format!("the program did not ask for its first event within {limit} s");
    Outcome::FunctionError(failure("Runtime.InitTimeout", message))
}
