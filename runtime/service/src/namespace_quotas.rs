//! The quotas of namespaces that have their own: kept in the records of the namespaces, and in
//! force in the table that the stores read.

use lambent_types::{Error, Namespace};

use crate::namespace_info::NamespaceInfo;
use crate::service::Service;

impl Service {
    /// Puts the quotas of all namespaces in force. It is for the start, before anything else
    /// is done, and for every now and then, since another node may have changed some. A
    /// namespace whose record is damaged has the node's quotas, which the log tells.
    ///
    /// # Errors
    /// The store failed.
    pub async fn load_quotas(&self) -> Result<(), Error> {
        // What is read must not overtake what is read later.
        let _loading = self.quotas_load.lock().await;
        let (records, mut all) = (self.namespace_records()?, Vec::new());
        for key in records.keys("").await? {
            match records.get::<NamespaceInfo>(&key).await {
                Ok(info) => all.extend(info.map(|info| (info.name, info.quotas))),
                Err(error) => tracing::error!(namespace = key, %error, "cannot read its quotas"),
            }
        }
        self.stores().quotas.set_all(all);
        Ok(())
    }

    /// Puts the quotas of a namespace in force as they are recorded now; those of the node if
    /// there is no such namespace.
    pub(crate) async fn load_quotas_of(&self, name: &Namespace) -> Result<(), Error> {
        let _loading = self.quotas_load.lock().await;
        let info = self.find_namespace(name).await?;
        let quotas = info.map(|(info, _)| info.quotas).unwrap_or_default();
        self.stores().quotas.set(name, quotas);
        Ok(())
    }
}
