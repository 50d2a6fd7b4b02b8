//! `lambent:function/types.context`: what a guest may know of its invocation.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lambent_types::{Failure, FunctionVersion, Limits, Retry};
use wasmtime::component::{Access, HasData, Linker, Resource, ResourceTable};

use crate::bindings::function::lambent::function::types;
use crate::context::{Context, ContextHandle};
use crate::store_data::Host;

/// What the methods of a context work on.
struct View<'a> {
    context: &'a Context,
    limits: &'a Limits,
    deadline: Instant,
    host_fuel: u64,
    abandoned: &'a mut Option<Failure>,
    table: &'a mut ResourceTable,
}

struct HasContext;

impl HasData for HasContext {
    type Data<'a> = View<'a>;
}

pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<Host<T>>,
) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasContext>(linker, |host: &mut Host<T>| {
        let host = host.called();
        View {
            context: &host.context,
            limits: &host.limits,
            deadline: host.deadline,
            host_fuel: host.host_fuel,
            abandoned: &mut host.abandoned,
            table: &mut host.table,
        }
    })
}

impl types::Host for View<'_> {}

type Handle = Resource<ContextHandle>;

impl<T: Send> types::HostContextWithStore<T> for HasContext {
    fn fuel_left(host: Access<'_, T, Self>, _: Handle) -> wasmtime::Result<u64> {
        let mut host = host;
        let left = wasmtime::AsContextMut::as_context_mut(&mut host).get_fuel()?;
        Ok(left.saturating_sub(host.get().host_fuel))
    }
}

impl types::HostContext for View<'_> {
    fn invocation_id(&mut self, _: Handle) -> wasmtime::Result<String> {
        Ok(self.context.id.map(|id| id.to_string()).unwrap_or_default())
    }

    fn namespace(&mut self, _: Handle) -> wasmtime::Result<String> {
        Ok(self.function_text(|function| function.namespace.to_string()))
    }

    fn function(&mut self, _: Handle) -> wasmtime::Result<String> {
        Ok(self.function_text(|function| function.name.to_string()))
    }

    fn version(&mut self, _: Handle) -> wasmtime::Result<String> {
        Ok(self.function_text(|function| function.version.to_string()))
    }

    fn alias(&mut self, _: Handle) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }

    fn deadline(&mut self, _: Handle) -> wasmtime::Result<u64> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let at = SystemTime::now() + left;
        let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }

    fn memory_limit(&mut self, _: Handle) -> wasmtime::Result<u64> {
        Ok(self.limits.memory_bytes)
    }

    fn trace_parent(&mut self, _: Handle) -> wasmtime::Result<Option<String>> {
        Ok(self.context.trace_parent.clone())
    }

    fn principal(&mut self, _: Handle) -> wasmtime::Result<Option<String>> {
        Ok(self.context.principal.clone())
    }

    fn attribute(&mut self, _: Handle, name: String) -> wasmtime::Result<Option<String>> {
        let mut attributes = self.context.attributes.iter();
        Ok(attributes.find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
    }

    fn abandon(&mut self, _: Handle, failure: types::Failure) -> wasmtime::Result<()> {
        *self.abandoned = Some(failure.into());
        Ok(())
    }

    fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl View<'_> {
    fn function_text(&self, text: impl FnOnce(&FunctionVersion) -> String) -> String {
        self.context.function.as_deref().map(text).unwrap_or_default()
    }
}

/// Characters of each text in a failure that are kept: room for any message
/// people read, no room for a payload.
const FAILURE_CHARS_MAX: usize = 8 << 10;
/// Frames of a failure's trace that are kept.
const FAILURE_FRAMES_MAX: usize = 50;

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        let short = |text: String| match text.char_indices().nth(FAILURE_CHARS_MAX) {
            Some((end, _)) => text[..end].to_owned(),
            None => text,
        };
        Self {
            kind: short(failure.kind),
            message: short(failure.message),
            trace: failure.trace.into_iter().take(FAILURE_FRAMES_MAX).map(short).collect(),
            retry: match failure.retry {
                types::Retry::Policy => Retry::Policy,
                types::Retry::After(ns) => Retry::After(std::time::Duration::from_nanos(ns)),
                types::Retry::Never => Retry::Never,
            },
        }
    }
}
