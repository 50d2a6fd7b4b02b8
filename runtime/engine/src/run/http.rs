//! `wasi:http`: a request in, a response out, both streamed.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt as _;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use lambent_types::{Handler, Outcome};
use tokio::sync::oneshot;
use wasmtime::{Store, component};
use wasmtime_wasi_http::p2::bindings::ProxyIndices;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p3::bindings::ServiceIndices;
use wasmtime_wasi_http::{WasiBody, WasiHttpView, p3};

use crate::body::{RequestBody, ResponseBody};
use crate::completion::Completion;
use crate::component::Component;
use crate::host::Host;
use crate::instances::Instances;
use crate::invocation::{Finished, Invocation, Refused};
use crate::run::instance::Instance;
use crate::run::migrate::Migrating;
use crate::turns::tenant;

/// What came of an HTTP invocation when its response head was due.
pub enum Answer {
    /// The guest answered; its body may still be being written.
    Response(http::Response<ResponseBody>),
    /// The guest ended without an answer, or failed before any of it was sent.
    Ended(Outcome),
    /// Nothing ran.
    Refused(Refused),
}

type Response = http::Response<WasiBody>;

impl<T: Send + 'static> Component<T> {
    /// Hands a request to the component: `wasi:http/handler` 0.3, else
    /// `wasi:http/incoming-handler` 0.2. The request's URI needs an authority.
    ///
    /// Returns when the response head is there. The guest runs on this task
    /// until then and, if it is not done by then, on a task of its own.
    /// `on_finished` is called once the guest is done and its response is
    /// sent or dropped; never if the answer is [`Answer::Refused`]. Dropping
    /// the future, or the response body before its end, cancels the guest.
    pub async fn http<B>(
        &self,
        invocation: Invocation<T>,
        request: http::Request<B>,
        on_finished: impl FnOnce(Finished<()>) + Send + 'static,
    ) -> Answer
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::fmt::Display,
    {
        let completion = Completion::new(Box::new(on_finished));
        let limit = invocation.limits.response_bytes;
        let until = invocation.instances.is_some().then(|| invocation.deadline());
        let is_head = request.method() == http::Method::HEAD;
        let request = request.map(|body| RequestBody::new(body, &completion));
        if let Some(desk) = invocation.instances.as_ref().and_then(Instances::desk) {
            return Self::http_shared(&desk, &invocation, request, completion).await;
        }
        let function = invocation.context.function.clone();
        let waits = self.0.turns.are_waiting(|| tenant(function.as_deref()));
        let (slot, mut head) = HeadSlot::new();
        let guest = self.clone().drive(invocation, request, slot, completion.clone());
        let mut guest = Migrating::new(guest, self.0.executor.clone());
        if waits {
            guest.migrate();
        }

        let (response, mut ended) = tokio::select! {
            biased;
            ended = &mut guest => (head.try_recv().ok(), Some(ended)),
            // Mostly it has a small body to write and is then done: to let it go
            // on at once spares a task and a place behind all others. Twice, as an
            // epoch may end just then.
            Ok(response) = &mut head => {
                let ended = (&mut guest).now_or_never();
                (Some(response), ended.or_else(|| (&mut guest).now_or_never()))
            }
        };
        let mut response = response.map(|head| respond(head, completion, limit, is_head));
        if let Some(response) = &mut response {
            response.body_mut().until(until);
        }
        if let (Some(response), None) = (&mut response, &ended)
            && response.body().is_declared()
        {
            let ahead = tokio::select! {
                biased;
                done = &mut guest => {
                    ended = Some(done);
                    Ok(())
                }
                ahead = response.body_mut().read_ahead() => ahead,
            };
            if let Err(message) = ahead {
                return Answer::Ended(Outcome::BadResponse { message });
            }
        }
        match (ended, response) {
            (None, Some(mut response)) => {
                response.body_mut().written_by(Some(guest.spawn()));
                Answer::Response(response)
            }
            (Some(Some(Ok(outcome))), Some(mut response)) if outcome.is_ok() => {
                match response.body_mut().read_left() {
                    Ok(()) => Answer::Response(response),
                    Err(message) => Answer::Ended(Outcome::BadResponse { message }),
                }
            }
            // Also with a head: nothing of it was sent, so the failure can
            // still be told in place of a response that breaks off.
            (Some(Some(Ok(outcome))), _) => Answer::Ended(outcome),
            (Some(Some(Err(refused))), _) => Answer::Refused(refused),
            // The executor has ended, and with it the guest.
            (Some(None) | None, _) => Answer::Ended(Outcome::Cancelled),
        }
    }

    async fn drive<B>(
        self,
        invocation: Invocation<T>,
        request: http::Request<B>,
        slot: HeadSlot,
        completion: Arc<Completion>,
    ) -> Result<Outcome, Refused>
    where
        B: http_body::Body<Data = Bytes, Error = wasmtime_wasi_http::Error> + Send + 'static,
    {
        let instance = Instance::obtain(&self.0, invocation, None);
        let mut guest = Guest { instance: Some(instance), completion, returned: false };
        let Some(instance) = guest.instance.as_mut() else { return Ok(Outcome::Internal) };
        let (linked, offered) = (&*self.0, slot.clone());
        let result = match (self.0.http_03.clone(), self.0.http_02.clone()) {
            (Some(indices), _) => {
                instance
                    .run(linked, |store, guest| {
                        Box::pin(handle_03(store, indices, guest, request, offered))
                    })
                    .await
            }
            (None, Some(indices)) => {
                instance
                    .run(linked, |store, guest| {
                        Box::pin(handle_02(store, indices, guest, request, offered))
                    })
                    .await
            }
            (None, None) => Err(Refused::NoSuchExport(Handler::Http02)),
        };
        match result {
            Ok((outcome, returned)) => {
                guest.returned = returned.is_some();
                Ok(guest.end(slot.settle(outcome)))
            }
            Err(refused) => {
                guest.completion.withdraw();
                Err(refused)
            }
        }
    }
}

