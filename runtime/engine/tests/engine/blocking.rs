//! Hosts without an executor, or with another than tokio's.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use lambent_engine::blocking::BlockingError;
use lambent_engine::types::{Limits, Outcome};
use lambent_engine::{Invocation, PluginOptions};

use crate::kept::{Gate, WAIT, engine, knock, limits, next, plugin, value, wasm};

#[test]
fn a_plain_thread_makes_an_engine_and_calls_a_plugin() {
    let engine = engine(None);
    let component = engine.component_blocking(wasm(1)).unwrap();
    let (plugin, _gate) = plugin(&component, PluginOptions::default(), limits());
    let mut counts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| value(engine.block_on(next(&plugin)).unwrap())))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    counts.sort_unstable();
    assert_eq!(counts, (1..=8).collect::<Vec<_>>());

    let called = plugin.call_blocking(|store, instance| {
        Box::pin(async move {
            let next = instance.get_typed_func::<(), (u32,)>(&mut *store, "next")?;
            Ok(next.call_async(store, ()).await?.0)
        })
    });
    assert_eq!(called.unwrap().finished.into_result().unwrap(), 9);
    plugin.restart_blocking().unwrap();
    assert_eq!(value(engine.block_on(next(&plugin)).unwrap()), 1);
}

#[test]
fn limits_hold_without_an_executor_of_the_hosts() {
    let engine = engine(None);
    let component = engine.component_blocking(wasm(1)).unwrap();
    let limits = Limits { timeout: Duration::from_millis(50), ..limits() };
    let invocation = Invocation::new(Gate::default()).limits(limits);
    let finished = component.call_blocking(invocation, |store, instance| {
        Box::pin(async move {
            let knock = instance.get_typed_func::<(u32,), ()>(&mut *store, "knock")?;
            knock.call_async(store, (WAIT,)).await
        })
    });
    assert_eq!(finished.unwrap().outcome, Outcome::TimedOut { limit_ms: 50 });
}

#[test]
fn in_an_executor_it_is_an_error_and_no_panic() {
    let engine = engine(None);
    let component = engine.component_blocking(wasm(1)).unwrap();
    let (plugin, _gate) = plugin(&component, PluginOptions::default(), limits());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        assert_eq!(engine.block_on(async {}), Err(BlockingError::InsideRuntime));
        let compiled = engine.component_blocking(wasm(1));
        assert!(matches!(compiled, Err(BlockingError::InsideRuntime)));
        assert_eq!(plugin.restart_blocking(), Err(BlockingError::InsideRuntime));
        let error = plugin.call_blocking(|_, _| Box::pin(async { Ok(()) })).unwrap_err();
        assert!(error.to_string().contains("await the async method"), "{error}");
        assert_eq!(value(next(&plugin).await), 1);
        // The last to let go of the engine's own executor is a task.
        drop((engine, component, plugin));
    });
}

/// An executor that knows nothing of tokio.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn the_async_methods_work_in_any_executor() {
    block_on(async {
        let engine = engine(None);
        let component = engine.component(wasm(1).into()).await.unwrap();
        let limits = Limits { timeout: Duration::from_millis(50), ..limits() };
        let (plugin, _gate) = plugin(&component, PluginOptions::default(), limits);
        assert_eq!(value(next(&plugin).await), 1);
        let outcome = knock(&plugin, WAIT).await.unwrap().finished.outcome;
        assert_eq!(outcome, Outcome::TimedOut { limit_ms: 50 });
    });
}
