//! What the guest of a program and its [driver](crate::program_driver) share.
//!
//! A program is a component whose `main` runs once in an instance and takes events by Lambda's
//! [Runtime API](crate::runtime_api), as a custom runtime does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lambent_types::FunctionVersion;

use crate::budget::Hold;
use crate::invocation::Invocation;
use crate::runtime_api::Session;
use crate::runtime_api::session::AsSession;

/// What a program's guest and its driver share.
pub(crate) struct Program<T> {
    pub(crate) session: Session,
    /// What begins when the guest goes on.
    turn: Mutex<Option<Turn<T>>>,
    /// Whether the guest waits in a call of the host in which a turn can begin.
    pub(crate) waits: AtomicBool,
    /// What was left of its fuel when it began to wait.
    pub(crate) fuel_left: AtomicU64,
    /// Its peak of memory then.
    pub(crate) memory_peak: AtomicU64,
}

impl<T: Send + 'static> AsSession for Program<T> {
    fn session(&self) -> &Session {
        &self.session
    }
}

impl<T> Program<T> {
    pub(crate) fn new(hold: Arc<Hold>, function: Option<Arc<FunctionVersion>>) -> Arc<Self> {
        Arc::new(Self {
            session: Session::new(hold, function),
            turn: Mutex::new(None),
            waits: AtomicBool::new(false),
            fuel_left: AtomicU64::new(0),
            memory_peak: AtomicU64::new(0),
        })
    }

    pub(crate) fn set_turn(&self, turn: Turn<T>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }

    pub(crate) fn take_turn(&self) -> Option<Turn<T>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the program waits for an event, and its guest in the host: then an invocation can
    /// end, and another begin.
    pub(crate) fn is_parked(&self) -> bool {
        self.waits.load(Relaxed) && self.session.lifecycle().is_parked()
    }
}

/// What a program goes on for.
pub(crate) enum Turn<T> {
    /// The invocation that its instance was made for, which has what INIT has left of its fuel.
    First { deadline: Instant },
    /// Another invocation. It is the first after INIT, whose fuel counts to it, unless `renewed`.
    Invocation { invocation: Box<Invocation<T>>, deadline: Instant, renewed: bool },
    /// Its end, which it was told of.
    End { deadline: Instant },
}
