//! What schedules do when something goes wrong: the clock, a time zone, the store.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambent_storage::Stores;
use lambent_storage::fault::Faults;
use lambent_types::{CatchUp, Clock, DeliveryPolicy, Outcome, Schedule};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::schedules::{schedule, times};
use super::{Fixture, Node, Seen, namespace};

/// A clock that goes as tokio's does, and can be set.
#[derive(Debug)]
struct Settable {
    start: Instant,
    epoch: Timestamp,
    by: Mutex<SignedDuration>,
}

impl Settable {
    fn new(epoch: Timestamp) -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), epoch, by: Mutex::default() })
    }

    fn step(&self, by: SignedDuration) {
        *self.by.lock().unwrap() += by;
    }
}

impl Clock for Settable {
    fn now(&self) -> Timestamp {
        self.epoch + self.start.elapsed() + *self.by.lock().unwrap()
    }
}

fn named(name: &str, expression: &str, zone: &str) -> Schedule {
    let one = schedule(expression, CatchUp::Once);
    Schedule { name: name.parse().unwrap(), time_zone: zone.into(), ..one }
}

async fn put(node: &Node, schedule: Schedule, next: Option<Timestamp>) {
    node.stores.resources.of().put(&namespace(), &schedule, next).await.unwrap();
}

async fn next_of(stores: &Stores, name: &str) -> Option<Timestamp> {
    stores
        .resources
        .of::<Schedule>()
        .get(&namespace(), &name.parse().unwrap())
        .await
        .unwrap()
        .unwrap()
        .next
}

fn received(seen: &mut mpsc::UnboundedReceiver<Seen>) -> Vec<Timestamp> {
    let seen: Vec<_> = std::iter::from_fn(|| seen.try_recv().ok()).collect();
    times(&seen)
}

async fn node_at(epoch: &str) -> (Node, Arc<Settable>, mpsc::UnboundedReceiver<Seen>) {
    let clock = Settable::new(epoch.parse().unwrap());
    let node = Node::with_clock(Fixture::new(), |stores| stores, clock.clone());
    node.function("f", DeliveryPolicy::default()).await;
    let seen = node.answer(|_| Outcome::Ok);
    (node, clock, seen)
}

