use lambent_types::{Digest, Package, Provisioned, Revision, Snapshot, VersionNumber};

use super::samples::{head, name, namespace};
use crate::error::WriteError;
use crate::quota::Quota;
use crate::registry::{Expected, Registry};

pub(super) async fn nothing_is_there_at_first(registry: &dyn Registry) {
    let (ns, none) = (namespace("contract-empty"), name("none"));
    assert!(registry.function(&ns, &none).await.unwrap().is_none());
    assert!(registry.version(&ns, &none, 1).await.unwrap().is_none());
    assert!(registry.list(&ns, None, 10).await.unwrap().is_empty());
    assert!(registry.versions(&ns, &none, 0, 10).await.unwrap().is_empty());
    let error = registry.publish(&ns, &none, None).await.unwrap_err();
    assert!(matches!(error, WriteError::NotFound));
    let error = registry.delete(&ns, &none, None).await.unwrap_err();
    assert!(matches!(error, WriteError::NotFound));
    let error = registry.delete_version(&ns, &none, 1).await.unwrap_err();
    assert!(matches!(error, WriteError::NotFound));
}

pub(super) async fn put_creates_and_replaces(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-put"), name("f"));
    let first = registry.put(head(&ns, &f, "one"), None).await.unwrap();
    assert_eq!(first.last_version, 0);
    assert_eq!(first.created, first.latest.created);
    assert_eq!(registry.function(&ns, &f).await.unwrap().unwrap(), first);

    let second = registry.put(head(&ns, &f, "two"), None).await.unwrap();
    assert_eq!(second.revision.0, first.revision.0 + 1);
    assert_eq!(second.created, first.created);
    assert_eq!(second.latest.code.component, Digest::of(b"two"));
    assert_eq!(registry.function(&ns, &f).await.unwrap().unwrap(), second);

    let elsewhere = namespace("contract-put-elsewhere");
    assert!(registry.function(&elsewhere, &f).await.unwrap().is_none());
}

pub(super) async fn expectations_are_enforced(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-expected"), name("f"));
    let stale = Some(Expected::Revision(Revision(u64::MAX)));
    let conflict = |error| match error {
        WriteError::Conflict { current } => current,
        error => panic!("expected a conflict, got {error:?}"),
    };
    let refused = registry.put(head(&ns, &f, "one"), stale).await.unwrap_err();
    assert_eq!(conflict(refused), None);

    let created = registry.put(head(&ns, &f, "one"), Some(Expected::Absent)).await.unwrap();
    let current = Some(created.revision);
    for expected in [Some(Expected::Absent), stale] {
        let refused = registry.put(head(&ns, &f, "two"), expected).await.unwrap_err();
        assert_eq!(conflict(refused), current);
        let refused = registry.publish(&ns, &f, expected).await.unwrap_err();
        assert_eq!(conflict(refused), current);
        let refused = registry.delete(&ns, &f, expected).await.unwrap_err();
        assert_eq!(conflict(refused), current);
    }
    assert_eq!(registry.function(&ns, &f).await.unwrap().unwrap(), created);

    let met = current.map(Expected::Revision);
    let replaced = registry.put(head(&ns, &f, "two"), met).await.unwrap();
    let met = Some(Expected::Revision(replaced.revision));
    registry.publish(&ns, &f, met).await.unwrap();
    let published = registry.function(&ns, &f).await.unwrap().unwrap();
    assert_eq!(published.revision.0, replaced.revision.0 + 1);
    registry.delete(&ns, &f, Some(Expected::Revision(published.revision))).await.unwrap();
}

pub(super) async fn names_are_unique_ignoring_case(registry: &dyn Registry) {
    let (ns, f) = (namespace("Contract-Case"), name("Hello"));
    registry.put(head(&ns, &f, "one"), None).await.unwrap();
    let (lower, upper) = (namespace("contract-case"), name("HELLO"));
    let error = registry.put(head(&lower, &upper, "x"), Some(Expected::Absent)).await.unwrap_err();
    assert!(matches!(error, WriteError::Conflict { .. }));

    let replaced = registry.put(head(&lower, &upper, "two"), None).await.unwrap();
    assert_eq!((&replaced.latest.namespace, &replaced.latest.name), (&ns, &f));
    assert_eq!(registry.function(&lower, &name("hello")).await.unwrap().unwrap(), replaced);
    assert_eq!(registry.list(&ns, None, 10).await.unwrap(), [replaced]);
    registry.publish(&lower, &upper, None).await.unwrap();
    assert!(registry.version(&ns, &name("hellO"), 1).await.unwrap().is_some());
}

