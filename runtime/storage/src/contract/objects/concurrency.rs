use std::sync::Arc;

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use lambent_types::Origin;
use tokio::task::JoinSet;

use super::{fresh, put, read, stream};
use crate::objects::{ByteStream, Condition, ObjectError, Objects, PutObject};
use crate::quota::Quota;

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

/// Bytes that have come, of a stream that does not end.
fn unending(bytes: &'static str) -> ByteStream {
    let come = futures::stream::iter([Ok(Bytes::from_static(bytes.as_bytes()))]);
    come.chain(futures::stream::pending()).boxed()
}

/// What is on its way counts, and no longer when its writer goes away.
pub(in crate::contract) async fn quotas_hold_in_flight(objects: &dyn Objects) {
    let (ns, b) = &fresh(objects, "contract-flight").await;
    let origin = &Origin::default();
    let write =
        |key: &'static str, bytes| objects.put(ns, b, key, PutObject::default(), bytes, origin);
    let refused = |result: Result<_, ObjectError>| match result.map(drop) {
        Err(ObjectError::Quota(error)) => assert_eq!(error.quota, Quota::ObjectBytes),
        other => panic!("{other:?}"),
    };
    let upload = objects.begin_upload(ns, b, "u", PutObject::default()).await.unwrap();
    let part = |bytes| objects.put_part(ns, b, &upload.id, 1.into(), bytes);

    let mut first = write("a", unending("123456789"));
    // Until its bytes have come: another that fits at first no longer does.
    loop {
        assert!((&mut first).now_or_never().is_none());
        tokio::task::yield_now().await;
        if write("b", stream("12")).await.is_err() {
            break;
        }
        objects.delete(ns, b, "b", Condition::None, origin).await.unwrap();
    }
    refused(write("b", stream("12")).await.map(drop));
    refused(part(stream("12")).await.map(drop));
    write("b", stream("1")).await.unwrap();
    drop(first);
    write("a", stream("123456789")).await.unwrap();
    objects.delete(ns, b, "a", Condition::None, origin).await.unwrap();

    let mut first = part(unending("123456789"));
    loop {
        assert!((&mut first).now_or_never().is_none());
        tokio::task::yield_now().await;
        if write("c", stream("1")).await.is_err() {
            break;
        }
        objects.delete(ns, b, "c", Condition::None, origin).await.unwrap();
    }
    drop(first);
    // What breaks off is given back too.
    let broken = futures::stream::iter([
        Ok(Bytes::from_static(b"12345")),
        Err(std::io::Error::other("the peer is gone")),
    ]);
    let broken = write("c", broken.boxed()).await;
    assert!(matches!(broken, Err(ObjectError::Input(_))), "{broken:?}");
    part(stream("123456789")).await.unwrap();
    objects.abort_upload(ns, b, &upload.id).await.unwrap();
    objects.delete(ns, b, "b", Condition::None, origin).await.unwrap();
}

pub(in crate::contract) async fn one_of_many_that_need_most_of_a_quota_wins(
    objects: &Arc<dyn Objects>,
) {
    let place = fresh(&**objects, "contract-most").await;
    // In one piece the first wins. In nine, several may each have what another
    // needs, and none wins; never do two.
    for (piece, least) in [(9, 1), (1, 0), (9, 1), (1, 0)] {
        let mut tasks = JoinSet::new();
        for task in 0..20 {
            let (objects, (ns, b)) = (Arc::clone(objects), place.clone());
            tasks.spawn(async move {
                let bytes = futures::stream::iter(0..9 / piece).then(move |_| async move {
                    tokio::task::yield_now().await;
                    Ok(Bytes::from(vec![1; piece]))
                });
                let (key, put) = (format!("k{task}"), PutObject::default());
                let origin = Origin::default();
                let made = objects.put(&ns, &b, &key, put, bytes.boxed(), &origin).await;
                (key, made)
            });
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            tasks.join_all().await.into_iter().partition(|(_, made)| made.is_ok());
        assert!((least..=1).contains(&won.len()), "{won:?}");
        assert!(lost.iter().all(|(_, made)| matches!(made, Err(ObjectError::Quota(_)))));
        let (ns, b) = &place;
        let origin = Origin::default();
        for (key, _) in won {
            assert!(objects.delete(ns, b, &key, Condition::None, &origin).await.unwrap());
        }
    }
}
