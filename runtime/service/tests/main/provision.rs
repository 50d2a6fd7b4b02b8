use lambent_types::{ConfigurationPatch, Provisioned, VersionNumber};

use crate::fixture::{ANY, Fixture};

fn count(count: u32) -> ConfigurationPatch {
    let provisioned = Some(Provisioned::Count(count));
    ConfigurationPatch { provisioned, ..ConfigurationPatch::default() }
}

#[tokio::test]
async fn every_head_is_provisioned_and_what_is_deleted_is_not() {
    let fixture = Fixture::new().await;
    let Fixture { inspect, .. } = &fixture;
    let function = &fixture.handle();
    fixture.deploy_with("one", count(3)).await.unwrap();
    function.configure(count(2), &ANY).await.unwrap();
    function.publish(&ANY).await.unwrap();
    fixture.deploy_with("two", count(0)).await.unwrap();
    function.rollback(1, &ANY).await.unwrap();
    fixture.deploy("bad").await.unwrap_err();
    let provisioned = std::mem::take(&mut *inspect.provisioned.lock().unwrap());
    assert_eq!(provisioned, [3, 2, 0, 2].map(|count| ("f".to_owned(), count)));

    function.delete_version(1).await.unwrap();
    function.delete_version(1).await.unwrap_err();
    function.delete(&ANY).await.unwrap();
    let withdrawn = std::mem::take(&mut *inspect.withdrawn.lock().unwrap());
    let version = Some(VersionNumber::Number(1));
    assert_eq!(withdrawn, [("f".to_owned(), version), ("f".to_owned(), None)]);
}
