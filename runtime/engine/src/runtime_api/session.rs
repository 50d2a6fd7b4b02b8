use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures::task::AtomicWaker;
use lambent_types::FunctionVersion;

use super::connection::Connection;
use super::lifecycle::Lifecycle;
use crate::budget::Hold;
use crate::response_stream::BeginStream;

/// Connections that an instance may have at once. Clients keep one for the runtime and one for
/// each extension.
const CONNECTIONS_MAX: usize = 16;

/// What one instance and its Runtime API share.
pub(crate) struct Session {
    lifecycle: Mutex<Lifecycle>,
    /// Connections that the guest has opened and nobody serves yet.
    opened: Mutex<Vec<Arc<Connection>>>,
    arrival: AtomicWaker,
    /// How many connections there are.
    connections: Arc<AtomicUsize>,
    hold: Arc<Hold>,
    /// What takes the response of the invocation as it comes, if its caller can.
    stream: Mutex<Option<BeginStream>>,
    /// Fuel for what the host did for requests, which the guest has not been charged yet.
    debt: AtomicU64,
    /// The function that extensions are told of.
    pub(super) function: Option<Arc<FunctionVersion>>,
}

impl Session {
    pub(crate) fn new(hold: Arc<Hold>, function: Option<Arc<FunctionVersion>>) -> Self {
        Self {
            lifecycle: Mutex::default(),
            opened: Mutex::default(),
            arrival: AtomicWaker::new(),
            connections: Arc::default(),
            hold,
            stream: Mutex::new(None),
            debt: AtomicU64::new(0),
            function,
        }
    }

    pub(crate) fn lifecycle(&self) -> MutexGuard<'_, Lifecycle> {
        self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections that were opened since the last call; whoever asked last is woken when
    /// there is another.
    pub(super) fn arrivals(&self, waker: &Waker) -> Vec<Arc<Connection>> {
        self.arrival.register(waker);
        std::mem::take(&mut *self.opened())
    }

    /// Sets what takes the response of the invocation that begins, and none when it ends.
    pub(crate) fn set_stream(&self, stream: Option<BeginStream>) {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = stream;
    }

    pub(super) fn take_stream(&self) -> Option<BeginStream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Opens a connection of the guest; none if it has as many as it may.
    pub(crate) fn connect(&self) -> Option<Arc<Connection>> {
        let connection = Connection::open(&self.connections, CONNECTIONS_MAX, &self.hold)?;
        self.opened().push(connection.clone());
        self.arrival.wake();
        Some(connection)
    }

    /// Charges the guest fuel for a request, as soon as it comes to the host.
    pub(super) fn charge(&self, fuel: u64) {
        self.debt.fetch_add(fuel, Relaxed);
    }

    /// What the guest is to be charged.
    pub(crate) fn take_debt(&self) -> u64 {
        self.debt.swap(0, Relaxed)
    }
}

/// What has a session.
pub(crate) trait AsSession: Send + Sync {
    fn session(&self) -> &Session;
}
