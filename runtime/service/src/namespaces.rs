//! Namespaces: made, listed and deleted by whoever administers the node.

use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::{Holding, OwnQuotas};
use lambent_types::{Error, ErrorCode, Namespace, Origin};

use crate::access_keys;
use crate::client_errors::being_deleted;
use crate::contents;
use crate::handle::Put;
use crate::namespace_info::NamespaceInfo;
use crate::operation::Operation;
use crate::principal::Principal;
use crate::records::{Records, Write};
use crate::scope::Scope;
use crate::service::Service;

const RECORDS: &str = "namespaces";

impl Service {
    pub(crate) fn namespace_records(&self) -> Result<Records<'_>, Error> {
        Records::of(&*self.stores().keyvalue, RECORDS)
    }

    /// A namespace with the revision of its record, if it has one: `default` may have none.
    pub(crate) async fn find_namespace(
        &self,
        name: &Namespace,
    ) -> Result<Option<(NamespaceInfo, Option<u64>)>, Error> {
        let found = self.namespace_records()?.get_revision(&name.key()).await?;
        let found = found.map(|(info, revision)| (info, Some(revision)));
        Ok(found.or_else(|| is_default(name).then(|| (of_every_node(), None))))
    }

    /// What is known of a namespace.
    pub(crate) async fn namespace(&self, name: &Namespace) -> Result<NamespaceInfo, Error> {
        let found = self.find_namespace(name).await?;
        found.map(|(info, _)| info).ok_or_else(|| not_found(name))
    }

    /// What is known of a namespace that somebody enters: of `default` without its quotas,
    /// which costs no read.
    pub(crate) async fn enter(&self, name: &Namespace) -> Result<NamespaceInfo, Error> {
        if is_default(name) {
            return Ok(of_every_node());
        }
        let info = self.namespace(name).await?;
        if !self.stores().quotas.are_of(name, &info.quotas) {
            // Another node changed them.
            self.load_quotas_of(name).await?;
        }
        Ok(info)
    }

    /// All namespaces by name, `default` among them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceInfo>, Error> {
        let mut all = self.namespace_records()?.list::<NamespaceInfo>("").await?;
        if !all.iter().any(|info| is_default(&info.name)) {
            all.push(of_every_node());
        }
        all.sort_by_key(|info| info.name.key());
        Ok(all)
    }

    /// Notes that a namespace is being deleted, whatever else changes in its record.
    async fn mark_deleting(&self, name: &Namespace) -> Result<(), Error> {
        loop {
            let (info, revision) =
                self.find_namespace(name).await?.ok_or_else(|| not_found(name))?;
            let marked = NamespaceInfo { deleting: true, ..info };
            let write = Write::replace(name.key(), &marked, revision.unwrap_or_default())?;
            if self.namespace_records()?.write(&[write]).await? {
                return Ok(());
            }
        }
    }

    /// Deletes what is left of namespaces whose deletion was begun and did not end.
    pub(crate) async fn finish_deletions(self: &Arc<Self>) {
        let all = self.namespaces().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot list namespaces");
            Vec::new()
        });
        for info in all.into_iter().filter(|info| info.deleting) {
            let name = info.name.clone();
            let scope = Scope::new(Arc::clone(self), Principal::Node, info, Origin::default());
            match scope.delete_contents().await {
                Ok(()) => tracing::info!(namespace = %name, "the rest of it is deleted"),
                Err(error) => tracing::warn!(namespace = %name, %error, "cannot delete it yet"),
            }
        }
    }
}

fn of_every_node() -> NamespaceInfo {
    let (name, created) = (Namespace::default(), Timestamp::UNIX_EPOCH);
    NamespaceInfo { name, created, deleting: false, quotas: OwnQuotas::default() }
}

fn is_default(name: &Namespace) -> bool {
    name.key() == Namespace::default().key()
}

fn not_found(name: &Namespace) -> Error {
    let detail = format!("namespace \"{name}\" does not exist; create it first");
    Error::new(ErrorCode::NamespaceNotFound, detail)
}

