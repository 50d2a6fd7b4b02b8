//! `wasi:config`: the function's environment variables. Its two published
//! versions differ in nothing but their names.

use lambent_engine::wasmtime::Result;
use lambent_engine::{Host, cost};

use crate::bindings::{config_2024_09_27, config_rc1};
use crate::ctx::Ctx;

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

impl config_rc1::wasi::config::store::Host for Host<Ctx> {
    fn get(
        &mut self,
        key: String,
    ) -> Result<Result<Option<String>, config_rc1::wasi::config::store::Error>> {
        Ok(Ok(get(self, &key)))
    }

    fn get_all(
        &mut self,
    ) -> Result<Result<Vec<(String, String)>, config_rc1::wasi::config::store::Error>> {
        Ok(Ok(get_all(self)))
    }
}

impl config_2024_09_27::wasi::config::store::Host for Host<Ctx> {
    fn get(
        &mut self,
        key: String,
    ) -> Result<Result<Option<String>, config_2024_09_27::wasi::config::store::Error>> {
        Ok(Ok(get(self, &key)))
    }

    fn get_all(
        &mut self,
    ) -> Result<Result<Vec<(String, String)>, config_2024_09_27::wasi::config::store::Error>> {
        Ok(Ok(get_all(self)))
    }
}
