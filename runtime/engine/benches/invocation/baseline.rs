//! Bare wasmtime with the same pool: no limits, no meter, no logs, no product.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use lambent_engine::Options;
use lambent_engine::wasmtime::component::{Component, Linker, ResourceTable};
use lambent_engine::wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

#[derive(Default)]
struct Data {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
}

#[derive(Default)]
struct Hooks;

type Exchange = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchange, Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Data {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// What counts the work of a guest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meter {
    None,
    /// As the engine does; `true` with its yields.
    Fuel(bool),
    /// wasmtime's other one: it asks a clock now and then.
    Epoch,
}

/// Between two yields of a guest with fuel: as the engine has it.
const YIELD_INTERVAL: u64 = 500_000;

pub(crate) struct Baseline {
    engine: Engine,
    pre: ProxyPre<Data>,
    meter: Meter,
}

impl Baseline {
    pub(crate) fn new(options: &Options, wasm: &[u8], meter: Meter) -> Self {
        let mut config = options.baseline();
        config.consume_fuel(matches!(meter, Meter::Fuel(_)));
        config.epoch_interruption(meter == Meter::Epoch);
        let engine = Engine::new(&config).expect("an engine");
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("wasi links");
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("http links");
        let component = Component::new(&engine, wasm).expect("it compiles");
        let pre = ProxyPre::new(linker.instantiate_pre(&component).expect("it links"));
        Self { engine, pre: pre.expect("it is a proxy"), meter }
    }

    fn store(&self) -> Store<Data> {
        let mut store = Store::new(&self.engine, Data::default());
        match self.meter {
            Meter::None => {}
            Meter::Fuel(yields) => {
                store.set_fuel(u64::MAX / 2).expect("fuel");
                let interval = yields.then_some(YIELD_INTERVAL);
                store.fuel_async_yield_interval(interval).expect("an interval");
            }
            Meter::Epoch => store.set_epoch_deadline(u64::MAX / 2),
        }
        store
    }

    /// A store and an instance in it.
    pub(crate) async fn instantiate(&self) {
        let mut store = self.store();
        self.pre.instantiate_async(&mut store).await.expect("an instance");
    }

    /// A whole request, its body read to the end.
    pub(crate) async fn invoke(&self, uri: &http::Uri) -> Bytes {
        let mut store = self.store();
        let proxy = self.pre.instantiate_async(&mut store).await.expect("an instance");
        let (tx, rx) = tokio::sync::oneshot::channel();
        let mut request = http::Request::new(Empty::<Bytes>::new());
        *request.uri_mut() = uri.clone();
        let mut view = store.data_mut().http();
        let request = view.new_incoming_request::<_>(Scheme::Http, request).expect("a request");
        let out = view.new_response_outparam(tx).expect("an outparam");
        let handler = proxy.wasi_http_incoming_handler();
        handler.call_handle(&mut store, request, out).await.expect("no trap");
        let response = rx.await.expect("a response").expect("no error");
        response.into_body().collect().await.expect("a body").to_bytes()
    }
}
