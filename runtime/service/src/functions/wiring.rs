//! What names a function, and keeps it from being deleted.

use lambent_types::{
    AliasName, Error, ErrorCode, QualifiedFunction, Qualifier, Schedule, Trigger, VersionNumber,
};

use super::FunctionHandle;

impl FunctionHandle<'_> {
    /// Checks that no trigger and no schedule names the function.
    pub(super) async fn check_unwired(&self) -> Result<(), Error> {
        let name = self.name();
        self.check_not_named(&format!("function \"{name}\""), |named| named.is_of(name)).await
    }

    /// Checks that no trigger and no schedule names a version of the function by its number.
    pub(super) async fn check_version_unwired(&self, number: u64) -> Result<(), Error> {
        let version = Qualifier::Version(number);
        let what = format!("version {number} of function \"{}\"", self.name());
        self.check_not_named(&what, |named| named.qualifier == version).await
    }

    /// Checks that no trigger and no schedule names an alias of the function.
    pub(super) async fn check_alias_unwired(&self, alias: &AliasName) -> Result<(), Error> {
        let what = format!("alias \"{alias}\" of function \"{}\"", self.name());
        let is_it = |named: &AliasName| named.key() == alias.key();
        self.check_not_named(&what, |named| named.qualifier.alias().is_some_and(is_it)).await
    }

    /// Checks that none of what triggers and schedules name of the function is wanted.
    async fn check_not_named(
        &self,
        what: &str,
        is_it: impl Fn(&QualifiedFunction) -> bool + Send,
    ) -> Result<(), Error> {
        let (namespace, name) = self.place();
        let is_it = |named: &QualifiedFunction| named.is_of(name) && is_it(named);
        let mut users = Vec::new();
        for trigger in self.stores().resources.of::<Trigger>().list(namespace).await? {
            let trigger = trigger.specification;
            let user = || format!("trigger \"{}\"", trigger.name);
            users.extend(trigger.function.as_ref().is_some_and(&is_it).then(user));
        }
        for schedule in self.stores().resources.of::<Schedule>().list(namespace).await? {
            let schedule = schedule.specification;
            let user = || format!("schedule \"{}\"", schedule.name);
            users.extend(is_it(&schedule.function).then(user));
        }
        if users.is_empty() {
            return Ok(());
        }
        let detail = format!("{what} is named by {}; delete these first", users.join(", "));
        Err(Error::new(ErrorCode::Conflict, detail))
    }

    /// The qualifiers under which events of the function may wait.
    pub(super) fn qualifiers(
        function: &lambent_types::Function,
        versions: impl IntoIterator<Item = VersionNumber>,
    ) -> impl Iterator<Item = Qualifier> {
        let numbered = versions.into_iter().filter_map(|version| match version {
            VersionNumber::Number(number) => Some(Qualifier::Version(number)),
            VersionNumber::Latest => None,
        });
        let aliases = function.aliases.iter().map(|alias| Qualifier::Alias(alias.name.clone()));
        [Qualifier::Latest].into_iter().chain(aliases).chain(numbered)
    }
}
