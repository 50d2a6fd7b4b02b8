use lambent_types::{Event, Failure, Handler, Outcome, Output};

use crate::bindings::function::lambent::function::types;
use crate::component::Component;
use crate::context::ContextHandle;
use crate::invocation::{Finished, Invocation, Refused};

type Handled = Result<types::Output, types::Failure>;

impl<T: Send + 'static> Component<T> {
    /// Hands an event to the component's handler: `lambent:function/handler`,
    /// else `lambent:function-async/handler`, else `wasi:cli/run` with the data
    /// on standard input. A [program](Invocation::program) without a handler takes it by the
    /// Runtime API.
    ///
    /// # Errors
    /// [`Refused`]: nothing ran.
    pub async fn event(
        &self,
        invocation: Invocation<T>,
        event: Event,
    ) -> Result<Finished<Output>, Refused> {
        if invocation.program && self.linked.event.is_none() {
            // It takes many paths that other functions do not.
            return Box::pin(self.program(invocation, event)).await;
        }
        let limit = invocation.limits.response_bytes;
        let bytes_in = event.data.len() as u64;
        let mut finished = if self.linked.event.is_some() {
            settle(self.handle(invocation, event).await?)
        } else if self.linked.event_async.is_some() {
            settle(self.handle_async(invocation, event).await?)
        } else {
            self.command(invocation, event).await?
        };
        finished.meter.bytes_in = bytes_in;
        if let Some(output) = &finished.value {
            let bytes = output.data.len() as u64;
            finished.meter.bytes_out = bytes;
            if let Some(limit) = limit.filter(|limit| bytes > *limit) {
                finished.outcome = Outcome::ResponseTooLarge { limit };
                finished.value = None;
            }
        }
        Ok(finished)
    }

    async fn handle(
        &self,
        invocation: Invocation<T>,
        event: Event,
    ) -> Result<Finished<Handled>, Refused> {
        let indices = self.linked.event.clone().ok_or(Refused::NoSuchExport(Handler::Event))?;
        self.run(invocation, None, move |store, instance| {
            Box::pin(async move {
                let function = indices.load(&mut *store, &instance)?;
                let context = store.data_mut().context_handle()?;
                let event = types::Event::from(event);
                function.lambent_function_handler().call_handle(store, &event, context).await
            })
        })
        .await
    }

    async fn handle_async(
        &self,
        invocation: Invocation<T>,
        event: Event,
    ) -> Result<Finished<Handled>, Refused> {
        let indices = self.linked.event_async.clone();
        let indices = indices.ok_or(Refused::NoSuchExport(Handler::EventAsync))?;
        self.run(invocation, None, move |store, instance| {
            Box::pin(async move {
                let function = indices.load(&mut *store, &instance)?;
                let context = store.data_mut().table.push(ContextHandle)?;
                let event = types::Event::from(event);
                store
                    .run_concurrent(async |accessor| {
                        let handler = function.lambent_function_async_handler();
                        handler.call_handle(accessor, event, context).await
                    })
                    .await?
            })
        })
        .await
    }
}

/// A handler that returns an error has failed, though nothing trapped.
fn settle(finished: Finished<Handled>) -> Finished<Output> {
    let Finished { mut outcome, value, meter, logs, host_error } = finished;
    let value = match value {
        Some(Ok(output)) => {
            Some(Output { content_type: output.content_type, data: output.data.into() })
        }
        Some(Err(failure)) => {
            outcome = Outcome::FunctionError(Failure::from(failure));
            None
        }
        None => None,
    };
    Finished { outcome, value, meter, logs, host_error }
}

impl From<Event> for types::Event {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            source: event.source,
            type_: event.kind,
            subject: event.subject,
            time: event.time_ns,
            content_type: event.content_type,
            schema: event.schema,
            extensions: event.extensions,
            attempt: event.attempt,
            data: event.data.into(),
        }
    }
}
