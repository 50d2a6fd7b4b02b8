use lambent_types::{Digest, Origin};

use super::{
    Place, by_id, delete, fresh, get, id, invalid, make, name, number, of_id, only_if, put, table,
    update, write,
};
use crate::tables::{
    ItemPlace, Refusal, TableAction, TableError, TableWrite, Tables, TransactionToken,
};

/// Two tables of a namespace.
async fn two(store: &dyn Tables, namespace: &str) -> (Place, Place) {
    let one = fresh(store, namespace, by_id()).await;
    let other = (one.0.clone(), name("Other"));
    store.create_table(&other.0, &other.1, by_id()).await.unwrap();
    (one, other)
}

pub(in crate::contract) async fn a_transaction_is_made_whole(store: &dyn Tables) {
    let (one, other) = two(store, "contract-transact").await;
    make(store, &one, put(&one, of_id("old", 1))).await.unwrap();
    let writes = vec![
        put(&one, of_id("new", 1)),
        update(&other, id("n"), "ADD n :0", &[number(7)]),
        delete(&one, id("old")),
        only_if(write(&other, TableAction::Check(id("x"))), "attribute_not_exists(id)", &[]),
    ];
    let made = store.transact(&one.0, writes, None, &Origin::default()).await.unwrap().unwrap();
    assert_eq!(made.len(), 4);
    assert_eq!(made[1].new, Some(of_id("n", 7)));
    assert_eq!((&made[2].old, &made[2].new), (&Some(of_id("old", 1)), &None));
    let places = [(&one, "new"), (&one, "old"), (&other, "n"), (&other, "x")];
    let places =
        places.map(|(place, key)| ItemPlace { table: place.1.clone(), key: id(key) }).to_vec();
    let found = store.get_items(&one.0, places).await.unwrap();
    assert_eq!(found, [Some(of_id("new", 1)), None, Some(of_id("n", 7)), None]);
    assert_eq!(
        store.transact(&one.0, vec![], None, &Origin::default()).await.unwrap(),
        Some(vec![])
    );
}

pub(in crate::contract) async fn a_transaction_is_made_not_at_all(store: &dyn Tables) {
    let (one, other) = two(store, "contract-refused").await;
    make(store, &other, put(&other, of_id("a", 1))).await.unwrap();
    let writes = vec![
        put(&one, of_id("new", 1)),
        only_if(delete(&other, id("a")), "n = :0", &[number(2)]),
        delete(&one, id("none")),
        update(&other, id("b"), "SET n = nowhere", &[]),
    ];
    let refused = store.transact(&one.0, writes, None, &Origin::default()).await;
    let Err(TableError::Refused(refusals)) = refused else { panic!("{refused:?}") };
    assert_eq!(refusals.len(), 4);
    assert_eq!((&refusals[0], &refusals[2]), (&None, &None));
    assert_eq!(refusals[1], Some(Refusal::Condition(Some(of_id("a", 1)))));
    assert!(matches!(refusals[3], Some(Refusal::Invalid(_))), "{refusals:?}");
    assert_eq!(get(store, &one, id("new")).await, None);
    assert_eq!(get(store, &other, id("a")).await, Some(of_id("a", 1)));
    assert_eq!(table(store, &one).await.items, 0);

    let twice = vec![put(&one, of_id("a", 1)), delete(&one, id("a"))];
    invalid(
        store.transact(&one.0, twice, None, &Origin::default()).await,
        "multiple operations on one item",
    );
    let none = (one.0.clone(), name("none"));
    let writes = vec![put(&one, of_id("a", 1)), put(&none, of_id("a", 1))];
    let refused = store.transact(&one.0, writes, None, &Origin::default()).await;
    assert!(matches!(refused, Err(TableError::NoTable(_))), "{refused:?}");
    assert_eq!(get(store, &one, id("a")).await, None);
    // The same key in two tables is two items.
    let both = vec![put(&one, of_id("a", 1)), put(&other, of_id("a", 2))];
    store.transact(&one.0, both, None, &Origin::default()).await.unwrap();
}

pub(super) fn token(text: &str, request: &str) -> Option<TransactionToken> {
    Some(TransactionToken { token: text.into(), request: Digest::of(request.as_bytes()) })
}

pub(in crate::contract) async fn a_token_makes_a_transaction_once(store: &dyn Tables) {
    let (one, other) = two(store, "contract-token").await;
    let add = |place: &Place| vec![update(place, id("n"), "ADD n :0", &[number(1)])];
    let made =
        store.transact(&one.0, add(&one), token("t", "a"), &Origin::default()).await.unwrap();
    assert!(made.is_some());
    let again =
        store.transact(&one.0, add(&one), token("t", "a"), &Origin::default()).await.unwrap();
    assert_eq!(again, None);
    let reused = store.transact(&one.0, add(&other), token("t", "b"), &Origin::default()).await;
    assert!(matches!(reused, Err(TableError::TokenReused)), "{reused:?}");
    assert_eq!(get(store, &one, id("n")).await, Some(of_id("n", 1)));
    assert_eq!(get(store, &other, id("n")).await, None);
    // What was refused is tried again.
    let cautious = || vec![only_if(put(&other, of_id("x", 1)), "attribute_exists(id)", &[])];
    for _ in 0..2 {
        let refused = store.transact(&one.0, cautious(), token("u", "a"), &Origin::default()).await;
        assert!(matches!(refused, Err(TableError::Refused(_))), "{refused:?}");
    }
    make(store, &other, put(&other, of_id("x", 0))).await.unwrap();
    assert!(
        store
            .transact(&one.0, cautious(), token("u", "a"), &Origin::default())
            .await
            .unwrap()
            .is_some()
    );
    // A token is of its namespace.
    let stranger = fresh(store, "contract-token2", by_id()).await;
    let made = store
        .transact(&stranger.0, add(&stranger), token("t", "c"), &Origin::default())
        .await
        .unwrap();
    assert!(made.is_some());
    for wrong in ["", &"x".repeat(37)] {
        let refused =
            store.transact(&one.0, add(&one), token(wrong, "a"), &Origin::default()).await;
        invalid(refused, "token");
    }
}

pub(in crate::contract) async fn what_is_not_asked_for_need_not_be_answered(store: &dyn Tables) {
    let place = fresh(store, "contract-quiet", by_id()).await;
    for n in [1, 2] {
        let quiet = TableWrite { returns: false, ..put(&place, of_id("a", n)) };
        let made = make(store, &place, quiet).await.unwrap();
        assert_eq!(made.bytes, of_id("a", n).size() as u64);
    }
    assert_eq!(get(store, &place, id("a")).await, Some(of_id("a", 2)));
    assert_eq!(table(store, &place).await.items, 1);
}
