use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Answer, text};

mod rc1 {
    wit_bindgen::generate!({
        path: "../../../wit/deps/config-rc1",
        world: "wasi:config/imports",
    });
}

mod of_2024_09_27 {
    wit_bindgen::generate!({
        path: "../../../wit/deps/config-2024-09-27",
        world: "wasi:config/imports",
    });
}

mod logging {
    wit_bindgen::generate!({
        path: "../../../wit/deps/logging",
        world: "wasi:logging/imports",
    });
}

use logging::wasi::logging::logging::{Level, log};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Call {
    /// What both versions of `wasi:config` say of a variable.
    Get { key: String },
    /// What both say of all.
    GetAll,
    /// Prints the start of a line, logs a line at each level, and ends the one
    /// it began.
    Log { context: String, message: String },
}

pub(crate) fn call(call: Call) -> Answer {
    let one = rc1::wasi::config::store::get;
    let other = of_2024_09_27::wasi::config::store::get;
    match call {
        Call::Get { key } => Ok(json!([one(&key).map_err(text)?, other(&key).map_err(text)?])),
        Call::GetAll => {
            let one = rc1::wasi::config::store::get_all().map_err(text)?;
            let other = of_2024_09_27::wasi::config::store::get_all().map_err(text)?;
            Ok(json!([one, other]))
        }
        Call::Log { context, message } => {
            eprint!("begun ");
            let levels = [
                Level::Trace,
                Level::Debug,
                Level::Info,
                Level::Warn,
                Level::Error,
                Level::Critical,
            ];
            for level in levels {
                log(level, &context, &message);
            }
            eprintln!("and done");
            Ok(Value::Null)
        }
    }
}
