//! Namespaces: made, listed and deleted by whoever administers the node.

use std::sync::Arc;

use jiff::Timestamp;
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
    fn namespace_records(&self) -> Result<Records<'_>, Error> {
        Records::of(&*self.stores().keyvalue, RECORDS)
    }

    /// What is known of a namespace.
    pub(crate) async fn namespace(&self, name: &Namespace) -> Result<NamespaceInfo, Error> {
        if name.key() == Namespace::default().key() {
            return Ok(of_every_node());
        }
        let found = self.namespace_records()?.get(&name.key()).await?;
        found.ok_or_else(|| {
            let detail = format!("namespace \"{name}\" does not exist; create it first");
            Error::new(ErrorCode::NamespaceNotFound, detail)
        })
    }

    /// All namespaces by name, `default` among them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceInfo>, Error> {
        let mut all: Vec<NamespaceInfo> = self.namespace_records()?.list("").await?;
        all.push(of_every_node());
        all.sort_by_key(|info| info.name.key());
        Ok(all)
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
    NamespaceInfo { name, created, deleting: false }
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

    /// Reads one namespace.
    ///
    /// # Errors
    /// `InvalidName`, `Forbidden`, `NamespaceNotFound`; the store failed.
    pub async fn describe_namespace(&self, name: &str) -> Result<NamespaceInfo, Error> {
        self.perform(Operation::DescribeNamespace, name, async {
            let name = parse(name)?;
            self.principal().check_may_enter(&name)?;
            self.service.namespace(&name).await
        })
        .await
    }

    /// Creates a namespace, if it is not there already.
    ///
    /// # Errors
    /// `InvalidName`, `Forbidden`, `Conflict` (it is being deleted); the store failed.
    pub async fn create_namespace(&self, name: &str) -> Result<Put<NamespaceInfo>, Error> {
        self.perform(Operation::PutNamespace, name, async {
            self.principal().check_may_administer()?;
            let name = parse(name)?;
            let (created, deleting) = (self.service.clock.now(), false);
            let value = NamespaceInfo { name: name.clone(), created, deleting };
            let records = self.service.namespace_records()?;
            loop {
                match self.service.namespace(&name).await {
                    Ok(info) if info.deleting => return Err(being_deleted(&name)),
                    Ok(value) => return Ok(Put { value, created: false }),
                    Err(error) if error.code() == ErrorCode::NamespaceNotFound => {}
                    Err(error) => return Err(error),
                }
                if records.write(&[Write::create(name.key(), &value)?]).await? {
                    return Ok(Put { value, created: true });
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
            let info = self.service.namespace(&name).await?;
            if info == of_every_node() {
                let detail = "the namespace \"default\" is on every node and cannot be deleted";
                return Err(Error::new(ErrorCode::Conflict, detail));
            }
            let within = Self::new(
                Arc::clone(&self.service),
                Principal::Node,
                info.clone(),
                Origin::default(),
            );
            if !with_contents && !info.deleting {
                contents::check_empty(&within).await?;
            }
            let records = self.service.namespace_records()?;
            let marked = NamespaceInfo { deleting: true, ..info };
            records.write(&[Write::set(name.key(), &marked)?]).await?;
            within.delete_contents().await
        })
        .await
    }

    /// Deletes everything in the scope's namespace, which is marked for it, and
    /// then the namespace itself.
    async fn delete_contents(&self) -> Result<(), Error> {
        access_keys::delete_all(self).await?;
        contents::delete(self).await?;
        let record = Write::Delete(self.namespace().key());
        self.service.namespace_records()?.write(&[record]).await?;
        Ok(())
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
