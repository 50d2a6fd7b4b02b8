//! Tells the host why the guest is about to trap.
//!
//! A panic aborts, which the host sees as a bare trap. So a panic hook hands the
//! message and the place to the invocation that is running before that happens.

use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::ptr::NonNull;
use std::sync::Once;

use crate::bindings::function::lambent::function::types as wit;

thread_local! {
    /// The invocation that is running, set for the length of one call only.
    static CURRENT: Cell<Option<NonNull<wit::Context>>> = const { Cell::new(None) };
}

/// Runs `function`; if it panics, `context` is told why.
pub(crate) fn reported_to<T>(context: &wit::Context, function: impl FnOnce() -> T) -> T {
    /// Forgets the context also when the panic unwinds, as it does on other targets.
    struct Running;
    impl Drop for Running {
        fn drop(&mut self) {
            CURRENT.set(None);
        }
    }

    install();
    CURRENT.set(Some(NonNull::from(context)));
    let _running = Running;
    function()
}

/// Installs a hook that reports, and then calls the previous hook, which prints to stderr.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            report(panic);
            print(panic);
        }));
    });
}

fn report(panic: &PanicHookInfo<'_>) {
    // The context is taken out, so that a panic of the report itself is not reported.
    let Some(context) = CURRENT.take() else { return };
    // SAFETY: `reported_to` borrows the context for as long as it is in `CURRENT`.
    let context = unsafe { context.as_ref() };
    context.abandon(&wit::Failure {
        kind: "Panic".into(),
        message: panic.payload_as_str().unwrap_or("panicked without a message").into(),
        trace: panic.location().map(ToString::to_string).into_iter().collect(),
        retry: wit::Retry::Policy,
    });
}
