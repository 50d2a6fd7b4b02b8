use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::contract::samples;
use lambent_types::{CatchUp, Clock as _, Outcome, Schedule, ScheduleExpression};

use super::{DeliveryPolicy, LONG, Node, Tokio, all, namespace, next};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn schedule(expression: &str, catch_up: CatchUp) -> Schedule {
    Schedule {
        name: "s".parse().unwrap(),
        function: samples::name("f").into(),
        expression: ScheduleExpression(expression.into()),
        time_zone: "UTC".into(),
        catch_up,
        input: None,
        delivery: None,
        enabled: true,
        annotations: lambent_types::Annotations::default(),
    }
}

/// The time of day now, and the whole minutes that follow it.
fn now(node: &Node) -> Timestamp {
    Tokio(node.start).now()
}

async fn put(node: &Node, schedule: Schedule) {
    let next = schedule.next_after(now(node)).unwrap();
    node.stores.resources.of().put(&namespace(), &schedule, next).await.unwrap();
}

/// The times that events say they are for, all of which have ids of their own.
pub(super) fn times(seen: &[super::Seen]) -> Vec<Timestamp> {
    let ids: std::collections::BTreeSet<_> = seen.iter().map(|(event, _)| &event.id).collect();
    assert_eq!(ids.len(), seen.len());
    let time = |(event, _): &super::Seen| {
        Timestamp::from_nanosecond(event.time_ns.unwrap().into()).unwrap()
    };
    let mut times: Vec<_> = seen.iter().map(time).collect();
    times.sort();
    times
}

#[tokio::test(start_paused = true)]
async fn a_schedule_fires_at_its_times_and_not_besides() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    put(&node, schedule("*/10 * * * *", CatchUp::Once)).await;
    let mut due = now(&node);
    for _ in 0..20 {
        due = schedule("*/10 * * * *", CatchUp::Once).next_after(due).unwrap().unwrap();
        let (event, _) = next(&mut seen).await;
        assert_eq!(times(&[(event, Duration::ZERO)]), [due]);
        let late = now(&node).duration_since(due);
        assert!(late.is_zero() || late.as_millis() <= 2, "{late:?} late");
    }
    node.stores
        .resources
        .of::<Schedule>()
        .delete(&namespace(), &"s".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(all(&mut seen).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_moment_comes_once() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    let at = now(&node).checked_add(MINUTE).unwrap();
    put(&node, schedule(&format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S")), CatchUp::Once)).await;
    assert_eq!(times(&all(&mut seen).await), [at]);
}

/// What a node fires at its start for the times it missed, every minute of so long.
async fn caught_up(
    catch_up: CatchUp,
    expression: &str,
    off: Duration,
) -> (Vec<Timestamp>, Timestamp) {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    put(&node, schedule(expression, catch_up)).await;
    tokio::time::sleep(off).await;
    let started = now(&node);
    let running = node.run();
    tokio::time::sleep(Duration::from_millis(10)).await;
    node.drain.cancel();
    running.await.unwrap();
    let seen: Vec<_> = std::iter::from_fn(|| seen.try_recv().ok()).collect();
    (times(&seen), started)
}

#[tokio::test(start_paused = true)]
async fn missed_times_are_left_out_or_made_up_for_as_the_schedule_says() {
    // 8:30 hours after a whole minute of which the last times are long past.
    let off = Duration::from_secs(8 * 3600 + 1800);
    let hourly = "0 * * * *";
    let (skipped, _) = caught_up(CatchUp::Skip, hourly, off).await;
    assert_eq!(skipped, []);
    let (all, started) = caught_up(CatchUp::All, hourly, off).await;
    assert!((8..=9).contains(&all.len()), "{all:?}");
    assert!(all.windows(2).all(|two| two[1].duration_since(two[0]).as_secs() == 3600));
    assert!(started.duration_since(all[all.len() - 1]).as_secs() < 3600);
    let (once, _) = caught_up(CatchUp::Once, hourly, off).await;
    assert_eq!(once.len(), 1);
    // The last of them, not the first.
    assert_eq!(once.last(), all.last());
}

#[tokio::test(start_paused = true)]
async fn only_the_last_thousand_are_made_up_for_however_long_it_was() {
    let year = Duration::from_secs(365 * 24 * 3600);
    for expression in ["rate(1 second)", "* * * * *"] {
        let (all, started) = caught_up(CatchUp::All, expression, year).await;
        assert_eq!(all.len(), 1000, "{expression}");
        assert!(started.duration_since(all[999]).as_secs() < 60);
    }
}

#[tokio::test(start_paused = true)]
async fn two_nodes_over_one_store_fire_once() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    let from = lambent_dispatch::DeliveryStores::from(&node.stores);
    let clock = std::sync::Arc::new(Tokio(node.start));
    let other = super::Deliveries::new(node.fixture.dispatcher.clone(), from, clock);
    tokio::spawn(other.run(node.drain.clone()));
    node.run();
    put(&node, schedule("rate(1 hour)", CatchUp::Once)).await;
    let times = times(&all(&mut seen).await);
    // The last one is due when the test ends.
    let count = LONG.as_secs() / 3600;
    assert!((count - 1..=count).contains(&(times.len() as u64)), "{}", times.len());
}