pub(super) async fn versions_are_immutable_and_numbered_once(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-versions"), name("f"));
    let one = registry.put(head(&ns, &f, "one"), None).await.unwrap();
    let first = registry.publish(&ns, &f, None).await.unwrap();
    assert_eq!(first.version, VersionNumber::Number(1));
    assert_eq!(first.created, one.latest.created);

    registry.put(head(&ns, &f, "two"), None).await.unwrap();
    let second = registry.publish(&ns, &f, None).await.unwrap();
    assert_eq!(second.version, VersionNumber::Number(2));
    let read = registry.version(&ns, &f, 1).await.unwrap().unwrap();
    assert_eq!((read.code.component, &*read), (Digest::of(b"one"), &*first));
    assert!(registry.version(&ns, &f, 3).await.unwrap().is_none());
    assert!(registry.version(&ns, &f, 0).await.unwrap().is_none());

    let before = registry.function(&ns, &f).await.unwrap().unwrap().revision;
    registry.delete_version(&ns, &f, 2).await.unwrap();
    let after = registry.function(&ns, &f).await.unwrap().unwrap().revision;
    assert_eq!(after.0, before.0 + 1);
    assert!(registry.version(&ns, &f, 2).await.unwrap().is_none());
    let error = registry.delete_version(&ns, &f, 2).await.unwrap_err();
    assert!(matches!(error, WriteError::VersionNotFound));

    let third = registry.publish(&ns, &f, None).await.unwrap();
    assert_eq!(third.version, VersionNumber::Number(3));
    assert_eq!(registry.versions(&ns, &f, 0, 10).await.unwrap(), [first.clone(), third.clone()]);
    assert_eq!(registry.versions(&ns, &f, 0, 1).await.unwrap(), [first]);
    assert_eq!(registry.versions(&ns, &f, 1, 10).await.unwrap(), [third]);
}

pub(super) async fn deletion_takes_everything(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-delete"), name("f"));
    registry.put(head(&ns, &f, "old"), None).await.unwrap();
    registry.publish(&ns, &f, None).await.unwrap();
    assert!(registry.version(&ns, &f, 1).await.unwrap().is_some());
    registry.delete(&ns, &f, None).await.unwrap();
    assert!(registry.function(&ns, &f).await.unwrap().is_none());
    assert!(registry.version(&ns, &f, 1).await.unwrap().is_none());
    assert!(registry.versions(&ns, &f, 0, 10).await.unwrap().is_empty());

    let again = registry.put(head(&ns, &f, "new"), Some(Expected::Absent)).await.unwrap();
    assert!(registry.versions(&ns, &f, 0, 10).await.unwrap().is_empty());
    registry.publish(&ns, &f, None).await.unwrap();
    let last = registry.function(&ns, &f).await.unwrap().unwrap().last_version;
    let version = registry.version(&ns, &f, last).await.unwrap().unwrap();
    assert_eq!(version.code.component, again.latest.code.component);
}

pub(super) async fn revisions_never_repeat(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-revisions"), name("f"));
    let mut highest = 0;
    for _ in 0..3 {
        let created = registry.put(head(&ns, &f, "one"), None).await.unwrap();
        assert!(created.revision.0 > highest);
        highest = registry.put(head(&ns, &f, "two"), None).await.unwrap().revision.0;
        assert_eq!(highest, created.revision.0 + 1);
        registry.delete(&ns, &f, None).await.unwrap();
    }
}

pub(super) async fn listings_are_ordered_and_paged(registry: &dyn Registry) {
    let ns = namespace("contract-list");
    for text in ["delta", "Beta", "alpha", "Charlie"] {
        registry.put(head(&ns, &name(text), text), None).await.unwrap();
    }
    let neighbour = namespace("contract-list2");
    registry.put(head(&neighbour, &name("zeta"), "z"), None).await.unwrap();

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = registry.list(&ns, after.as_ref(), 3).await.unwrap();
        seen.extend(page.iter().map(|function| function.latest.name.as_str().to_owned()));
        match page.last() {
            Some(last) => after = Some(last.latest.name.clone()),
            None => break,
        }
    }
    assert_eq!(seen, ["alpha", "Beta", "Charlie", "delta"]);
    assert!(registry.list(&ns, None, 0).await.unwrap().is_empty());
    let after = name("bz");
    let rest = registry.list(&ns, Some(&after), 10).await.unwrap();
    assert_eq!(rest.len(), 2);
}

