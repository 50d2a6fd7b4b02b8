use std::sync::Arc;

use lambent_types::{Event, Outcome, Output, Start};
use tokio::sync::{mpsc, oneshot};

use super::active::{Active, Job, Reply};
use super::driver::Driver;
use crate::invocation::{Finished, Invocation, Refused};
use crate::linked::Linked;

/// The way to a program, which ends when this is dropped.
pub(crate) struct Handle<T: 'static> {
    jobs: mpsc::UnboundedSender<Job<T>>,
    served: u32,
}

impl<T: Send + 'static> Handle<T> {
    /// Starts a program ahead of its first invocation; returns when it waits for that, and none
    /// if it does not come so far.
    pub(crate) async fn prepare(linked: &Arc<Linked<T>>, prototype: Invocation<T>) -> Option<Self> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        spawn(linked, Driver::new(linked.clone(), prototype, queue, None, Some(ready)));
        is_ready.await.ok()?;
        Some(Self { jobs, served: 0 })
    }

    /// Starts a program for an invocation; returns how that ended, with the program if it can
    /// have another.
    pub(crate) async fn start(
        linked: &Arc<Linked<T>>,
        mut invocation: Invocation<T>,
        event: Event,
    ) -> (Result<Finished<Output>, Refused>, Option<Self>) {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (reply, replied) = oneshot::channel();
        let active = Active::new(&mut invocation, event, reply);
        spawn(linked, Driver::new(linked.clone(), invocation, queue, Some(active), None));
        Self { jobs, served: 0 }.replied(replied).await
    }

    /// Hands over an invocation; returns as [`Self::start`] does.
    pub(crate) async fn invoke(
        self,
        invocation: Invocation<T>,
        event: Event,
    ) -> (Result<Finished<Output>, Refused>, Option<Self>) {
        let start = if self.served == 0 { Start::Ready } else { Start::Reused };
        let invocation = Invocation { start, ..invocation };
        let (reply, replied) = oneshot::channel();
        // A driver that has ended drops it, which is noticed.
        let _ = self.jobs.send(Job { invocation, event, reply });
        self.replied(replied).await
    }

    async fn replied(
        self,
        replied: oneshot::Receiver<Reply>,
    ) -> (Result<Finished<Output>, Refused>, Option<Self>) {
        match replied.await {
            Ok(Reply { finished, is_alive }) => {
                let served = self.served.saturating_add(1);
                (finished, is_alive.then_some(Self { served, ..self }))
            }
            // The executor has ended, and with it the program.
            Err(_) => (Ok(cancelled()), None),
        }
    }

    /// How many invocations it has served.
    pub(crate) const fn served(&self) -> u32 {
        self.served
    }
}

/// Runs a driver where guests run that run for long: nearly all programs do, to be initialized.
fn spawn<T: Send + 'static>(linked: &Linked<T>, driver: Driver<T>) {
    match &linked.runtime.executor {
        Some(executor) => executor.spawn(driver.run()),
        None => tokio::spawn(driver.run()),
    };
}

fn cancelled() -> Finished<Output> {
    let (meter, logs) = (lambent_types::Meter::default(), lambent_types::Logs::default());
    Finished { outcome: Outcome::Cancelled, value: None, meter, logs, host_error: None }
}
