//! Kept instances: their queue, their state, and how a loss of it is told.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;
use lambent_engine::types::{Limits, Outcome};
use lambent_engine::{
    Budget, CallError, Exhausted, Failed, Invocation, Lost, LostCause, OnLost, PluginOptions,
};

use crate::kept::{
    Broken, FAIL, WAIT, engine, knock, limits, make, new, next, plugin, read, run, value, wasm,
};

fn restarting() -> PluginOptions {
    PluginOptions { on_lost: OnLost::Restart, ..PluginOptions::default() }
}

#[track_caller]
fn lost<R: std::fmt::Debug>(called: Result<R, CallError>) -> Lost {
    match called.unwrap_err() {
        CallError::StateLost(lost) => lost,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_made_in_order_in_one_instance() {
    let (plugin, gate) = new(PluginOptions::default()).await;
    assert_eq!(plugin.generation(), 0);
    let waiting = tokio::spawn({
        let plugin = plugin.clone();
        async move { knock(&plugin, WAIT).await }
    });
    while plugin.generation() == 0 {
        tokio::task::yield_now().await;
    }
    let calls = join_all((0..10).map(|_| next(&plugin)));
    let mut calls = Box::pin(calls);
    assert!((&mut calls).now_or_never().is_none());
    assert_eq!(plugin.waiting(), 10);
    gate.notify_one();
    let counts: Vec<_> = calls.await.into_iter().map(value).collect();
    assert_eq!(counts, (1..=10).collect::<Vec<_>>());
    value(waiting.await.unwrap());
    assert_eq!((plugin.generation(), plugin.waiting(), plugin.lost()), (1, 0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resource_lives_from_call_to_call_and_is_never_taken_for_another() {
    let (plugin, _gate) = new(restarting()).await;
    let made = make(&plugin, 7).await.unwrap();
    let (generation, cell) = (made.generation, made.finished.into_result().unwrap());
    for _ in 0..3 {
        assert_eq!(value(read(&plugin, cell, Some(generation)).await), 7);
    }
    assert!(!run(&plugin, "trap").await.unwrap().finished.outcome.is_ok());
    let told = lost(read(&plugin, cell, Some(generation)).await);
    assert_eq!(told.generation, generation);
    // The call that has no handle is made, in another instance, of which the cell is not.
    assert_eq!(value(next(&plugin).await), 1);
    let told = lost(read(&plugin, cell, Some(generation)).await);
    assert_eq!(told.cause, LostCause::Earlier);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_loss_is_told_until_the_host_restarts() {
    let component = engine(None).component(wasm(1).into()).await.unwrap();
    let short = Limits { fuel: 1_000_000, ..limits() };
    let (plugin, _gate) = plugin(&component, PluginOptions::default(), short);
    for (generation, export) in [(1, "trap"), (2, "spin")] {
        assert_eq!(value(next(&plugin).await), 1);
        let ended = run(&plugin, export).await.unwrap();
        assert_eq!(ended.generation, generation);
        let outcome = ended.finished.outcome;
        assert_eq!(outcome.kind(), if export == "trap" { "trapped" } else { "out-of-fuel" });
        for _ in 0..2 {
            let told = lost(next(&plugin).await);
            assert_eq!(told, Lost { generation, cause: LostCause::Ended(outcome.clone()) });
            assert_eq!(plugin.lost(), Some(told));
        }
        plugin.restart().await.unwrap();
        assert_eq!(plugin.generation(), generation);
    }
    assert_eq!(value(next(&plugin).await), 1);
    assert_eq!((plugin.generation(), plugin.lost()), (3, None));

    plugin.discard().await.unwrap();
    assert_eq!(lost(next(&plugin).await).cause, LostCause::Discarded);
    // What is gone cannot be lost again.
    plugin.discard().await.unwrap();
    plugin.restart().await.unwrap();
    plugin.restart().await.unwrap();
    assert_eq!(value(next(&plugin).await), 1);
    assert_eq!(value(next(&plugin).await), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_host_is_not_one_of_the_guest_and_keeps_its_value() {
    let (plugin, _gate) = new(PluginOptions::default()).await;
    let ended = knock(&plugin, FAIL).await.unwrap().finished;
    let Err(Failed::Host(error)) = ended.into_result() else { panic!("the host failed") };
    assert_eq!(error.downcast_ref(), Some(&Broken));
    let told = lost(next(&plugin).await);
    assert!(matches!(&told.cause, LostCause::HostFailed(text) if text.contains("gate is broken")));
    plugin.restart().await.unwrap();

    // The host's own part of a call.
    let ended = plugin.call(|_, _| Box::pin(async { Err::<(), _>(Broken.into()) })).await.unwrap();
    let error = ended.finished.host_error.as_ref().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Broken));
    plugin.restart().await.unwrap();

    // Memory that runs out in the middle of a call is no refusal that leaves all as it was.
    let refused = plugin.call(|_, _| Box::pin(async { Err::<(), _>(Exhausted.into()) })).await;
    assert!(matches!(refused, Err(CallError::Refused(_))));
    let told = lost(next(&plugin).await);
    assert!(matches!(&told.cause, LostCause::HostFailed(_)), "{told}");
    plugin.restart().await.unwrap();

    // What the guest does wrong is the guest's.
    let ended = run(&plugin, "trap").await.unwrap().finished;
    assert!(ended.host_error.is_none());
    assert!(matches!(ended.into_result(), Err(Failed::Guest(Outcome::Trapped { .. }))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_dropped_loses_the_state_only_if_it_runs() {
    let (plugin, _gate) = new(PluginOptions::default()).await;
    assert_eq!(value(next(&plugin).await), 1);
    let mut running = Box::pin(knock(&plugin, WAIT));
    assert!((&mut running).now_or_never().is_none());
    let mut waits = Box::pin(run(&plugin, "trap"));
    assert!((&mut waits).now_or_never().is_none());
    assert_eq!(plugin.waiting(), 1);
    drop(waits);
    assert_eq!((plugin.waiting(), plugin.lost()), (0, None));
    // Never polled, it never had a place.
    drop(run(&plugin, "trap"));
    drop(running);
    assert_eq!(lost(next(&plugin).await), Lost { generation: 1, cause: LostCause::Cancelled });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_may_be_restarted_says_in_which_instance_a_call_ran() {
    let (plugin, _gate) = new(restarting()).await;
    for generation in 1..4 {
        for count in 1..3 {
            let called = next(&plugin).await.unwrap();
            assert_eq!(called.generation, generation);
            assert_eq!(called.finished.into_result().unwrap(), count);
        }
        run(&plugin, "trap").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_at_its_own_time_which_begins_with_its_turn() {
    let component = engine(None).component(wasm(1).into()).await.unwrap();
    let short = Limits { timeout: Duration::from_millis(300), ..limits() };
    let (plugin, gate) = plugin(&component, PluginOptions::default(), short);
    let mut first = Box::pin(knock(&plugin, WAIT));
    assert!((&mut first).now_or_never().is_none());
    let mut second = Box::pin(next(&plugin));
    assert!((&mut second).now_or_never().is_none());
    // The second has waited for longer than it may run.
    let outcome = first.await.unwrap().finished.outcome;
    assert_eq!(outcome, Outcome::TimedOut { limit_ms: 300 });
    lost(second.await);
    plugin.restart().await.unwrap();
    let long = Invocation::new(gate).limits(limits());
    let called = plugin.call_with(long, None, |_, _| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok(())
        })
    });
    let mut called = Box::pin(called);
    assert!((&mut called).now_or_never().is_none());
    let mut after = Box::pin(next(&plugin));
    assert!((&mut after).now_or_never().is_none());
    value(called.await);
    assert_eq!(value(after.await), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_wait_than_may_and_a_closed_plugin_takes_none() {
    let (plugin, gate) = new(PluginOptions { queue: 2, ..PluginOptions::default() }).await;
    let mut running = Box::pin(knock(&plugin, WAIT));
    assert!((&mut running).now_or_never().is_none());
    let mut waiting = [Box::pin(next(&plugin)), Box::pin(next(&plugin))];
    for call in &mut waiting {
        assert!(call.now_or_never().is_none());
    }
    assert_eq!(next(&plugin).await.unwrap_err(), CallError::QueueFull(2));
    plugin.close();
    for call in waiting {
        assert_eq!(call.await.unwrap_err(), CallError::Closed);
    }
    gate.notify_one();
    value(running.await);
    assert_eq!(next(&plugin).await.unwrap_err(), CallError::Closed);
    assert_eq!(plugin.restart().await.unwrap_err(), CallError::Closed);

    let (none, _gate) = new(PluginOptions { queue: 0, ..PluginOptions::default() }).await;
    assert_eq!(value(next(&none).await), 1, "what need not wait is made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_component_takes_over_between_two_calls() {
    let engine = engine(None);
    let old = engine.component(wasm(1).into()).await.unwrap();
    let (plugin, gate) = plugin(&old, PluginOptions::default(), limits());
    assert_eq!(value(next(&plugin).await), 1);
    let mut running = Box::pin(knock(&plugin, WAIT));
    assert!((&mut running).now_or_never().is_none());
    let newer = engine.component(wasm(10).into()).await.unwrap();
    let mut replaced = Box::pin(plugin.replace(&newer));
    assert!((&mut replaced).now_or_never().is_none());
    gate.notify_one();
    value(running.await);
    replaced.await.unwrap();
    assert_eq!(lost(next(&plugin).await), Lost { generation: 1, cause: LostCause::Replaced });
    plugin.restart().await.unwrap();
    assert_eq!(value(next(&plugin).await), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_given_up_only_by_plugins_that_may() {
    // Each takes a little more than a mebibyte; there is room for two.
    let budget = Budget::new(5 << 19);
    let engine = engine(Some(budget.clone()));
    let component = engine.component(wasm(1).into()).await.unwrap();
    let small = Limits { memory_bytes: 2 << 20, ..limits() };
    let (kept, _gate) = plugin(&component, PluginOptions::default(), small);
    let yielding = PluginOptions { reclaimable: true, ..PluginOptions::default() };
    let (given_up, _gate) = plugin(&component, yielding, small);
    assert_eq!(value(next(&kept).await), 1);
    assert_eq!(value(next(&given_up).await), 1);
    let (third, _gate) = plugin(&component, PluginOptions::default(), small);
    assert_eq!(value(next(&third).await), 1);
    assert_eq!(lost(next(&given_up).await).cause, LostCause::Reclaimed);
    assert_eq!(value(next(&kept).await), 2);

    // There is no room for it any more, which loses nothing and is not the plugin's fault.
    given_up.restart().await.unwrap();
    for _ in 0..2 {
        let refused = next(&given_up).await.unwrap_err();
        assert!(matches!(refused, CallError::Refused(_)), "{refused}");
    }
    assert_eq!(given_up.generation(), 1);
    third.close();
    assert_eq!(value(next(&given_up).await), 1);
    assert_eq!(given_up.generation(), 2);
    drop((kept, given_up));
    assert_eq!(budget.usage().used, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_one_plugin() {
    let (plugin, _gate) = new(PluginOptions::default()).await;
    let plugin = Arc::new(plugin);
    let tasks = (0..100).map(|_| {
        let plugin = plugin.clone();
        tokio::spawn(async move { value(next(&plugin).await) })
    });
    let mut counts: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=100).collect::<Vec<_>>());
    assert!(next(&plugin).now_or_never().is_some(), "what need not wait is made at once");
}
