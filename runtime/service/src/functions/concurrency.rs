//! What is set aside for a function: invocations that are reserved for it, and instances that are
//! kept ready of its versions.

use jiff::Timestamp;
use lambent_storage::{ConcurrencyRefused, Quota, WriteError};
use lambent_types::{
    ConcurrencyChange, Error, ErrorCode, Function, ProvisionedFor, Qualifier, bounds,
};

use super::FunctionHandle;
use super::errors::{no_version, refused};
use crate::inspect::{ProvisionedState, ProvisionedVersion};
use crate::operation::Operation;
use crate::service::Service;

/// How many invocations of a function run at once, and how many may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyStatus {
    /// How many are reserved for it.
    pub reserved: Option<u32>,
    /// How many run on this node.
    pub running: usize,
    /// How many of its namespace may run at once.
    pub limit: u64,
    /// How many of those are reserved for no function.
    pub unreserved: u64,
}

/// How it stands with the instances that are kept ready for a qualifier, on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionedStatus {
    /// The version or the alias.
    pub qualifier: Qualifier,
    /// How many are to be.
    pub requested: u32,
    /// How many were made for that.
    pub allocated: u32,
    /// How many of them wait for an invocation.
    pub available: u32,
    /// How it stands.
    pub state: ProvisionedState,
    /// When they were last asked for.
    pub changed: Timestamp,
}

impl Service {
    /// Follows what is reserved for functions, by any node. Ends by itself when the node drains.
    pub async fn follow_reserved(&self) {
        self.dispatcher.follow_reserved(&self.data.drain).await;
    }
}

