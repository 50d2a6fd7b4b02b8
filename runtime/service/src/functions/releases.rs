//! Releases of aliases: begun, paused, resumed, promoted, rolled back, read.

use lambent_storage::Expected;
use lambent_types::{
    Alias, AliasName, Error, ErrorCode, Function, Release, ReleasePlan, ReleaseRefused,
    ReleaseState, ReleaseStatistics, Transition, bounds,
};

use super::FunctionHandle;
use crate::operation::Operation;
use crate::service::Service;

/// The reason of a release that a client takes back without giving one.
const BY_HAND: &str = "by hand";

/// How it stands with the release of an alias.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseStatus {
    /// The alias.
    pub alias: AliasName,
    /// The release.
    pub release: Release,
    /// What this node has seen of its versions; none if it is not under way.
    pub statistics: Option<ReleaseStatistics>,
}

impl Service {
    /// Moves the releases of aliases on. Ends by itself when the node drains.
    pub async fn drive_releases(&self) {
        self.dispatcher.drive_releases(&*self.clock, &self.data.drain).await;
    }
}

impl FunctionHandle<'_> {
    /// The releases of the function's aliases, by alias: each that is under way, or else the last.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn releases(&self) -> Result<Vec<ReleaseStatus>, Error> {
        self.perform(Operation::ListReleases, async {
            let function = self.describe().await?;
            let all = function.aliases.iter();
            Ok(all.filter_map(|alias| self.release_status(&function, alias)).collect())
        })
        .await
    }

    /// The release of an alias that is under way, or else the last.
    ///
    /// # Errors
    /// `FunctionNotFound`, `AliasNotFound`, `ReleaseNotFound`; the store failed.
    pub async fn release(&self, name: &AliasName) -> Result<ReleaseStatus, Error> {
        self.perform(Operation::DescribeRelease, async {
            let function = self.describe().await?;
            let alias = function.aliases.get(name).ok_or_else(|| self.no_alias(name))?;
            let status = self.release_status(&function, alias);
            status.ok_or_else(|| self.not_released(name, &ReleaseRefused::None))
        })
        .await
    }

    /// Begins to have an alias go over to another version, as planned: at the first step, or, if there
    /// are no steps, at once and for all events, in one change.
    ///
    /// # Errors
    /// `InvalidConfiguration`, `FunctionNotFound`, `AliasNotFound`, `VersionNotFound`, `Conflict` (it
    /// is being released already, or leads to what it cannot be released from); the store failed.
    pub async fn start_release(
        &self,
        name: &AliasName,
        plan: ReleasePlan,
    ) -> Result<ReleaseStatus, Error> {
        self.perform(Operation::PutRelease, async {
            plan.validate()?;
            self.change_released(name, |alias, now| alias.released(plan.clone(), now)).await
        })
        .await
    }

    /// Brings the release of an alias into another state. `reason` says why it is rolled back.
    ///
    /// # Errors
    /// `InvalidConfiguration`, `FunctionNotFound`, `AliasNotFound`, `ReleaseNotFound`, `Conflict` (it
    /// is in a state from which that is not possible), `VersionNotFound` (the version before was
    /// deleted); the store failed.
    pub async fn change_release(
        &self,
        name: &AliasName,
        state: ReleaseState,
        reason: Option<String>,
    ) -> Result<ReleaseStatus, Error> {
        self.perform(Operation::ChangeRelease, async {
            let transition = transition(state, reason)?;
            self.change_released(name, |alias, now| alias.after(transition.clone(), now)).await
        })
        .await
    }

    /// Changes an alias as its release says, in one step.
    async fn change_released(
        &self,
        name: &AliasName,
        change: impl Fn(&Alias, jiff::Timestamp) -> Result<Alias, ReleaseRefused> + Send,
    ) -> Result<ReleaseStatus, Error> {
        loop {
            let function = self.describe().await?;
            let alias = function.aliases.get(name).ok_or_else(|| self.no_alias(name))?;
            let changed = change(&self.so_far(&function, alias), self.service().clock.now());
            let changed = changed.map_err(|refused| self.not_released(name, &refused))?;
            for number in changed.settings.numbers() {
                self.version(number).await?;
            }
            let seen = Expected::Revision(alias.revision);
            if let Some(function) = self.try_alias(changed, seen).await? {
                let alias = function.aliases.get(name).ok_or_else(|| self.no_alias(name))?;
                let status = self.release_status(&function, alias);
                return status.ok_or_else(|| self.not_released(name, &ReleaseRefused::None));
            }
        }
    }

    /// The alias with how far its release has come by now, of which the store knows less.
    fn so_far(&self, function: &Function, alias: &Alias) -> Alias {
        let head = &function.latest;
        let dispatcher = &self.service().dispatcher;
        let now = dispatcher.release_status(&head.namespace, &head.name, &alias.name);
        let stored = alias.active_release().map(|release| release.progress.step);
        match now {
            Some((progress, _)) if stored == Some(progress.step) => alias.at(progress),
            _ => alias.clone(),
        }
    }

    fn release_status(&self, function: &Function, alias: &Alias) -> Option<ReleaseStatus> {
        let mut release = alias.release.as_deref()?.clone();
        let mut statistics = None;
        if release.is_active() {
            let head = &function.latest;
            let dispatcher = &self.service().dispatcher;
            let seen = dispatcher.release_status(&head.namespace, &head.name, &alias.name);
            // This node may not know yet of the step that it is at.
            if let Some((progress, seen)) = seen
                && progress.step == release.progress.step
            {
                (release.progress, statistics) = (progress, Some(seen));
            }
        }
        Some(ReleaseStatus { alias: alias.name.clone(), release, statistics })
    }

    fn not_released(&self, name: &AliasName, refused: &ReleaseRefused) -> Error {
        let function = self.name();
        let code = match refused {
            ReleaseRefused::None => ErrorCode::ReleaseNotFound,
            ReleaseRefused::UnderWay { .. } => return self.under_way(name, refused),
            _ => ErrorCode::Conflict,
        };
        Error::new(code, format!("alias \"{name}\" of function \"{function}\": {refused}"))
    }

    /// The refusal to change an alias that is being released.
    pub(super) fn under_way(&self, name: &AliasName, refused: &ReleaseRefused) -> Error {
        let function = self.name();
        let detail = format!(
            "alias \"{name}\" of function \"{function}\": {refused}; end that first: lambent release \
             promote {function}:{name}, or lambent release rollback {function}:{name}"
        );
        Error::new(ErrorCode::Conflict, detail)
    }
}

/// What brings a release into a state.
fn transition(state: ReleaseState, reason: Option<String>) -> Result<Transition, Error> {
    let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
    if let Some(reason) = &reason {
        let most = bounds::DESCRIPTION_CHARS_MAX;
        if reason.chars().count() > most || reason.contains(char::is_control) {
            return invalid(format!(
                "the reason is longer than {most} characters, or has a control character in it"
            ));
        }
        if state != ReleaseState::RolledBack {
            return invalid("a reason is given only to roll a release back".into());
        }
    }
    Ok(match state {
        ReleaseState::Paused => Transition::Pause,
        ReleaseState::Running => Transition::Resume,
        ReleaseState::Promoted => Transition::Promote,
        ReleaseState::RolledBack => {
            Transition::RollBack(reason.unwrap_or_else(|| BY_HAND.to_owned()))
        }
    })
}
