use std::sync::Arc;
use std::time::Duration;

use lambent_dispatch::{Deliveries, Dispatcher};
use lambent_engine::{Budget, Hold};
use lambent_host::FairSemaphore;
use lambent_service::Service;
use lambent_types::Namespace;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::drain::Stop;
use crate::forwarded::Proxies;
use crate::host_header::Domains;
use crate::lineage::Lineages;
use crate::metrics::Metrics;
use crate::min_rate::MinRate;
use crate::node_secrets::RootKey;
use crate::topic_outlet::Outlet;
use crate::urls::Urls;

/// What every door shares.
pub(crate) struct App {
    /// Whether no key is asked for.
    pub(crate) dev: bool,
    pub(crate) domains: Domains,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) key: RootKey,
    pub(crate) aws: lambent_aws::Door,
    pub(crate) lineages: Arc<Lineages>,
    pub(crate) service: Arc<Service>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) deliveries: Arc<Deliveries>,
    /// What the messages of topics leave by.
    pub(crate) outlet: Arc<Outlet>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) urls: Urls,
    /// One for every response that may be compressed at the same time; none if no response is.
    pub(crate) gzips: Option<Arc<Semaphore>>,
    /// One for every component that may be uploaded at the same time.
    pub(crate) uploads: Arc<FairSemaphore>,
    /// How long the next bytes of a body may take.
    pub(crate) stall: Duration,
    /// How fast a body has to come in.
    pub(crate) pace: MinRate,
    /// The memory that functions and what is taken in for them may have.
    pub(crate) budget: Arc<Budget>,
    pub(crate) stop: Stop,
    pub(crate) tasks: TaskTracker,
}

impl App {
    /// What is kept in memory for a client of `namespace` is charged to this.
    pub(crate) fn hold(&self, namespace: &Namespace) -> Arc<Hold> {
        Arc::new(self.budget.hold(Some(namespace.clone()), None))
    }
}
