//! The one program of an instance: it is loaded once, and answers one event after the other.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use rquickjs::{
    AsyncContext, AsyncRuntime, CaughtError, Ctx, Error, Function, Object, Persistent, Result,
    Value,
};

use crate::bindings::exports::lambent::function::handler::{Context, Event, Failure, Output};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::io::poll;
use crate::modules::{Files, Finder, set_required};
use crate::outcome::{self, Outcome, failure};
use crate::{http, library, native, resources};

/// Bytes of the stack in memory that a program may use, of the 1 MiB that there is; the frames of
/// its calls are elsewhere, and counted by QuickJS as it is patched. A program that needs more gets
/// a `RangeError`.
const STACK_BYTES: usize = 700 << 10;

/// How often what is ready is driven before timers get their turn.
const DRIVES_MAX: usize = 1000;

/// The error's type if the program cannot be gone on with.
const BROKEN: &str = "Runtime.InternalError";

/// What the library says in place of the milliseconds until the next timer, if there is none.
const NO_TIMER: f64 = -1.0;
/// What it takes them from if no timer keeps the program waiting.
const NOT_AWAITED: f64 = -2.0;

/// QuickJS with the library, and a program that is loaded.
struct Program {
    runtime: AsyncRuntime,
    context: AsyncContext,
    library: Persistent<Object<'static>>,
}

thread_local! {
    static PROGRAM: RefCell<Option<Program>> = const { RefCell::new(None) };
    /// What came of loading the handler.
    static STARTED: RefCell<Option<std::result::Result<(), Failure>>> = const { RefCell::new(None) };
    /// When the invocation that runs ends, in milliseconds since 1970.
    static DEADLINE: Cell<f64> = const { Cell::new(0.0) };
}

/// Loads the handler, if that was not done yet; gives the failure that it ended in.
pub(crate) fn start() -> std::result::Result<(), Failure> {
    if let Some(started) = STARTED.with_borrow(Clone::clone) {
        return started;
    }
    let started = load();
    STARTED.with_borrow_mut(|known| *known = Some(started.clone()));
    started
}

fn load() -> std::result::Result<(), Failure> {
    let program = Program::new().map_err(|error| failure(BROKEN, error.to_string()))?;
    let ended = program.run("start", |_| Ok(Vec::new()));
    PROGRAM.with_borrow_mut(|slot| *slot = Some(program));
    match ended {
        Outcome::Done(_) => Ok(()),
        Outcome::Failed(failure) | Outcome::Ended(failure) => Err(failure),
    }
}

/// Lets the requests end that loading the handler has begun: they are the host's, and would not be
/// there in an instance that starts from this one's memory.
pub(crate) fn settle() -> std::result::Result<(), Failure> {
    PROGRAM.with_borrow(|program| {
        let Some(program) = program else { return Ok(()) };
        outcome::take();
        program.settle();
        while http::is_busy() && !outcome::is_set() && program.turn() {
            program.settle();
        }
        match outcome::take() {
            Some(Outcome::Failed(failure) | Outcome::Ended(failure)) => Err(failure),
            Some(Outcome::Done(_)) | None => Ok(()),
        }
    })
}

/// Gives up everything that the host has for the program, before its memory is kept.
pub(crate) fn give_up() {
    PROGRAM.with_borrow(|program| {
        if let Some(program) = program {
            program.close_streams();
        }
    });
    resources::reset();
}

/// Replaces what the memory has of another instance by what this one is given.
pub(crate) fn renew() {
    PROGRAM.with_borrow(|program| {
        if let Some(program) = program {
            program.call("renew", |_| Ok(Vec::new()));
        }
    });
}

