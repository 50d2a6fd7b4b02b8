use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use lambent_types::{
    Error, ErrorCode, Event, Failure, FunctionVersion, Handler, Outcome, Output, RequestId, Retry,
    bounds,
};
use tokio::sync::oneshot;

use crate::admission::Admission;
use crate::callee::Callee;
use crate::caller::Caller;
use crate::cloud_event;
use crate::invoked::{Invoked, InvokedStream, Reply};
use crate::lambda::{self, NoResponse};
use crate::run::{Awaited, Recorder, Run};
use crate::runner::{BeginStream, Body, Finished, HttpOutcome, Runner};
use crate::streaming::Streaming;

/// Most characters of an error response's body in the failure's message.
const MESSAGE_CHARS_MAX: usize = 256;

/// Admits invocations, hands them to the runner, and records how they end.
#[derive(Clone)]
pub(crate) struct Invoker {
    pub(crate) runner: Arc<dyn Runner>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) recorder: Arc<Recorder>,
}

impl Invoker {
    pub(crate) fn admit(
        &self,
        callee: &Callee,
        handler: Handler,
        id: RequestId,
    ) -> Result<Run, Error> {
        Run::admit(&self.admission, &self.recorder, callee, handler, id)
    }

    /// Hands the event to the runner, in Lambda's form to what runs on a runtime.
    pub(crate) async fn directly(
        &self,
        callee: &Callee,
        handler: Handler,
        caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        let event = match runs_on_runtime(&callee.function) {
            true => lambda::event_for(&callee.function.namespace, event),
            false => event,
        };
        let (invoked, ()) = self.event(callee, handler, caller, event, |_| ()).await?;
        Ok(invoked)
    }

    /// Hands the event to the runner. `then` looks at how it finished before that is recorded.
    async fn event<R>(
        &self,
        callee: &Callee,
        handler: Handler,
        caller: Caller,
        event: Event,
        then: impl FnOnce(&mut Finished) -> R,
    ) -> Result<(Invoked, R), Error> {
        let run = self.admit(callee, handler, caller.id)?;
        self.run_event(run, caller, event, then).await
    }

    async fn run_event<R>(
        &self,
        run: Run,
        caller: Caller,
        event: Event,
        then: impl FnOnce(&mut Finished) -> R,
    ) -> Result<(Invoked, R), Error> {
        let call = run.call(caller, Some(bounds::PAYLOAD_BYTES_MAX));
        finished(run, self.runner.event(call, event), then).await
    }

    /// Does what [`Self::event`] does for a request; the response is given to `begin` if the
    /// function streams it.
    pub(crate) async fn streamed_event<R>(
        self,
        callee: Callee,
        caller: Caller,
        event: Event,
        begin: BeginStream,
        then: impl FnOnce(&mut Finished) -> R,
    ) -> Result<(Invoked, R), Error> {
        let run = self.admit(&callee, Handler::Event, caller.id)?;
        let call = run.call(caller, Some(bounds::PAYLOAD_BYTES_MAX));
        finished(run, self.runner.streamed_event(call, event, begin), then).await
    }

    /// Has what runs on a runtime handle a request, as an event.
    pub(crate) async fn request_as_event(
        &self,
        callee: &Callee,
        caller: Caller,
        request: http::Request<Body>,
    ) -> Result<Reply, Error> {
        let (namespace, now) = (&callee.function.namespace, Timestamp::now());
        let event = lambda::event_of_request(namespace, caller.id, now, request).await?;
        if callee.function.configuration.is_program() {
            return self.request_of_program(callee, caller, event).await;
        }
        let (_, reply) = self.event(callee, Handler::Event, caller, event, respond).await?;
        Ok(reply)
    }

    /// Has a program handle a request; its response begins when the program begins it.
    async fn request_of_program(
        &self,
        callee: &Callee,
        caller: Caller,
        event: Event,
    ) -> Result<Reply, Error> {
        let odd = Arc::new(OnceLock::new());
        let then = {
            let odd = odd.clone();
            move |finished: &mut Finished| {
                if let Some(message) = odd.get().cloned() {
                    finished.outcome = Outcome::BadResponse { message };
                }
                respond(finished)
            }
        };
        let (content_type, pieces, end) = match Streaming::of(|begin| {
            self.clone().streamed_event(callee.clone(), caller, event, begin, then)
        })
        .await
        {
            Streaming::Ended(ended) => return (*ended).map(|(_, reply)| reply),
            Streaming::Begun { content_type, pieces, end } => (content_type, pieces, end),
        };
        match lambda::response_of_stream(content_type, pieces).await {
            Ok(response) => Ok(Reply::Response(response)),
            Err(NoResponse::Odd(message)) => {
                let _ = odd.set(message.clone());
                Ok(Reply::Ended(Outcome::BadResponse { message }))
            }
            Err(NoResponse::Broken) => match end.await {
                Some(ended) => ended.map(|(_, reply)| reply),
                None => Ok(Reply::Ended(Outcome::Internal)),
            },
        }
    }

