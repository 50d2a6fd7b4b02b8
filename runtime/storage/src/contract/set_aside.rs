use jiff::Timestamp;
use lambent_types::{
    Alias, AliasSettings, Concurrency, ConcurrencyChange, Function, FunctionName, Namespace,
    ProvisionedFor, VersionNumber,
};

use super::samples::{head, name, namespace};
use crate::error::{ConcurrencyRefused, WriteError};
use crate::registry::Registry;

fn reserve(count: u32) -> ConcurrencyChange {
    ConcurrencyChange::Reserve(Some(count))
}

fn provision(qualifier: &str, instances: u32) -> ConcurrencyChange {
    let qualifier = qualifier.parse().unwrap();
    let changed = Timestamp::UNIX_EPOCH;
    ConcurrencyChange::Provision(ProvisionedFor { qualifier, instances, changed })
}

fn left(refused: WriteError) -> u64 {
    match refused {
        WriteError::Concurrency(ConcurrencyRefused::Unreserved { left, .. }) => left,
        other => panic!("{other:?}"),
    }
}

async fn reserved(registry: &dyn Registry, ns: &Namespace) -> Vec<(String, u32)> {
    let all = registry.reserved().await.unwrap();
    let mine = all.into_iter().filter(|function| function.latest.namespace == *ns);
    let of = |function: std::sync::Arc<Function>| {
        (function.latest.name.to_string(), function.concurrency.reserved.unwrap())
    };
    mine.map(of).collect()
}

pub(super) async fn what_is_reserved_is_taken_out_of_the_namespace(registry: &dyn Registry) {
    let (ns, f, g) = (namespace("contract-reserved"), name("f"), name("g"));
    let set = async |function: &FunctionName, change| {
        registry.set_concurrency(&ns, function, change).await
    };
    assert!(matches!(set(&f, reserve(1)).await.unwrap_err(), WriteError::NotFound));
    for function in [&f, &g] {
        registry.put(head(&ns, function, "one"), None).await.unwrap();
    }
    let before = registry.function(&ns, &f).await.unwrap().unwrap();
    assert_eq!(before.concurrency, Concurrency::default());
    // Of 1,000 a hundred stay unreserved.
    assert_eq!(left(set(&f, reserve(901)).await.unwrap_err()), 900);
    let made = set(&f, reserve(600)).await.unwrap();
    assert_eq!((made.concurrency.reserved, made.revision), (Some(600), before.revision));
    assert_eq!(registry.function(&ns, &f).await.unwrap().unwrap(), made);
    assert_eq!(left(set(&g, reserve(301)).await.unwrap_err()), 300);
    set(&g, reserve(300)).await.unwrap();
    set(&g, reserve(0)).await.unwrap();
    assert_eq!(reserved(registry, &ns).await, [("f".to_owned(), 600), ("g".to_owned(), 0)]);
    assert_eq!(left(set(&f, reserve(901)).await.unwrap_err()), 900);
    // A deploy leaves it alone, and it goes with the function.
    registry.put(head(&ns, &f, "two"), None).await.unwrap();
    assert_eq!(left(set(&g, reserve(301)).await.unwrap_err()), 300);
    registry.delete(&ns, &f, None).await.unwrap();
    set(&g, reserve(900)).await.unwrap();
    set(&g, ConcurrencyChange::Reserve(None)).await.unwrap();
    assert_eq!(reserved(registry, &ns).await, []);
    registry.put(head(&ns, &f, "three"), None).await.unwrap();
    let again = registry.function(&ns, &f).await.unwrap().unwrap();
    assert_eq!(again.concurrency.reserved, None);
    registry.delete(&ns, &f, None).await.unwrap();
    registry.delete(&ns, &g, None).await.unwrap();
}

pub(super) async fn instances_are_kept_ready_of_versions_and_aliases(registry: &dyn Registry) {
    let (ns, f) = (namespace("contract-provision"), name("f"));
    let set = async |change| registry.set_concurrency(&ns, &f, change).await;
    registry.put(head(&ns, &f, "one"), None).await.unwrap();
    let alias = |version| {
        let (name, time) = ("live".parse().unwrap(), Timestamp::now());
        let settings = AliasSettings::of(version);
        Alias::new(name, settings, time)
    };
    let put = async |version| registry.put_alias(&ns, &f, alias(version), None).await.unwrap();
    let head_refused = |refused| {
        assert!(
            matches!(refused, WriteError::Concurrency(ConcurrencyRefused::Head)),
            "{refused:?}"
        );
    };
    head_refused(set(provision("$LATEST", 1)).await.unwrap_err());
    assert!(matches!(set(provision("1", 1)).await.unwrap_err(), WriteError::VersionNotFound));
    assert!(matches!(set(provision("live", 1)).await.unwrap_err(), WriteError::AliasNotFound));
    put(VersionNumber::Latest).await;
    head_refused(set(provision("live", 1)).await.unwrap_err());
    registry.publish(&ns, &f, None).await.unwrap();
    put(VersionNumber::Number(1)).await;
    assert_eq!(left(set(provision("1", 901)).await.unwrap_err()), 900);
    set(reserve(10)).await.unwrap();
    set(provision("1", 4)).await.unwrap();
    set(provision("LIVE", 6)).await.unwrap();
    for refused in [set(provision("live", 7)).await, set(reserve(9)).await] {
        let refused = refused.unwrap_err();
        let is = matches!(refused, WriteError::Concurrency(ConcurrencyRefused::Provisioned { .. }));
        assert!(is, "{refused:?}");
    }
    let latest = alias(VersionNumber::Latest);
    head_refused(registry.put_alias(&ns, &f, latest, None).await.unwrap_err());
    let all = registry.provisioned().await.unwrap();
    assert!(all.iter().any(|function| function.latest.namespace == ns));
    // They go with what they are of.
    registry.delete_alias(&ns, &f, &"live".parse().unwrap(), None).await.unwrap();
    let made = set(reserve(4)).await.unwrap();
    assert_eq!(made.concurrency.instances(None), 4);
    registry.delete_version(&ns, &f, 1).await.unwrap();
    let gone = set(ConcurrencyChange::Unprovision("1".parse().unwrap())).await.unwrap_err();
    assert!(matches!(gone, WriteError::Concurrency(ConcurrencyRefused::NotProvisioned)));
    registry.delete(&ns, &f, None).await.unwrap();
}
