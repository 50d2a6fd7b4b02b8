//! The states of a program, as Lambda's Runtime API has them, with one invocation at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use lambent_types::Failure;
use tokio::sync::oneshot;

use super::answer::Answer;
use super::delivery::Delivery;
use super::extensions::Extensions;
use super::fault::Fault;

/// Requests for the next event that may wait at once.
const WAITERS_MAX: usize = 16;

/// Where a program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It has not asked for an event yet.
    Started,
    /// It waits for an event.
    Ready,
    /// It has an event and has not answered it.
    Running,
    /// Its response is being read.
    Responding,
    /// Its report of an error is being read.
    Reporting,
    /// It has answered.
    Answered,
    /// It said that it could not be initialized.
    InitError,
}

impl State {
    /// The name that clients see.
    const fn name(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::Responding => "InvocationResponse",
            Self::Reporting => "InvocationErrorResponse",
            Self::Answered => "RuntimeResponseSentState",
            Self::InitError => "InitError",
        }
    }

    /// The answer to a request for a state that cannot follow on this one.
    fn refuse(self, to: Self) -> Fault {
        let (from, to) = (self.name(), to.name());
        let message = format!(
            "State transition from {from} to {to} failed for runtime. Error: State transition is \
             not allowed"
        );
        Fault::forbidden("InvalidStateTransition", message)
    }
}

/// What a request for the next event gets.
#[derive(Debug)]
pub(crate) enum Next {
    /// The event that it has not answered yet, again.
    Now(Arc<Delivery>),
    /// An event that is still to come.
    Later(oneshot::Receiver<Arc<Delivery>>),
}

/// A program and its extensions, from the start of the instance to its end.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    state: State,
    /// The event of the invocation, until the program asks for the next.
    current: Option<Arc<Delivery>>,
    /// Requests for the next event, in the order they came.
    waiters: VecDeque<oneshot::Sender<Arc<Delivery>>>,
    answer: Option<Answer>,
    /// Why the instance is of no more use, by its own account.
    fatal: Option<Failure>,
    pub(crate) extensions: Extensions,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            state: State::Started,
            current: None,
            waiters: VecDeque::new(),
            answer: None,
            fatal: None,
            extensions: Extensions::default(),
        }
    }
}

impl Lifecycle {
    /// The program asks for an event; that ends the invocation that it has answered, or INIT.
    pub(crate) fn next(&mut self) -> Result<Next, Fault> {
        match (self.state, &self.current) {
            (State::Running, Some(current)) => return Ok(Next::Now(current.clone())),
            (State::Started | State::Ready | State::Answered, _) => {}
            (state, _) => return Err(state.refuse(State::Ready)),
        }
        // Those whose connections were closed wait no more.
        self.waiters.retain(|waiter| !waiter.is_closed());
        if self.waiters.len() >= WAITERS_MAX {
            let message = "too many requests for the next event wait already";
            return Err(Fault::forbidden("InvalidStateTransition", message));
        }
        self.state = State::Ready;
        self.current = None;
        // No more of them register, now that INIT is over.
        self.extensions.close_registration();
        let (waiter, receiver) = oneshot::channel();
        self.waiters.push_back(waiter);
        Ok(Next::Later(receiver))
    }

    /// The program begins to answer the invocation `id`, with a response or the report of an
    /// error.
    pub(crate) fn begin_answer(&mut self, id: &str, to: State) -> Result<(), Fault> {
        if self.current.as_ref().is_none_or(|current| current.id != id) {
            return Err(Fault::bad_request("InvalidRequestID", "Invalid request ID"));
        }
        if self.state != State::Running {
            return Err(self.state.refuse(to));
        }
        self.state = to;
        Ok(())
    }

    /// It has answered.
    pub(crate) fn finish_answer(&mut self, answer: Answer) {
        self.state = State::Answered;
        self.answer = Some(answer);
    }

