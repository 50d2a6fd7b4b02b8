use std::sync::Arc;
use std::time::Instant;

use http::Extensions;
use lambent_types::{Failure, Limits};
use wasmtime::component::{Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::context::{Context, ContextHandle};
use crate::cost;
use crate::egress::{Egress, Outgoing};
use crate::epochs::Epochs;
use crate::limiter::Limiter;
use crate::log::Log;
use crate::program::Program;
use crate::snapshot::Transfers;
use crate::tenant::{Tenant, tenant};

/// What a capability works with.
#[derive(Debug)]
pub struct Parts<'a, T> {
    /// The embedding product's own state.
    pub state: &'a mut T,
    /// The resources the guest holds handles to.
    pub table: &'a mut ResourceTable,
    /// What the invocation writes its lines to.
    pub log: &'a Log,
    /// What the guest may know of the invocation.
    pub context: &'a Context,
}

/// Everything the host holds for one instance: the data of its store.
pub struct Host<T> {
    state: T,
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) outgoing: Outgoing,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
    pub(crate) logs: Log,
    pub(crate) context: Context,
    /// What guests reach the context by, once one has been given it.
    context_handle: Option<u32>,
    pub(crate) limits: Limits,
    pub(crate) deadline: Instant,
    /// When whatever runs in it is ended: with several requests in flight, the deadline
    /// of the first.
    pub(crate) expires: Instant,
    pub(crate) epochs: Arc<Epochs>,
    /// Fuel for what the host has done for the guest, beside the fuel that the guest has
    /// burned itself, a count that only its own code can change.
    pub(crate) host_fuel: u64,
    /// The failure that the guest has announced before it traps.
    pub(crate) abandoned: Option<Failure>,
    /// Memory that is saved or restored.
    pub(crate) transfer: Transfers,
    /// What it shares with its driver if it is a program.
    pub(crate) program: Option<Arc<Program<T>>>,
    /// What capabilities keep for as long as the instance lives, whatever it is used for.
    pub(crate) extensions: Extensions,
}

impl<T> Host<T> {
    #[expect(clippy::too_many_arguments, reason = "it is made in one place, of all it holds")]
    pub(crate) fn new(
        state: T,
        wasi: WasiCtx,
        outgoing: Option<Arc<dyn Egress>>,
        logs: Log,
        context: Context,
        limits: Limits,
        (deadline, epochs): (Instant, Arc<Epochs>),
        limiter: Limiter,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(crate::options::RESOURCES_MAX);
        Self {
            state,
            wasi,
            http: WasiHttpCtx::new(),
            outgoing: Outgoing::new(outgoing, logs.clone()),
            table,
            limiter,
            logs,
            context,
            context_handle: None,
            limits,
            deadline,
            expires: deadline,
            epochs,
            host_fuel: 0,
            abandoned: None,
            transfer: None,
            program: None,
            extensions: Extensions::new(),
        }
    }

    /// The tenant of the invocation.
    pub(crate) fn tenant(&self) -> Tenant {
        tenant(self.context.function.as_deref())
    }

    /// Makes it the host of another invocation; what the guest holds stays its own.
    pub(crate) fn renew(
        &mut self,
        state: T,
        outgoing: Option<Arc<dyn Egress>>,
        context: Context,
        limits: Limits,
        deadline: Instant,
    ) {
        self.state = state;
        self.outgoing = Outgoing::new(outgoing, self.logs.clone());
        self.context = context;
        self.limits = limits;
        self.deadline = deadline;
        self.expires = deadline;
        self.abandoned = None;
        self.limiter.renew();
    }

    /// The handle of the context that handlers are lent: one for all invocations of the instance.
    pub(crate) fn context_handle(&mut self) -> Result<Resource<ContextHandle>, ResourceTableError> {
        let handle = match self.context_handle {
            Some(handle) => handle,
            None => *self.context_handle.insert(self.table.push(ContextHandle)?.rep()),
        };
        Ok(Resource::new_borrow(handle))
    }

    /// Begins the time of the invocation: what came before had its own.
    pub(crate) fn begin(&mut self) {
        self.deadline = Instant::now() + self.limits.timeout;
        self.expires = self.deadline;
    }

    /// Charges the invocation fuel for work that the host does for it; see
    /// [`cost`](crate::cost). It counts to its meter and its limit.
    pub const fn charge(&mut self, fuel: u64) {
        self.host_fuel = self.host_fuel.saturating_add(fuel);
    }

    /// Charges [one call](cost::CALL). A capability's functions are linked with this as
    /// the way to their host.
    pub const fn called(&mut self) -> &mut Self {
        self.charge(cost::CALL);
        self
    }

    /// The embedding product's own state.
    pub fn state(&mut self) -> &mut T {
        &mut self.state
    }

    /// What capabilities keep for as long as the instance lives, by its type: the state is
    /// replaced with every invocation, and this is not.
    pub const fn extensions(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// The resources the guest holds handles to; capabilities keep theirs here,
    /// so that one cap covers them all.
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// What the invocation writes its lines to.
    pub const fn log(&self) -> &Log {
        &self.logs
    }

    /// All of it at once.
    pub const fn parts(&mut self) -> Parts<'_, T> {
        Parts {
            state: &mut self.state,
            table: &mut self.table,
            log: &self.logs,
            context: &self.context,
        }
    }
}

impl<T: Send> WasiView for Host<T> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.charge(cost::CALL);
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl<T: Send> WasiHttpView for Host<T> {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.charge(cost::CALL);
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outgoing }
    }
}
