//! What a program asks and answers.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::Incoming;
use lambent_types::{Failure, Output};
use serde_json::{Map, Value};

use super::answer::{Answer, classified, failure, late_failure, reported};
use super::body::{BODY_BYTES_MAX, Body, read};
use super::delivery::Delivery;
use super::fault::Fault;
use super::headers::{ERROR_TYPE, text};
use super::lifecycle::{Next, State};
use super::reply::{self, Reply};
use super::session::Session;
use super::streaming::stream;

const MODE: &str = "lambda-runtime-function-response-mode";
/// A report of an error that carries what X-Ray is to know of it.
const ERROR_CAUSE: &str = "application/vnd.aws.lambda.error.cause+json";

pub(super) async fn handle(session: &Session, path: &str, request: Request<Incoming>) -> Reply {
    let invocation = path.strip_prefix("runtime/invocation/");
    let answer = invocation.and_then(|rest| rest.split_once('/'));
    let allowed = match (path, answer) {
        ("ping" | "runtime/invocation/next", _) => Method::GET,
        ("runtime/init/error", _) | (_, Some((_, "response" | "error"))) => Method::POST,
        _ => return reply::not_found(),
    };
    if request.method() != allowed {
        return reply::not_allowed(if allowed == Method::GET { "GET" } else { "POST" });
    }
    let handled = match (path, answer) {
        ("ping", _) => Ok(reply::text("pong")),
        ("runtime/invocation/next", _) => next(session).await,
        ("runtime/init/error", _) => init_error(session, request).await,
        (_, Some((id, "response"))) => response(session, id, request).await,
        (_, Some((id, _))) => error(session, id, request).await,
        (_, None) => Ok(reply::not_found()),
    };
    handled.unwrap_or_else(Reply::from)
}

async fn next(session: &Session) -> Result<Reply, Fault> {
    let next = session.lifecycle().next()?;
    let delivery = match next {
        Next::Now(delivery) => delivery,
        Next::Later(receiver) => receiver.await.map_err(|_| ended())?,
    };
    Ok(event(&delivery))
}

/// The instance ends, and nothing comes any more.
pub(super) fn ended() -> Fault {
    Fault {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        kind: "Runtime.Unavailable",
        message: "the instance ends".into(),
    }
}

fn event(delivery: &Arc<Delivery>) -> Reply {
    let content_type = delivery.headers.get(CONTENT_TYPE);
    let mut reply = reply::event(content_type, delivery.data.clone());
    let headers = delivery.headers.iter().filter(|(name, _)| **name != CONTENT_TYPE);
    reply.headers_mut().extend(headers.map(|(name, value)| (name.clone(), value.clone())));
    reply
}

async fn response(session: &Session, id: &str, request: Request<Incoming>) -> Result<Reply, Fault> {
    session.lifecycle().begin_answer(id, State::Responding)?;
    let (head, body) = request.into_parts();
    let (answer, reply) = match head.headers.get(MODE).map(|mode| mode.as_bytes()) {
        None => responded(&head.headers, read(body).await),
        Some(b"streaming") => match session.take_stream() {
            Some(begin) => stream(begin, &head, body).await,
            // The caller takes it when it is whole.
            None => responded(&head.headers, read(body).await),
        },
        Some(_) => {
            read(body).await;
            let message = "the response's mode is neither streaming nor absent";
            let answer = Answer::Failed(failure("Runtime.InvalidResponseModeHeader", message));
            let message = "Invalid function response mode";
            (answer, Fault::bad_request("InvalidFunctionResponseMode", message).into())
        }
    };
    session.lifecycle().finish_answer(answer);
    Ok(reply)
}

/// What a response came to.
fn responded(headers: &HeaderMap, body: Body) -> (Answer, Reply) {
    match body {
        Body::Whole { data, trailers } => {
            let late = trailers.as_ref().and_then(late_failure);
            let content_type = text(headers, CONTENT_TYPE.as_str());
            let content_type = (!content_type.is_empty()).then(|| content_type.to_owned());
            let output = || Answer::Output(Output { content_type, data });
            (late.map_or_else(output, Answer::Failed), reply::accepted())
        }
        Body::TooLarge => {
            (Answer::TooLarge(BODY_BYTES_MAX), Fault::too_large(BODY_BYTES_MAX).into())
        }
        Body::Broken => {
            let message = "the response ended before it was complete";
            let answer = Answer::Failed(failure("Runtime.TruncatedResponse", message));
            (answer, Fault::truncated().into())
        }
    }
}

async fn error(session: &Session, id: &str, request: Request<Incoming>) -> Result<Reply, Fault> {
    session.lifecycle().begin_answer(id, State::Reporting)?;
    let (head, body) = request.into_parts();
    match read(body).await {
        Body::Whole { data, .. } => {
            let answer = Answer::Failed(report(&head.headers, data));
            session.lifecycle().finish_answer(answer);
            Ok(reply::accepted())
        }
        Body::TooLarge => {
            session.lifecycle().withdraw_answer();
            Err(Fault::too_large(BODY_BYTES_MAX))
        }
        Body::Broken => {
            let label = classified(text(&head.headers, ERROR_TYPE));
            let answer = Answer::Failed(failure(&label, "its report ended before it was complete"));
            session.lifecycle().finish_answer(answer);
            Err(Fault::truncated())
        }
    }
}

fn report(headers: &HeaderMap, body: Bytes) -> Failure {
    let label = text(headers, ERROR_TYPE);
    if text(headers, CONTENT_TYPE.as_str()) != ERROR_CAUSE {
        return reported(label, &body);
    }
    match serde_json::from_slice::<Map<String, Value>>(&body) {
        Ok(_) => reported(label, &body),
        Err(_) => failure(&classified(label), "Invalid error body"),
    }
}

async fn init_error(session: &Session, request: Request<Incoming>) -> Result<Reply, Fault> {
    session.lifecycle().check_init_error()?;
    let (head, body) = request.into_parts();
    let data = match read(body).await {
        Body::Whole { data, .. } => data,
        Body::TooLarge => return Err(Fault::too_large(BODY_BYTES_MAX)),
        Body::Broken => return Err(Fault::truncated()),
    };
    session.lifecycle().init_error(|| reported(text(&head.headers, ERROR_TYPE), &data))?;
    Ok(reply::accepted())
}
