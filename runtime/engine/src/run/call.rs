use futures::future::BoxFuture;
use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::component::Component;
use crate::host::Host;
use crate::invocation::{Finished, Invocation, Refused};
use crate::run::instance::{Instance, Stdio};

impl<T: Send + 'static> Component<T> {
    /// Runs whatever a host product wants of its plugin, under the
    /// invocation's limits: `guest` instantiates the component, typically with
    /// bindings that `wasmtime::component::bindgen!` made of the product's own
    /// world, and calls its exports.
    ///
    /// # Errors
    /// [`Refused`]: nothing ran, because no instance is free.
    pub async fn call<R: Send>(
        &self,
        invocation: Invocation<T>,
        guest: impl for<'a> FnOnce(
            &'a mut Store<Host<T>>,
            InstancePre<Host<T>>,
        ) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Finished<R>, Refused> {
        let pre = self.0.pre.clone();
        self.run(invocation, None, |store| guest(store, pre)).await
    }

    pub(super) async fn run<R>(
        &self,
        invocation: Invocation<T>,
        stdio: Option<Stdio>,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Finished<R>, Refused> {
        let mut instance = Instance::new(&self.0.engine, invocation, stdio);
        let (outcome, value) = instance.run(guest).await?;
        let (meter, logs) = instance.read();
        Ok(Finished { outcome, value, meter, logs })
    }
}