impl Scope {
    /// The namespaces that the principal may enter, by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceInfo>, Error> {
        self.perform(Operation::ListNamespaces, "", async {
            let mut all = self.service.namespaces().await?;
            all.retain(|info| self.principal().may_enter(&info.name));
            Ok(all)
        })
        .await
    }

    /// Reads one namespace, and what it holds of each quota.
    ///
    /// # Errors
    /// `InvalidName`, `Forbidden`, `NamespaceNotFound`; the store failed.
    pub async fn describe_namespace(
        &self,
        name: &str,
    ) -> Result<(NamespaceInfo, Vec<Holding>), Error> {
        self.perform(Operation::DescribeNamespace, name, async {
            let name = parse(name)?;
            self.principal().check_may_enter(&name)?;
            let info = self.service.namespace(&name).await?;
            let holdings = self.stores().holdings(&info.name).await?;
            Ok((info, holdings))
        })
        .await
    }

    /// Creates a namespace, or gives the one that is there other quotas. Without `quotas` a
    /// new one has the node's, and one that is there keeps what it has.
    ///
    /// # Errors
    /// `InvalidName`, `Forbidden`, `Conflict` (it is being deleted); the store failed.
    pub async fn put_namespace(
        &self,
        name: &str,
        quotas: Option<OwnQuotas>,
    ) -> Result<Put<NamespaceInfo>, Error> {
        self.perform(Operation::PutNamespace, name, async {
            self.principal().check_may_administer()?;
            let name = parse(name)?;
            loop {
                let found = self.service.find_namespace(&name).await?;
                let created = found.is_none();
                let (mut value, revision) = found.unwrap_or_else(|| {
                    let (name, created) = (name.clone(), self.service.clock.now());
                    (NamespaceInfo { name, created, ..of_every_node() }, None)
                });
                if value.deleting {
                    return Err(being_deleted(&name));
                }
                if quotas.is_none() && !created {
                    return Ok(Put { value, created });
                }
                value.quotas = quotas.clone().unwrap_or_default();
                let write = match revision {
                    Some(revision) => Write::replace(name.key(), &value, revision)?,
                    None => Write::create(name.key(), &value)?,
                };
                if self.service.namespace_records()?.write(&[write]).await? {
                    self.service.load_quotas_of(&name).await?;
                    return Ok(Put { value, created });
                }
            }
        })
        .await
    }

    /// Deletes a namespace and its access keys, and, if it is to, all that it holds:
    /// from the first moment nothing can be done in it, and a deletion that
    /// was interrupted goes on when it is asked for again, or by itself later.
    ///
    /// # Errors
    /// `InvalidName`, `Forbidden`, `NamespaceNotFound`, `Conflict` (it is not
    /// empty, or it is `default`); the store failed.
    pub async fn delete_namespace(&self, name: &str, with_contents: bool) -> Result<(), Error> {
        self.perform(Operation::DeleteNamespace, name, async {
            self.principal().check_may_administer()?;
            let name = parse(name)?;
            if is_default(&name) {
                let detail = "the namespace \"default\" is on every node and cannot be deleted";
                return Err(Error::new(ErrorCode::Conflict, detail));
            }
            let info = self.service.namespace(&name).await?;
            let within = Self::new(
                Arc::clone(&self.service),
                Principal::Node,
                info.clone(),
                Origin::default(),
            );
            if !with_contents && !info.deleting {
                contents::check_empty(&within).await?;
            }
            self.service.mark_deleting(&name).await?;
            within.delete_contents().await
        })
        .await
    }

    /// Deletes everything in the scope's namespace, which is marked for it, and
    /// then the namespace itself.
    async fn delete_contents(&self) -> Result<(), Error> {
        access_keys::delete_all(self).await?;
        contents::delete(self).await?;
        // Nobody is to find them in the next namespace of its name.
        self.stores().tables.discard_streams(self.namespace()).await?;
        let record = Write::Delete(self.namespace().key());
        self.service.namespace_records()?.write(&[record]).await?;
        // The next of its name begins with the node's quotas.
        self.service.load_quotas_of(self.namespace()).await
    }
}

/// A namespace's name; those that begin with an underscore are the node's own.
fn parse(text: &str) -> Result<Namespace, Error> {
    let invalid = |detail: String| Error::new(ErrorCode::InvalidName, detail);
    let name: Namespace = text.parse().map_err(|error| invalid(format!("{error}")))?;
    if name.as_str().starts_with('_') {
        return Err(invalid(format!("namespace \"{name}\" begins with an underscore")));
    }
    Ok(name)
}
