use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use self::bindings::exports::lambent::runtime::initialization::{Failure, Guest};
use self::bindings::lambent::function::types::Retry;

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/deps/io", "../../../wit/deps/cli", "../../../wit/deps/clocks",
            "../../../wit/deps/http", "../../../wit/function", "../../../wit/runtime",
        ],
        inline: "package lambent:guest; world initialized { export lambent:runtime/initialization@0.1.0; }",
        world: "lambent:guest/initialized",
        generate_all,
    });
}

/// How often it was done.
pub(crate) static DONE: AtomicU32 = AtomicU32::new(0);

struct Initialization;

bindings::export!(Initialization with_types_in bindings);

impl Guest for Initialization {
    fn init() -> Result<(), Failure> {
        DONE.fetch_add(1, Ordering::Relaxed);
        let wanted = std::env::var("INIT").unwrap_or_default();
        match wanted.split_once(':') {
            Some(("sleep", ms)) => {
                thread::sleep(Duration::from_millis(ms.parse().unwrap_or_default()));
                Ok(())
            }
            Some(("spin", _)) => loop {
                std::hint::spin_loop();
            },
            Some(("exit", code)) => std::process::exit(code.parse().unwrap_or_default()),
            Some(("fail", why)) => Err(Failure {
                kind: "Runtime.ImportModuleError".into(),
                message: why.into(),
                trace: Vec::new(),
                retry: Retry::Policy,
            }),
            _ => Ok(()),
        }
    }
}
