//! An event handler that does what the event says, such as `{"do": "panic"}`.

use std::hint::black_box;
use std::time::Duration;
use std::{fmt, process, thread};

use lambent_sdk::{Context, Failure, Output};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum Deed {
    /// Gives `text` back.
    Echo { text: String },
    /// Fails as it is told.
    Fail { kind: String, message: String, retry_after_ms: Option<u64>, retry_never: Option<bool> },
    /// Fails with an error of Rust's own kind, which has a source.
    Error,
    /// Panics, after it printed the start of a line.
    Panic { message: Option<String> },
    /// Traps without a word.
    Trap,
    /// Ends the whole component. WASI 0.2 passes on only whether the code is 0.
    Exit { code: i32 },
    /// Never returns.
    Spin,
    /// Allocates until that is refused, which aborts.
    Memory,
    /// Returns after this long.
    Sleep { ms: u64 },
    /// Returns this many bytes.
    BigOutput { bytes: usize },
    /// Returns what is not the JSON it says it is.
    BadJson,
    /// Prints this many bytes, and no end of line.
    Log { bytes: usize },
    /// Tells how much fuel is left, before and after some work.
    Fuel,
}

#[lambent_sdk::handler]
fn handle(deed: Deed, context: Context) -> Result<Output, Failure> {
    match deed {
        Deed::Echo { text } => return Ok(Output::new("text/plain", text)),
        Deed::Fail { kind, message, retry_after_ms, retry_never } => {
            let mut failure = Failure::new(kind, message);
            if let Some(delay) = retry_after_ms {
                failure = failure.retry_after(Duration::from_millis(delay));
            }
            return Err(if retry_never == Some(true) { failure.retry_never() } else { failure });
        }
        Deed::Error => Err(DeedError(fmt::Error))?,
        Deed::Panic { message } => {
            print!("about to panic");
            panic!("{}", message.as_deref().unwrap_or("the event said so"));
        }
        Deed::Trap => process::abort(),
        Deed::Exit { code } => process::exit(code),
        Deed::Spin => loop {
            black_box(());
        },
        Deed::Memory => loop {
            black_box(Vec::leak(vec![1_u8; 1 << 20]));
        },
        Deed::Sleep { ms } => thread::sleep(Duration::from_millis(ms)),
        Deed::BigOutput { bytes } => return Ok(Output::new("text/plain", vec![b'x'; bytes])),
        Deed::BadJson => return Ok(Output::new("application/json", "{not JSON")),
        Deed::Log { bytes } => print!("{}", "x".repeat(bytes)),
        Deed::Fuel => {
            let before = context.fuel_left();
            let sum: u64 = (0..black_box(100_000)).sum();
            return Output::json(&[before, context.fuel_left(), sum]);
        }
    }
    Output::json(&"done")
}

#[derive(Debug)]
struct DeedError(fmt::Error);

impl fmt::Display for DeedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the event said so")
    }
}

impl std::error::Error for DeedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