pub(super) async fn heads_that_want_instances_are_found(registry: &dyn Registry) {
    let ns = namespace("contract-provisioned");
    let put = async |function: &str, provisioned| {
        let mut head = head(&ns, &name(function), "provisioned");
        head.configuration.provisioned = provisioned;
        registry.put(head, None).await.unwrap();
    };
    put("none", Provisioned::NONE).await;
    put("auto", Provisioned::Auto).await;
    put("some", Provisioned::Count(3)).await;
    registry.publish(&ns, &name("some"), None).await.unwrap();
    let found = async || {
        let all = registry.provisioned().await.unwrap();
        let mine = all.into_iter().filter(|function| function.latest.namespace == ns);
        mine.map(|function| function.latest.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found().await, ["some"]);
    put("some", Provisioned::Auto).await;
    assert_eq!(found().await, [""; 0]);
}

pub(super) async fn digests_are_those_referred_to(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-digests"), name("f"));
    let digests = ["digests-1", "digests-2", "digests-3"].map(|code| Digest::of(code.as_bytes()));
    registry.put(head(&ns, &f, "digests-1"), None).await.unwrap();
    registry.publish(&ns, &f, None).await.unwrap();
    registry.put(head(&ns, &f, "digests-2"), None).await.unwrap();
    registry.put(head(&ns, &f, "digests-3"), None).await.unwrap();
    let referred = async || {
        let all = registry.digests().await.unwrap();
        let mut referred = [false; 3];
        for (referred, digest) in referred.iter_mut().zip(digests) {
            *referred = registry.refers_to(digest).await.unwrap();
            assert_eq!(*referred, all.contains(&digest));
        }
        referred
    };
    assert_eq!(referred().await, [true, false, true]);
    registry.delete_version(&ns, &f, 1).await.unwrap();
    assert_eq!(referred().await, [false, false, true]);
    registry.delete(&ns, &f, None).await.unwrap();
    assert_eq!(referred().await, [false, false, false]);
}

pub(super) async fn packages_are_kept_as_long_as_code_is(registry: &dyn Registry) {
    let (ns, f, g) = (namespace("contract-package"), name("f"), name("g"));
    let [component, files, added, memory] =
        ["runtime", "files", "added", "memory"].map(|text| Digest::of(text.as_bytes()));
    let mut with = head(&ns, &f, "runtime");
    with.code.package = Some(Package { digest: files, bytes: 5 });
    with.code.added = Some(Package { digest: added, bytes: 5 });
    with.code.snapshot = Some(Snapshot { digest: memory, bytes: 6, component });
    let made = registry.put(with.clone(), None).await.unwrap();
    assert_eq!(made.latest.code, with.code);
    let read = registry.function(&ns, &f).await.unwrap().unwrap();
    assert_eq!(read.latest.code, with.code);
    let version = registry.publish(&ns, &f, None).await.unwrap();
    assert_eq!(version.code, with.code);
    // The head without it: the version has it still.
    registry.put(head(&ns, &f, "runtime"), None).await.unwrap();
    let referred = async || {
        let all = registry.digests().await.unwrap();
        let mut found = [false; 4];
        for (found, digest) in found.iter_mut().zip([component, files, added, memory]) {
            *found = registry.refers_to(digest).await.unwrap();
            assert_eq!(all.contains(&digest), *found);
        }
        found
    };
    assert_eq!(referred().await, [true; 4]);
    registry.delete_version(&ns, &f, 1).await.unwrap();
    assert_eq!(referred().await, [true, false, false, false]);
    registry.put(with.clone(), None).await.unwrap();
    assert_eq!(referred().await, [true; 4]);
    // Of two functions with the same files, one is deployed again with others.
    with.name = g.clone();
    registry.put(with.clone(), None).await.unwrap();
    with.code.added = None;
    with.code.snapshot = None;
    with.name = f.clone();
    registry.put(with, None).await.unwrap();
    assert_eq!(referred().await, [true; 4]);
    registry.delete(&ns, &g, None).await.unwrap();
    assert_eq!(referred().await, [true, true, false, false]);
    registry.delete(&ns, &f, None).await.unwrap();
    assert_eq!(referred().await, [false; 4]);
}

/// A package counts as a component does: once, with or without the code that runs it.
async fn packages_count(registry: &dyn Registry) {
    let (ns, f, g) = (namespace("contract-quota-package"), name("f"), name("g"));
    let put = async |name: &lambent_types::FunctionName, code: &str, files: Option<&str>| {
        let mut head = head(&ns, name, code);
        let package = |files: &str| Package {
            digest: Digest::of(files.as_bytes()),
            bytes: files.len() as u64,
        };
        head.code.package = files.map(package);
        registry.put(head, None).await.map(drop)
    };
    let wanted = |made: Result<(), WriteError>| match made {
        Err(WriteError::Quota(error)) => error.wanted,
        other => panic!("{other:?}"),
    };
    put(&f, "1234", Some("files")).await.unwrap();
    put(&g, "1234", Some("files")).await.unwrap();
    assert_eq!(wanted(put(&g, "12", Some("files")).await), 11);
    assert_eq!(wanted(put(&g, "1234", Some("fi")).await), 11);
    // Another package in the place of the only use of one.
    put(&g, "1234", None).await.unwrap();
    put(&f, "1234", Some("other!")).await.unwrap();
    assert_eq!(wanted(put(&f, "1234", Some("larger!")).await), 11);
    registry.publish(&ns, &f, None).await.unwrap();
    put(&f, "1234", None).await.unwrap();
    assert_eq!(wanted(put(&f, "1234", Some("x")).await), 11);
    registry.delete_version(&ns, &f, 1).await.unwrap();
    put(&f, "1234", Some("files!")).await.unwrap();
    registry.delete(&ns, &f, None).await.unwrap();
    registry.delete(&ns, &g, None).await.unwrap();
    put(&f, "12345678", Some("ab")).await.unwrap();
    registry.delete(&ns, &f, None).await.unwrap();
    // What was added to files goes with the last of them, too.
    let mut head = head(&ns, &f, "1234");
    let part = |text: &str| Package { digest: Digest::of(text.as_bytes()), bytes: 3 };
    head.code.package = Some(part("abc"));
    head.code.added = Some(part("def"));
    registry.put(head.clone(), None).await.unwrap();
    registry.publish(&ns, &f, None).await.unwrap();
    put(&f, "1234", None).await.unwrap();
    registry.delete_version(&ns, &f, 1).await.unwrap();
    registry.put(head, None).await.unwrap();
    registry.publish(&ns, &f, None).await.unwrap();
    put(&f, "1234", None).await.unwrap();
    registry.delete(&ns, &f, None).await.unwrap();
    put(&f, "1234567890", None).await.unwrap();
}

pub(super) async fn quotas_are_enforced(registry: &dyn Registry) {
    packages_count(registry).await;
    let (ns, other) = (namespace("contract-quota"), namespace("contract-quota2"));
    let (f, g, h) = (name("f"), name("g"), name("h"));
    let put = async |name: &lambent_types::FunctionName, code: &str| {
        registry.put(head(&ns, name, code), None).await.map(drop)
    };
    let refused = |made: Result<(), WriteError>, quota: Quota, wanted: u64| match made {
        Err(WriteError::Quota(error)) => assert_eq!((error.quota, error.wanted), (quota, wanted)),
        other => panic!("{other:?}"),
    };
    put(&f, "123456").await.unwrap();
    // The same code counts once.
    put(&g, "123456").await.unwrap();
    refused(put(&h, "1").await, Quota::Functions, 3);
    refused(put(&g, "12345").await, Quota::CodeBytes, 11);
    put(&g, "1234").await.unwrap();
    // What a version has is not given up with its head.
    registry.publish(&ns, &f, None).await.unwrap();
    refused(put(&f, "x").await, Quota::CodeBytes, 11);
    registry.publish(&ns, &g, None).await.unwrap();
    refused(registry.publish(&ns, &g, None).await.map(drop), Quota::Versions, 3);
    registry.delete_version(&ns, &f, 1).await.unwrap();
    put(&f, "x").await.unwrap();
    registry.publish(&ns, &f, None).await.unwrap();
    // Each namespace has its own.
    registry.put(head(&other, &f, "1234567890"), None).await.unwrap();
    registry.delete(&ns, &g, None).await.unwrap();
    put(&h, "123456789").await.unwrap();
    refused(put(&f, "yz").await, Quota::CodeBytes, 12);
}
