use std::sync::Arc;
use std::time::Duration;

use lambent_dispatch::{Deliveries, Dispatcher};
use lambent_storage::Stores;
use lambent_types::{Clock, Error};
use tokio::sync::{Mutex, Notify};

use crate::code_in_use::CodeInUse;
use crate::data_plane::DataPlane;
use crate::images::ImageRegistries;
use crate::inspect::Inspect;
use crate::invocations::Invocations;
use crate::secret_seed::SecretSeed;
use crate::site_table::SiteTable;
use crate::topic_order::TopicOrders;

/// How long code outlives its last reference: far longer than an invocation
/// takes from knowing its version to having the code loaded.
const GRACE: Duration = Duration::from_secs(60);

/// Changes everything that has a name, and reads about it.
///
/// Of concurrent changes to one function without an expected revision each is
/// applied to what the one before left. A change that fails changes nothing.
pub struct Service {
    pub(crate) data: Arc<DataPlane>,
    pub(crate) inspect: Arc<dyn Inspect>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) images: ImageRegistries,
    pub(crate) code_in_use: CodeInUse,
    /// Held while a trigger or a schedule comes to name a function, and while
    /// a function that none may name is deleted.
    pub(crate) wiring: Mutex<()>,
    /// Held while the quotas in force are taken from the records of namespaces.
    pub(crate) quotas_load: Mutex<()>,
    /// Held while the host is told which components runtimes are.
    pub(crate) runtimes_load: Mutex<()>,
    /// Held while a site is put: two with one domain are put one after the other.
    pub(crate) sites_put: Mutex<()>,
    pub(crate) sites: SiteTable,
    /// Held while a role changes, and while a policy that roles may come to name is deleted.
    pub(crate) identities: Mutex<()>,
    /// Held while a secret or a parameter changes.
    pub(crate) sealing: Mutex<()>,
    /// Told when secrets are rotated at other dates than before.
    pub(crate) rotations: Notify,
    /// What FIFO topics remember of the last minutes.
    pub(crate) topics: TopicOrders,
    /// What clients may send again.
    pub(crate) invocations: Invocations,
    pub(crate) seed: SecretSeed,
    pub(crate) grace: Duration,
}

/// What a service is made of.
pub struct Parts {
    /// The data that it works on.
    pub data: Arc<DataPlane>,
    /// What compiles components and reads them.
    pub inspect: Arc<dyn Inspect>,
    /// What runs functions for clients that wait.
    pub dispatcher: Dispatcher,
    /// What runs functions for events.
    pub deliveries: Arc<Deliveries>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where images are fetched from.
    pub images: ImageRegistries,
    /// What the secrets of access keys are made with, and what is secret at rest is sealed with.
    pub seed: SecretSeed,
}

impl Service {
    /// The service of a node. A process has one over the same stores.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { data, inspect, dispatcher, deliveries, clock, images, seed } = parts;
        Self {
            data,
            inspect,
            dispatcher,
            deliveries,
            clock,
            images,
            code_in_use: CodeInUse::default(),
            wiring: Mutex::default(),
            quotas_load: Mutex::default(),
            runtimes_load: Mutex::default(),
            sites_put: Mutex::default(),
            sites: SiteTable::default(),
            identities: Mutex::default(),
            sealing: Mutex::default(),
            rotations: Notify::new(),
            topics: TopicOrders::default(),
            invocations: Invocations::default(),
            seed,
            grace: GRACE,
        }
    }

    /// Puts the quotas of namespaces, what is reserved for functions, the versions of runtimes and
    /// sites in force. It is for the start,
    /// before anything else is done, and for every now and then, since another node may have
    /// changed some.
    ///
    /// # Errors
    /// The store failed.
    pub async fn load(&self) -> Result<(), Error> {
        self.load_quotas().await?;
        self.dispatcher.read_reserved().await?;
        self.load_runtimes().await?;
        self.sites.read_all(self.stores()).await
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.data.stores
    }

    /// Sets how long code outlives its last reference; a minute if not set.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }
}
