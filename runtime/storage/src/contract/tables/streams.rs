use std::sync::Arc;
use std::time::Duration;

use lambent_tables::{
    Item, ItemChange, StreamRecord, StreamSequence, StreamView, TableDefinition, Value,
};
use lambent_types::{FunctionName, ManualClock, Namespace, Origin};
use serde_json::json;

use super::{Place, by_id, delete, fresh, id, invalid, item, make, of_id, put, table, update};
use crate::quota::Quota;
use crate::stores::Stores;
use crate::tables::{StreamChange, StreamPage, TableError, TableStream, Tables};

const HOUR: Duration = Duration::from_hours(1);

fn with(view: StreamView) -> TableDefinition {
    TableDefinition { stream: Some(view), ..by_id() }
}

/// The last stream of a table.
async fn stream(store: &dyn Tables, (namespace, table): &Place) -> TableStream {
    store.stream(namespace, table, None).await.unwrap().unwrap()
}

async fn read(
    store: &dyn Tables,
    (namespace, table): &Place,
    label: &str,
    (from, limit): (StreamSequence, usize),
) -> Result<StreamPage, TableError> {
    store.stream_records(namespace, table, label, from, limit, Duration::ZERO).await
}

/// All records that can be read of the last stream, a few at a time.
async fn records(store: &dyn Tables, place: &Place) -> Vec<StreamRecord> {
    let stream = stream(store, place).await;
    let (mut all, mut from) = (Vec::new(), stream.oldest);
    loop {
        let page = read(store, place, &stream.label, (from, 3)).await.unwrap();
        if page.records.is_empty() {
            return all;
        }
        all.extend(page.records.into_iter().map(|change| change.record));
        from = page.next;
    }
}

fn numbers(records: &[StreamRecord]) -> Vec<u64> {
    records.iter().map(|record| record.sequence.0).collect()
}

pub(in crate::contract) async fn each_change_has_a_record_and_nothing_else(store: &dyn Tables) {
    let place = fresh(store, "contract-streams", with(StreamView::NewAndOldImages)).await;
    assert_eq!(table(store, &place).await.stream, Some(stream(store, &place).await.label));
    make(store, &place, put(&place, of_id("a", 1))).await.unwrap();
    make(store, &place, put(&place, of_id("a", 2))).await.unwrap();
    // What changes nothing, and what is refused, has no record.
    make(store, &place, put(&place, of_id("a", 2))).await.unwrap();
    make(store, &place, delete(&place, id("none"))).await.unwrap();
    let same = update(&place, id("a"), "SET n = :0", &[super::number(2)]);
    make(store, &place, same).await.unwrap();
    let refused = super::only_if(put(&place, of_id("a", 3)), "attribute_not_exists(id)", &[]);
    make(store, &place, refused).await.unwrap_err();
    make(store, &place, update(&place, id("a"), "REMOVE n", &[])).await.unwrap();
    make(store, &place, delete(&place, id("a"))).await.unwrap();
    // The records of a transaction are in its order.
    let origin = Origin::default().enter(&"writer".parse::<FunctionName>().unwrap()).unwrap();
    let writes = ["c", "b", "d"].map(|key| put(&place, of_id(key, 1))).to_vec();
    store.transact(&place.0, writes, None, &origin).await.unwrap();

    let found = records(store, &place).await;
    assert_eq!(numbers(&found), [1, 2, 3, 4, 5, 6, 7]);
    let images = |old: Option<Item>, new: Option<Item>| (old, new);
    let seen: Vec<_> = found.iter().map(|one| (one.old.clone(), one.new.clone())).collect();
    assert_eq!(
        seen,
        [
            images(None, Some(of_id("a", 1))),
            images(Some(of_id("a", 1)), Some(of_id("a", 2))),
            images(Some(of_id("a", 2)), Some(id("a"))),
            images(Some(id("a")), None),
            images(None, Some(of_id("c", 1))),
            images(None, Some(of_id("b", 1))),
            images(None, Some(of_id("d", 1))),
        ]
    );
    let changes: Vec<_> = found.iter().take(4).map(|one| one.change).collect();
    let expected = [ItemChange::Insert, ItemChange::Modify, ItemChange::Modify, ItemChange::Remove];
    assert_eq!(changes, expected);
    assert!(found.iter().all(|one| !one.expired && one.size == one.counted()));
    assert_eq!(found[0].keys, id("a"));
    let label = stream(store, &place).await.label;
    let page = read(store, &place, &label, (StreamSequence(4), 2)).await.unwrap();
    let origins: Vec<_> =
        page.records.into_iter().map(|StreamChange { origin, .. }| origin).collect();
    assert_eq!(origins, [Origin::default(), origin]);
    assert_eq!((page.next, page.closed), (StreamSequence(6), false));
}

