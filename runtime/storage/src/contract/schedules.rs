use jiff::{Timestamp, ToSpan as _};
use lambent_types::{Schedule, occurrence};

use super::samples::{namespace, schedule};
use crate::event_log::Channel;
use crate::resources::ResourceError;
use crate::stores::Stores;

pub(super) async fn a_time_fires_once(stores: &Stores) {
    let (times, log) = (&stores.schedules, &stores.events);
    let store = stores.resources.of::<Schedule>();
    let (ns, one) = (namespace("contract-schedule"), schedule("Every-minute"));
    let first = Timestamp::UNIX_EPOCH;
    let (second, never) = (first + 1.minute(), None);
    store.put(&ns, &one, Some(first)).await.unwrap();
    let found = store.get(&ns, &"every-minute".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((&found.specification, found.next), (&one, Some(first)));
    let (due, _) = times.due(first, 1).await.unwrap();
    assert_eq!(due, [(ns.clone(), found.clone())]);

    let event = |at| vec![occurrence::schedule(&one.name, None, at)];
    let fire = |revision, at, next| times.fire(&ns, &one.name, revision, Some(at), event(at), next);
    assert!(!fire(found.revision + 1, first, Some(second)).await.unwrap());
    assert!(fire(found.revision, first, Some(second)).await.unwrap());
    // Somebody else was first.
    assert!(!fire(found.revision, first, Some(second)).await.unwrap());
    let channel = Channel::Schedule(one.name.clone());
    assert_eq!(log.depth(&ns, &channel).await.unwrap().ready, 1);
    let (due, next) = times.due(first, 10).await.unwrap();
    assert!(due.is_empty() && next == Some(second), "{due:?} {next:?}");

    // A changed schedule is another revision, also after a deletion.
    store.put(&ns, &one, Some(second)).await.unwrap();
    assert!(!fire(found.revision, second, never).await.unwrap());
    store.delete(&ns, &one.name).await.unwrap();
    let again = store.delete(&ns, &one.name).await;
    assert!(matches!(again, Err(ResourceError::NotFound)), "{again:?}");
    assert_eq!(log.depth(&ns, &channel).await.unwrap(), crate::Depth::default());
    store.put(&ns, &one, Some(second)).await.unwrap();
    assert!(!fire(found.revision, second, never).await.unwrap());
    let renewed = store.get(&ns, &one.name).await.unwrap().unwrap();
    assert!(fire(renewed.revision, second, never).await.unwrap());
    assert_eq!(store.list(&ns).await.unwrap()[0].next, never);
    // One that fires no more is made to, and fires at another time, without an event.
    let set = |was, next| times.fire(&ns, &one.name, renewed.revision, was, vec![], next);
    assert!(!set(Some(second), Some(first)).await.unwrap());
    assert!(set(never, Some(second)).await.unwrap());
    assert!(!set(never, Some(second)).await.unwrap());
    assert!(set(Some(second), Some(first)).await.unwrap());
    assert_eq!(store.list(&ns).await.unwrap()[0].next, Some(first));
    assert_eq!(log.depth(&ns, &channel).await.unwrap().ready, 1);
    store.delete(&ns, &one.name).await.unwrap();
}
