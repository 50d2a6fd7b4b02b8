//! `wasi:http`: a request in, a response out, both streamed.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt as _;
use lambent_types::{Handler, Outcome};
use tokio::sync::oneshot;
use wasmtime::{Store, component};
use wasmtime_wasi_http::p2::bindings::ProxyIndices;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p3::bindings::ServiceIndices;
use wasmtime_wasi_http::{WasiHttpView, p3};

use crate::body::{RequestBody, ResponseBody};
use crate::completion::Completion;
use crate::component::Component;
use crate::instance::Instance;
use crate::instance_pool::InstancePool;
use crate::invocation::{Finished, Invocation, Refused};
use crate::response_head::{HeadSlot, Response, respond};
use crate::scheduler::Migrating;
use crate::store_data::Host;
use crate::tenant::tenant;

/// How an HTTP invocation stands when its response head was due.
pub enum HttpOutcome {
    /// The guest responded; its body may still be being written.
    Response(http::Response<ResponseBody>),
    /// The guest ended without a response, or failed before any of it was sent.
    Ended(Outcome),
    /// Nothing ran.
    Refused(Refused),
}

impl<T: Send + 'static> Component<T> {
    /// Hands a request to the component: `wasi:http/handler` 0.3, else
    /// `wasi:http/incoming-handler` 0.2. The request's URI needs an authority.
    ///
    /// Returns when the response head is there. The guest runs on this task
    /// until then and, if it is not done by then, on a task of its own.
    /// `on_finished` is called once the guest is done and its response is
    /// sent or dropped; never if the outcome is [`HttpOutcome::Refused`]. Dropping
    /// the future, or the response body before its end, cancels the guest.
    ///
    /// The request is best on the heap already: a future is copied whole wherever it is moved,
    /// and with it what it holds.
    pub fn http<B>(
        &self,
        invocation: Invocation<T>,
        request: impl Into<Box<http::Request<B>>>,
        on_finished: impl FnOnce(Finished<()>) + Send + 'static,
    ) -> impl Future<Output = HttpOutcome> + Send
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::fmt::Display,
    {
        let request = request.into();
        let completion = Completion::new(Box::new(on_finished));
        let expected = Expected {
            limit: invocation.limits.response_bytes,
            deadline: self.pool.is_some().then(|| invocation.deadline()),
            is_head: request.method() == http::Method::HEAD,
        };
        let shared = match self.pool.as_ref().and_then(InstancePool::reserve_mailbox) {
            Some(mailbox) => {
                let request = request.map(|body| RequestBody::new(body, &completion));
                Ok(Self::http_shared(mailbox, invocation, request, completion).boxed())
            }
            None => {
                let function = invocation.context.function.clone();
                let runtime = &self.linked.runtime;
                let waits = runtime.scheduler.has_waiting(|| tenant(function.as_deref()));
                let (slot, head) = HeadSlot::new();
                let guest = Guest {
                    instance: Some(self.instance(invocation, None)),
                    component: self.clone(),
                    completion: completion.clone(),
                    returned: false,
                };
                let mut guest =
                    Migrating::new(guest.drive(request, slot), runtime.executor.clone());
                if waits {
                    guest.migrate();
                }
                Err((guest, head, completion))
            }
        };
        async move {
            match shared {
                Ok(shared) => shared.await,
                Err((guest, head, completion)) => answer(guest, head, completion, expected).await,
            }
        }
    }
}

/// What is known of a response before there is one.
struct Expected {
    /// The most bytes that it may have.
    limit: Option<u64>,
    /// Until when its body may be written, if its instance is of a pool.
    deadline: Option<Instant>,
    is_head: bool,
}