pub(in crate::contract) async fn a_view_says_what_is_kept(store: &dyn Tables) {
    use StreamView::{KeysOnly, NewAndOldImages, NewImage, OldImage};
    for view in [KeysOnly, NewImage, OldImage, NewAndOldImages] {
        let namespace = format!("contract-{}", view.aws_name().to_lowercase().replace('_', "-"));
        let place = fresh(store, &namespace, with(view)).await;
        make(store, &place, put(&place, of_id("a", 1))).await.unwrap();
        make(store, &place, put(&place, of_id("a", 2))).await.unwrap();
        let last = records(store, &place).await.remove(1);
        let (old, new) = (
            matches!(view, OldImage | NewAndOldImages),
            matches!(view, NewImage | NewAndOldImages),
        );
        assert_eq!(last.old, old.then(|| of_id("a", 1)));
        assert_eq!(last.new, new.then(|| of_id("a", 2)));
        assert_eq!((last.keys, last.change), (id("a"), ItemChange::Modify));
    }
}

pub(in crate::contract) async fn streams_come_and_end(store: &dyn Tables) {
    let place = fresh(store, "contract-streamends", by_id()).await;
    let (ns, t) = (&place.0, &place.1);
    assert_eq!(store.stream(ns, t, None).await.unwrap(), None);
    make(store, &place, put(&place, of_id("before", 1))).await.unwrap();
    store.update_table(ns, t, with(StreamView::NewImage), None).await.unwrap();
    let first = stream(store, &place).await;
    assert_eq!((first.enabled, first.view, &first.key), (true, StreamView::NewImage, &by_id().key));
    assert_eq!((first.oldest, first.next), (StreamSequence(1), StreamSequence(1)));
    let other = store.update_table(ns, t, with(StreamView::KeysOnly), None).await;
    invalid(other, "Table already has an enabled stream");
    make(store, &place, put(&place, of_id("a", 1))).await.unwrap();
    let page = read(store, &place, &first.label, (StreamSequence(1), 9)).await.unwrap();
    assert_eq!((page.records.len(), page.closed), (1, false));

    store.update_table(ns, t, by_id(), None).await.unwrap();
    make(store, &place, put(&place, of_id("a", 2))).await.unwrap();
    let page = read(store, &place, &first.label, (StreamSequence(1), 9)).await.unwrap();
    assert_eq!((page.records.len(), page.next, page.closed), (1, StreamSequence(2), true));
    let ended = stream(store, &place).await;
    assert_eq!((ended.enabled, &ended.label), (false, &first.label));

    store.update_table(ns, t, with(StreamView::KeysOnly), None).await.unwrap();
    let second = stream(store, &place).await;
    assert!(second.enabled && second.label > first.label && second.created > first.created);
    make(store, &place, put(&place, of_id("a", 3))).await.unwrap();
    assert_eq!(numbers(&records(store, &place).await), [1]);
    store.delete_table(ns, t).await.unwrap();
    let page = read(store, &place, &second.label, (StreamSequence(1), 9)).await.unwrap();
    assert_eq!((page.records.len(), page.closed), (1, true));
    // A table that has its name has streams of its own.
    store.create_table(ns, t, with(StreamView::KeysOnly)).await.unwrap();
    let third = stream(store, &place).await;
    assert!(third.label > second.label && third.next == StreamSequence(1));

    let labels = async |of, after, limit| {
        let found = store.streams(ns, of, after, limit).await.unwrap();
        found.into_iter().map(|stream| stream.label).collect::<Vec<_>>()
    };
    let all = [&first.label, &second.label, &third.label];
    assert_eq!(labels(None, None, 9).await, all.map(String::as_str));
    assert_eq!(labels(Some(t), Some((t, first.label.as_str())), 1).await, [second.label.as_str()]);
    let other = super::name("Other");
    assert!(labels(Some(&other), None, 9).await.is_empty());
    let found = store.stream(ns, t, Some(&second.label)).await.unwrap().unwrap();
    assert!(!found.enabled);
    let none = read(store, &place, "2015-05-11T21:21:33.291", (StreamSequence(1), 9)).await;
    assert!(matches!(none, Err(TableError::NoStream(..))), "{none:?}");
    let trimmed = read(store, &place, &third.label, (StreamSequence(0), 9)).await;
    assert!(
        matches!(trimmed, Err(TableError::Trimmed { oldest: StreamSequence(1) })),
        "{trimmed:?}"
    );
    // Another namespace has none of them, and of one that is deleted nothing is left.
    let other = super::namespace("contract-streamends2");
    assert_eq!(store.stream(&other, t, Some(&first.label)).await.unwrap(), None);
    store.delete_table(ns, t).await.unwrap();
    store.discard_streams(ns).await.unwrap();
    assert!(labels(None, None, 9).await.is_empty());
}

