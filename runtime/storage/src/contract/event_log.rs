use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{Event, Origin, occurrence};

use super::samples::{name, namespace};
use crate::event_log::{Channel, EventLog, Settlement};

pub(super) async fn an_event_comes_until_it_is_done(log: &dyn EventLog) {
    let (ns, channel) = (namespace("contract-events"), Channel::Function(name("f").into()));
    let schedule = "s".parse().unwrap();
    let event: Event = occurrence::schedule(&schedule, None, Timestamp::UNIX_EPOCH);
    log.append(&ns, &channel, event.clone(), &Origin::default()).await.unwrap();
    assert!(log.backlog().await.unwrap().contains(&(ns.clone(), channel.clone())));
    let lease = Duration::from_secs(60);
    let mut appended = None;
    // A retry counts, a release does not.
    for (attempt, settlement) in [
        (1, Settlement::Retry(Timestamp::UNIX_EPOCH)),
        (2, Settlement::Release(Timestamp::UNIX_EPOCH)),
        (2, Settlement::Done),
    ] {
        let got = log.receive(&ns, &channel, 10, lease, Duration::ZERO).await.unwrap();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].event, Event { attempt, ..event.clone() });
        assert_eq!(*appended.get_or_insert(got[0].appended), got[0].appended);
        let none = log.receive(&ns, &channel, 10, lease, Duration::ZERO).await.unwrap();
        assert!(none.is_empty());
        log.settle(&ns, &channel, vec![(got[0].receipt.clone(), settlement)]).await.unwrap();
    }
    assert_eq!(log.depth(&ns, &channel).await.unwrap(), crate::Depth::default());
}

pub(super) async fn messages_of_a_fifo_topic_come_in_the_order_of_their_group(log: &dyn EventLog) {
    let ns = namespace("contract-topics");
    let (lease, never) = (Duration::from_secs(60), Duration::ZERO);
    for (topic, in_order) in [("t.fifo", true), ("t", false)] {
        let channel = Channel::Topic(topic.parse().unwrap());
        for (id, group) in [("1", "a"), ("2", "a"), ("3", "b")] {
            let schedule = "s".parse().unwrap();
            let event = occurrence::schedule(&schedule, None, Timestamp::UNIX_EPOCH);
            let event = Event { id: id.into(), subject: Some(group.into()), ..event };
            log.append(&ns, &channel, event, &Origin::default()).await.unwrap();
        }
        let first = log.receive(&ns, &channel, 1, lease, never).await.unwrap();
        assert_eq!(first[0].event.id, "1", "{topic}");
        assert_eq!(first[0].group.as_deref(), in_order.then_some("a"), "{topic}");
        // What follows in the group waits, and comes after the first when that comes again.
        let others = log.receive(&ns, &channel, 10, lease, never).await.unwrap();
        let ids: Vec<_> = others.iter().map(|one| one.event.id.as_str()).collect();
        assert_eq!(ids, if in_order { vec!["3"] } else { vec!["2", "3"] }, "{topic}");
        let again = Settlement::Release(Timestamp::UNIX_EPOCH);
        log.settle(&ns, &channel, vec![(first[0].receipt.clone(), again)]).await.unwrap();
        let rest = log.receive(&ns, &channel, 10, lease, never).await.unwrap();
        let ids: Vec<_> = rest.iter().map(|one| one.event.id.as_str()).collect();
        assert_eq!(ids, if in_order { vec!["1", "2"] } else { vec!["1"] }, "{topic}");
    }
}
