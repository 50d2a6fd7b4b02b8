//! What happens on one connection, and when that is too little.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::options::Timeouts;

/// The moment that has not come.
const NEVER: u64 = u64::MAX;

/// What happens on one connection. Moments are in milliseconds since it began.
#[derive(Debug)]
pub(crate) struct ConnectionTimeouts {
    began: Instant,
    in_flight: AtomicUsize,
    /// Whether any request has come.
    used: AtomicBool,
    http2: AtomicBool,
    /// Since when no request is in flight.
    idle_since: AtomicU64,
    /// When the head of the next request began to come in.
    head_since: AtomicU64,
    /// Since when the peer takes nothing of what waits to be sent.
    stalled_since: AtomicU64,
    /// Whether some request was answered before its body was read.
    abandoned: AtomicBool,
    /// Whether the next request could not be read after all of a body that nobody reads.
    closing: AtomicBool,
    /// Responses, and since when the peer has not asked for more of each.
    waiting: Mutex<Vec<(u64, u64)>>,
    responses: AtomicU64,
}

/// What is to be done with a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// Close it when what is in flight is done.
    Retire,
    /// Close it at once.
    Close,
}

impl ConnectionTimeouts {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            in_flight: AtomicUsize::new(0),
            used: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            stalled_since: AtomicU64::new(NEVER),
            abandoned: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            waiting: Mutex::default(),
            responses: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    /// Bytes came in. Between two requests they begin a head; under HTTP/2
    /// they may as well be a ping.
    pub(crate) fn received(&self) {
        if self.in_flight.load(Relaxed) == 0
            && self.head_since.load(Relaxed) == NEVER
            && !self.http2.load(Relaxed)
        {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    /// The peer takes bytes.
    pub(crate) fn sent(&self) {
        if self.stalled_since.load(Relaxed) != NEVER {
            self.stalled_since.store(NEVER, Relaxed);
        }
    }

    /// The peer takes no bytes for now.
    pub(crate) fn blocked(&self) {
        if self.stalled_since.load(Relaxed) == NEVER {
            self.stalled_since.store(self.now(), Relaxed);
        }
    }

    /// A request was answered before its body was read.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Relaxed);
    }

    /// Whether the peer may still be sending a body that nobody will read.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Relaxed)
    }

    /// The answer to the request that is being answered is the last.
    pub(crate) fn close_after_answer(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Whether an answer that begins now is the last.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// How much is left of `limit`, since the connection began, while no request has come.
    pub(crate) fn first_request_within(&self, limit: Duration) -> Duration {
        match self.used.load(Relaxed) {
            true => Duration::ZERO,
            false => limit.saturating_sub(self.began.elapsed()),
        }
    }

    /// How long nothing has been in flight; `None` while something is.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        let since = self.idle_since.load(Relaxed);
        let idle = self.in_flight.load(Relaxed) == 0;
        idle.then(|| Duration::from_millis(self.now().saturating_sub(since)))
    }

    /// What is to be done with the connection now.
    pub(crate) fn verdict(&self, timeouts: &Timeouts) -> Verdict {
        let now = self.now();
        let past = |since: &AtomicU64, limit: Duration| {
            let since = since.load(Relaxed);
            since != NEVER && now.saturating_sub(since) >= limit.as_millis() as u64
        };
        if past(&self.stalled_since, timeouts.stall) || self.keeps_waiting(now, timeouts.stall) {
            return Verdict::Close;
        }
        if self.in_flight.load(Relaxed) > 0 {
            return Verdict::Keep;
        }
        if past(&self.head_since, timeouts.head) {
            return Verdict::Close;
        }
        if self.used.load(Relaxed) && past(&self.idle_since, timeouts.idle) {
            return Verdict::Retire;
        }
        Verdict::Keep
    }
}

/// Under HTTP/2 a peer can take bytes of the connection and none of a response.
impl ConnectionTimeouts {
    fn waiting(&self) -> MutexGuard<'_, Vec<(u64, u64)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keeps_waiting(&self, now: u64, limit: Duration) -> bool {
        let limit = limit.as_millis() as u64;
        self.waiting().iter().any(|(_, since)| now.saturating_sub(*since) >= limit)
    }
}

/// One response, of which the peer takes one piece after the other.
pub(crate) struct StreamStall {
    activity: Arc<ConnectionTimeouts>,
    response: u64,
    waiting: bool,
}

impl StreamStall {
    pub(crate) fn new(activity: Arc<ConnectionTimeouts>) -> Self {
        let response = activity.responses.fetch_add(1, Relaxed);
        Self { activity, response, waiting: false }
    }