/// Runs a guest until its response can go on its way.
async fn answer<F>(
    mut guest: Migrating<F>,
    mut head: oneshot::Receiver<Response>,
    completion: Arc<Completion>,
    Expected { limit, deadline, is_head }: Expected,
) -> HttpOutcome
where
    F: Future<Output = Result<Outcome, Refused>> + Send + 'static,
{
    let (response, mut ended) = tokio::select! {
        biased;
        ended = &mut guest => (head.try_recv().ok(), Some(ended)),
        // Mostly it has a small body to write and is then done: to let it go
        // on at once spares a task that is scheduled behind all others. Twice, as
        // an epoch may end just then.
        Ok(response) = &mut head => {
            let ended = (&mut guest).now_or_never();
            (Some(response), ended.or_else(|| (&mut guest).now_or_never()))
        }
    };
    let mut response = response.map(|head| respond(head, completion, limit, is_head));
    if let Some(response) = &mut response {
        response.body_mut().set_deadline(deadline);
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
            return HttpOutcome::Ended(Outcome::BadResponse { message });
        }
    }
    match (ended, response) {
        (None, Some(mut response)) => {
            response.body_mut().abort_on_drop(guest.spawn());
            HttpOutcome::Response(response)
        }
        (Some(Some(Ok(outcome))), Some(mut response)) if outcome.is_ok() => {
            match response.body_mut().read_left() {
                Ok(()) => HttpOutcome::Response(response),
                Err(message) => HttpOutcome::Ended(Outcome::BadResponse { message }),
            }
        }
        // Also with a head: nothing of it was sent, so the failure can
        // still be reported in place of a response that breaks off.
        (Some(Some(Ok(outcome))), _) => HttpOutcome::Ended(outcome),
        (Some(Some(Err(refused))), _) => HttpOutcome::Refused(refused),
        // The executor has ended, and with it the guest.
        (Some(None) | None, _) => HttpOutcome::Ended(Outcome::Cancelled),
    }
}

/// A guest that is running: however it ends, even by being dropped, its meter
/// is read and its end reported.
struct Guest<T: Send + 'static> {
    component: Component<T>,
    instance: Option<Instance<T>>,
    completion: Arc<Completion>,
    /// Whether it returned, rather than being ended.
    returned: bool,
}

impl<T: Send + 'static> Guest<T> {
    /// Runs it until it ends.
    async fn drive<B>(
        mut self,
        request: Box<http::Request<B>>,
        slot: HeadSlot,
    ) -> Result<Outcome, Refused>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::fmt::Display,
    {
        let Self { component, instance: Some(instance), completion, .. } = &mut self else {
            return Ok(Outcome::Internal);
        };
        let (linked, head) = (&*component.linked, slot.clone());
        let counted =
            |request: Box<http::Request<B>>| request.map(|body| RequestBody::new(body, completion));
        let result = match (linked.http_03.clone(), linked.http_02.clone()) {
            (Some(indices), _) => {
                instance
                    .run(linked, |store, guest| {
                        Box::pin(handle_03(store, indices, guest, counted(request), head))
                    })
                    .await
            }
            (None, Some(indices)) => {
                instance
                    .run(linked, |store, guest| {
                        Box::pin(handle_02(store, indices, guest, counted(request), head))
                    })
                    .await
            }
            (None, None) => Err(Refused::NoSuchExport(Handler::Http02)),
        };
        match result {
            Ok((outcome, returned)) => {
                self.returned = returned.is_some();
                Ok(self.end(slot.outcome(outcome)))
            }
            Err(refused) => {
                self.completion.withdraw();
                Err(refused)
            }
        }
    }

    fn end(mut self, outcome: Outcome) -> Outcome {
        self.report(outcome.clone());
        outcome
    }

    fn report(&mut self, outcome: Outcome) {
        if let Some(mut instance) = self.instance.take() {
            let (meter, logs) = instance.read();
            // Before the store is dropped, which ends the response body: by
            // then the body must know whether that is a good end.
            self.completion.finish(Finished {
                outcome,
                value: None,
                meter,
                logs,
                host_error: None,
            });
            if self.returned {
                self.component.release(instance);
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
        Ok(response) => slot.send(response),
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
                    slot.send(response);
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
