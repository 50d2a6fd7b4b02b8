//! What differs between two versions of a function.

use std::collections::BTreeSet;

use lambent_types::{
    CodeDiff, CodeFacts, Error, FunctionVersion, NamesDiff, Qualifier, VersionDiff,
};

use super::FunctionHandle;
use crate::operation::Operation;

impl FunctionHandle<'_> {
    /// Compares two versions: their code, how they can be called, what they import and were granted,
    /// and what is configured. Of an alias it is the version that it leads to, or the first of two.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`; the store failed.
    pub async fn diff(&self, from: &Qualifier, to: &Qualifier) -> Result<VersionDiff, Error> {
        self.perform(Operation::DiffVersions, async {
            let (from, to) = (self.qualified(from).await?, self.qualified(to).await?);
            let code = (from.code != to.code)
                .then(|| CodeDiff { from: facts(&from), to: facts(&to) })
                .filter(|code| code.from != code.to);
            let handlers = |version: &FunctionVersion| -> BTreeSet<String> {
                version.handlers.iter().map(ToString::to_string).collect()
            };
            let imports = if from.code.component == to.code.component {
                NamesDiff::default()
            } else {
                NamesDiff::between(&self.names(&from).await?, &self.names(&to).await?)
            };
            let (before, after) = (&from.configuration, &to.configuration);
            Ok(VersionDiff {
                from: from.version,
                to: to.version,
                code,
                handlers: NamesDiff::between(&handlers(&from), &handlers(&to)),
                imports,
                grants: before.grants_that_differ(after),
                environment: before.variables_that_differ(after),
                configuration: before.members_that_differ(after),
            })
        })
        .await
    }

    /// What the component of a version imports.
    async fn names(&self, version: &FunctionVersion) -> Result<BTreeSet<String>, Error> {
        Ok(self.imported(version).await?.into_keys().collect())
    }
}

/// The code as whoever deployed it knows it.
fn facts(version: &FunctionVersion) -> CodeFacts {
    let code = &version.code;
    let component = CodeFacts { digest: code.component, bytes: code.bytes };
    code.package
        .map_or(component, |package| CodeFacts { digest: package.digest, bytes: package.bytes })
}
