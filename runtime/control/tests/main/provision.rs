use lambent_types::{ConfigurationPatch, Provisioned, VersionNumber};

use crate::fixture::{ANY, Fixture};

fn count(count: u32) -> ConfigurationPatch {
    let provisioned = Some(Provisioned::Count(count));
    ConfigurationPatch { provisioned, ..ConfigurationPatch::default() }
}

#[tokio::test]
async fn every_head_is_provisioned_and_what_is_deleted_is_not() {
    let fixture = Fixture::new();
    let Fixture { control, inspect, ns, f, .. } = &fixture;
    fixture.deploy_with("one", count(3)).await.unwrap();
    control.configure(ns, f, count(2), &ANY).await.unwrap();
    control.publish(ns, f, &ANY).await.unwrap();
    fixture.deploy_with("two", count(0)).await.unwrap();
    control.rollback(ns, f, 1, &ANY).await.unwrap();
    fixture.deploy("bad").await.unwrap_err();
    let provisioned = std::mem::take(&mut *inspect.provisioned.lock().unwrap());
    assert_eq!(provisioned, [3, 2, 0, 2].map(|count| ("f".to_owned(), count)));

    control.delete_version(ns, f, 1).await.unwrap();
    control.delete_version(ns, f, 1).await.unwrap_err();
    control.delete(ns, f, &ANY).await.unwrap();
    let withdrawn = std::mem::take(&mut *inspect.withdrawn.lock().unwrap());
    let version = Some(VersionNumber::Number(1));
    assert_eq!(withdrawn, [("f".to_owned(), version), ("f".to_owned(), None)]);
}
