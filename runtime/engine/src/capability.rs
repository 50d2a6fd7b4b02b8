use lambent_types::Handler;
use wasmtime::component::{InstancePre, Linker};

use crate::store_data::Host;

/// Host interfaces that guests may import, and the code that links them.
///
/// Linking happens once per [`Engine`](crate::Engine), not per invocation; what
/// an invocation may do with an interface is decided by its state when called.
pub trait Capability<T: 'static>: Send + Sync {
    /// The imports this capability serves, as a component names them:
    /// `wasi:keyvalue/store@0.2.0-draft`. A served version also serves every
    /// semver-compatible one.
    fn interfaces(&self) -> Vec<String>;

    /// Adds the interfaces to the linkers that components are linked with.
    ///
    /// # Errors
    /// Two capabilities define the same interface.
    fn link(&self, linker: &mut Linker<Host<T>>) -> wasmtime::Result<()>;

    /// Adds those with `async` functions, streams or futures to the linker of
    /// components that use such; that of the others takes no concurrent function.
    ///
    /// # Errors
    /// Two capabilities define the same interface.
    fn link_async(&self, linker: &mut Linker<Host<T>>) -> wasmtime::Result<()> {
        let _ = linker;
        Ok(())
    }

    /// Which of the handlers that this capability calls a component has, with
    /// the types they must have. What calls them goes through
    /// [`Component::call`](crate::Component::call).
    fn handlers(&self, component: &InstancePre<Host<T>>) -> Vec<Handler> {
        let _ = component;
        Vec::new()
    }
}