/// Expressions, zones, nights and steps of the clock: whatever it shows, each
/// schedule fires next at its first time from then on, and does.
#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_is_gone_by() {
    let nights = [
        ("Europe/Berlin", "2027-03-28T00:20:30Z"),
        ("Europe/Berlin", "2026-10-25T00:20:30Z"),
        ("America/New_York", "2027-03-14T06:20:30Z"),
        ("America/New_York", "2026-11-01T05:20:30Z"),
        ("UTC", "2026-12-31T23:20:30Z"),
    ];
    let expressions = [
        "* * * * * *",
        "* * * * *",
        "*/30 * * * *",
        "30 1,2 * * *",
        "0 3 * * *",
        "0 9 * * MON-FRI",
        "@monthly",
        "cron(30 1 * * ? *)",
        "rate(5 minutes)",
        "rate(1 day)",
    ];
    let steps = [-86_400, -7200, -60, 60, 7200, 86_400].map(SignedDuration::from_secs);
    for (zone, night) in nights {
        for step in steps {
            let (node, clock, mut seen) = node_at(night).await;
            for (index, expression) in expressions.iter().enumerate() {
                let one = named(&format!("s{index}"), expression, zone);
                let next = one.next_after(clock.now()).unwrap();
                put(&node, one, next).await;
            }
            node.run();
            tokio::time::sleep(Duration::from_secs(3)).await;
            clock.step(step);
            // Long enough to look at the clock, and to fire what the step made due.
            tokio::time::sleep(Duration::from_millis(1500)).await;
            received(&mut seen);
            for (index, expression) in expressions.iter().enumerate() {
                let what = format!("{expression} in {zone}, {step:?} from {night}");
                let next = next_of(&node.stores, &format!("s{index}")).await.expect(&what);
                let expected = named("s", expression, zone).next_after(clock.now()).unwrap();
                // The second that has just begun may not have fired yet.
                let first = expression == &expressions[0] && next <= clock.now();
                assert!(first || Some(next) == expected, "{what}: {next}, not {expected:?}");
            }
            tokio::time::sleep(Duration::from_secs(4)).await;
            let fired = received(&mut seen);
            assert!((3..=5).contains(&fired.len()), "each second: {fired:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_moment_does_not_come_again_with_the_clock() {
    let (node, clock, mut seen) = node_at("2027-01-01T00:00:00Z").await;
    let moment: Timestamp = "2027-01-01T00:00:02Z".parse().unwrap();
    put(&node, named("s", "at(2027-01-01T00:00:02)", "UTC"), Some(moment)).await;
    let running = node.run();
    tokio::time::sleep(Duration::from_secs(5)).await;
    clock.step(SignedDuration::from_hours(-24));
    tokio::time::sleep(Duration::from_secs(2 * 24 * 3600)).await;
    assert_eq!(received(&mut seen), [moment]);
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn a_step_is_noticed_after_a_restart_too() {
    let (node, clock, mut seen) = node_at("2027-01-01T00:00:00Z").await;
    let far = clock.now() + SignedDuration::from_hours(24);
    put(&node, named("s", "* * * * * *", "UTC"), Some(far)).await;
    node.run();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!((3..=4).contains(&received(&mut seen).len()));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_without_a_next_time_gets_one_at_the_start() {
    let (node, clock, mut seen) = node_at("2027-01-01T00:00:00Z").await;
    put(&node, named("given-up", "* * * * * *", "UTC"), None).await;
    put(&node, named("past", "at(2027-01-01T00:00:02)", "UTC"), None).await;
    put(&node, named("never", "0 0 30 2 *", "UTC"), None).await;
    let disabled = Schedule { enabled: false, ..named("disabled", "* * * * * *", "UTC") };
    put(&node, disabled, None).await;
    node.run();
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let fired = received(&mut seen);
    assert_eq!(fired.len(), 3, "{fired:?}");
    assert!(next_of(&node.stores, "given-up").await.is_some_and(|next| next > clock.now()));
    for name in ["past", "never", "disabled"] {
        assert_eq!(next_of(&node.stores, name).await, None, "{name}");
    }
}

/// What a former version took, or a time zone that went away, holds up nothing
/// but itself, and is not the end of it.
#[tokio::test(start_paused = true)]
async fn a_schedule_whose_next_time_cannot_be_told_keeps_the_one_it_has() {
    let (node, clock, mut seen) = node_at("2027-01-01T00:00:00Z").await;
    let due = clock.now() + SignedDuration::from_secs(1);
    // More than are read in one go.
    for n in 0..250 {
        put(&node, named(&format!("lost-{n}"), "0 0 * * *", "Mars/Olympus"), Some(due)).await;
    }
    put(&node, named("old", "0 0 * MON *", "UTC"), Some(due)).await;
    put(&node, named("old-null", "0 0 * MON *", "UTC"), None).await;
    let well = named("well", "* * * * * *", "UTC");
    put(&node, well, Some(due)).await;
    node.run();
    tokio::time::sleep(Duration::from_millis(120_500)).await;
    let fired = received(&mut seen).len();
    assert!((119..=120).contains(&fired), "{fired}");
    assert_eq!(next_of(&node.stores, "lost-7").await, Some(due));
    assert_eq!(next_of(&node.stores, "old").await, Some(due));
    // Mended by whoever put it: the time it missed is not lost.
    put(&node, named("lost-7", "0 0 * * *", "UTC"), Some(due)).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(received(&mut seen).contains(&due));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_stored_fires_for_its_time_when_it_can() {
    let faults = Faults::new(1);
    let clock = Settable::new("2027-01-01T00:00:00Z".parse().unwrap());
    let node =
        Node::with_clock(Fixture::new(), |stores| stores.with_faults(&faults), clock.clone());
    node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    let due = clock.now() + SignedDuration::from_secs(1);
    put(&node, named("s", "0 0 * * *", "UTC"), Some(due)).await;
    node.run();
    faults.fill_disk(true);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(received(&mut seen), []);
    assert_eq!(next_of(&node.stores, "s").await, Some(due));
    faults.fill_disk(false);
    // The longest pause between two tries is a minute.
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert_eq!(received(&mut seen), [due]);
}
