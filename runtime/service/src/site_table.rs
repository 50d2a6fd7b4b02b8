//! The sites that the node serves, by their hosts.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use lambent_storage::{Changed, Follower, News, Stores};
use lambent_types::{Error, Namespace, Site, SiteName};
use tokio_util::sync::CancellationToken;

use crate::site_routing::RoutedSite;

/// How long it is waited after a failure of the store.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// All sites. What this node puts and deletes is in it when that is acknowledged; what others do,
/// soon after.
#[derive(Default)]
pub(crate) struct SiteTable {
    hosts: RwLock<Hosts>,
    /// Whether there is any site: the others need not look.
    any: AtomicBool,
    /// Held from reading a site in the store to having it here.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Hosts {
    sites: BTreeMap<Place, Arc<RoutedSite>>,
    labels: HashMap<String, Arc<RoutedSite>>,
    domains: HashMap<String, Arc<RoutedSite>>,
}

/// Namespace and name, both in lower case.
type Place = (String, String);

fn place(namespace: &Namespace, name: &SiteName) -> Place {
    (namespace.key(), name.key())
}

impl SiteTable {
    /// The site at these labels below a domain of the node.
    pub(crate) fn of_labels(&self, labels: &str) -> Option<Arc<RoutedSite>> {
        self.find(|hosts| hosts.labels.get(labels))
    }

    /// The site that has this domain.
    pub(crate) fn of_domain(&self, domain: &str) -> Option<Arc<RoutedSite>> {
        self.find(|hosts| hosts.domains.get(domain))
    }

    fn find(
        &self,
        find: impl FnOnce(&Hosts) -> Option<&Arc<RoutedSite>>,
    ) -> Option<Arc<RoutedSite>> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        find(&self.hosts.read().unwrap_or_else(PoisonError::into_inner)).cloned()
    }

    /// Has a site as it is in the store now, or not any more.
    pub(crate) async fn read(
        &self,
        stores: &Stores,
        namespace: &Namespace,
        name: &SiteName,
    ) -> Result<(), Error> {
        let _reading = self.reading.lock().await;
        let found = stores.resources.of::<Site>().get(namespace, name).await?;
        let site = found.map(|found| RoutedSite::new(namespace.clone(), found.specification));
        self.change(|sites| match site {
            Some(site) => drop(sites.insert(place(namespace, name), Arc::new(site))),
            None => drop(sites.remove(&place(namespace, name))),
        });
        Ok(())
    }

    /// Has all sites as they are in the store now.
    pub(crate) async fn read_all(&self, stores: &Stores) -> Result<(), Error> {
        let _reading = self.reading.lock().await;
        let all = stores.resources.of::<Site>().all().await?.into_iter();
        let all = all.map(|(namespace, stored)| {
            let place = place(&namespace, &stored.specification.name);
            (place, Arc::new(RoutedSite::new(namespace, stored.specification)))
        });
        let all = all.collect();
        self.change(|sites| *sites = all);
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<Place, Arc<RoutedSite>>)) {
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut hosts.sites);
        *hosts = Hosts::of(std::mem::take(&mut hosts.sites));
        self.any.store(!hosts.sites.is_empty(), Ordering::Release);
    }

    /// Follows the changes of every node, until the drain. It ends between two reads: what was
    /// begun in a store would hold the data directory.
    pub(crate) async fn follow(&self, stores: &Stores, drain: &CancellationToken) {
        while let Err(error) = self.follow_feed(stores, drain).await {
            tracing::error!(%error, "cannot read the sites");
            if drain.run_until_cancelled(tokio::time::sleep(STORE_PAUSE)).await.is_none() {
                return;
            }
        }
    }

    async fn follow_feed(&self, stores: &Stores, drain: &CancellationToken) -> Result<(), Error> {
        let feed = stores.resources.of::<Site>().changes();
        let mut follower = Follower::new(&feed);
        while let Some(news) = drain.run_until_cancelled(follower.news()).await {
            match news? {
                News::All => self.read_all(stores).await?,
                News::Changed(changed) => {
                    for Changed { namespace, name } in changed {
                        self.read(stores, &namespace, &name).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Hosts {
    fn of(sites: BTreeMap<Place, Arc<RoutedSite>>) -> Self {
        let default = Namespace::default().key();
        let (mut labels, mut domains) = (HashMap::new(), HashMap::new());
        for ((namespace, name), site) in &sites {
            if *namespace == default {
                labels.insert(name.clone(), site.clone());
            }
            labels.insert(format!("{name}.{namespace}"), site.clone());
            for domain in &site.site().domains {
                // Two nodes may have let one in each; then it is that of the first by name, on all.
                domains.entry(domain.clone()).or_insert_with(|| site.clone());
            }
        }
        Self { sites, labels, domains }
    }
}
