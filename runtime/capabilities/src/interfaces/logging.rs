//! `wasi:logging`: lines of the invocation's log, beginning with their level.

use lambent_engine::wasmtime::Result;
use lambent_engine::{Host, cost};

use self::bindings::wasi::logging::logging::{self, Level};
use crate::ctx::Ctx;

#[allow(clippy::all, missing_docs, reason = "generated code")]
pub(super) mod bindings {
    //! Bindings of `wasi:logging`.

    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/logging"],
        world: "wasi:logging/imports",
        imports: { default: trappable },
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

impl logging::Host for Host<Ctx> {
    fn log(&mut self, level: Level, context: String, message: String) -> Result<()> {
        self.charge(cost::bytes(context.len() + message.len()));
        let level = match level {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Critical => "CRITICAL",
        };
        let separator = if context.is_empty() { "" } else { ": " };
        self.parts().log.line(&format!("{level} {context}{separator}{message}"));
        Ok(())
    }
}