/// Answers an event.
pub(crate) fn handle(event: &Event, context: &Context) -> std::result::Result<Output, Failure> {
    start()?;
    DEADLINE.set(context.deadline() as f64 / 1e6);
    let ended = PROGRAM.with_borrow(|program| {
        let program =
            program.as_ref().ok_or_else(|| failure(BROKEN, "the program was not loaded"))?;
        let ended = program.run("invoke", |ctx| arguments(ctx, event, context));
        program.close_streams();
        Ok(ended)
    })?;
    match ended {
        Outcome::Done(output) => Ok(output),
        Outcome::Failed(failure) => Err(failure),
        Outcome::Ended(failure) => {
            // As the end of the process in Lambda, it ends the instance.
            context.abandon(&failure);
            std::process::abort()
        }
    }
}

/// What the library gets of an event: its data, and what the context is made of.
fn arguments<'js>(ctx: &Ctx<'js>, event: &Event, context: &Context) -> Result<Vec<Value<'js>>> {
    let text = rquickjs::String::from_str(ctx.clone(), &String::from_utf8_lossy(&event.data))?;
    let known = Object::new(ctx.clone())?;
    known.set("requestId", context.invocation_id())?;
    known.set("function", context.function())?;
    known.set("version", context.version())?;
    known.set("alias", context.alias())?;
    known.set("memory", (context.memory_limit() >> 20) as f64)?;
    known.set("trace", context.trace_parent())?;
    for (name, attribute) in [
        ("arn", "aws.invoked-function-arn"),
        ("client", "aws.client-context"),
        ("identity", "aws.cognito-identity"),
        ("tenant", "aws.tenant-id"),
    ] {
        known.set(name, context.attribute(attribute))?;
    }
    Ok(vec![text.into_value(), known.into_value()])
}

/// Milliseconds that the invocation that runs has left.
pub(crate) fn remaining_time() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (DEADLINE.get() - now.as_secs_f64() * 1000.0).max(0.0).floor()
}

impl Program {
    fn new() -> Result<Self> {
        let runtime = AsyncRuntime::new()?;
        now(runtime.set_max_stack_size(STACK_BYTES));
        now(runtime.set_loader(Finder, Files));
        let context = now(AsyncContext::full(&runtime))?;
        let library = now(context.with(|ctx| boot(&ctx)))?;
        now(runtime.set_host_promise_rejection_tracker(Some(tracker(library.clone()))));
        Ok(Self { runtime, context, library })
    }

    /// Calls a function of the library, and then lets everything that is under way run until
    /// there is an outcome.
    fn run(
        &self,
        name: &str,
        arguments: impl for<'js> FnOnce(&Ctx<'js>) -> Result<Vec<Value<'js>>>,
    ) -> Outcome {
        outcome::take();
        self.call(name, arguments);
        loop {
            self.settle();
            if let Some(outcome) = outcome::take() {
                return outcome;
            }
            if !self.turn() {
                // Nothing is left that could go on: the library says what that means.
                self.call("idle", |_| Ok(Vec::new()));
                self.settle();
                if let Some(outcome) = outcome::take() {
                    return outcome;
                }
            }
        }
    }

    /// Calls a function of the library; what it throws is the end of the program.
    fn call(
        &self,
        name: &str,
        arguments: impl for<'js> FnOnce(&Ctx<'js>) -> Result<Vec<Value<'js>>>,
    ) -> f64 {
        let called = now(self.context.with(|ctx| {
            let call = || -> Result<f64> {
                let function: Function = self.library.clone().restore(&ctx)?.get(name)?;
                let value = crate::modules::call(&function, arguments(&ctx)?)?;
                Ok(value.as_number().unwrap_or_default())
            };
            call().map_err(|error| CaughtError::from_error(&ctx, error).to_string())
        }));
        match called {
            Ok(number) => number,
            Err(message) => {
                outcome::set(Outcome::Ended(failure(BROKEN, message)));
                0.0
            }
        }
    }

    /// Closes the objects that were left open: nobody finishes them, and each takes memory of the
    /// host.
    fn close_streams(&self) {
        if resources::close_streams() {
            self.call("ended", |_| Ok(Vec::new()));
        }
    }

    /// Runs everything that is ready: ticks, reactions of promises, futures; and then tells of
    /// promises that were rejected and that nobody handles.
    fn settle(&self) {
        while !outcome::is_end() {
            self.call("ticks", |_| Ok(Vec::new()));
            // It stops now and then, even if there is more to do. The futures are LLRT's, which
            // compute and do not wait.
            for _ in 0..DRIVES_MAX {
                poll_once(self.runtime.drive());
                if outcome::is_end() || !now(self.runtime.is_job_pending()) {
                    break;
                }
            }
            let more = self.call("ticks", |_| Ok(Vec::new()));
            if !outcome::is_end()
                && more == 0.0
                && self.call("unhandled", |_| Ok(Vec::new())) == 0.0
            {
                break;
            }
        }
    }

    /// Waits for the next timer or for requests, and lets them go on; false if there is nothing
    /// to wait for.
    fn turn(&self) -> bool {
        let wait = self.call("due", |_| Ok(Vec::new()));
        if outcome::is_set() {
            return true;
        }
        let mut pollables = http::pollables();
        if wait < 0.0 && pollables.is_empty() {
            return false;
        }
        if wait != NO_TIMER {
            let wait = if wait < 0.0 { NOT_AWAITED - wait } else { wait };
            pollables.push(monotonic_clock::subscribe_duration((wait * 1e6) as u64));
        }
        poll::poll(&pollables.iter().collect::<Vec<_>>());
        drop(pollables);
        for (id, event) in http::advance() {
            self.call("exchange", |ctx| exchanged(ctx, id, event));
            self.settle();
            if outcome::is_set() {
                return true;
            }
        }
        while !outcome::is_set() && self.call("expire", |_| Ok(Vec::new())) > 0.0 {
            self.settle();
        }
        true
    }
}

