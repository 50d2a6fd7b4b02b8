//! Sites: what answers under one host. They are put here, [`site_table`](crate::site_table) has
//! those that are served, and [`site_routing`](crate::site_routing) finds which route of one a
//! request is for.

use std::sync::Arc;

use lambent_storage::{ResourceError, Stored};
use lambent_types::{Error, ErrorCode, Origin, QualifiedFunction, RouteTarget, Site, SiteName};

use crate::client_errors;
use crate::data_scope::DataScope;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::principal::Principal;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::service::Service;
use crate::site_routing::RoutedSite;
use crate::specifications::Specified;

/// A site.
pub type SiteHandle<'s> = Handle<'s, SiteName>;

impl ResourceName for SiteName {
    const NOUN: &'static str = "site";
    const NOT_FOUND: ErrorCode = ErrorCode::SiteNotFound;

    type Scope = Scope;
}

impl Specified for SiteName {
    type Specification = Site;

    const LIST: Operation = Operation::ListSites;
    const DESCRIBE: Operation = Operation::DescribeSite;
    const DELETE: Operation = Operation::DeleteSite;

    async fn deleted(&self, scope: &Scope) -> Result<(), Error> {
        scope.service.sites.read(scope.stores(), scope.namespace(), self).await
    }
}

/// A site that was put, and what its user may not have meant.
#[derive(Debug, Clone)]
pub struct PutSite {
    /// The site.
    pub site: Site,
    /// What its user may not have meant.
    pub warning: Option<String>,
}

impl Scope {
    /// Creates or replaces a site, which is served when this returns.
    ///
    /// # Errors
    /// `InvalidConfiguration`; `FunctionNotFound`, `BucketNotFound`: a route names what is not
    /// there; `Forbidden`: it has a domain that it had not before, and who asks does not administer the
    /// node; `Conflict`: another site has one of the domains; `QuotaExceeded`; the store failed.
    pub async fn put_site(&self, site: Site) -> Result<Put<PutSite>, Error> {
        let (namespace, name) = (self.namespace(), site.name.clone());
        self.perform(Operation::PutSite, name.as_str(), async {
            site.validate()?;
            let warning = self.check_routes(&site).await?;
            let _putting = self.service.sites_put.lock().await;
            let sites = self.stores().resources.of::<Site>();
            loop {
                let before = sites.get(namespace, &name).await?;
                let known = before.as_ref().map(|before| &before.specification);
                self.check_domains(&site, known).await?;
                let revision = before.as_ref().map_or(0, |before| before.revision);
                match sites.replace(namespace, &site, revision).await {
                    Ok(()) => {
                        self.service.sites.read(self.stores(), namespace, &name).await?;
                        return Ok(Put {
                            value: PutSite { site, warning },
                            created: revision == 0,
                        });
                    }
                    // It was deleted or put elsewhere meanwhile, with other domains perhaps.
                    Err(ResourceError::Conflict) => {}
                    Err(error) => return Err(client_errors::resource(namespace, &name, error)),
                }
            }
        })
        .await
    }

    /// Checks that what the routes name is there. What not everybody may call is told.
    async fn check_routes(&self, site: &Site) -> Result<Option<String>, Error> {
        let mut closed = Vec::new();
        for target in site.routes.values() {
            match target {
                RouteTarget::Function { function, .. } => {
                    let QualifiedFunction { name, qualifier } = function;
                    let version = self.named(name.clone()).qualified(qualifier).await?;
                    let name = version.name.clone();
                    if !version.configuration.public && !closed.contains(&name) {
                        closed.push(name);
                    }
                }
                RouteTarget::Files { bucket, .. } => {
                    self.resource(bucket).describe().await?;
                }
            }
        }
        let names: Vec<_> = closed.iter().map(|name| name.as_str()).collect();
        Ok((!names.is_empty()).then(|| {
            let names = names.join(", ");
            format!("only who shows a key may call {names}: lambent configure NAME --public opens a function to all")
        }))
    }

    /// Checks that the site may have its domains.
    async fn check_domains(&self, site: &Site, before: Option<&Site>) -> Result<(), Error> {
        let has = |domain: &&String| before.is_some_and(|before| before.domains.contains(domain));
        let Some(new) = site.domains.iter().find(|domain| !has(domain)) else { return Ok(()) };
        if !self.principal().may_administer() {
            let detail = format!(
                "only who administers the node gives a site a domain, which \"{new}\" is: put the \
                 site with the root key, or leave the domain out"
            );
            return Err(Error::new(ErrorCode::Forbidden, detail));
        }
        // Those of every node, as they are stored.
        let all = self.stores().resources.of::<Site>().all().await?;
        let own = (self.namespace().key(), site.name.key());
        for (namespace, Stored { specification: other, .. }) in all {
            let taken = site.domains.iter().find(|domain| other.domains.contains(domain));
            if let Some(domain) = taken.filter(|_| (namespace.key(), other.name.key()) != own) {
                let other = other.name;
                let detail = format!(
                    "domain \"{domain}\" is that of site \"{other}\" in namespace \"{namespace}\""
                );
                return Err(Error::new(ErrorCode::Conflict, detail));
            }
        }
        Ok(())
    }
}

impl Service {
    /// The site whose host is this, below a domain of the node: `shop` or `shop.team`, in lower
    /// case.
    #[must_use]
    pub fn site_of_labels(&self, labels: &str) -> Option<Arc<RoutedSite>> {
        self.sites.of_labels(labels)
    }

    /// The site that has this domain, which is in lower case.
    #[must_use]
    pub fn site_of_domain(&self, domain: &str) -> Option<Arc<RoutedSite>> {
        self.sites.of_domain(domain)
    }

    /// Where the files of a site are read. Whoever put the site has opened those that its routes
    /// name to everybody.
    #[must_use]
    pub fn site_files(&self, site: &RoutedSite) -> DataScope {
        let (data, namespace) = (self.data.clone(), site.namespace().clone());
        DataScope::new(data, Principal::Node, namespace, Origin::default())
    }

    /// Follows the changes of sites, by any node. Ends by itself when the node drains.
    pub async fn follow_sites(&self) {
        self.sites.follow(self.stores(), &self.data.drain).await;
    }
}
