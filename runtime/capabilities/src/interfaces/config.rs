//! `wasi:config`: the function's environment variables. Its two published
//! versions differ in nothing but their names.

use lambent_engine::wasmtime::Result;
use lambent_engine::{Host, cost};

use crate::ctx::Ctx;

#[allow(clippy::all, missing_docs, reason = "generated code")]
pub(super) mod rc1 {
    //! Bindings of the release candidate.

    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/config-rc1"],
        world: "wasi:config/imports",
        imports: { default: trappable },
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

#[allow(clippy::all, missing_docs, reason = "generated code")]
pub(super) mod draft_2024_09_27 {
    //! Bindings of the draft of 27 September 2024.

    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/config-2024-09-27"],
        world: "wasi:config/imports",
        imports: { default: trappable },
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

fn get(host: &mut Host<Ctx>, key: &str) -> Option<String> {
    host.charge(cost::bytes(key.len()));
    host.state().function.configuration.environment.0.get(key).cloned()
}

fn get_all(host: &mut Host<Ctx>) -> Vec<(String, String)> {
    let environment = &host.state().function.configuration.environment.0;
    let all: Vec<_> = environment.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let bytes = all.iter().map(|(key, value)| key.len() + value.len()).sum();
    host.charge(cost::list(all.len(), bytes));
    all
}

impl rc1::wasi::config::store::Host for Host<Ctx> {
    fn get(
        &mut self,
        key: String,
    ) -> Result<Result<Option<String>, rc1::wasi::config::store::Error>> {
        Ok(Ok(get(self, &key)))
    }

    fn get_all(
        &mut self,
    ) -> Result<Result<Vec<(String, String)>, rc1::wasi::config::store::Error>> {
        Ok(Ok(get_all(self)))
    }
}

impl draft_2024_09_27::wasi::config::store::Host for Host<Ctx> {
    fn get(
        &mut self,
        key: String,
    ) -> Result<Result<Option<String>, draft_2024_09_27::wasi::config::store::Error>> {
        Ok(Ok(get(self, &key)))
    }

    fn get_all(
        &mut self,
    ) -> Result<Result<Vec<(String, String)>, draft_2024_09_27::wasi::config::store::Error>> {
        Ok(Ok(get_all(self)))
    }
}
