use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambent_storage::contract::samples;
use lambent_storage::{QueueAttributes, Registry as _};
use lambent_types::{
    Alias, AliasSettings, DeliveryPolicy, ErrorCode, Handler, Outcome, Retry, Source, Split,
    VersionNumber, Weight,
};

use super::{Node, all, event, failed, namespace, next, to};
use crate::fixture::{caller, finished};

const SECOND: Duration = Duration::from_secs(1);

impl Node {
    /// Has alias `live` of `f` lead to a version, after as many were published.
    async fn live(&self, version: u64) {
        let (ns, f) = (namespace(), samples::name("f"));
        let registry = &self.fixture.registry;
        while registry.function(&ns, &f).await.unwrap().unwrap().last_version < version {
            registry.publish(&ns, &f, None).await.unwrap();
        }
        self.alias("live", AliasSettings::of(VersionNumber::Number(version))).await;
    }

    /// Puts an alias of `f`.
    async fn alias(&self, name: &str, settings: AliasSettings) {
        let alias = Alias::new(name.parse().unwrap(), settings, jiff::Timestamp::now());
        let registry = &self.fixture.registry;
        registry.put_alias(&namespace(), &samples::name("f"), alias, None).await.unwrap();
    }

    /// Has alias `live` of `f` lead to version 1, and to version 2 for nearly all that comes.
    async fn split(&self, sticky: Option<&str>) {
        let split = Some(Split { version: 2, weight: Weight::new(0.999_999).unwrap() });
        let sticky = sticky.map(|sticky| sticky.parse().unwrap());
        let first = AliasSettings::of(VersionNumber::Number(1));
        self.alias("live", AliasSettings { split, sticky, ..first }).await;
    }

    /// Publishes versions of `f`, each with a handler and the seconds that it may run.
    async fn versions_of(&self, versions: &[(Handler, u64)]) {
        for (handler, seconds) in versions {
            let timeout_ms = seconds * 1000;
            let change = |head: &mut lambent_types::FunctionVersion| {
                head.configuration.timeout_ms = timeout_ms;
            };
            self.exporting("f", *handler, change).await;
            let (ns, f) = (namespace(), samples::name("f"));
            self.fixture.registry.publish(&ns, &f, None).await.unwrap();
        }
    }

    /// Has what a qualified function leads to handle an event later.
    async fn later(&self, function: &str, id: &str) {
        let found = self.resolved(function).await;
        self.deliveries.invoke_later(&found, &caller(), event(id)).await.unwrap();
    }

