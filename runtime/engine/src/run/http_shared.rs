use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use http_body::Body;
use http_body_util::BodyExt;
use lambent_types::Outcome;
use tokio::sync::oneshot;

use crate::body::RequestBody;
use crate::completion::Completion;
use crate::component::Component;
use crate::invocation::Invocation;
use crate::response_head::{HeadSlot, respond};
use crate::run::http::HttpOutcome;
use crate::worker::in_flight::ActiveRequest;
use crate::worker::mailbox::{Mailbox, QueuedRequest};

impl<T: Send + 'static> Component<T> {
    /// Does what [`Component::http`] does, by the worker of a shared instance.
    pub(super) async fn http_shared<B>(
        mailbox: Mailbox,
        invocation: Invocation<T>,
        request: http::Request<RequestBody<B>>,
        completion: Arc<Completion>,
    ) -> HttpOutcome
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::fmt::Display,
    {
        let (slot, mut head) = HeadSlot::new();
        let ((ended, end), (notify, read)) = (oneshot::channel(), oneshot::channel());
        let Invocation { began, start, limits, .. } = invocation;
        let is_head = request.method() == http::Method::HEAD;
        let active = ActiveRequest { slot, completion: completion.clone(), began, start, ended };
        let request = request.map(BodyExt::boxed_unsync);
        mailbox.send(QueuedRequest { request, read, active });
        let mut end = end.map(|end| match end {
            Ok(Ok(outcome)) => HttpOutcome::Ended(outcome),
            Ok(Err(refused)) => HttpOutcome::Refused(refused),
            // The executor has ended, and with it the worker.
            Err(_) => HttpOutcome::Ended(Outcome::Cancelled),
        });
        let response = tokio::select! {
            biased;
            Ok(response) = &mut head => response,
            end = &mut end => return end,
        };
        let mut response = respond(response, completion, limits.response_bytes, is_head);
        // The worker ends it at the deadline.
        let body = response.body_mut();
        body.notify_read(notify);
        let ahead = tokio::select! {
            biased;
            end = &mut end => return end,
            ahead = body.read_ahead() => ahead,
        };
        match ahead {
            Ok(()) => HttpOutcome::Response(response),
            Err(message) => HttpOutcome::Ended(Outcome::BadResponse { message }),
        }
    }
}
