//! What the component of a version imports.

use std::collections::BTreeSet;

use lambent_types::{Error, FunctionVersion};

use super::FunctionHandle;
use crate::operation::Operation;

impl FunctionHandle<'_> {
    /// The interfaces that the component of one of its versions imports. None of a package: what is
    /// imported there is its runtime's choice, and the same for all that it runs. The component is
    /// read anew, but not compiled.
    ///
    /// # Errors
    /// The component cannot be read; the store failed.
    pub async fn imports(
        &self,
        version: &FunctionVersion,
    ) -> Result<Option<BTreeSet<String>>, Error> {
        self.perform(Operation::DescribeFunction, async {
            match version.code.package {
                Some(_) => Ok(None),
                None => self.imports_of_component(version).await.map(Some),
            }
        })
        .await
    }

    /// What the component imports that a version was deployed with, be it its own or its runtime's.
    pub(super) async fn imports_of_component(
        &self,
        version: &FunctionVersion,
    ) -> Result<BTreeSet<String>, Error> {
        if version.code.awaits_runtime {
            return Ok(BTreeSet::new());
        }
        let code = self.service().stored(version.code.component).await?;
        self.service().inspect.imports(self.namespace(), code).await
    }
}
