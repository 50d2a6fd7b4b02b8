/// Implements a trait for [`Faulty`](super::Faulty): every method calls the
/// inner store, with faults before and after. `read`, `change` and `free` say
/// what a method does to the store, and `call` works it out; `feed` is the store's feed of
/// changes, whose reads fail too.
macro_rules! forward {
    ($trait:ident: $($rest:tt)*) => { forward! { @methods $trait [] $($rest)* } };
    (@methods $trait:ident [$($done:tt)*]) => {
        #[async_trait]
        impl $trait for Faulty<dyn $trait> { $($done)* }
    };
    (@methods $trait:ident [$($done:tt)*] feed changes() -> $named:ty; $($rest:tt)*) => {
        #[async_trait]
        impl Changes<$named> for Faulty<dyn $trait> {
            async fn position(&self) -> Result<Position, StorageError> {
                self.faults.inject(Call::Read, self.inner.changes().position()).await
            }

            async fn since(
                &self, after: Position, wait: Duration
            ) -> Result<Batch<$named>, StorageError> {
                self.faults.inject(Call::Read, self.inner.changes().since(after, wait)).await
            }
        }

        forward! { @methods $trait [$($done)*
            fn changes(&self) -> &dyn Changes<$named> {
                self
            }
        ] $($rest)* }
    };
    (@methods $trait:ident [$($done:tt)*]
        read $name:ident($($argument:ident: $type:ty),*) -> $result:ty; $($rest:tt)*) => {
        forward! { @methods $trait [$($done)*
            async fn $name(&self, $($argument: $type),*) -> $result {
                self.faults.inject(Call::Read, self.inner.$name($($argument),*)).await
            }
        ] $($rest)* }
    };
    (@methods $trait:ident [$($done:tt)*]
        call($call:expr) $name:ident($($argument:ident: $type:ty),*) -> $result:ty;
        $($rest:tt)*) => {
        forward! { @methods $trait [$($done)*
            async fn $name(&self, $($argument: $type),*) -> $result {
                self.faults.inject($call, self.inner.$name($($argument),*)).await
            }
        ] $($rest)* }
    };
    (@methods $trait:ident [$($done:tt)*]
        free $name:ident($($argument:ident: $type:ty),*) -> $result:ty; $($rest:tt)*) => {
        forward! { @methods $trait [$($done)*
            async fn $name(&self, $($argument: $type),*) -> $result {
                self.faults.inject(Call::Free, self.inner.$name($($argument),*)).await
            }
        ] $($rest)* }
    };
    (@methods $trait:ident [$($done:tt)*]
        change $name:ident($($argument:ident: $type:ty),*) -> $result:ty; $($rest:tt)*) => {
        forward! { @methods $trait [$($done)*
            async fn $name(&self, $($argument: $type),*) -> $result {
                self.faults.inject(Call::Change, self.inner.$name($($argument),*)).await
            }
        ] $($rest)* }
    };
}

pub(super) use forward;