    /// What it began to answer does not count: it may answer again.
    pub(crate) const fn withdraw_answer(&mut self) {
        self.state = State::Running;
    }

    /// The program says that it cannot be initialized.
    pub(crate) fn init_error(&mut self, failure: impl FnOnce() -> Failure) -> Result<(), Fault> {
        if self.state != State::Started {
            return Err(self.state.refuse(State::InitError));
        }
        self.state = State::InitError;
        self.fail(failure());
        Ok(())
    }

    /// Whether the program may say now that it cannot be initialized.
    pub(crate) fn check_init_error(&self) -> Result<(), Fault> {
        match self.state {
            State::Started => Ok(()),
            state => Err(state.refuse(State::InitError)),
        }
    }

    /// The instance is of no more use; the first reason counts.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.fatal.get_or_insert(failure);
    }

    /// Whether the program waits for an event, and its extensions for what they are told.
    pub(crate) fn is_parked(&self) -> bool {
        self.state == State::Ready && self.extensions.are_ready()
    }

    /// Whether INIT is over.
    pub(crate) fn is_initialized(&self) -> bool {
        !matches!(self.state, State::Started | State::InitError)
    }

    /// Hands over an event, to the request that has waited for longest or to the next that comes.
    pub(crate) fn deliver(&mut self, delivery: Arc<Delivery>) {
        self.extensions.invoke(&delivery.invoke);
        self.current = Some(delivery.clone());
        self.answer = None;
        self.state = State::Running;
        while let Some(waiter) = self.waiters.pop_front() {
            // Whoever waited on a connection that was closed gets nothing, and swallows nothing.
            if waiter.send(delivery.clone()).is_ok() {
                return;
            }
        }
    }

    /// Tells the extensions that want to know that the instance ends; returns whether any does.
    pub(crate) fn shut_down(&mut self, event: &Bytes) -> bool {
        self.extensions.shut_down(event)
    }

    /// What the program has answered, once.
    pub(crate) const fn take_answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// Why the instance is of no more use, if it said so.
    pub(crate) const fn take_fatal(&mut self) -> Option<Failure> {
        self.fatal.take()
    }

    /// Whether the instance said that it is of no more use.
    pub(crate) const fn has_failed(&self) -> bool {
        self.fatal.is_some()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use lambent_types::Output;

    use super::super::answer::failure;
    use super::*;

    fn delivery(id: &str) -> Arc<Delivery> {
        let (headers, data) = (HeaderMap::new(), Bytes::from_static(b"{}"));
        Arc::new(Delivery { id: id.into(), headers, data, invoke: Bytes::new() })
    }

    fn wait(lifecycle: &mut Lifecycle) -> oneshot::Receiver<Arc<Delivery>> {
        match lifecycle.next().unwrap() {
            Next::Later(receiver) => receiver,
            Next::Now(_) => panic!("it has an event already"),
        }
    }

    /// One that has the event `id`.
    fn running(id: &str) -> Lifecycle {
        let mut lifecycle = Lifecycle::default();
        let mut waiter = wait(&mut lifecycle);
        lifecycle.deliver(delivery(id));
        assert_eq!(waiter.try_recv().unwrap().id, id);
        lifecycle
    }

    fn answer(lifecycle: &mut Lifecycle, id: &str) {
        lifecycle.begin_answer(id, State::Responding).unwrap();
        lifecycle.finish_answer(Answer::Output(Output::default()));
    }

    fn refusal(fault: Fault) -> (StatusCode, String) {
        (fault.status, fault.message)
    }

    fn forbidden(from: &str, to: &str) -> (StatusCode, String) {
        let message = format!(
            "State transition from {from} to {to} failed for runtime. Error: State transition is \
             not allowed"
        );
        (StatusCode::FORBIDDEN, message)
    }

    #[test]
    fn an_event_is_answered_once_and_the_next_ends_the_invocation() {
        let mut lifecycle = running("1");
        assert!(!lifecycle.is_parked());
        answer(&mut lifecycle, "1");
        assert!(!lifecycle.is_parked(), "it has not asked for another");
        for (to, name) in [
            (State::Responding, "InvocationResponse"),
            (State::Reporting, "InvocationErrorResponse"),
        ] {
            let again = lifecycle.begin_answer("1", to).unwrap_err();
            assert_eq!(refusal(again), forbidden("RuntimeResponseSentState", name));
        }
        let _waiter = wait(&mut lifecycle);
        assert!(lifecycle.is_parked());
        assert!(matches!(lifecycle.take_answer(), Some(Answer::Output(_))));
        assert_eq!(lifecycle.begin_answer("1", State::Responding).unwrap_err().status, 400);
    }

    #[test]
    fn answers_to_what_was_not_asked_are_refused() {
        let invalid = |fault: Fault| {
            assert_eq!(refusal(fault), (StatusCode::BAD_REQUEST, "Invalid request ID".into()));
        };
        let mut lifecycle = Lifecycle::default();
        invalid(lifecycle.begin_answer("1", State::Responding).unwrap_err());
        let mut lifecycle = running("1");
        invalid(lifecycle.begin_answer("abc", State::Responding).unwrap_err());
        lifecycle.begin_answer("1", State::Responding).unwrap();
        let second = lifecycle.begin_answer("1", State::Reporting).unwrap_err();
        assert_eq!(refusal(second), forbidden("InvocationResponse", "InvocationErrorResponse"));
        assert_eq!(
            refusal(lifecycle.next().unwrap_err()),
            forbidden("InvocationResponse", "Ready")
        );
    }

    #[test]
    fn an_event_that_was_not_answered_is_given_again() {
        let mut lifecycle = running("1");
        for _ in 0..2 {
            let Next::Now(again) = lifecycle.next().unwrap() else { panic!("it waits") };
            assert_eq!(again.id, "1");
        }
        answer(&mut lifecycle, "1");
    }

    #[test]
    fn of_two_that_wait_the_first_gets_the_event_and_one_that_is_gone_gets_none() {
        let mut lifecycle = Lifecycle::default();
        let gone = wait(&mut lifecycle);
        let mut first = wait(&mut lifecycle);
        let mut second = wait(&mut lifecycle);
        drop(gone);
        lifecycle.deliver(delivery("1"));
        assert_eq!(first.try_recv().unwrap().id, "1");
        assert!(second.try_recv().is_err());
        answer(&mut lifecycle, "1");
        let _third = wait(&mut lifecycle);
        lifecycle.deliver(delivery("2"));
        assert_eq!(second.try_recv().unwrap().id, "2");
    }

    #[test]
    fn requests_that_wait_are_bounded() {
        let mut lifecycle = Lifecycle::default();
        let waiting: Vec<_> = (0..WAITERS_MAX).map(|_| wait(&mut lifecycle)).collect();
        assert_eq!(lifecycle.next().unwrap_err().status, StatusCode::FORBIDDEN);
        drop(waiting);
        wait(&mut lifecycle);
    }

    #[test]
    fn only_what_has_not_begun_can_fail_to_begin() {
        let mut lifecycle = running("1");
        let refused = lifecycle.init_error(|| failure("a", "b")).unwrap_err();
        assert_eq!(refusal(refused), forbidden("Running", "InitError"));
        let mut lifecycle = Lifecycle::default();
        lifecycle.init_error(|| failure("a", "b")).unwrap();
        assert!(!lifecycle.is_initialized());
        assert_eq!(refusal(lifecycle.next().unwrap_err()), forbidden("InitError", "Ready"));
        let again = lifecycle.init_error(|| failure("c", "d")).unwrap_err();
        assert_eq!(refusal(again), forbidden("InitError", "InitError"));
        assert_eq!(lifecycle.take_fatal().unwrap().kind, "a");
    }
}
