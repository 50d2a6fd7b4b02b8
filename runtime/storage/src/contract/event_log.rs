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