impl FunctionHandle<'_> {
    /// Reads what is reserved for the function, and how much of it is in use.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn concurrency(&self) -> Result<ConcurrencyStatus, Error> {
        self.perform(Operation::DescribeConcurrency, async {
            let function = self.describe().await?;
            self.concurrency_of(&function).await
        })
        .await
    }

    /// Reserves so many invocations at once for the function, which others cannot use and beyond
    /// which it has none; none: it shares what is not reserved with the others of its namespace. In
    /// force on this node when this returns.
    ///
    /// # Errors
    /// `FunctionNotFound`, `InvalidConfiguration` (too little would stay unreserved, or more
    /// instances are kept ready); the store failed.
    pub async fn reserve(&self, count: Option<u32>) -> Result<ConcurrencyStatus, Error> {
        self.perform(Operation::PutConcurrency, async {
            let function = self.set_concurrency(ConcurrencyChange::Reserve(count), None).await?;
            let (namespace, name) = self.place();
            self.service().dispatcher.read_reserved_of(namespace, name).await?;
            self.concurrency_of(&function).await
        })
        .await
    }

    async fn concurrency_of(&self, function: &Function) -> Result<ConcurrencyStatus, Error> {
        let (namespace, name) = (self.namespace(), &function.latest.name);
        let holdings = self.stores().holdings(namespace).await?;
        let held = holdings.iter().find(|holding| holding.quota == Quota::Concurrency);
        let limit = self.stores().quotas.limit(namespace, Quota::Concurrency);
        let reserved = held.map_or(0, |held| held.used);
        Ok(ConcurrencyStatus {
            reserved: function.concurrency.reserved,
            running: self.service().dispatcher.running(namespace, name),
            limit,
            unreserved: limit.saturating_sub(reserved),
        })
    }

    /// All that is kept ready of the function's versions, by qualifier.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn all_provisioned(&self) -> Result<Vec<ProvisionedStatus>, Error> {
        self.perform(Operation::ListProvisioned, async {
            let function = self.describe().await?;
            let all = function.concurrency.provisioned.iter();
            Ok(all.map(|wanted| self.status(&function, wanted)).collect())
        })
        .await
    }

    /// What is kept ready of a version, or of what an alias leads to.
    ///
    /// # Errors
    /// `FunctionNotFound`, `ProvisionedNotFound`; the store failed.
    pub async fn provisioned(&self, qualifier: &Qualifier) -> Result<ProvisionedStatus, Error> {
        self.perform(Operation::DescribeProvisioned, async {
            let function = self.describe().await?;
            let wanted = function.concurrency.of(qualifier);
            let wanted = wanted.ok_or_else(|| self.not_provisioned(qualifier))?;
            Ok(self.status(&function, wanted))
        })
        .await
    }

    /// Keeps so many instances ready of a version, or of what an alias leads to. They are made in
    /// the background.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`, `InvalidConfiguration`; the store
    /// failed.
    pub async fn provision(
        &self,
        qualifier: &Qualifier,
        instances: u32,
    ) -> Result<ProvisionedStatus, Error> {
        self.perform(Operation::PutProvisioned, async {
            let most = bounds::PROVISIONED_MAX;
            if !(1..=most).contains(&instances) {
                let detail =
                    format!("{instances} instances are to be kept ready; give 1 to {most}");
                return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
            }
            let (changed, qualifier) = (self.service().clock.now(), qualifier.clone());
            let wanted = ProvisionedFor { qualifier: qualifier.clone(), instances, changed };
            let change = ConcurrencyChange::Provision(wanted.clone());
            let function = self.set_concurrency(change, Some(&qualifier)).await?;
            Ok(self.status(&function, &wanted))
        })
        .await
    }

    /// Keeps none ready any more of a version, or of what an alias leads to.
    ///
    /// # Errors
    /// `FunctionNotFound`, `ProvisionedNotFound`; the store failed.
    pub async fn unprovision(&self, qualifier: &Qualifier) -> Result<(), Error> {
        self.perform(Operation::DeleteProvisioned, async {
            let change = ConcurrencyChange::Unprovision(qualifier.clone());
            self.set_concurrency(change, Some(qualifier)).await.map(drop)
        })
        .await
    }

    async fn set_concurrency(
        &self,
        change: ConcurrencyChange,
        qualifier: Option<&Qualifier>,
    ) -> Result<std::sync::Arc<Function>, Error> {
        let (namespace, name) = self.place();
        let changed = self.stores().registry.set_concurrency(namespace, name, change).await;
        changed.map_err(|error| match (error, qualifier) {
            (WriteError::Concurrency(ConcurrencyRefused::NotProvisioned), Some(qualifier)) => {
                self.not_provisioned(qualifier)
            }
            (WriteError::AliasNotFound, Some(Qualifier::Alias(alias))) => self.no_alias(alias),
            (WriteError::VersionNotFound, Some(Qualifier::Version(number))) => {
                no_version(name, *number)
            }
            (error, _) => refused(error, namespace, name),
        })
    }

    fn not_provisioned(&self, qualifier: &Qualifier) -> Error {
        let detail = format!("no instances are kept ready of {}:{qualifier}", self.name());
        Error::new(ErrorCode::ProvisionedNotFound, detail)
    }

    /// How it stands with all versions that a qualifier leads to.
    fn status(&self, function: &Function, wanted: &ProvisionedFor) -> ProvisionedStatus {
        let mut status = ProvisionedStatus {
            qualifier: wanted.qualifier.clone(),
            requested: wanted.instances,
            allocated: 0,
            available: 0,
            state: ProvisionedState::Ready,
            changed: wanted.changed,
        };
        let head = &function.latest;
        for (number, instances) in function.provisioned_for(wanted) {
            let found = self.service().inspect.provisioned(&head.namespace, &head.name, number);
            let ProvisionedVersion { allocated, available, state, .. } =
                found.unwrap_or(ProvisionedVersion {
                    requested: instances,
                    allocated: 0,
                    available: 0,
                    state: ProvisionedState::InProgress,
                });
            // A version may have some for another qualifier too.
            status.allocated += allocated.min(instances);
            status.available += available.min(instances);
            status.state = match (status.state, state) {
                (ProvisionedState::Failed(reason), _) | (_, ProvisionedState::Failed(reason)) => {
                    ProvisionedState::Failed(reason)
                }
                (ProvisionedState::Ready, ProvisionedState::Ready) => ProvisionedState::Ready,
                _ => ProvisionedState::InProgress,
            };
        }
        status.allocated = status.allocated.min(wanted.instances);
        status.available = status.available.min(wanted.instances);
        status
    }
}
