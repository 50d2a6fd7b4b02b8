use std::sync::Arc;

use lambent_types::Origin;

use super::{by_id, fresh, get, id, make, number, of_id, only_if, put, update};
use crate::tables::{ItemPlace, Refusal, TableError, Tables};

const TASKS: usize = 8;
const ROUNDS: usize = 20;

pub(in crate::contract) async fn no_update_is_lost(store: &Arc<dyn Tables>) {
    let place = fresh(&**store, "contract-adds", by_id()).await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (store, place) = (Arc::clone(store), place.clone());
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    let add = update(&place, id("n"), "ADD n :0", &[number(1)]);
                    make(&*store, &place, add).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let total = (TASKS * ROUNDS) as i64;
    assert_eq!(get(&**store, &place, id("n")).await, Some(of_id("n", total)));
}

pub(in crate::contract) async fn one_of_many_with_the_same_condition_wins(store: &Arc<dyn Tables>) {
    let place = fresh(&**store, "contract-itemrace", by_id()).await;
    for round in 0..ROUNDS {
        let key = round.to_string();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (store, place) = (Arc::clone(store), place.clone());
                let new = put(&place, of_id(&key, task as i64));
                let new = only_if(new, "attribute_not_exists(id)", &[]);
                tokio::spawn(async move { make(&*store, &place, new).await })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => won += 1,
                Err(TableError::Refused(refusals)) => {
                    assert!(matches!(refusals[0], Some(Refusal::Condition(Some(_)))));
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won, 1);
    }
}

/// Money goes to and fro, and whoever looks sees all of it.
pub(in crate::contract) async fn readers_see_transactions_whole(store: &Arc<dyn Tables>) {
    let place = fresh(&**store, "contract-money", by_id()).await;
    for account in ["a", "b"] {
        make(&**store, &place, put(&place, of_id(account, 100))).await.unwrap();
    }
    let movers: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, place) = (Arc::clone(store), place.clone());
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    let (from, to) = if task.is_multiple_of(2) { ("a", "b") } else { ("b", "a") };
                    let writes = vec![
                        update(&place, id(from), "ADD n :0", &[number(-7)]),
                        update(&place, id(to), "ADD n :0", &[number(7)]),
                    ];
                    store.transact(&place.0, writes, None, &Origin::default()).await.unwrap();
                }
            })
        })
        .collect();
    for _ in 0..ROUNDS {
        let places = ["a", "b"].map(|key| ItemPlace { table: place.1.clone(), key: id(key) });
        let found = store.get_items(&place.0, places.to_vec()).await.unwrap();
        let sum: i64 = found
            .iter()
            .map(|item| match item.as_ref().unwrap().get("n") {
                Some(lambent_tables::Value::N(n)) => n.to_string().parse::<i64>().unwrap(),
                other => panic!("{other:?}"),
            })
            .sum();
        assert_eq!(sum, 200);
    }
    for mover in movers {
        mover.await.unwrap();
    }
}
