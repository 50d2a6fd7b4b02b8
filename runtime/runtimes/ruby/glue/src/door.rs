//! What the part that is written in Ruby asks for, and what it answers.
//!
//! A request is one byte that says what it is, and what belongs to that: texts, each after its
//! length. An answer is one text, or a list: how many texts there are, how long each is, and all of
//! them. Numbers have 32 bits.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;

use crate::bindings::exports::lambent::function::handler::{Context, Event, Failure, Output};
use crate::bindings::lambent::function::types::Retry;
use crate::bindings::wasi::cli::environment;
use crate::ruby::{self, Method};
use crate::{http, resources};

/// The error's type if CRuby cannot go on.
const BROKEN: &str = "Runtime.InternalError";

/// What came of a call.
#[derive(Clone)]
enum Outcome {
    Done(Output),
    Failed(Failure),
    /// The program ended itself.
    Ended(Failure),
}

thread_local! {
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// The event that is handled, and what is known of it.
    static EVENT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static KNOWN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTCOME: RefCell<Option<Outcome>> = const { RefCell::new(None) };
    /// The context of the invocation that runs, until it ends.
    static CONTEXT: Cell<Option<NonNull<Context>>> = const { Cell::new(None) };
}

/// Loads the handler, if that was not done yet.
pub(crate) fn start() -> Result<(), Failure> {
    done(Method::Start)
}

/// What is done at deploy.
pub(crate) fn prepare() -> Result<(), Failure> {
    done(Method::Prepare)
}

/// What is done before the memory is kept.
pub(crate) fn before_snapshot() -> Result<(), Failure> {
    done(Method::BeforeSnapshot)
}

/// What is done where it was restored.
pub(crate) fn after_restore() -> Result<(), Failure> {
    done(Method::AfterRestore)
}

fn done(method: Method) -> Result<(), Failure> {
    match run(method) {
        Outcome::Done(_) => Ok(()),
        Outcome::Failed(failure) | Outcome::Ended(failure) => Err(failure),
    }
}

/// Answers an event.
pub(crate) fn handle(event: Event, context: &Context) -> Result<Output, Failure> {
    KNOWN.set(known(context));
    EVENT.set(event.data);
    CONTEXT.set(Some(NonNull::from(context)));
    let outcome = run(Method::Handle);
    CONTEXT.set(None);
    resources::close_streams();
    match outcome {
        Outcome::Done(output) => Ok(output),
        Outcome::Failed(failure) => Err(failure),
        Outcome::Ended(failure) => end(context, &failure),
    }
}

/// Ends the instance, as the end of the process does in Lambda.
fn end(context: &Context, failure: &Failure) -> ! {
    context.abandon(failure);
    std::process::abort()
}

/// Ends the instance before the handler returns.
fn end_at_once(failure: &Failure) -> Vec<u8> {
    match CONTEXT.get() {
        // SAFETY: it is set as long as the invocation has the context.
        Some(context) => end(unsafe { context.as_ref() }, failure),
        None => std::process::abort(),
    }
}

fn run(method: Method) -> Outcome {
    OUTCOME.set(None);
    let returned = ruby::call(method);
    let outcome = OUTCOME.take().filter(|_| returned);
    outcome.unwrap_or_else(|| Outcome::Ended(failure(BROKEN, "the Ruby runtime raised".into())))
}

fn failure(kind: &str, message: String) -> Failure {
    Failure { kind: kind.to_owned(), message, trace: Vec::new(), retry: Retry::Policy }
}

/// Names and values of what there is to know of an invocation.
fn known(context: &Context) -> Vec<u8> {
    let mut pairs = vec![
        ("id", context.invocation_id()),
        ("function", context.function()),
        ("version", context.version()),
        ("deadline", (context.deadline() / 1_000_000).to_string()),
        ("memory", (context.memory_limit() >> 20).to_string()),
    ];
    pairs.extend(context.alias().map(|alias| ("alias", alias)));
    pairs.extend(context.trace_parent().map(|parent| ("trace", parent)));
    for (name, attribute) in [
        ("arn", "aws.invoked-function-arn"),
        ("client", "aws.client-context"),
        ("identity", "aws.cognito-identity"),
        ("tenant", "aws.tenant-id"),
    ] {
        pairs.extend(context.attribute(attribute).map(|value| (name, value)));
    }
    list(pairs.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]))
}

/// A packed list.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let texts: Vec<&[u8]> = texts.into_iter().collect();
    let mut packed = (texts.len() as u32).to_le_bytes().to_vec();
    packed.extend(texts.iter().flat_map(|text| (text.len() as u32).to_le_bytes()));
    packed.extend(texts.concat());
    packed
}

/// The texts of a request; what is cut off is left.
fn unpack(mut packed: &[u8]) -> Vec<&[u8]> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((text, rest)) = rest.split_at_checked(length) else { break };
        texts.push(text);
        packed = rest;
    }
    texts
}

/// Does what is asked for, and keeps the answer.
pub(crate) fn request(text: &[u8]) {
    let Some((what, text)) = text.split_first() else { return };
    let answer = match what {
        b'e' => EVENT.take(),
        b'k' => KNOWN.take(),
        b'v' => environment(),
        b'h' => http::send(&unpack(text)),
        b'r' => resources::answer(&unpack(text)),
        b'o' => told(Outcome::Done(output(text))),
        b'f' => told(Outcome::Failed(failed(text))),
        b'x' => told(Outcome::Ended(failed(text))),
        b'q' => end_at_once(&failed(text)),
        _ => Vec::new(),
    };
    ANSWER.set(answer);
}

/// The answer to the last request.
pub(crate) fn take_answer() -> Vec<u8> {
    ANSWER.take()
}

fn environment() -> Vec<u8> {
    let pairs = environment::get_environment();
    list(pairs.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]))
}

fn told(outcome: Outcome) -> Vec<u8> {
    OUTCOME.set(Some(outcome));
    Vec::new()
}

/// A content type and data.
fn output(text: &[u8]) -> Output {
    let mut texts = unpack(text).into_iter();
    let content_type = texts.next().map(|text| String::from_utf8_lossy(text).into_owned());
    Output { content_type, data: texts.next().unwrap_or_default().to_vec() }
}

/// A kind, a message, and a trace.
fn failed(text: &[u8]) -> Failure {
    let texts = unpack(text).into_iter();
    let mut texts = texts.map(|text| String::from_utf8_lossy(text).into_owned());
    let kind = texts.next().unwrap_or_else(|| BROKEN.to_owned());
    let message = texts.next().unwrap_or_default();
    Failure { kind, message, trace: texts.collect(), retry: Retry::Policy }
}
