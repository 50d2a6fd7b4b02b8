use std::collections::BTreeSet;
use std::sync::Arc;

use lambent_types::VersionNumber;
use tokio::task::JoinSet;

use super::samples::{head, name, namespace};
use crate::error::WriteError;
use crate::registry::{Expected, Registry};

pub(super) async fn publishes_get_numbers_of_their_own(registry: &Arc<dyn Registry>) {
    let (ns, f) = (namespace("contract-publishes"), name("f"));
    let created = registry.put(head(&ns, &f, "one"), None).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (registry, ns, f) = (Arc::clone(registry), ns.clone(), f.clone());
        tasks.spawn(async move { registry.publish(&ns, &f, None).await.unwrap().version });
    }
    let numbers: BTreeSet<_> = tasks.join_all().await.into_iter().collect();
    assert_eq!(numbers, (1..=64).map(VersionNumber::Number).collect());
    let function = registry.function(&ns, &f).await.unwrap().unwrap();
    assert_eq!(function.last_version, 64);
    assert_eq!(function.revision.0, created.revision.0 + 64);
}

pub(super) async fn one_of_many_with_the_same_expectation_wins(registry: &Arc<dyn Registry>) {
    let (ns, f) = (namespace("contract-race"), name("f"));
    let mut expected = Expected::Absent;
    for round in 0..4 {
        let mut tasks = JoinSet::new();
        for task in 0..16 {
            let head = head(&ns, &f, &format!("{round}-{task}"));
            let registry = Arc::clone(registry);
            tasks.spawn(async move { registry.put(head, Some(expected)).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 15));
        let won = won.into_iter().next().unwrap().unwrap();
        for lost in lost {
            let Err(WriteError::Conflict { current }) = lost else { panic!("{lost:?}") };
            assert_eq!(current, Some(won.revision));
        }
        assert_eq!(registry.function(&ns, &f).await.unwrap().unwrap(), won);
        expected = Expected::Revision(won.revision);
    }
}

pub(super) async fn reads_see_acknowledged_writes(registry: &Arc<dyn Registry>) {
    let ns = namespace("contract-coherence");
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (registry, ns) = (Arc::clone(registry), ns.clone());
        tasks.spawn(async move {
            let f = name(&format!("f{task}"));
            for round in 0..40 {
                let written = registry.put(head(&ns, &f, &format!("{round}")), None).await;
                let read = registry.function(&ns, &f).await.unwrap();
                assert_eq!(read, Some(written.unwrap()));
                // Others must not bring back what was read before.
                for neighbour in 0..8 {
                    let neighbour = name(&format!("f{neighbour}"));
                    registry.function(&ns, &neighbour).await.unwrap();
                }
                if round % 10 == 9 {
                    registry.delete(&ns, &f, None).await.unwrap();
                    assert_eq!(registry.function(&ns, &f).await.unwrap(), None);
                }
            }
        });
    }
    tasks.join_all().await;
}
