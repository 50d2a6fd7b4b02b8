//! What callers give to a store is checked here, once, in front of every backend.

mod code;
mod event_log;
mod keyvalue;
mod objects;
mod queues;
mod tables;

use std::sync::Arc;

/// A store that is given nothing that is out of bounds.
pub(crate) struct Checked<S: ?Sized>(Arc<S>);

impl<S: ?Sized> Checked<S> {
    /// Puts the checks in front of a store.
    pub(crate) fn new(inner: Arc<S>) -> Arc<Self> {
        Arc::new(Self(inner))
    }
}

/// Implements a trait for [`Checked`]: every method does what stands in its braces, which
/// may return an error or shadow an argument, and then calls the inner store.
/// The items in the braces behind the name of the trait are taken as they are.
macro_rules! checked {
    ($trait:ident { $($item:item)* }
     $($name:ident($($argument:ident: $type:ty),*) -> $result:ty { $($check:tt)* })*) => {
        #[async_trait]
        impl $trait for Checked<dyn $trait> {
            $($item)*
            $(async fn $name(&self, $($argument: $type),*) -> $result {
                $($check)*
                self.0.$name($($argument),*).await
            })*
        }
    };
}

use checked;
