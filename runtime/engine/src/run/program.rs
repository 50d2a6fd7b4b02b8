use lambent_types::{Event, Handler, Output};

use crate::component::Component;
use crate::instance_pool::InstancePool;
use crate::invocation::{Finished, Invocation, Refused};
use crate::program_driver::Handle;

impl<T: Send + 'static> Component<T> {
    /// Has a program take an event: one that waits for it, or a new one.
    pub(super) async fn program(
        &self,
        invocation: Invocation<T>,
        event: Event,
    ) -> Result<Finished<Output>, Refused> {
        if self.linked.run_02.is_none() {
            return Err(Refused::NoSuchExport(Handler::Run02));
        }
        let (finished, program) = match self.pool.as_ref().and_then(InstancePool::take_program) {
            Some(program) => program.invoke(invocation, event).await,
            None => Handle::start(&self.linked, invocation, event).await,
        };
        if let (Some(program), Some(pool)) = (program, &self.pool) {
            pool.give_back_program(program);
        }
        finished
    }
}
