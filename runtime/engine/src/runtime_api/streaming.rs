//! Responses that go to the caller as they come.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::answer::{Answer, failure, late_failure};
use super::connection::Connection;
use super::fault::Fault;
use super::headers::text;
use super::reply::{self, Reply};
use crate::response_stream::BeginStream;

/// The most bytes of a response that is streamed: Lambda's 200 MB.
const STREAM_BYTES_MAX: u64 = 200 << 20;

/// Passes a response on; returns what it came to.
pub(super) async fn stream(
    begin: BeginStream,
    head: &Parts,
    mut body: Incoming,
) -> (Answer, Reply) {
    let content_type = text(&head.headers, CONTENT_TYPE.as_str());
    let pieces = begin((!content_type.is_empty()).then(|| content_type.to_owned()));
    let connection = head.extensions.get::<Arc<Connection>>();
    let (mut bytes, mut trailers) = (0_u64, None);
    let broken = loop {
        let frame = match body.frame().await {
            None => break None,
            Some(Ok(frame)) => frame,
            Some(Err(_)) => {
                let message = "the response ended before it was complete";
                let failure = failure("Runtime.TruncatedResponse", message);
                break Some((Answer::Failed(failure), Fault::truncated().into()));
            }
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                trailers = frame.into_trailers().ok();
                continue;
            }
        };
        let more = data.len() as u64;
        bytes += more;
        if bytes > STREAM_BYTES_MAX {
            let reply = Fault::too_large(STREAM_BYTES_MAX).into();
            break Some((Answer::TooLarge(STREAM_BYTES_MAX), reply));
        }
        if more > 0 {
            // Whoever asked may have gone away; the program is not disturbed by that.
            let _ = pieces.send(Ok(Some(data))).await;
        }
        if let Some(connection) = connection {
            connection.passed_on(more);
        }
    };
    let late = || trailers.as_ref().and_then(late_failure);
    let late = || late().map(|failure| (Answer::Failed(failure), reply::accepted()));
    let (answer, reply) =
        broken.or_else(late).unwrap_or_else(|| (Answer::Streamed(bytes), reply::accepted()));
    let end = match &answer {
        Answer::Failed(failure) => Err(failure.clone()),
        Answer::TooLarge(limit) => {
            let message = format!("a response that is streamed has at most {limit} bytes");
            Err(failure("Function.ResponseSizeTooLarge", message))
        }
        Answer::Output(_) | Answer::Streamed(_) => Ok(None),
    };
    let _ = pieces.send(end).await;
    (answer, reply)
}
