use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use self::bindings::exports::lambent::runtime::snapshot::{Failure, Guest};
use self::bindings::lambent::function::types::Retry;
use self::bindings::wasi::http::types::Fields;

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/deps/io", "../../../wit/deps/cli", "../../../wit/deps/clocks",
            "../../../wit/deps/http", "../../../wit/function", "../../../wit/runtime",
        ],
        inline: "package lambent:guest; world frozen { import wasi:http/types@0.2.12; export lambent:runtime/snapshot@0.1.0; }",
        world: "lambent:guest/frozen",
        generate_all,
    });
}

/// How often an instance's memory was about to be kept, and how often it was restored.
pub(crate) static KEPT: AtomicU32 = AtomicU32::new(0);
pub(crate) static RESTORED: AtomicU32 = AtomicU32::new(0);

/// What is in memory then: as many MiB as the variable `BALLAST` says.
pub(crate) static BALLAST: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Snapshot;

bindings::export!(Snapshot with_types_in bindings);

impl Guest for Snapshot {
    fn open_handles() {
        // SAFETY: the three are open as long as the instance, and are not closed here.
        let [input, output, errors] =
            [0, 1, 2].map(|stream| ManuallyDrop::new(unsafe { File::from_raw_fd(stream) }));
        let _ = (&*input).read(&mut []);
        let _ = (&*output).write(&[]);
        let _ = (&*errors).write(&[]);
        let _ = fs::metadata("/");
    }

    fn before_snapshot() -> Result<(), Failure> {
        KEPT.fetch_add(1, Ordering::Relaxed);
        let mib: usize =
            std::env::var("BALLAST").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
        let ballast = (0..mib << 20).map(|at| (at % 251) as u8);
        BALLAST.lock().unwrap_or_else(|lock| lock.into_inner()).extend(ballast);
        hook("BEFORE")
    }

    fn after_restore() -> Result<(), Failure> {
        RESTORED.fetch_add(1, Ordering::Relaxed);
        hook("AFTER")
    }
}

/// What a hook of a function does, by the variable of that name.
fn hook(name: &str) -> Result<(), Failure> {
    let wanted = std::env::var(name).unwrap_or_default();
    match wanted.split_once(':') {
        Some(("spin", _)) => loop {
            std::hint::spin_loop();
        },
        // More than a guest may hand to the host in one call.
        Some(("flood", _)) => {
            let value = vec![b'x'; 16 << 20];
            let _ = Fields::from_list(&[("name".into(), value)]);
            Ok(())
        }
        Some(("fail", why)) => Err(Failure {
            kind: "Runtime.HookError".into(),
            message: why.into(),
            trace: Vec::new(),
            retry: Retry::Policy,
        }),
        _ => Ok(()),
    }
}
