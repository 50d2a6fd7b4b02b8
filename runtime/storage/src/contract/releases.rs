use jiff::Timestamp;
use lambent_types::{
    Alias, AliasName, AliasSettings, Bounds, Progress, ReleasePlan, ReleaseState, Revision, Step,
    Transition, VersionNumber, Weight,
};

use super::samples::{head, name, namespace};
use crate::error::WriteError;
use crate::registry::{Expected, Registry};

fn live() -> AliasName {
    "live".parse().unwrap()
}

fn plan() -> ReleasePlan {
    let weight = Weight::millionths(250_000).unwrap();
    let step = Step { weight, duration_ms: 60_000 };
    ReleasePlan { version: 2, steps: vec![step], bounds: Bounds::default() }
}

pub(super) async fn releases_are_kept_with_their_aliases(registry: &dyn Registry) {
    let (ns, f, now) = (namespace("contract-release"), name("F"), Timestamp::now());
    let read = async || {
        let function = registry.function(&ns, &f).await.unwrap().unwrap();
        function.aliases.get(&live()).unwrap().clone()
    };
    let under_way = async || {
        let all = registry.releasing().await.unwrap();
        all.iter().filter(|function| function.latest.namespace == ns).count()
    };
    registry.put(head(&ns, &f, "one"), None).await.unwrap();
    for _ in 0..2 {
        registry.publish(&ns, &f, None).await.unwrap();
    }
    let first =
        Alias::new("Live".parse().unwrap(), AliasSettings::of(VersionNumber::Number(1)), now);
    registry.put_alias(&ns, &f, first.clone(), None).await.unwrap();
    assert_eq!(under_way().await, 0);
    let released = first.released(plan(), now).unwrap();
    registry.put_alias(&ns, &f, released.clone(), None).await.unwrap();
    assert_eq!((under_way().await, read().await.release), (1, released.release.clone()));
    // What is published or deployed meanwhile leaves it alone.
    registry.put(head(&ns, &f, "two"), None).await.unwrap();
    assert_eq!(read().await.release, released.release);
    let refused = registry.delete_version(&ns, &f, 2).await.unwrap_err();
    assert!(matches!(refused, WriteError::VersionInUse { .. }));

    let paused = read().await.after(Transition::Pause, now).unwrap();
    registry.put_alias(&ns, &f, paused, None).await.unwrap();
    assert_eq!(under_way().await, 1);
    let back = read().await.after(Transition::RollBack("it fails".into()), now).unwrap();
    registry.put_alias(&ns, &f, back, None).await.unwrap();
    let kept = read().await.release.unwrap();
    assert_eq!((under_way().await, kept.state), (0, ReleaseState::RolledBack));
    assert_eq!(kept.reason.as_deref(), Some("it fails"));
    registry.delete(&ns, &f, None).await.unwrap();
}

pub(super) async fn progress_is_noted_of_the_alias_that_was_read(registry: &dyn Registry) {
    let (ns, f, now) = (namespace("contract-release-progress"), name("f"), Timestamp::now());
    let note = async |alias: &AliasName, revision, left_ms| {
        let progress = Progress { step: 0, left_ms, looks: 3 };
        registry.note_progress(&ns, &f, (alias, revision), progress).await
    };
    assert!(matches!(note(&live(), Revision(1), 1).await.unwrap_err(), WriteError::NotFound));
    registry.put(head(&ns, &f, "one"), None).await.unwrap();
    for _ in 0..2 {
        registry.publish(&ns, &f, None).await.unwrap();
    }
    assert!(matches!(note(&live(), Revision(1), 1).await.unwrap_err(), WriteError::AliasNotFound));
    let alias = Alias::new(live(), AliasSettings::of(VersionNumber::Number(1)), now);
    let released = alias.released(plan(), now).unwrap();
    let made = registry.put_alias(&ns, &f, released, Some(Expected::Absent)).await.unwrap();
    let revision = made.aliases.get(&live()).unwrap().revision;
    note(&"LIVE".parse().unwrap(), revision, 1234).await.unwrap();
    let read = registry.function(&ns, &f).await.unwrap().unwrap();
    let noted = read.aliases.get(&live()).unwrap();
    let progress = noted.release.as_ref().unwrap().progress;
    assert_eq!((progress.left_ms, progress.looks), (1234, 3));
    assert_eq!((noted.revision, read.revision), (revision, made.revision), "none is a change");
    let stale = note(&live(), Revision(revision.0 + 1), 5).await.unwrap_err();
    assert!(
        matches!(stale, WriteError::Conflict { current: Some(current) } if current == revision)
    );
    registry.delete(&ns, &f, None).await.unwrap();
}
