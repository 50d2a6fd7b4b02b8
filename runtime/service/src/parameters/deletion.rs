//! Parameters that are deleted.

use lambent_types::{Error, bounds};

use super::entry::{Parameter, RECORDS, version_text};
use super::read::value_of;
use crate::operation::Operation;
use crate::records::Write;
use crate::scope::Scope;
use crate::sealed_records::SealedRecords;

impl Scope {
    /// Deletes a parameter with its versions.
    ///
    /// # Errors
    /// `ParameterNotFound`; the store failed.
    pub async fn delete_parameter(&self, name: &str) -> Result<(), Error> {
        self.perform(Operation::DeleteParameter, name, async {
            let _changing = self.service.sealing.lock().await;
            let (parameter, _) = self.find_parameter(name).await?;
            let mut writes = vec![SealedRecords::delete_entry(name)];
            writes.extend((parameter.first..=parameter.latest).map(|n| delete_row(&parameter, n)));
            debug_assert!(writes.len() <= bounds::BATCH_MAX, "no more versions than are kept");
            self.parameter_records()?.write(&writes).await?;
            Ok(())
        })
        .await
    }

    /// The names of all parameters.
    pub(crate) async fn parameters_held(&self) -> Result<Vec<String>, Error> {
        self.sealed(RECORDS)?.names().await
    }

    /// Deletes all parameters.
    pub(crate) async fn delete_parameters(&self) -> Result<(), Error> {
        let _changing = self.service.sealing.lock().await;
        self.sealed(RECORDS)?.delete_all().await
    }
}

/// The change that deletes a version of a parameter.
pub(super) fn delete_row(parameter: &Parameter, number: u64) -> Write {
    SealedRecords::delete_row(value_of(parameter, &version_text(number)))
}
