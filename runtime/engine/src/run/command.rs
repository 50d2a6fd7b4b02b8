use bytes::Bytes;
use lambent_types::{Event, Handler, Outcome, Output, bounds};
use wasmtime::Store;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};

use crate::component::Component;
use crate::instance::Stdio;
use crate::invocation::{Finished, Invocation, Refused};
use crate::store_data::Host;

impl<T: Send + 'static> Component<T> {
    /// Runs `wasi:cli/run`: data on standard input, output from standard
    /// output, and an exit code other than 0 is a failure.
    pub(super) async fn command(
        &self,
        invocation: Invocation<T>,
        event: Event,
    ) -> Result<Finished<Output>, Refused> {
        let limit = invocation.limits.response_bytes.unwrap_or(bounds::PAYLOAD_BYTES_MAX);
        // One byte more than allowed, so that too much is distinguished from enough.
        let capacity = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let stdout = MemoryOutputPipe::new(capacity);
        let stdio = Stdio {
            stdin: Box::new(MemoryInputPipe::new(event.data)),
            stdout: Box::new(stdout.clone()),
        };
        let finished = match (&self.linked.run_03, &self.linked.run_02) {
            (Some(indices), _) => {
                let indices = indices.clone();
                self.run(invocation, Some(stdio), move |store, instance| {
                    Box::pin(async move {
                        let command = indices.load(&mut *store, &instance)?;
                        let run =
                            async |accessor: &_| command.wasi_cli_run().call_run(accessor).await;
                        store.run_concurrent(run).await?
                    })
                })
                .await?
            }
            (None, Some(indices)) => {
                let indices = indices.clone();
                self.run(invocation, Some(stdio), move |store: &mut Store<Host<T>>, instance| {
                    Box::pin(async move {
                        let command = indices.load(&mut *store, &instance)?;
                        command.wasi_cli_run().call_run(store).await
                    })
                })
                .await?
            }
            (None, None) => return Err(Refused::NoSuchExport(Handler::Run02)),
        };
        Ok(settle(finished, stdout.contents(), limit))
    }
}

fn settle(finished: Finished<Result<(), ()>>, data: Bytes, limit: u64) -> Finished<Output> {
    let Finished { mut outcome, value, meter, logs, host_error } = finished;
    if value == Some(Err(())) {
        outcome = Outcome::Exited { code: 1 };
    }
    // A full pipe makes the guest's own write fail, and so perhaps the guest.
    if data.len() as u64 > limit {
        outcome = Outcome::ResponseTooLarge { limit };
    }
    let value = outcome.is_ok().then(|| Output { content_type: None, data });
    Finished { outcome, value, meter, logs, host_error }
}
