use std::sync::Arc;

use lambent_types::Origin;

use super::{apply, fresh, get, set, set_if};
use crate::keyvalue::{Expect, KeyValue, KeyValueError};

const TASKS: usize = 8;
const ROUNDS: usize = 20;

pub(in crate::contract) async fn no_increment_is_lost(store: &Arc<dyn KeyValue>) {
    let place = fresh(&**store, "contract-increments").await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (store, (ns, k)) = (Arc::clone(store), place.clone());
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    store.increment(&ns, &k, "n", 1, &Origin::default()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let total = (TASKS * ROUNDS).to_string();
    assert_eq!(get(&**store, &place, "n").await.unwrap().value, total);
}

pub(in crate::contract) async fn one_of_many_with_the_same_expectation_wins(
    store: &Arc<dyn KeyValue>,
) {
    let place = fresh(&**store, "contract-race").await;
    for round in 0..ROUNDS {
        let before = get(&**store, &place, "k").await;
        let expect = before.map_or(Expect::Absent, |entry| Expect::Revision(entry.revision));
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (store, place) = (Arc::clone(store), place.clone());
                let change = set_if("k", format!("{round} {task}"), expect.clone());
                tokio::spawn(async move { apply(&*store, &place, change).await })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => won += 1,
                Err(KeyValueError::Expectation { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won, 1);
    }
}

/// Also while others read the same keys, and so keep them in memory.
pub(in crate::contract) async fn reads_see_acknowledged_writes(store: &Arc<dyn KeyValue>) {
    let place = fresh(&**store, "contract-reads").await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, place) = (Arc::clone(store), place.clone());
            tokio::spawn(async move {
                let mut last = 0;
                for round in 0..ROUNDS {
                    let key = format!("{task}");
                    let text = round.to_string();
                    apply(&*store, &place, set(&key, text.clone())).await.unwrap();
                    assert_eq!(get(&*store, &place, &key).await.unwrap().value, text);
                    // What others write never goes back.
                    apply(&*store, &place, set("shared", text)).await.unwrap();
                    let revision = get(&*store, &place, "shared").await.unwrap().revision;
                    assert!(revision >= last, "{revision} after {last}");
                    last = revision;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
