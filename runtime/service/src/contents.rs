//! What a namespace holds: whether it holds anything, and all of it deleted.

use lambent_types::{
    BucketName, Error, ErrorCode, FunctionName, KeyspaceName, LayerName, PolicyName, QueueName,
    RoleName, ScheduleName, SiteName, SubscriptionName, TableName, TopicName, TriggerName,
    VolumeName,
};

use crate::data_scope::DataScope;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// How often everything is looked through again for what invocations that were
/// still running have written meanwhile.
const ROUNDS_MAX: usize = 100;

/// A kind of resource that namespaces hold.
pub(crate) trait Contained: ResourceName {
    /// The names of all that the namespace holds, or of some if they are many.
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error>;

    /// Deletes all, or some if they are many, each with everything in it.
    async fn delete_all(scope: &Scope) -> Result<(), Error>;
}

/// Lists the kinds of resources in the order in which they are deleted.
macro_rules! contents {
    ($($name:ident,)*) => {
        #[cfg(test)]
        const NOUNS: &[&str] = &[$($name::NOUN),*];

        /// The first of each kind of thing that the namespace holds.
        async fn some(scope: &Scope) -> Result<Vec<String>, Error> {
            let mut some = Vec::new();
            $(
                let held = <$name as Contained>::held(scope).await?;
                some.extend(held.first().map(|name| format!("{} \"{name}\"", $name::NOUN)));
            )*
            let backup = scope.backup_held().await?;
            some.extend(backup.map(|name| format!("back-up \"{name}\" of a table")));
            // They are no kinds of resources with a quota of their own.
            let (secrets, parameters) = (scope.secrets_held().await?, scope.parameters_held().await?);
            some.extend(secrets.first().map(|name| format!("secret \"{name}\"")));
            some.extend(parameters.first().map(|name| format!("parameter \"{name}\"")));
            Ok(some)
        }

        /// Deletes what the namespace holds of every kind.
        async fn delete_all(scope: &Scope) -> Result<(), Error> {
            $(<$name as Contained>::delete_all(scope).await?;)*
            scope.delete_backups().await?;
            scope.delete_secrets().await?;
            scope.delete_parameters().await
        }
    };
}

// What starts functions goes first, so that nothing new begins.
contents! {
    SiteName,
    ScheduleName,
    TriggerName,
    SubscriptionName,
    TopicName,
    FunctionName,
    LayerName,
    QueueName,
    KeyspaceName,
    TableName,
    BucketName,
    VolumeName,
    RoleName,
    PolicyName,
}

/// Fails if the scope's namespace holds anything, naming some of it.
pub(crate) async fn check_empty(scope: &Scope) -> Result<(), Error> {
    let held = some(scope).await?;
    if held.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "namespace \"{}\" is not empty: it holds {}; delete these first, or it with its contents",
        scope.namespace(),
        held.join(", ")
    );
    Err(Error::new(ErrorCode::Conflict, detail))
}

/// Deletes everything in the scope's namespace.
pub(crate) async fn delete(scope: &Scope) -> Result<(), Error> {
    for _ in 0..ROUNDS_MAX {
        if some(scope).await?.is_empty() {
            return Ok(());
        }
        delete_all(scope).await?;
    }
    check_empty(scope).await
}

/// That something was deleted meanwhile, or was written to once more and is
/// deleted in the next round, is no failure.
pub(crate) fn gone(deleted: Result<(), Error>) -> Result<(), Error> {
    match deleted {
        Err(error) if matches!(error.code().status(), 404 | 409) => Ok(()),
        other => other,
    }
}

/// A deletion goes on when the node is started again: it does not hold up its end.
pub(crate) fn check_stays(scope: &DataScope) -> Result<(), Error> {
    if scope.data().drain.is_cancelled() {
        let detail = "the node is stopping; the deletion goes on when it is started again";
        return Err(Error::new(ErrorCode::ShuttingDown, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lambent_types::Quota;

    use super::*;

    fn plural(noun: &str) -> String {
        match noun.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{noun}s"),
        }
    }

    /// What is missing here survives the deletion of its namespace.
    #[test]
    fn every_kind_of_resource_with_a_quota_is_among_the_contents() {
        let quotas: BTreeSet<_> = Quota::resources().map(|quota| quota.name().to_owned()).collect();
        let known: BTreeSet<_> = NOUNS.iter().map(|noun| plural(noun)).collect();
        assert_eq!(known, quotas);
    }
}
