use std::sync::Arc;

use lambent_types::Origin;
use tokio::task::JoinSet;

use super::{fresh, put, read, stream};
use crate::objects::{Condition, ObjectError, Objects, PutObject};

pub(in crate::contract) async fn one_of_many_conditional_writes_wins(objects: &Arc<dyn Objects>) {
    let place = fresh(&**objects, "contract-race").await;
    let mut condition = Condition::Absent;
    for round in 0..4 {
        let mut tasks = JoinSet::new();
        for task in 0..16 {
            let (objects, place) = (Arc::clone(objects), place.clone());
            let details = PutObject { condition: condition.clone(), ..PutObject::default() };
            tasks.spawn(async move {
                let bytes = stream(format!("{round}-{task}"));
                let (ns, b) = place;
                objects.put(&ns, &b, "k", details, bytes, &Origin::default()).await
            });
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 15));
        assert!(lost.iter().all(|lost| matches!(lost, Err(ObjectError::Condition { .. }))));
        let won = won.into_iter().next().unwrap().unwrap();
        assert_eq!(objects.head(&place.0, &place.1, "k").await.unwrap(), won);
        condition = Condition::Etag(won.etag);
    }
}

/// Readers find one of the objects that were written, whole, all the time.
pub(in crate::contract) async fn readers_and_writers_do_not_meet(objects: &Arc<dyn Objects>) {
    let place = fresh(&**objects, "contract-mixed").await;
    put(&**objects, &place, "k", &"0".repeat(3000)).await;
    let mut tasks = JoinSet::new();
    for task in 1..=4 {
        let (objects, place) = (Arc::clone(objects), place.clone());
        tasks.spawn(async move {
            for _ in 0..25 {
                put(&*objects, &place, "k", &task.to_string().repeat(3000)).await;
            }
        });
    }
    for _ in 0..4 {
        let (objects, place) = (Arc::clone(objects), place.clone());
        tasks.spawn(async move {
            for _ in 0..50 {
                let bytes = read(&*objects, &place, "k").await.unwrap();
                assert_eq!(bytes.len(), 3000);
                assert!(bytes.iter().all(|byte| *byte == bytes[0]));
            }
        });
    }
    tasks.join_all().await;
}
