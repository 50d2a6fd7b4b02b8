use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambent_dispatch::Delivered;
use lambent_storage::{QueueAttributes, Redrive};
use lambent_types::{Handler, Outcome, Retry, Source};

use super::{Node, all, failed, failure, next, partly};
use crate::fixture::finished;

const SECOND: Duration = Duration::from_secs(1);

fn text(event: &lambent_types::Event) -> String {
    String::from_utf8(event.data.to_vec()).unwrap()
}

/// What was handed over, in its order.
fn texts(seen: &[super::Seen]) -> Vec<String> {
    seen.iter().map(|(event, _)| text(event)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_is_handled_at_once_and_deleted() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let sent = node.start.elapsed();
    node.send(&queue, "a", None).await;
    let (event, at) = next(&mut seen).await;
    assert_eq!((text(&event), &*event.kind, at), ("a".into(), "lambent.queue.message.v1", sent));
    assert_eq!(all(&mut seen).await, []);
    let depth = node.stores.queues.depth(&super::namespace(), &queue).await.unwrap();
    assert_eq!((depth.ready, depth.in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_only_what_failed_comes_again() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_batch(move |_, events| {
        let failing = |(place, event): (u32, &lambent_types::Event)| {
            (text(event) == "b" && event.attempt == 1).then(|| (place, failure(Retry::Policy)))
        };
        let failed = (0..).zip(&events).filter_map(failing).collect();
        send.send(events.iter().map(text).collect::<Vec<_>>()).unwrap();
        async { Ok(partly(failed)) }
    });
    for body in ["a", "b", "c"] {
        node.send(&queue, body, None).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    assert_eq!(next(&mut seen).await, ["a", "b", "c"]);
    assert_eq!(next(&mut seen).await, ["b"]);
    assert_eq!(all(&mut seen).await, Vec::<Vec<String>>::new());
    assert_eq!(node.count(Delivered::Succeeded), 3);
}

#[tokio::test(start_paused = true)]
async fn of_an_ordered_batch_all_from_the_first_failure_on_comes_again() {
    let node = Node::new();
    let queue = node.queue("q.fifo", QueueAttributes::default()).await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let calls = AtomicUsize::new(0);
    node.fixture.on_batch(move |_, events| {
        let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
        send.send(events.iter().map(text).collect::<Vec<_>>()).unwrap();
        let failed = if first { vec![(1, failure(Retry::Policy))] } else { vec![] };
        async { Ok(partly(failed)) }
    });
    for body in ["a", "b", "c", "d"] {
        node.send(&queue, body, Some("g")).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    assert_eq!(next(&mut seen).await, ["a", "b", "c", "d"]);
    assert_eq!(next(&mut seen).await, ["b", "c", "d"]);
    assert_eq!(all(&mut seen).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_an_ordered_batch_what_follows_a_failure_of_its_group_is_not_counted() {
    let node = Node::new();
    let dead = node.queue("dead.fifo", QueueAttributes::default()).await;
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 2 });
    let queue = node.queue("q.fifo", QueueAttributes { redrive, ..Default::default() }).await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_batch(move |_, events| {
        // As Lambda asks: from the first failure of a group on it reports all.
        let group = |event: &lambent_types::Event| event.subject.clone();
        let poison: Vec<_> = events.iter().filter(|one| text(one).starts_with('x')).collect();
        let stopped = |event: &lambent_types::Event| {
            poison
                .iter()
                .any(|one| group(one) == group(event) && text(one)[1..] <= text(event)[1..])
        };
        let failed = (0..).zip(&events).filter(|(_, event)| stopped(event));
        let failed = failed.map(|(place, _)| (place, failure(Retry::Policy))).collect::<Vec<_>>();
        for (place, event) in (0..).zip(&events) {
            if !failed.iter().any(|(one, _)| *one == place) {
                send.send((text(event), event.attempt)).unwrap();
            }
        }
        async { Ok(partly(failed)) }
    });
    for (body, group) in
        [("x0", "g"), ("a1", "g"), ("a2", "g"), ("b0", "h"), ("x1", "h"), ("b2", "h")]
    {
        node.send(&queue, body, Some(group)).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    let handled = all(&mut seen).await;
    for (body, group) in [("a1", "g"), ("a2", "g"), ("b0", "h"), ("b2", "h")] {
        assert!(handled.contains(&(body.into(), 1)), "{body} of {group}: {handled:?}");
    }
    let mut letters: Vec<_> =
        node.received(&dead).await.iter().map(|letter| letter.body.clone()).collect();
    letters.sort();
    assert_eq!(letters, ["x0", "x1"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_received_than_there_is_room_for() {
    let node = Node::with(crate::fixture::Fixture::with_concurrency(2), |stores| stores);
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_event(move |_, event| {
        let send = send.clone();
        async move {
            tokio::time::sleep(3 * SECOND).await;
            send.send((text(&event), event.attempt)).unwrap();
            Ok(finished(Outcome::Ok))
        }
    });
    for body in ["a", "b", "c", "d"] {
        node.send(&queue, body, None).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    tokio::time::sleep(SECOND).await;
    let depth = node.stores.queues.depth(&super::namespace(), &queue).await.unwrap();
    // One function may have one of two places.
    assert_eq!((depth.in_flight, depth.ready), (1, 3));
    let handled = all(&mut seen).await;
    assert_eq!(handled, ["a", "b", "c", "d"].map(|body| (body.to_owned(), 1)));
    assert_eq!(node.count(Delivered::Postponed), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_node_refuses_one_message_at_a_time_is_tried() {
    let node = Node::new();
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 1 });
    let queue = node.queue("q", QueueAttributes { redrive, ..Default::default() }).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let (tries, until) = (Arc::new(AtomicUsize::new(0)), node.start + 100 * SECOND);
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let tried = tries.clone();
    node.fixture.on_event(move |_, event| {
        tried.fetch_add(1, Ordering::Relaxed);
        let full = tokio::time::Instant::now() < until;
        if !full {
            send.send((text(&event), event.attempt)).unwrap();
        }
        async move {
            let error = lambent_types::ErrorCode::Overloaded;
            let refused = lambent_types::Error::new(error, "no memory");
            if full { Err(refused) } else { Ok(finished(Outcome::Ok)) }
        }
    });
    let bodies: [&'static str; 4] = ["a", "b", "c", "d"];
    for body in bodies {
        node.send(&queue, body, None).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    tokio::time::sleep(100 * SECOND).await;
    // Not in a circle as fast as it can, and not never.
    let tries = tries.load(Ordering::Relaxed);
    assert!((20..=210).contains(&tries), "{tries}");
    let mut handled = all(&mut seen).await;
    handled.sort();
    assert_eq!(handled, bodies.map(|body| (body.to_owned(), 1)));
    assert_eq!(node.received(&dead).await, []);
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_to_compare_goes_to_the_dead_letters_and_says_why() {
    let node = Node::new();
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 5 });
    let queue = node.queue("q", QueueAttributes { redrive, ..Default::default() }).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    let pattern = |n: usize| {
        let matchers: Vec<_> = (0..180)
            .map(
                |m| serde_json::json!({"equals-ignore-case": format!("{n}-{m}{}", "A".repeat(50))}),
            )
            .collect();
        serde_json::json!({ "data": { "a": matchers } }).try_into().unwrap()
    };
    node.trigger("f", &queue, |trigger| trigger.patterns = (0..10).map(pattern).collect()).await;
    let data = serde_json::json!({ "a": vec!["aaaaaaaaaaaaaaaaaaaaaaaa"; 30_000] });
    let message = lambent_storage::NewMessage {
        body: data.to_string().into(),
        content_type: Some("application/json".into()),
        ..Default::default()
    };
    node.send_from(&queue, message, super::Origin::default()).await;
    assert_eq!(all(&mut seen).await, []);
    let letters = node.received(&dead).await;
    assert_eq!(letters[0].all_attributes()["errortype"], "Lambent.PatternTooCostly");
    assert!(letters[0].all_attributes()["errormessage"].contains("fewer matchers"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_as_a_whole_comes_again_as_a_whole() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_batch(move |_, events| {
        send.send(events.iter().map(text).collect::<Vec<_>>()).unwrap();
        let outcome = if events[0].attempt == 1 { failed(Retry::Policy) } else { Outcome::Ok };
        async move { Ok(finished(outcome)) }
    });
    for body in ["a", "b"] {
        node.send(&queue, body, None).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    let mut seen: Vec<_> = all(&mut seen).await.concat();
    seen.sort();
    assert_eq!(seen, ["a", "a", "b", "b"]);
}

#[tokio::test(start_paused = true)]
async fn each_group_keeps_its_order_whatever_fails() {
    let node = Node::new();
    let queue = node.queue("q.fifo", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let done = Arc::new(Mutex::new(Vec::new()));
    let kept = done.clone();
    let mut seen = node.answer(move |event| {
        // Every third fails at first.
        if event.attempt == 1 && text(event).ends_with(['0', '3']) {
            return failed(Retry::Policy);
        }
        kept.lock().unwrap().push(text(event));
        Outcome::Ok
    });
    let names = ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"];
    for name in names {
        node.send(&queue, name, Some(&name[..1])).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    all(&mut seen).await;
    let done = done.lock().unwrap();
    for group in ["a", "b"] {
        let in_group: Vec<_> = done.iter().filter(|name| name.starts_with(group)).collect();
        let expected: Vec<_> = names.iter().filter(|name| name.starts_with(group)).collect();
        assert_eq!(in_group, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_takes_longer_than_the_visibility_timeout_is_handled_once() {
    let node = Node::new();
    let queue = node.queue("q.fifo", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |head| head.configuration.timeout_ms = 30_000).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_event(move |_, event| {
        send.send((text(&event), event.attempt)).unwrap();
        async {
            tokio::time::sleep(29 * SECOND).await;
            Ok(finished(Outcome::Ok))
        }
    });
    let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    for name in names {
        node.send(&queue, name, Some("g")).await;
    }
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    assert_eq!(all(&mut seen).await, names.map(|name| (name.to_owned(), 1)));
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_goes_to_the_dead_letters_at_once() {
    let node = Node::new();
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 10 });
    let queue = node.queue("q", QueueAttributes { redrive, ..Default::default() }).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| failed(Retry::Never));
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    let message = lambent_storage::NewMessage {
        body: "a".into(),
        attributes: [("tenant".to_owned(), "x".to_owned())].into(),
        ..Default::default()
    };
    node.send_from(&queue, message, super::Origin::default()).await;
    assert_eq!(texts(&all(&mut seen).await), ["a"]);
    let letters = node.received(&dead).await;
    assert_eq!((letters.len(), &letters[0].body[..]), (1, &b"a"[..]));
    assert_eq!(letters[0].all_attributes()["tenant"], "x");
    assert_eq!(letters[0].all_attributes()["errortype"], "Oops");
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_the_trigger_says() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let highest = most.clone();
    node.fixture.on_event(move |_, event| {
        highest.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let (send, running) = (send.clone(), running.clone());
        async move {
            tokio::time::sleep(SECOND).await;
            running.fetch_sub(1, Ordering::Relaxed);
            send.send(text(&event)).unwrap();
            Ok(finished(Outcome::Ok))
        }
    });
    for body in ["a", "b", "c", "d", "e", "f", "g"] {
        node.send(&queue, body, None).await;
    }
    node.run();
    node.trigger("f", &queue, |trigger| {
        if let Source::Queue { concurrency_max, .. } = &mut trigger.source {
            *concurrency_max = 3;
        }
    })
    .await;
    assert_eq!((all(&mut seen).await.len(), most.load(Ordering::Relaxed)), (7, 3));
}

#[tokio::test(start_paused = true)]
async fn a_batch_fills_for_its_window_and_is_handled_when_the_node_drains() {
    for drains in [false, true] {
        let node = Node::new();
        let queue = node.queue("q", QueueAttributes::default()).await;
        node.exporting("f", Handler::Batch, |_| {}).await;
        let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let start = node.start;
        node.fixture.on_batch(move |_, events| {
            send.send((events.len(), start.elapsed())).unwrap();
            async { Ok(partly(vec![])) }
        });
        let running = node.run();
        node.trigger("f", &queue, |trigger| {
            if let Source::Queue { batch_window_ms, .. } = &mut trigger.source {
                *batch_window_ms = 10_000;
            }
        })
        .await;
        node.send(&queue, "a", None).await;
        tokio::time::sleep(5 * SECOND).await;
        node.send(&queue, "b", None).await;
        tokio::time::sleep(SECOND).await;
        if drains {
            node.drain.cancel();
            running.await.unwrap();
        }
        let at = if drains { 6 * SECOND } else { 10 * SECOND };
        assert_eq!(next(&mut seen).await, (2, at));
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_one_trigger_does_not_wait_for_what_another_runs() {
    let node = Node::new();
    let (slow, fast) = (
        node.queue("slow", QueueAttributes::default()).await,
        node.queue("fast", QueueAttributes::default()).await,
    );
    node.exporting("f", Handler::Event, |head| head.configuration.timeout_ms = 900_000).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let start = node.start;
    node.fixture.on_event(move |_, event| {
        send.send((text(&event), start.elapsed())).unwrap();
        async move {
            if text(&event) == "slow" {
                tokio::time::sleep(600 * SECOND).await;
            }
            Ok(finished(Outcome::Ok))
        }
    });
    node.run();
    node.trigger("f", &slow, |_| {}).await;
    node.send(&slow, "slow", None).await;
    next(&mut seen).await;
    node.trigger("f", &slow, |trigger| trigger.enabled = false).await;
    node.send(&fast, "fast", None).await;
    node.trigger("f", &fast, |trigger| trigger.name = "other".parse().unwrap()).await;
    let sent = node.start.elapsed();
    assert_eq!(next(&mut seen).await, ("fast".into(), sent));
}

#[tokio::test(start_paused = true)]
async fn what_no_pattern_wants_is_deleted_and_not_handled() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    let pattern = serde_json::json!({"data": {"total": [{"numeric": [">", 100]}]}});
    node.trigger("f", &queue, |trigger| trigger.patterns = vec![pattern.try_into().unwrap()]).await;
    for body in ["{\"total\":100}", "{\"total\":101}", "no JSON"] {
        let message = lambent_storage::NewMessage {
            body: body.into(),
            content_type: Some("application/json".into()),
            ..Default::default()
        };
        node.send_from(&queue, message, super::Origin::default()).await;
    }
    assert_eq!(texts(&all(&mut seen).await), ["{\"total\":101}"]);
    assert_eq!((node.count(Delivered::Unwanted), node.received(&queue).await), (2, vec![]));
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_disabled_trigger_wait() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.exporting("f", Handler::Event, |_| {}).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    node.trigger("f", &queue, |_| {}).await;
    tokio::time::sleep(SECOND).await;
    node.trigger("f", &queue, |trigger| trigger.enabled = false).await;
    tokio::time::sleep(SECOND).await;
    node.send(&queue, "a", None).await;
    assert_eq!(all(&mut seen).await, []);
    node.trigger("f", &queue, |_| {}).await;
    assert_eq!(texts(&all(&mut seen).await), ["a"]);
}
