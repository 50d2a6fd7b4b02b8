use jiff::{Timestamp, ToSpan as _};
use lambent_types::occurrence;

use super::samples::{namespace, schedule};
use crate::event_log::{Channel, EventLog};
use crate::schedules::{ScheduleError, Schedules};

pub(super) async fn a_time_fires_once(store: &dyn Schedules, log: &dyn EventLog) {
    let (ns, one) = (namespace("contract-schedule"), schedule("Every-minute"));
    let first = Timestamp::UNIX_EPOCH;
    let (second, never) = (first + 1.minute(), None);
    store.put(&ns, one.clone(), Some(first)).await.unwrap();
    let found = store.get(&ns, &"every-minute".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((&found.schedule, found.next), (&one, Some(first)));
    let (due, _) = store.due(first, 1).await.unwrap();
    assert_eq!(due, [(ns.clone(), found.clone())]);

    let event = |at| vec![occurrence::schedule(&one.name, None, at)];
    let fire = |revision, at, next| store.fire(&ns, &one.name, revision, Some(at), event(at), next);
    assert!(!fire(found.revision + 1, first, Some(second)).await.unwrap());
    assert!(fire(found.revision, first, Some(second)).await.unwrap());
    // Somebody else was first.
    assert!(!fire(found.revision, first, Some(second)).await.unwrap());
    let channel = Channel::Schedule(one.name.clone());
    assert_eq!(log.depth(&ns, &channel).await.unwrap().ready, 1);
    let (due, next) = store.due(first, 10).await.unwrap();
    assert!(due.is_empty() && next == Some(second), "{due:?} {next:?}");

    // A changed schedule is another revision, also after a deletion.
    store.put(&ns, one.clone(), Some(second)).await.unwrap();
    assert!(!fire(found.revision, second, never).await.unwrap());
    store.delete(&ns, &one.name).await.unwrap();
    let again = store.delete(&ns, &one.name).await;
    assert!(matches!(again, Err(ScheduleError::NotFound)), "{again:?}");
    assert_eq!(log.depth(&ns, &channel).await.unwrap(), crate::Depth::default());
    store.put(&ns, one.clone(), Some(second)).await.unwrap();
    assert!(!fire(found.revision, second, never).await.unwrap());
    let renewed = store.get(&ns, &one.name).await.unwrap().unwrap();
    assert!(fire(renewed.revision, second, never).await.unwrap());
    assert_eq!(store.list(&ns).await.unwrap()[0].next, never);
    // One that fires no more is made to, and fires at another time, without an event.
    let set = |was, next| store.fire(&ns, &one.name, renewed.revision, was, vec![], next);
    assert!(!set(Some(second), Some(first)).await.unwrap());
    assert!(set(never, Some(second)).await.unwrap());
    assert!(!set(never, Some(second)).await.unwrap());
    assert!(set(Some(second), Some(first)).await.unwrap());
    assert_eq!(store.list(&ns).await.unwrap()[0].next, Some(first));
    assert_eq!(log.depth(&ns, &channel).await.unwrap().ready, 1);
    store.delete(&ns, &one.name).await.unwrap();
}

/// Every schedule is found once, of whichever namespace, page by page.
pub(super) async fn schedules_are_read_in_pages(store: &dyn Schedules) {
    let owners: Vec<_> = (0..9).map(|n| namespace(&format!("contract-page-{n}"))).collect();
    let mut all = Vec::new();
    for owner in &owners {
        for text in ["b", "A", "c-0"] {
            store.put(owner, schedule(text), None).await.unwrap();
            all.push((owner.clone(), text.to_ascii_lowercase()));
        }
    }
    all.sort_by_key(|(owner, name)| (owner.key(), name.clone()));
    for limit in [1, 4, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.page(after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some((owner, last)) = page.last() else { break };
            after = Some((owner.clone(), last.schedule.name.clone()));
            found.extend(page.into_iter().map(|(owner, one)| (owner, one.schedule.name.key())));
        }
        found.retain(|(owner, _)| owners.contains(owner));
        assert_eq!(found, all, "in pages of {limit}");
    }
    for owner in &owners {
        for text in ["a", "b", "c-0"] {
            store.delete(owner, &text.parse().unwrap()).await.unwrap();
        }
    }
}
