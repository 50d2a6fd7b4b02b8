//! What the messages of topics leave the node by.

use std::net::IpAddr;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use lambent_capabilities::{Network, OwnDoors, Posting};
use lambent_dispatch::{Post, Signed, TopicOutlet};

use crate::topic_signer::TopicSigner;

/// The outlet of a node.
pub(crate) struct Outlet {
    base: String,
    posting: Arc<Posting>,
    pub(crate) signer: Arc<TopicSigner>,
}

impl Outlet {
    /// Of a node with this base URL, which sends to public addresses and to these networks; in development
    /// also to this machine.
    pub(crate) fn new(
        base: String,
        network: Network,
        (networks, dev): (Vec<IpNet>, bool),
        signer: TopicSigner,
    ) -> Self {
        let allowed = move |address: IpAddr| {
            (dev && address.is_loopback())
                || networks.iter().any(|network| network.contains(&address))
        };
        let posting = Arc::new(Posting::new(network, Box::new(allowed)));
        Self { base, posting, signer: Arc::new(signer) }
    }

    /// Sets the node's own doors, so that what comes back to them says what led to it.
    pub(crate) fn set_doors(&self, doors: Arc<dyn OwnDoors>) {
        self.posting.set_doors(doors);
    }
}

impl TopicOutlet for Outlet {
    fn base_url(&self) -> String {
        self.base.clone()
    }

    fn sign(&self, text: String) -> BoxFuture<'static, Option<Signed>> {
        let (signer, base) = (self.signer.clone(), self.base.clone());
        async move {
            match signer.sign(text).await {
                Ok((signing, signature)) => {
                    let certificate_url = format!("{base}{}", signing.path());
                    Some(Signed { signature, certificate_url })
                }
                Err(error) => {
                    tracing::error!(%error, "a notification cannot be signed");
                    None
                }
            }
        }
        .boxed()
    }

    fn post(&self, post: Post) -> BoxFuture<'static, Result<u16, String>> {
        let posting = self.posting.clone();
        async move {
            let Post { url, headers, body, timeout, origin } = post;
            let mut fields = HeaderMap::new();
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::try_from(value) {
                    fields.insert(HeaderName::from_static(name), value);
                }
            }
            posting.post(&url, (fields, body), timeout, &origin).await
        }
        .boxed()
    }
}
