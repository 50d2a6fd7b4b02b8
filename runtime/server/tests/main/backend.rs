//! A server over stores that are not in its data directory.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use lambent_server::Backend;
use lambent_storage::{Quotas, Stores};
use lambent_types::{Namespace, SystemClock};

use crate::node::Node;

#[tokio::test]
async fn the_node_keeps_its_state_where_the_backend_does() {
    let stores = Stores::memory(Arc::new(SystemClock), Quotas::default());
    let seen = stores.clone();
    let node = Node::start_with(|options| {
        options.backend = Backend::new(move |_| Ok(stores.clone()));
    })
    .await;
    let put = |path| Request::put(path).body(Bytes::new()).unwrap();
    assert_eq!(node.send(put("/v1/buckets/photos")).await.status, 201);
    let buckets = seen.objects.buckets(&Namespace::default()).await.unwrap();
    assert_eq!(buckets.len(), 1);
}
