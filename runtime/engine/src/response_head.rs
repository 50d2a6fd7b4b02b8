//! The head of a response on its way from the guest to whoever waits for it.

use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use http::header::CONTENT_LENGTH;
use lambent_types::Outcome;
use tokio::sync::oneshot;
use wasmtime_wasi_http::WasiBody;

use crate::body::ResponseBody;
use crate::completion::Completion;

pub(crate) type Response = http::Response<WasiBody>;

/// The response for the caller, with all that is known of its body.
pub(crate) fn respond(
    response: Response,
    completion: Arc<Completion>,
    limit: Option<u64>,
    is_head: bool,
) -> http::Response<ResponseBody> {
    let (parts, body) = response.into_parts();
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let declared = length.and_then(|length| length.parse().ok());
    let mut body = ResponseBody::new(body, completion, limit, declared);
    let bodiless = matches!(
        parts.status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    if is_head || bodiless {
        body.detach();
    }
    http::Response::from_parts(parts, body)
}

/// Where the guest puts its response head, once.
#[derive(Clone)]
pub(crate) struct HeadSlot(Arc<Mutex<Head>>);

enum Head {
    Awaited(oneshot::Sender<Response>),
    Sent,
    Refused(String),
}

impl HeadSlot {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Response>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Head::Awaited(sender)))), receiver)
    }

    fn replace(&self, head: Head) -> Head {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), head)
    }

    /// The guest has responded.
    pub(crate) fn send(&self, response: Response) {
        // RFC 9110, section 15: others are invalid, and clients make of them what
        // they like.
        let status = response.status().as_u16();
        if !(200..600).contains(&status) {
            return self.refuse(format!(
                "{status} is not the status of a final response; those are 200 to 599"
            ));
        }
        if let Head::Awaited(sender) = self.replace(Head::Sent) {
            // Without a receiver the caller went away.
            let _ = sender.send(response);
        }
    }

    /// The guest has responded with what is no response.
    pub(crate) fn refuse(&self, message: String) {
        self.replace(Head::Refused(message));
    }

    /// The outcome of a guest that ended so: one that returned without a response did not
    /// do what it was asked.
    pub(crate) fn outcome(&self, outcome: Outcome) -> Outcome {
        if !outcome.is_ok() {
            return outcome;
        }
        match self.replace(Head::Sent) {
            Head::Sent => Outcome::Ok,
            Head::Refused(message) => Outcome::BadResponse { message },
            Head::Awaited(_) => {
                Outcome::BadResponse { message: "the function returned without a response".into() }
            }
        }
    }
}
