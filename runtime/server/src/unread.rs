//! What a client of HTTP/1.1 sends after its request was answered.
//!
//! On such a connection a body has to come to its end before the next request can be read. A
//! function that does not read the body of a request is no reason to lose a connection on which
//! the client sends its next one already, so what is left of the body is read and thrown away. If
//! that is too much, the answer says that the connection is closed (RFC 9112, 9.6).

use std::time::Duration;

use http::Request;
use http::header::EXPECT;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::connection_timeouts::ConnectionTimeouts;
use crate::state::App;

/// How much of a body is read for nothing: as much as Go's server does.
const BYTES_MAX: usize = 256 << 10;

/// How long the rest of a body may take to come; more than the time between two packets.
const PATIENCE: Duration = Duration::from_secs(1);

/// What becomes of a request's body that is dropped before its end.
pub(crate) struct Unread {
    tasks: TaskTracker,
    /// The client sends nothing before it is told to, which reading would do.
    awaits_continue: bool,
}

impl Unread {
    pub(crate) fn of(request: &Request<Incoming>, app: &App) -> Self {
        Self { tasks: app.tasks.clone(), awaits_continue: request.headers().contains_key(EXPECT) }
    }

    /// The body was asked for, so that the client sends it.
    pub(crate) fn asked(&mut self) {
        self.awaits_continue = false;
    }

    /// Reads the rest of the body beside the answer, or has the answer close the connection.
    pub(crate) fn read(self, incoming: Incoming, activity: &ConnectionTimeouts) {
        if self.awaits_continue || incoming.size_hint().lower() > BYTES_MAX as u64 {
            return activity.close_after_answer();
        }
        self.tasks.spawn(timeout(PATIENCE, async move {
            let mut rest = Limited::new(incoming, BYTES_MAX);
            // If it does not come to its end, the connection ends instead.
            while let Some(Ok(_)) = rest.frame().await {}
        }));
    }
}
