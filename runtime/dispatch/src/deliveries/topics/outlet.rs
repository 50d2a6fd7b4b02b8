use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use lambent_types::Origin;

/// What is posted to the URL of a subscription.
#[derive(Debug, Clone)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// Header fields, beside those that any request has.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// How long it may take until the head of the answer is there.
    pub timeout: Duration,
    /// What led to it.
    pub origin: Origin,
}

/// The signature of a notification.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The signature by RSA with SHA-256, in base64.
    pub signature: String,
    /// Where the certificate is that it is proved by.
    pub certificate_url: String,
}

/// What the messages of topics leave a node by.
pub trait TopicOutlet: Send + Sync {
    /// The base URL of the node for what is told to subscribers, without a slash at its end.
    fn base_url(&self) -> String;

    /// Signs a text; `None` if the node cannot, which is logged.
    fn sign(&self, text: String) -> BoxFuture<'static, Option<Signed>>;

    /// Posts it, if the node may send anything there. The status of the answer.
    ///
    /// # Errors
    /// There was no answer: why, for whoever looks after the subscription.
    fn post(&self, post: Post) -> BoxFuture<'static, Result<u16, String>>;
}