/// What the library gets of an event of a request.
fn exchanged<'js>(ctx: &Ctx<'js>, id: u32, event: http::Event) -> Result<Vec<Value<'js>>> {
    use rquickjs::{IntoJs, TypedArray};

    let id = id.into_js(ctx)?;
    let text = |name: &str| name.into_js(ctx);
    Ok(match event {
        http::Event::Response(status, fields) => {
            vec![id, text("response")?, status.into_js(ctx)?, fields.into_js(ctx)?]
        }
        http::Event::Data(bytes) => {
            vec![id, text("data")?, TypedArray::<u8>::new(ctx.clone(), bytes)?.into_value()]
        }
        http::Event::End => vec![id, text("end")?],
        http::Event::Drained => vec![id, text("drain")?],
        http::Event::Failed(code, message) => {
            vec![id, text("error")?, text(code)?, text(&message)?]
        }
    })
}

/// Brings up the library; gives the object of the functions that are called here.
fn boot(ctx: &Ctx<'_>) -> Result<Persistent<Object<'static>>> {
    let module = Object::new(ctx.clone())?;
    let exports = Object::new(ctx.clone())?;
    let none = Value::new_undefined(ctx.clone());
    let function = library::function(ctx, "internal/boot")?;
    let arguments = vec![
        exports.clone().into_value(),
        none,
        module.into_value(),
        native::object(ctx)?.into_value(),
    ];
    let called = crate::modules::call(&function, arguments);
    called.map_err(|error| match CaughtError::from_error(ctx, error) {
        CaughtError::Error(error) => error,
        other => Error::new_loading_message("the library", other.to_string()),
    })?;
    set_required(ctx, exports.get("required")?);
    Ok(Persistent::save(ctx, exports))
}

/// Tells the library of promises that were rejected while nobody listened, and when somebody does.
fn tracker(library: Persistent<Object<'static>>) -> rquickjs::runtime::RejectionTracker {
    Box::new(move |ctx, promise, reason, handled| {
        let told = || -> Result<()> {
            let function: Function = library.clone().restore(&ctx)?.get("rejected")?;
            function.call((promise, reason, handled))
        };
        if told().is_err() {
            ctx.catch();
        }
    })
}

/// The result of a future that never waits: nothing else holds the runtime.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
            return value;
        }
    }
}

fn poll_once(future: impl Future) {
    let _ = pin!(future).poll(&mut Task::from_waker(Waker::noop()));
}