/// The response as it goes on, with all that is known of its body.
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

/// A guest that is running: however it ends, even by being dropped, its meter
/// is read and its end reported.
struct Guest<T: Send + 'static> {
    instance: Option<Instance<T>>,
    completion: Arc<Completion>,
    /// Whether it returned, rather than being ended.
    returned: bool,
}

impl<T: Send + 'static> Guest<T> {
    fn end(mut self, outcome: Outcome) -> Outcome {
        self.report(outcome.clone());
        outcome
    }

    fn report(&mut self, outcome: Outcome) {
        if let Some(mut instance) = self.instance.take() {
            let (meter, logs) = instance.read();
            // Before the store is dropped, which ends the response body: by
            // then the body must know whether that is a good end.
            self.completion.finish(Finished { outcome, value: None, meter, logs });
            if self.returned {
                instance.release();
            }
        }
    }
}

impl<T: Send + 'static> Drop for Guest<T> {
    fn drop(&mut self) {
        self.report(Outcome::Cancelled);
    }
}

async fn handle_02<T, B>(
    store: &mut Store<Host<T>>,
    indices: ProxyIndices,
    guest: component::Instance,
    request: http::Request<B>,
    slot: HeadSlot,
) -> wasmtime::Result<()>
where
    T: Send + 'static,
    B: http_body::Body<Data = Bytes, Error = wasmtime_wasi_http::Error> + Send + 'static,
{
    let proxy = indices.load(&mut *store, &guest)?;
    let scheme = match request.uri().scheme_str() {
        Some("https") => Scheme::Https,
        _ => Scheme::Http,
    };
    let mut view = store.data_mut().http();
    let request = view.new_incoming_request(scheme, request)?;
    let out = view.new_response_outparam_from_callback(move |answer| match answer {
        Ok(response) => slot.offer(response),
        Err(code) => slot.refuse(format!("the function answered with the error {code:?}")),
    })?;
    proxy.wasi_http_incoming_handler().call_handle(store, request, out).await
}

async fn handle_03<T, B>(
    store: &mut Store<Host<T>>,
    indices: ServiceIndices,
    guest: component::Instance,
    request: http::Request<B>,
    slot: HeadSlot,
) -> wasmtime::Result<()>
where
    T: Send + 'static,
    B: http_body::Body<Data = Bytes, Error = wasmtime_wasi_http::Error> + Send + 'static,
{
    let service = indices.load(&mut *store, &guest)?;
    let (request, sent) = p3::Request::from_http(store.data_mut().http().hooks, request);
    store
        .run_concurrent(async |accessor| {
            match service.handle(accessor, request).await? {
                Ok(response) => {
                    let response = accessor.with(|store| response.into_http(store, sent))?;
                    slot.offer(response);
                }
                Err(code) => slot.refuse(format!("the function answered with the error {code:?}")),
            }
            // The handler has returned, but the guest goes on until it has
            // written its body.
            std::future::poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
            wasmtime::error::Ok(())
        })
        .await?
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

    pub(crate) fn offer(&self, response: Response) {
        // RFC 9110, section 15: others are invalid, and clients make of them what
        // they like.
        let status = response.status().as_u16();
        if !(200..600).contains(&status) {
            return self.refuse(format!(
                "{status} is not the status of a final response; those are 200 to 599"
            ));
        }
        if let Head::Awaited(sender) = self.replace(Head::Sent) {
            // Nobody listening means nobody cares: the caller went away.
            let _ = sender.send(response);
        }
    }

    pub(crate) fn refuse(&self, message: String) {
        self.replace(Head::Refused(message));
    }

    /// A guest that returned without an answer did not do what it was asked.
    pub(crate) fn settle(&self, outcome: Outcome) -> Outcome {
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
