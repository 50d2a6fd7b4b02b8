use std::collections::BTreeMap;

use lambent_engine::{Component, Finished, Invocation, Refused};
use lambent_types::{Event, Failure, Retry};

use crate::ctx::Ctx;
use crate::interfaces::messaging::bindings::MessagingRequestReply;
use crate::interfaces::messaging::bindings::wasi::messaging::types::Error;
use crate::interfaces::messaging::{GROUP, Message, hold};

/// Hands a message to `wasi:messaging/incoming-handler`.
pub(super) async fn run(
    component: &Component<Ctx>,
    invocation: Invocation<Ctx>,
    event: Event,
) -> Result<Finished<Result<(), Failure>>, Refused> {
    component
        .call(invocation, |store, instance| {
            Box::pin(async move {
                let guest = MessagingRequestReply::new(&mut *store, &instance)?;
                let message = hold(store.data_mut(), message(event))?;
                let handler = guest.wasi_messaging_incoming_handler();
                let handled = handler.call_handle(&mut *store, message).await?;
                Ok(handled.map_err(failure))
            })
        })
        .await
}

/// What precedes a queue's name in an event's source.
const SOURCE_PREFIX: &str = "/queues/";

fn message(event: Event) -> Message {
    let topic = event.source.strip_prefix(SOURCE_PREFIX).unwrap_or(&event.source).to_owned();
    let attributes = event.extensions.iter().find(|(name, _)| name == "attributes");
    let mut metadata: BTreeMap<String, String> =
        attributes.and_then(|(_, json)| serde_json::from_str(json).ok()).unwrap_or_default();
    if let Some(group) = event.subject {
        metadata.insert(GROUP.into(), group);
    }
    Message { topic: Some(topic), content_type: event.content_type, data: event.data, metadata }
}

fn failure(error: Error) -> Failure {
    let (kind, message) = match error {
        Error::Timeout => ("MessagingError.Timeout", "the function says that it timed out".into()),
        Error::Connection(message) => ("MessagingError.Connection", message),
        Error::PermissionDenied(message) => ("MessagingError.PermissionDenied", message),
        Error::Other(message) => ("MessagingError.Other", message),
    };
    Failure { kind: kind.into(), message, trace: Vec::new(), retry: Retry::Policy }
}