    /// The peer was given a piece that is not the last.
    pub(crate) fn given(&mut self) {
        self.waiting = true;
        let now = self.activity.now();
        self.activity.waiting().push((self.response, now));
    }

    /// The peer can take a piece, or will take none any more.
    pub(crate) fn wanted(&mut self) {
        if std::mem::take(&mut self.waiting) {
            self.activity.waiting().retain(|(response, _)| *response != self.response);
        }
    }
}

impl Drop for StreamStall {
    fn drop(&mut self) {
        self.wanted();
    }
}

/// A request in flight on a connection.
pub(crate) struct RequestGuard(Arc<ConnectionTimeouts>);

impl RequestGuard {
    /// A request's head has come in.
    pub(crate) fn begin(activity: Arc<ConnectionTimeouts>, http2: bool) -> Self {
        activity.in_flight.fetch_add(1, Relaxed);
        activity.head_since.store(NEVER, Relaxed);
        if !activity.used.swap(true, Relaxed) {
            activity.http2.store(http2, Relaxed);
        }
        Self(activity)
    }

    /// A request that has come in goes on apart from the rest of it.
    pub(crate) fn go_on(activity: Arc<ConnectionTimeouts>) -> Self {
        activity.in_flight.fetch_add(1, Relaxed);
        Self(activity)
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(60);

    fn timeouts(head: Duration, idle: Duration, stall: Duration) -> Timeouts {
        Timeouts { head, idle, stall, ..Timeouts::default() }
    }

    #[test]
    fn a_connection_is_new_until_a_request_has_come() {
        let activity = Arc::new(ConnectionTimeouts::new());
        let minute = Duration::from_secs(60);
        assert!(activity.first_request_within(minute) > Duration::from_secs(30));
        assert_eq!(activity.first_request_within(Duration::ZERO), Duration::ZERO);
        drop(RequestGuard::begin(activity.clone(), false));
        assert_eq!(activity.first_request_within(minute), Duration::ZERO);
    }

    #[test]
    fn the_first_head_is_awaited_from_the_start() {
        let activity = ConnectionTimeouts::new();
        assert_eq!(activity.verdict(&timeouts(NONE, LONG, LONG)), Verdict::Close);
        assert_eq!(activity.verdict(&timeouts(LONG, NONE, LONG)), Verdict::Keep);
    }

    #[test]
    fn between_requests_a_connection_may_idle_until_a_head_begins() {
        let activity = Arc::new(ConnectionTimeouts::new());
        let busy = RequestGuard::begin(activity.clone(), false);
        assert_eq!(activity.verdict(&timeouts(NONE, NONE, LONG)), Verdict::Keep);
        drop(busy);
        assert_eq!(activity.verdict(&timeouts(NONE, LONG, LONG)), Verdict::Keep);
        assert_eq!(activity.verdict(&timeouts(NONE, NONE, LONG)), Verdict::Retire);
        activity.received();
        assert_eq!(activity.verdict(&timeouts(NONE, LONG, LONG)), Verdict::Close);
    }

    #[test]
    fn pings_do_not_begin_a_head() {
        let activity = Arc::new(ConnectionTimeouts::new());
        drop(RequestGuard::begin(activity.clone(), true));
        activity.received();
        assert_eq!(activity.verdict(&timeouts(NONE, LONG, LONG)), Verdict::Keep);
    }

    #[test]
    fn a_peer_that_takes_nothing_is_closed_even_while_busy() {
        let activity = Arc::new(ConnectionTimeouts::new());
        let _busy = RequestGuard::begin(activity.clone(), false);
        activity.blocked();
        assert_eq!(activity.verdict(&timeouts(LONG, LONG, NONE)), Verdict::Close);
        activity.sent();
        assert_eq!(activity.verdict(&timeouts(LONG, LONG, NONE)), Verdict::Keep);
    }

    #[test]
    fn a_response_that_nobody_takes_on_closes_the_connection() {
        let activity = Arc::new(ConnectionTimeouts::new());
        let _busy = RequestGuard::begin(activity.clone(), true);
        let (mut first, mut second) =
            (StreamStall::new(activity.clone()), StreamStall::new(activity.clone()));
        let verdict = || activity.verdict(&timeouts(LONG, LONG, NONE));
        first.given();
        second.given();
        second.wanted();
        assert_eq!(verdict(), Verdict::Close);
        first.wanted();
        assert_eq!(verdict(), Verdict::Keep);
        first.given();
        drop(first);
        assert_eq!(verdict(), Verdict::Keep);
    }
}
