use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lambent_storage::{PutObject, QueueAttributes};
use lambent_types::{
    BucketName, Lineage, Origin, QueueTarget, Source, Trigger, VersionId, Versioning,
};

use super::{Node, namespace};

async fn put(node: &Node, key: &str, origin: &Origin) -> Option<VersionId> {
    let bytes = futures::stream::once(async { Ok(Bytes::from_static(b"12345")) }).boxed();
    let (ns, bucket) = (namespace(), "photos".parse::<BucketName>().unwrap());
    let put = PutObject::default();
    let put = node.stores.objects.put(&ns, &bucket, key, put, bytes, origin).await;
    put.ok().and_then(|object| object.version)
}

/// A bucket that keeps versions, and a trigger that sends its changes to a queue of this name.
async fn wired(node: &Node, queue: &str, s3_configuration: Option<&str>) {
    let (ns, bucket) = (namespace(), "photos".parse::<BucketName>().unwrap());
    node.stores.objects.create_bucket(&ns, &bucket).await.unwrap();
    node.stores.objects.set_versioning(&ns, &bucket, Versioning::Enabled).await.unwrap();
    let trigger = Trigger {
        name: "t".parse().unwrap(),
        function: None,
        send_to: Some(QueueTarget {
            queue: queue.parse().unwrap(),
            s3_configuration: s3_configuration.map(str::to_owned),
        }),
        source: Source::Object {
            bucket,
            changes: Vec::new(),
            prefix: "in/".into(),
            suffix: String::new(),
        },
        patterns: Vec::new(),
        delivery: None,
        enabled: true,
    };
    trigger.validate().unwrap();
    node.stores.resources.of().put(&ns, &trigger, None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_become_messages_with_what_led_to_them() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    wired(&node, "q", None).await;
    node.run();
    let lineage = Lineage::default().enter(&"f".parse().unwrap()).unwrap();
    let origin = Origin { lineage, ..Origin::default() };
    let version = put(&node, "in/a", &origin).await.unwrap();
    put(&node, "out/a", &origin).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let messages = node.received(&queue).await;
    assert_eq!(messages.len(), 1);
    let data: serde_json::Value = serde_json::from_slice(&messages[0].body).unwrap();
    assert_eq!((&data["key"], &data["cause"]), (&"in/a".into(), &"put".into()));
    assert_eq!(data["version"], version.to_string());
    assert_eq!(messages[0].attributes["type"], "lambent.object.created.v1");
    assert_eq!(messages[0].origin.lineage, origin.lineage);
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_in_the_form_of_s3() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    wired(&node, "q", Some("mine")).await;
    node.run();
    let version = put(&node, "in/a b", &Origin::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let messages = node.received(&queue).await;
    let body: serde_json::Value = serde_json::from_slice(&messages[0].body).unwrap();
    let record = &body["Records"][0];
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["s3"]["configurationId"], "mine");
    assert_eq!(record["s3"]["object"]["key"], "in/a+b");
    assert_eq!(record["s3"]["object"]["versionId"], version.to_string());
}

/// Three times, as other events are.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_tried_again() {
    let node = Node::new();
    let queue = node.queue("q", QueueAttributes::default()).await;
    wired(&node, "q", None).await;
    node.stores.queues.delete_queue(&namespace(), &queue).await.unwrap();
    node.run();
    put(&node, "in/late", &Origin::default()).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    node.queue("q", QueueAttributes::default()).await;
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(node.received(&queue).await.len(), 1, "it was tried again");
    node.stores.queues.delete_queue(&namespace(), &queue).await.unwrap();
    put(&node, "in/lost", &Origin::default()).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    node.queue("q", QueueAttributes::default()).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(node.received(&queue).await.is_empty(), "it was given up after three attempts");
}
