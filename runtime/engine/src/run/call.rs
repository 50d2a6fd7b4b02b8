use futures::future::BoxFuture;
use wasmtime::Store;
use wasmtime::component::Instance as Guest;

use crate::component::Component;
use crate::instance::Stdio;
use crate::invocation::{Finished, Invocation, Refused};
use crate::store_data::Host;

impl<T: Send + 'static> Component<T> {
    /// Runs whatever a host product wants of its plugin, under the
    /// invocation's limits: `guest` is handed an instance and calls its
    /// exports, typically with bindings that `wasmtime::component::bindgen!`
    /// made of the product's own world.
    ///
    /// # Errors
    /// [`Refused`]: nothing ran, because no instance is free.
    pub async fn call<R: Send>(
        &self,
        invocation: Invocation<T>,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>, Guest) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Finished<R>, Refused> {
        self.linked.runtime.own.enter(self.run(invocation, None, guest)).await
    }

    pub(super) async fn run<R>(
        &self,
        invocation: Invocation<T>,
        stdio: Option<Stdio>,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>, Guest) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Finished<R>, Refused> {
        let pooled = stdio.is_none();
        let mut instance = self.instance(invocation, stdio);
        let (outcome, value) = instance.run(&self.linked, guest).await?;
        let (meter, logs) = instance.read();
        let host_error = instance.take_host_error();
        if value.is_some() && pooled {
            self.release(instance);
        }
        Ok(Finished { outcome, value, meter, logs, host_error })
    }
}