    fn versions(&self) -> VersionNumber {
        self.fixture.runner.call.lock().unwrap().as_ref().unwrap().function.version
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_tried_again_goes_by_the_alias_again() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    node.live(1).await;
    let mut seen = node.answer(|event| match event.attempt {
        1 => failed(Retry::Policy),
        _ => Outcome::Ok,
    });
    node.run();
    node.later("f:live", "1").await;
    next(&mut seen).await;
    assert_eq!(node.versions(), VersionNumber::Number(1));
    node.live(2).await;
    next(&mut seen).await;
    assert_eq!(node.versions(), VersionNumber::Number(2));
    assert_eq!((all(&mut seen).await, node.waiting("f:live").await), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn a_number_is_that_version_whatever_the_head_is() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    node.live(2).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    for (qualifier, version) in [
        ("1", VersionNumber::Number(1)),
        ("$LATEST", VersionNumber::Latest),
        ("live", VersionNumber::Number(2)),
    ] {
        node.later(&format!("f:{qualifier}"), "1").await;
        next(&mut seen).await;
        assert_eq!(node.versions(), version);
    }
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_names_an_alias_goes_by_it() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    node.live(1).await;
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.trigger("f:live", &queue, |_| {}).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    for version in [1, 2, 3] {
        node.live(version).await;
        // The poller waited for messages already.
        node.send(&queue, "x", None).await;
        next(&mut seen).await;
        assert_eq!(node.versions(), VersionNumber::Number(version));
    }
}

#[tokio::test(start_paused = true)]
async fn the_version_that_an_event_waits_for_may_be_any_that_takes_it() {
    let node = Node::new();
    node.versions_of(&[(Handler::Event, 3), (Handler::Batch, 3)]).await;
    node.split(None).await;
    let found = node.resolved("f:live").await;
    let refused = node.deliveries.invoke_later(&found, &caller(), event("1")).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::NotInvocable);
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_alias_or_version_was_deleted_is_given_up_as_the_head_says() {
    for function in ["f:live", "f:1"] {
        let node = Node::new();
        let dead = node.queue("dead", QueueAttributes::default()).await;
        let policy = DeliveryPolicy {
            dead_letter: to("queue:dead"),
            attempts_max: 2,
            ..DeliveryPolicy::default()
        };
        node.function("f", policy).await;
        node.live(1).await;
        let mut seen = node.answer(|_| failed(Retry::Policy));
        node.run();
        node.later(function, "1").await;
        next(&mut seen).await;
        let (registry, f) = (&node.fixture.registry, samples::name("f"));
        let live = "live".parse().unwrap();
        registry.delete_alias(&namespace(), &f, &live, None).await.unwrap();
        registry.delete_version(&namespace(), &f, 1).await.unwrap();
        assert_eq!(all(&mut seen).await, []);
        let letters = node.received(&dead).await;
        assert_eq!(letters.len(), 1, "{function}");
        let said = letters[0].all_attributes();
        assert_eq!((&*said["function"], &*said["attempts"]), ("f", "2"));
    }
}

#[tokio::test(start_paused = true)]
async fn however_an_alias_is_spelled_its_events_wait_at_one_place() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    node.live(1).await;
    let running = Arc::new(Mutex::new((0, 0)));
    node.fixture.on_event({
        let running = Arc::clone(&running);
        move |_, _| {
            let running = Arc::clone(&running);
            async move {
                {
                    let mut now = running.lock().unwrap();
                    *now = (now.0 + 1, now.1.max(now.0 + 1));
                }
                tokio::time::sleep(SECOND).await;
                running.lock().unwrap().0 -= 1;
                Ok(finished(Outcome::Ok))
            }
        }
    });
    node.run();
    // A channel has a hundred places; two tasks at it would have twice as many.
    for id in 0..150 {
        for function in ["f:live", "F:LIVE", "f:Live"] {
            node.later(function, &id.to_string()).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(node.waiting("f:live").await, 0);
    assert_eq!(*running.lock().unwrap(), (0, 100));
}

#[tokio::test(start_paused = true)]
async fn events_that_were_waited_for_are_leased_for_the_version_that_handles_them() {
    let node = Node::new();
    node.versions_of(&[(Handler::Event, 1), (Handler::Event, 900)]).await;
    node.live(1).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_event(move |call, event| {
        send.send((event.id, call.function.version)).unwrap();
        async move {
            if call.function.version == VersionNumber::Number(2) {
                tokio::time::sleep(Duration::from_secs(800)).await;
            }
            Ok(finished(Outcome::Ok))
        }
    });
    node.run();
    node.later("f:live", "1").await;
    next(&mut seen).await;
    tokio::time::sleep(SECOND).await;
    // The task waits at the empty channel.
    node.live(2).await;
    node.later("f:live", "2").await;
    assert_eq!(next(&mut seen).await, ("2".into(), VersionNumber::Number(2)));
    assert_eq!(all(&mut seen).await, [], "it came again while it ran");
    assert_eq!(node.waiting("f:live").await, 0);
}

#[tokio::test(start_paused = true)]
async fn messages_stay_invisible_for_the_version_that_handles_them() {
    let node = Node::new();
    node.versions_of(&[(Handler::Event, 1), (Handler::Event, 300)]).await;
    node.live(1).await;
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.trigger("f:live", &queue, |_| {}).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_event(move |call, event| {
        send.send((event.attempt, call.function.version)).unwrap();
        async move {
            tokio::time::sleep(Duration::from_secs(200)).await;
            Ok(finished(Outcome::Ok))
        }
    });
    node.run();
    tokio::time::sleep(SECOND).await;
    // The poller waits for messages.
    node.live(2).await;
    node.send(&queue, "x", None).await;
    assert_eq!(next(&mut seen).await, (1, VersionNumber::Number(2)));
    assert_eq!(all(&mut seen).await, [], "it came again while it ran");
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_group_stay_in_order_where_one_version_takes_no_batches() {
    let node = Node::new();
    node.versions_of(&[(Handler::Batch, 3), (Handler::Event, 3)]).await;
    node.split(None).await;
    let queue = node.queue("q.fifo", QueueAttributes::default()).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let start = node.start;
    node.fixture.on_event(move |_, event| {
        let send = send.clone();
        async move {
            let began = start.elapsed();
            tokio::time::sleep(SECOND).await;
            send.send((event.data.to_vec(), began)).unwrap();
            Ok(finished(Outcome::Ok))
        }
    });
    for body in ["a", "b", "c"] {
        node.send(&queue, body, Some("g")).await;
    }
    node.run();
    node.trigger("f:live", &queue, |_| {}).await;
    let seen = all(&mut seen).await;
    let bodies: Vec<_> = seen.iter().map(|(body, _)| &body[..]).collect();
    assert_eq!(bodies, [b"a", b"b", b"c"]);
    assert!(seen.is_sorted_by(|one, next| next.1 >= one.1 + SECOND), "side by side: {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn messages_for_two_versions_stay_invisible_for_both_in_turn() {
    let node = Node::new();
    node.versions_of(&[(Handler::Batch, 100), (Handler::Batch, 100)]).await;
    let split = Some(Split { version: 2, weight: Weight::new(0.5).unwrap() });
    let sticky = Some("data:/user".parse().unwrap());
    let first = AliasSettings::of(VersionNumber::Number(1));
    node.alias("live", AliasSettings { split, sticky, ..first }).await;
    let queue = node.queue("q", QueueAttributes::default()).await;
    let bodies: [&'static str; 10] = [
        r#"{"user":0}"#,
        r#"{"user":1}"#,
        r#"{"user":2}"#,
        r#"{"user":3}"#,
        r#"{"user":4}"#,
        r#"{"user":5}"#,
        r#"{"user":6}"#,
        r#"{"user":7}"#,
        r#"{"user":8}"#,
        r#"{"user":9}"#,
    ];
    for body in bodies {
        node.send(&queue, body, None).await;
    }
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_batch(move |call, events| {
        send.send((call.function.version, events.len())).unwrap();
        async {
            tokio::time::sleep(Duration::from_secs(90)).await;
            Ok(super::partly(Vec::new()))
        }
    });
    node.run();
    let one_place = |trigger: &mut lambent_types::Trigger| {
        if let Source::Queue { concurrency_max, .. } = &mut trigger.source {
            *concurrency_max = 1;
        }
    };
    node.trigger("f:live", &queue, one_place).await;
    let (first, _) = next(&mut seen).await;
    // The second version has its messages from 90 seconds on.
    tokio::time::sleep(Duration::from_secs(150)).await;
    assert!(node.received(&queue).await.is_empty(), "they came again while they were handled");
    let (second, _) = next(&mut seen).await;
    assert_ne!(first, second);
    assert_eq!(all(&mut seen).await, []);
}