pub(in crate::contract) async fn a_reader_waits_for_the_next_record(store: &Arc<dyn Tables>) {
    let place = fresh(&**store, "contract-streamwait", with(StreamView::KeysOnly)).await;
    let label = stream(&**store, &place).await.label;
    let wait = |from: u64| {
        let (store, place, label) = (Arc::clone(store), place.clone(), label.clone());
        tokio::spawn(async move {
            let minute = Duration::from_mins(1);
            let from = StreamSequence(from);
            store.stream_records(&place.0, &place.1, &label, from, 9, minute).await
        })
    };
    let waiting = wait(1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    make(&**store, &place, put(&place, of_id("a", 1))).await.unwrap();
    let page = waiting.await.unwrap().unwrap();
    assert_eq!((page.records.len(), page.next), (1, StreamSequence(2)));
    // The end is waited for no longer than it takes.
    let waiting = wait(2);
    tokio::time::sleep(Duration::from_millis(50)).await;
    store.update_table(&place.0, &place.1, by_id(), None).await.unwrap();
    let page = waiting.await.unwrap().unwrap();
    assert_eq!((page.records.len(), page.closed), (0, true));
}

pub(in crate::contract) async fn a_page_of_records_is_bounded(store: &dyn Tables) {
    let place = fresh(store, "contract-streampage", with(StreamView::NewAndOldImages)).await;
    let large = |n: i64| {
        let mut item = of_id("a", n);
        item.insert("b".into(), Value::B(vec![0; 390 << 10]));
        item
    };
    for n in 0..4 {
        make(store, &place, put(&place, large(n))).await.unwrap();
    }
    let label = stream(store, &place).await.label;
    let mut from = StreamSequence::FIRST;
    let mut sizes = Vec::new();
    while from < StreamSequence(5) {
        let page = read(store, &place, &label, (from, 1000)).await.unwrap();
        sizes.push(page.records.len());
        from = page.next;
    }
    assert_eq!(sizes, [1, 1, 1, 1]);
    let small = place_of(store, "contract-streampages").await;
    for n in 0..5 {
        make(store, &small, put(&small, of_id("a", n))).await.unwrap();
    }
    let label = stream(store, &small).await.label;
    let page = read(store, &small, &label, (StreamSequence(2), 3)).await.unwrap();
    assert_eq!((page.records.len(), page.next), (3, StreamSequence(5)));
}

async fn place_of(store: &dyn Tables, namespace: &str) -> Place {
    fresh(store, namespace, with(StreamView::NewAndOldImages)).await
}

pub(in crate::contract) async fn readers_note_where_they_are(store: &dyn Tables) {
    let (ns, other) = (super::namespace("contract-notes"), super::namespace("contract-notes2"));
    assert_eq!(store.checkpoint(&ns, "one").await.unwrap(), None);
    for note in [vec![1, 2, 3], vec![0; 64 << 10]] {
        store.set_checkpoint(&ns, "one", Some(note.clone())).await.unwrap();
        assert_eq!(store.checkpoint(&ns, "one").await.unwrap(), Some(note));
    }
    assert!(store.set_checkpoint(&ns, "one", Some(vec![0; (64 << 10) + 1])).await.is_err());
    assert_eq!(store.checkpoint(&ns, "two").await.unwrap(), None);
    assert_eq!(store.checkpoint(&other, "one").await.unwrap(), None);
    store.set_checkpoint(&ns, "one", None).await.unwrap();
    assert_eq!(store.checkpoint(&ns, "one").await.unwrap(), None);
}

async fn held(stores: &Stores, namespace: &Namespace) -> u64 {
    let holdings = stores.holdings(namespace).await.unwrap();
    holdings.into_iter().find(|one| one.quota == Quota::TableBytes).unwrap().used
}

pub(in crate::contract) async fn records_count_until_they_are_trimmed(
    stores: &Stores,
    clock: &ManualClock,
) {
    let store = &*stores.tables;
    let place = fresh(store, "contract-trim", with(StreamView::NewAndOldImages)).await;
    make(store, &place, put(&place, of_id("a", 1))).await.unwrap();
    make(store, &place, delete(&place, id("a"))).await.unwrap();
    let all: u64 = records(store, &place).await.iter().map(|one| one.size + 100).sum();
    assert_eq!(held(stores, &place.0).await, all);
    clock.advance(23 * HOUR);
    stores.sweep().await;
    make(store, &place, put(&place, of_id("b", 1))).await.unwrap();
    assert_eq!(numbers(&records(store, &place).await), [1, 2, 3]);
    clock.advance(2 * HOUR);
    stores.sweep().await;
    assert_eq!(numbers(&records(store, &place).await), [3]);
    let found = stream(store, &place).await;
    assert_eq!((found.oldest, found.next), (StreamSequence(3), StreamSequence(4)));
    let trimmed = read(store, &place, &found.label, (StreamSequence(2), 9)).await;
    assert!(
        matches!(trimmed, Err(TableError::Trimmed { oldest: StreamSequence(3) })),
        "{trimmed:?}"
    );
    make(store, &place, delete(&place, id("b"))).await.unwrap();
    // One that has ended can be read for as long, and is gone then.
    store.delete_table(&place.0, &place.1).await.unwrap();
    clock.advance(23 * HOUR);
    stores.sweep().await;
    assert_eq!(numbers(&records(store, &place).await), [4]);
    clock.advance(2 * HOUR);
    stores.sweep().await;
    stores.sweep().await;
    assert_eq!(store.stream(&place.0, &place.1, None).await.unwrap(), None);
    assert_eq!(held(stores, &place.0).await, 0);
}

pub(in crate::contract) async fn what_time_deletes_has_a_record(
    stores: &Stores,
    clock: &ManualClock,
) {
    let store = &*stores.tables;
    let timed =
        TableDefinition { time_to_live: Some("end".into()), ..with(StreamView::NewAndOldImages) };
    let place = fresh(store, "contract-streamttl", timed).await;
    let end = lambent_types::Clock::now(clock).as_second() + 10;
    let mortal = item(json!({ "id": { "S": "a" }, "end": { "N": end.to_string() } }));
    make(store, &place, put(&place, mortal.clone())).await.unwrap();
    clock.advance(Duration::from_secs(11));
    stores.sweep().await;
    let last = records(store, &place).await.remove(1);
    assert_eq!((last.change, last.expired), (ItemChange::Remove, true));
    assert_eq!((last.old, last.new, last.keys), (Some(mortal), None, id("a")));
}