    /// Has a program handle an event, and passes its response on.
    pub(crate) async fn invoke_streamed(
        &self,
        callee: Callee,
        caller: Caller,
        event: Event,
    ) -> Result<InvokedStream, Error> {
        let (id, event) = (caller.id, lambda::event_for(&callee.function.namespace, event));
        let streaming = Streaming::of(|begin| {
            self.clone().streamed_event(callee.clone(), caller, event, begin, |_| ())
        });
        let (pieces, end) = match streaming.await {
            Streaming::Ended(ended) => {
                // What never ran is refused, and has no end.
                let (invoked, ()) = (*ended)?;
                (None, ready(Ok(invoked)).boxed())
            }
            Streaming::Begun { pieces, end, .. } => {
                let (invoker, callee) = (self.clone(), callee.clone());
                let end = end.map(move |end| match end {
                    Some(end) => end.map(|(invoked, ())| invoked),
                    None => Ok(invoker.lost(&callee, Handler::Event, id)),
                });
                (Some(pieces), end.boxed())
            }
        };
        Ok(InvokedStream { callee, pieces, end })
    }

    /// The end of an invocation of which no other is known. It began, so this is no refusal.
    fn lost(&self, callee: &Callee, handler: Handler, id: RequestId) -> Invoked {
        tracing::error!(function = %callee.function.name, "the runner lost an invocation");
        let record = self.recorder.record_unmetered(callee, handler, id, Outcome::Internal);
        Invoked { record, output: None }
    }

    /// Has what runs on a runtime handle messages, all in one event.
    async fn batch_as_event(
        &self,
        callee: &Callee,
        caller: Caller,
        events: &[Event],
        item_failures: bool,
    ) -> Result<(Invoked, Vec<(u32, Failure)>), Error> {
        let namespace = &callee.function.namespace;
        let Some(event) = lambda::event_of_batch(namespace, events) else {
            return Err(Error::new(ErrorCode::InvalidRequest, "the batch has no message"));
        };
        let judge = |finished: &mut Finished| {
            let output = finished.output.take().filter(|_| item_failures);
            let Some(output) = output else { return Vec::new() };
            finished.failed = lambda::failed_of_batch(&output, events).unwrap_or_else(|failure| {
                finished.outcome = Outcome::FunctionError(failure);
                Vec::new()
            });
            finished.failed.clone()
        };
        let run = self.admit(callee, Handler::Event, caller.id)?.of_batch(events);
        self.run_event(run, caller, event, judge).await
    }

    /// Hands all events to the runner. Which of them failed comes with the record.
    pub(crate) async fn batch(
        &self,
        callee: &Callee,
        caller: Caller,
        events: Vec<Event>,
        item_failures: bool,
    ) -> Result<(Invoked, Vec<(u32, Failure)>), Error> {
        if runs_on_runtime(&callee.function) {
            return self.batch_as_event(callee, caller, &events, item_failures).await;
        }
        let run = self.admit(callee, Handler::Batch, caller.id)?.of_batch(&events);
        let call = run.call(caller, None);
        finished(run, self.runner.batch(call, events), |finished| finished.failed.clone()).await
    }

    /// Sends the event as a CloudEvent to the HTTP handler, or the request that it describes, and
    /// waits for the function to be done.
    pub(crate) async fn through_http(
        &self,
        callee: &Callee,
        handler: Handler,
        caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        let id = caller.id;
        // What a producer put into a queue is data, and nothing that it asks of the function.
        let described = (event.kind == Event::INVOCATION)
            .then(|| lambda::request_of_payload(&callee.function, &event.data))
            .flatten();
        let is_described = described.is_some();
        let trace_parent = caller.origin.trace_parent.as_deref();
        let request = match described {
            Some(request) => request,
            None => cloud_event::request(&callee.function, event, trace_parent)?,
        };
        let run = self.admit(callee, handler, caller.id)?;
        let call = run.call(caller, Some(bounds::PAYLOAD_BYTES_MAX));
        let (send, receive) = oneshot::channel();
        let finish = Box::new(move |finished| {
            let mut awaited = Awaited::new(run);
            awaited.finish(finished);
            // If nobody waits any more, it is recorded when it is dropped.
            drop(send.send(awaited));
        });
        let replied = match self.runner.http(call, Box::new(request), finish).await {
            HttpOutcome::Refused(error) => return Err(error),
            HttpOutcome::Ended(outcome) => Err(outcome),
            HttpOutcome::Response(response) if is_described => read_response(response).await,
            HttpOutcome::Response(response) => read_reply(response).await,
        };
        let Ok(mut awaited) = receive.await else {
            return Ok(self.lost(callee, handler, id));
        };
        if let Some(finished) = awaited.finished_mut()
            // What ended the guest early is the better explanation, unless that was `read_reply`.
            && matches!(finished.outcome, Outcome::Ok | Outcome::Cancelled)
        {
            (finished.outcome, finished.output) = match replied {
                Ok(output) => (Outcome::Ok, Some(output)),
                Err(outcome) => (outcome, None),
            };
        }
        let (record, output) = awaited.end();
        Ok(Invoked { record, output })
    }
}

