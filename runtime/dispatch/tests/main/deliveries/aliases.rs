use lambent_storage::QueueAttributes;
use lambent_storage::Registry as _;
use lambent_storage::contract::samples;
use lambent_types::{
    Alias, AliasSettings, DeliveryPolicy, Outcome, Qualifier, Retry, Revision, VersionNumber,
};

use super::{Node, all, event, failed, namespace, next};
use crate::fixture::caller;

impl Node {
    /// Has alias `live` of `f` lead to a version, after as many were published.
    async fn live(&self, version: u64) {
        let (ns, f) = (namespace(), samples::name("f"));
        let registry = &self.fixture.registry;
        while registry.function(&ns, &f).await.unwrap().unwrap().last_version < version {
            registry.publish(&ns, &f, None).await.unwrap();
        }
        let settings = AliasSettings::of(VersionNumber::Number(version));
        let (name, created) = ("live".parse().unwrap(), jiff::Timestamp::now());
        let alias = Alias { name, settings, revision: Revision(0), created, changed: created };
        registry.put_alias(&ns, &f, alias, None).await.unwrap();
    }

    fn versions(&self) -> VersionNumber {
        self.fixture.runner.call.lock().unwrap().as_ref().unwrap().function.version
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_tried_again_goes_by_the_alias_again() {
    let node = Node::new();
    let f = node.function("f", DeliveryPolicy::default()).await;
    node.live(1).await;
    let mut seen = node.answer(|event| match event.attempt {
        1 => failed(Retry::Policy),
        _ => Outcome::Ok,
    });
    node.run();
    let live: Qualifier = "live".parse().unwrap();
    node.deliveries.invoke_later(&f, &live, &caller(), event("1")).await.unwrap();
    next(&mut seen).await;
    assert_eq!(node.versions(), VersionNumber::Number(1));
    node.live(2).await;
    next(&mut seen).await;
    assert_eq!(node.versions(), VersionNumber::Number(2));
    assert_eq!((all(&mut seen).await, node.waiting("f:live").await), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn a_number_is_that_version_whatever_the_head_is() {
    let node = Node::new();
    let f = node.function("f", DeliveryPolicy::default()).await;
    node.live(2).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    for (qualifier, version) in [
        ("1", VersionNumber::Number(1)),
        ("$LATEST", VersionNumber::Latest),
        ("live", VersionNumber::Number(2)),
    ] {
        let qualifier = qualifier.parse().unwrap();
        node.deliveries.invoke_later(&f, &qualifier, &caller(), event("1")).await.unwrap();
        next(&mut seen).await;
        assert_eq!(node.versions(), version);
    }
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_names_an_alias_goes_by_it() {
    let node = Node::new();
    node.function("f", DeliveryPolicy::default()).await;
    node.live(1).await;
    let queue = node.queue("q", QueueAttributes::default()).await;
    node.trigger("f:live", &queue, |_| {}).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    for version in [1, 2, 3] {
        node.live(version).await;
        // The poller waited for messages already.
        node.send(&queue, "x", None).await;
        next(&mut seen).await;
        assert_eq!(node.versions(), VersionNumber::Number(version));
    }
}
