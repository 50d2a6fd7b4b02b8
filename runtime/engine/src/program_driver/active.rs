use std::time::Instant;

use lambent_types::{Event, Limits, Logs, Meter, Outcome, Output, Start};
use tokio::sync::oneshot;

use crate::context::Context;
use crate::invocation::{Finished, Invocation, Refused};
use crate::response_stream::BeginStream;

/// How an invocation ended, and whether its program can have another.
pub(super) struct Reply {
    pub(super) finished: Result<Finished<Output>, Refused>,
    pub(super) is_alive: bool,
}

/// An invocation for a program.
pub(super) struct Job<T> {
    pub(super) invocation: Invocation<T>,
    pub(super) event: Event,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// An invocation that a program has in hand.
pub(super) struct Active {
    /// What the program is to be given; none if it has it.
    pub(super) event: Option<Event>,
    pub(super) context: Context,
    pub(super) limits: Limits,
    pub(super) start: Start,
    /// What takes the response as it comes.
    pub(super) stream: Option<BeginStream>,
    began: Instant,
    bytes_in: u64,
    reply: oneshot::Sender<Reply>,
}

impl Active {
    pub(super) fn new<T>(
        invocation: &mut Invocation<T>,
        event: Event,
        reply: oneshot::Sender<Reply>,
    ) -> Self {
        let &mut Invocation { limits, start, began, ref context, ref mut stream, .. } = invocation;
        let (context, bytes_in) = (context.clone(), event.data.len() as u64);
        let stream = stream.take();
        Self { event: Some(event), context, limits, start, stream, began, bytes_in, reply }
    }

    /// Whether nobody waits for its end any more.
    pub(super) fn poll_abandoned(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        self.reply.poll_closed(cx).is_ready()
    }

    /// Its deadline, if its time begins when it was asked for.
    pub(super) fn deadline(&self) -> Instant {
        self.began + self.limits.timeout
    }

    /// Nothing of it ran.
    pub(super) fn refuse(self, refused: Refused) {
        let _ = self.reply.send(Reply { finished: Err(refused), is_alive: false });
    }

    /// Tells how it ended, with so much fuel left.
    pub(super) fn end(self, end: (Outcome, Option<Output>), used: Used, is_alive: bool) {
        let Used { fuel_left, memory_bytes, bytes_streamed, logs } = used;
        let (mut outcome, mut value) = end;
        let bytes = value.as_ref().map_or(0, |output| output.data.len() as u64);
        if let Some(limit) = self.limits.response_bytes.filter(|limit| bytes > *limit) {
            (outcome, value) = (Outcome::ResponseTooLarge { limit }, None);
        }
        let meter = Meter {
            fuel: self.limits.fuel.saturating_sub(fuel_left),
            duration: self.began.elapsed(),
            memory_bytes,
            bytes_in: self.bytes_in,
            bytes_out: bytes + bytes_streamed,
            start: self.start,
        };
        let finished = Ok(Finished { outcome, value, meter, logs, host_error: None });
        // Whoever asked may have gone away.
        let _ = self.reply.send(Reply { finished, is_alive });
    }
}

/// What an invocation has used.
pub(super) struct Used {
    pub(super) fuel_left: u64,
    pub(super) memory_bytes: u64,
    /// What of the response the caller has been sent as it came.
    pub(super) bytes_streamed: u64,
    pub(super) logs: Logs,
}
