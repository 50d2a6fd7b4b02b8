use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use lambent_types::{
    Error, Event, Failure, FunctionVersion, Handler, Outcome, Output, RequestId, Retry, bounds,
};
use tokio::sync::oneshot;

use crate::admission::Admission;
use crate::caller::Caller;
use crate::cloud_event;
use crate::invoked::Invoked;
use crate::run::{Awaited, Recorder, Run};
use crate::runner::{Body, HttpOutcome, Runner};

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
        function: &Arc<FunctionVersion>,
        handler: Handler,
        id: RequestId,
    ) -> Result<Run, Error> {
        Run::admit(&self.admission, &self.recorder, function, handler, id)
    }

    /// Hands the event to the runner.
    pub(crate) async fn directly(
        &self,
        function: &Arc<FunctionVersion>,
        handler: Handler,
        caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        let run = self.admit(function, handler, caller.id)?;
        let call = run.call(caller, Some(bounds::PAYLOAD_BYTES_MAX));
        let mut awaited = Awaited::new(run);
        match self.runner.event(call, event).await {
            Ok(finished) => awaited.finish(finished),
            Err(error) => {
                awaited.forget();
                return Err(error);
            }
        }
        let (record, output) = awaited.end();
        Ok(Invoked { record, output })
    }

    /// Hands all events to the runner. Which of them failed comes with the record.
    pub(crate) async fn batch(
        &self,
        function: &Arc<FunctionVersion>,
        caller: Caller,
        events: Vec<Event>,
    ) -> Result<(Invoked, Vec<(u32, Failure)>), Error> {
        let run = self.admit(function, Handler::Batch, caller.id)?;
        let call = run.call(caller, None);
        let mut awaited = Awaited::new(run);
        let failed = match self.runner.batch(call, events).await {
            Ok(mut finished) => {
                let failed = std::mem::take(&mut finished.failed);
                awaited.finish(finished);
                failed
            }
            Err(error) => {
                awaited.forget();
                return Err(error);
            }
        };
        let (record, output) = awaited.end();
        Ok((Invoked { record, output }, failed))
    }

    /// Sends the event as a CloudEvent to the HTTP handler, and waits for the
    /// function to be done.
    pub(crate) async fn through_http(
        &self,
        function: &Arc<FunctionVersion>,
        handler: Handler,
        caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        let id = caller.id;
        let request = cloud_event::request(function, event, caller.origin.trace_parent.as_deref())?;
        let run = self.admit(function, handler, caller.id)?;
        let call = run.call(caller, Some(bounds::PAYLOAD_BYTES_MAX));
        let (send, receive) = oneshot::channel();
        let finish = Box::new(move |finished| {
            let mut awaited = Awaited::new(run);
            awaited.finish(finished);
            // If nobody waits any more, it is recorded when it is dropped.
            drop(send.send(awaited));
        });
        let replied = match self.runner.http(call, request, finish).await {
            HttpOutcome::Refused(error) => return Err(error),
            HttpOutcome::Ended(outcome) => Err(outcome),
            HttpOutcome::Response(response) => read_reply(response).await,
        };
        let Ok(mut awaited) = receive.await else {
            tracing::error!(function = %function.name, "the runner lost an invocation");
            // It began, so this is an end and no refusal.
            let record = self.recorder.record_unmetered(function, handler, id, Outcome::Internal);
            return Ok(Invoked { record, output: None });
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
