use lambent_types::Origin;

use super::{apply, delete, fresh, get, set, set_if};
use crate::keyvalue::{Expect, KeyValue, KeyValueError};

pub(in crate::contract) async fn a_batch_is_made_in_its_order(store: &dyn KeyValue) {
    let place = fresh(store, "contract-batch").await;
    let changes = vec![
        set("a", "1"),
        set_if("b", "1", Expect::Absent),
        delete("a"),
        set_if("a", "2", Expect::Absent),
        delete("none"),
    ];
    let made = store.apply(&place.0, &place.1, changes, &Origin::default()).await.unwrap();
    let revisions: Vec<_> = made.iter().flatten().copied().collect();
    assert_eq!(revisions.len(), 4);
    assert!(revisions.is_sorted() && made[4].is_none(), "{made:?}");
    let a = get(store, &place, "a").await.unwrap();
    assert_eq!((a.value.as_ref(), Some(a.revision)), (&b"2"[..], made[3]));
    assert!(store.apply(&place.0, &place.1, vec![], &Origin::default()).await.unwrap().is_empty());
}

pub(in crate::contract) async fn a_batch_is_made_whole_or_not_at_all(store: &dyn KeyValue) {
    let place = fresh(store, "contract-whole").await;
    apply(store, &place, set("old", "1")).await.unwrap();
    let before = get(store, &place, "old").await;
    let changes = vec![
        set("new", "1"),
        set("old", "2"),
        delete("old"),
        set_if("x", "1", Expect::Revision(9)),
    ];
    let refused = store.apply(&place.0, &place.1, changes, &Origin::default()).await;
    match refused {
        Err(KeyValueError::Expectation { key, current: None }) => assert_eq!(key, "x"),
        other => panic!("{other:?}"),
    }
    assert_eq!(get(store, &place, "new").await, None);
    assert_eq!(get(store, &place, "old").await, before);
}