/// Waits for an invocation to be done and records it; `then` looks at how it finished before that.
async fn finished<R>(
    run: Run,
    running: BoxFuture<'_, Result<Finished, Error>>,
    then: impl FnOnce(&mut Finished) -> R,
) -> Result<(Invoked, R), Error> {
    let mut awaited = Awaited::new(run);
    let then = match running.await {
        Ok(mut finished) => {
            let then = then(&mut finished);
            awaited.finish(finished);
            then
        }
        Err(error) => {
            awaited.forget();
            return Err(error);
        }
    };
    let (record, output) = awaited.end();
    Ok((Invoked { record, output }, then))
}

/// The reply that the output of what runs on a runtime means.
fn respond(finished: &mut Finished) -> Reply {
    let Some(output) = finished.output.take() else {
        return Reply::Ended(finished.outcome.clone());
    };
    lambda::response_of_output(output).map_or_else(
        |message| {
            finished.outcome = Outcome::BadResponse { message };
            Reply::Ended(finished.outcome.clone())
        },
        Reply::Response,
    )
}

/// Whether a function is sources that a runtime runs, which know Lambda's events.
pub(crate) fn runs_on_runtime(function: &FunctionVersion) -> bool {
    function.configuration.runtime.is_some()
}

/// Reads a response to its end: 2xx is success, with the body as output.
async fn read_reply(response: http::Response<Body>) -> Result<Output, Outcome> {
    let (head, body) = response.into_parts();
    let read = read(body, bounds::PAYLOAD_BYTES_MAX).await;
    if !head.status.is_success() {
        let (Read::Whole(data) | Read::TooLarge(data) | Read::Broken(data)) = read;
        return Err(Outcome::FunctionError(http_failure(head.status, &data)));
    }
    match read {
        Read::Whole(data) => {
            let content_type = head.headers.get(CONTENT_TYPE);
            let content_type =
                content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            Ok(Output { content_type, data })
        }
        Read::TooLarge(_) => Err(Outcome::ResponseTooLarge { limit: bounds::PAYLOAD_BYTES_MAX }),
        Read::Broken(_) => {
            Err(Outcome::BadResponse { message: "its body ended before it was complete".into() })
        }
    }
}

/// Reads a response to its end, whatever it says: whoever described the request is told.
async fn read_response(response: http::Response<Body>) -> Result<Output, Outcome> {
    let (head, body) = response.into_parts();
    match read(body, bounds::PAYLOAD_BYTES_MAX).await {
        Read::Whole(data) => Ok(lambda::output_of_response(&head, &data)),
        Read::TooLarge(_) => Err(Outcome::ResponseTooLarge { limit: bounds::PAYLOAD_BYTES_MAX }),
        Read::Broken(_) => {
            Err(Outcome::BadResponse { message: "its body ended before it was complete".into() })
        }
    }
}

fn http_failure(status: StatusCode, body: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(body);
    let text: String = text.trim().chars().take(MESSAGE_CHARS_MAX).collect();
    let status = status.as_u16();
    let message = if text.is_empty() {
        format!("status {status}")
    } else {
        format!("status {status}: {text}")
    };
    Failure { kind: "HttpStatus".into(), message, trace: Vec::new(), retry: Retry::Policy }
}

/// What was read of a body.
enum Read {
    Whole(Bytes),
    /// The part before the limit; the rest was not read.
    TooLarge(Bytes),
    /// The part before the body failed.
    Broken(Bytes),
}

async fn read(mut body: Body, bytes_max: u64) -> Read {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Read::Broken(whole.freeze()) };
        // Trailers say nothing about the output.
        let Ok(data) = frame.into_data() else { continue };
        if (whole.len() + data.len()) as u64 > bytes_max {
            return Read::TooLarge(whole.freeze());
        }
        whole.extend_from_slice(&data);
    }
    Read::Whole(whole.freeze())
}
