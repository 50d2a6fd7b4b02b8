//! What becomes of an alias when its release begins, goes on or ends.

use std::sync::Arc;

use jiff::Timestamp;

use crate::alias::{Alias, AliasSettings, Split};
use crate::release::{Progress, Release, ReleasePlan, ReleaseState};
use crate::version_number::VersionNumber;

/// What happens to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// It stays at its step.
    Pause,
    /// It goes on.
    Resume,
    /// It goes to its next step, or, after the last, is promoted.
    Advance,
    /// The new version handles everything.
    Promote,
    /// The version before handles everything again, for this reason.
    RollBack(String),
}

/// Why an alias is not released so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseRefused {
    /// A release of it is under way.
    #[error("it is being released from version {from} to version {to}")]
    UnderWay {
        /// The version before.
        from: VersionNumber,
        /// The new version.
        to: u64,
    },
    /// It leads to the head, which two versions cannot share events with.
    #[error(
        "it leads to $LATEST, which changes; publish that and have it lead to the version first, or \
         switch it at once"
    )]
    Head,
    /// It shares its events between two versions that were not released.
    #[error(
        "it shares its events between versions {first} and {second}; have it lead to one of them \
         first, or switch it at once"
    )]
    Split {
        /// The first version.
        first: VersionNumber,
        /// The second.
        second: u64,
    },
    /// It leads to the version already.
    #[error("it leads to version {0} already")]
    Same(u64),
    /// It was never released.
    #[error("it has no release")]
    None,
    /// The release is in another state than would allow it.
    #[error("its release to version {to} is {}", .state.as_str())]
    State {
        /// The new version.
        to: u64,
        /// How it stands.
        state: ReleaseState,
    },
    /// The release is over, and the alias was changed since.
    #[error(
        "it was changed since it was released to version {0}, so there is nothing to take back"
    )]
    Changed(u64),
}

impl Alias {
    /// Returns the release that is under way.
    #[must_use]
    pub fn active_release(&self) -> Option<&Release> {
        self.release.as_deref().filter(|release| release.is_active())
    }

    /// Fails while a release is under way.
    ///
    /// # Errors
    /// `UnderWay`.
    pub fn check_not_released(&self) -> Result<(), ReleaseRefused> {
        match self.active_release() {
            Some(Release { from, to, .. }) => {
                Err(ReleaseRefused::UnderWay { from: *from, to: *to })
            }
            None => Ok(()),
        }
    }

    /// Returns the alias at the beginning of a release.
    ///
    /// # Errors
    /// Why it cannot begin.
    pub fn released(&self, plan: ReleasePlan, now: Timestamp) -> Result<Self, ReleaseRefused> {
        self.check_not_released()?;
        let AliasSettings { version: from, split, .. } = self.settings;
        let to = plan.version;
        if from == VersionNumber::Number(to) && split.is_none() {
            return Err(ReleaseRefused::Same(to));
        }
        let mut settings = self.settings.clone();
        let mut progress = Progress::default();
        let state = match plan.steps.first() {
            None => {
                (settings.version, settings.split) = (VersionNumber::Number(to), None);
                ReleaseState::Promoted
            }
            Some(first) => {
                if from == VersionNumber::Latest {
                    return Err(ReleaseRefused::Head);
                }
                if let Some(Split { version: second, .. }) = split {
                    return Err(ReleaseRefused::Split { first: from, second });
                }
                settings.split = Some(Split { version: to, weight: first.weight });
                progress.left_ms = first.duration_ms;
                ReleaseState::Running
            }
        };
        let ReleasePlan { steps, bounds, .. } = plan;
        let (reason, started, changed) = (None, now, now);
        let release =
            Release { from, to, steps, bounds, state, reason, progress, started, changed };
        Ok(Self { settings, release: Some(Arc::new(release)), changed: now, ..self.clone() })
    }

    /// Returns the alias after something happened to its release.
    ///
    /// # Errors
    /// Why it cannot happen.
    pub fn after(&self, transition: Transition, now: Timestamp) -> Result<Self, ReleaseRefused> {
        let release = self.release.as_deref().ok_or(ReleaseRefused::None)?;
        let mut settings = self.settings.clone();
        let (version, split) = (&mut settings.version, &mut settings.split);
        let mut release = Release { changed: now, ..release.clone() };
        let Release { from, to, state, .. } = release;
        match (transition, state) {
            (Transition::Pause, ReleaseState::Running) => release.state = ReleaseState::Paused,
            (Transition::Resume, ReleaseState::Paused) => release.state = ReleaseState::Running,
            (Transition::Advance, ReleaseState::Running) => {
                return match release.steps.get(release.progress.step + 1).copied() {
                    None => self.after(Transition::Promote, now),
                    Some(next) => {
                        *split = Some(Split { version: to, weight: next.weight });
                        release.progress.step += 1;
                        release.progress.left_ms = next.duration_ms;
                        Ok(self.with(settings, release))
                    }
                };
            }
            (Transition::Promote, ReleaseState::Running | ReleaseState::Paused) => {
                (*version, *split) = (VersionNumber::Number(to), None);
                release.state = ReleaseState::Promoted;
                release.progress.left_ms = 0;
            }
            (Transition::RollBack(reason), state) if state != ReleaseState::RolledBack => {
                let is_promoted = *version == VersionNumber::Number(to) && split.is_none();
                if !release.is_active() && !is_promoted {
                    return Err(ReleaseRefused::Changed(to));
                }
                (*version, *split) = (from, None);
                (release.state, release.reason) = (ReleaseState::RolledBack, Some(reason));
                release.progress.left_ms = 0;
            }
            _ => return Err(ReleaseRefused::State { to, state }),
        }
        Ok(self.with(settings, release))
    }

    fn with(&self, settings: AliasSettings, release: Release) -> Self {
        let changed = release.changed;
        Self { settings, release: Some(Arc::new(release)), changed, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Bounds;

    fn alias() -> Alias {
        let settings = AliasSettings::of(VersionNumber::Number(1));
        Alias::new("live".parse().unwrap(), settings, Timestamp::UNIX_EPOCH)
    }

    fn plan(weights: &[f64]) -> ReleasePlan {
        let step = |weight: &f64| {
            let json = format!(r#"{{"weight":{weight},"duration_ms":1000}}"#);
            serde_json::from_str(&json).unwrap()
        };
        let steps = weights.iter().map(step).collect();
        ReleasePlan { version: 2, steps, bounds: Bounds::default() }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn leads(alias: &Alias) -> (String, u32) {
        let AliasSettings { version, split, .. } = &alias.settings;
        (version.to_string(), split.map_or(0, |split| split.weight.get()))
    }

    fn state(alias: &Alias) -> ReleaseState {
        alias.release.as_ref().unwrap().state
    }

    #[test]
    fn it_goes_from_step_to_step_and_is_promoted() {
        let first = alias().released(plan(&[0.1, 0.5]), at(1)).unwrap();
        assert_eq!(leads(&first), ("1".into(), 100_000));
        let paused = first.after(Transition::Pause, at(2)).unwrap();
        assert_eq!((leads(&paused), state(&paused)), (leads(&first), ReleaseState::Paused));
        let refused = paused.after(Transition::Advance, at(3)).unwrap_err();
        assert_eq!(refused.to_string(), "its release to version 2 is paused");
        let resumed = paused.after(Transition::Resume, at(3)).unwrap();
        assert_eq!(resumed.release.as_ref().unwrap().progress.left_ms, 1000);
        let second = resumed.after(Transition::Advance, at(4)).unwrap();
        assert_eq!(leads(&second), ("1".into(), 500_000));
        assert!(second.active_release().unwrap().step().is_some());
        let last = second.after(Transition::Advance, at(5)).unwrap();
        assert_eq!((leads(&last), state(&last)), (("2".into(), 0), ReleaseState::Promoted));
        let release = last.release.as_ref().unwrap();
        assert_eq!((release.started, release.changed, last.changed), (at(1), at(5), at(5)));
        assert!(release.step().is_none() && last.active_release().is_none());
    }

    #[test]
    fn it_is_taken_back_while_it_is_under_way_and_afterwards_until_the_alias_is_changed() {
        let back = Transition::RollBack("it fails".into());
        let running = alias().released(plan(&[0.1]), at(1)).unwrap();
        let switched = alias().released(plan(&[]), at(1)).unwrap();
        assert_eq!((leads(&switched), state(&switched)), (("2".into(), 0), ReleaseState::Promoted));
        let paused = running.after(Transition::Pause, at(2)).unwrap();
        for released in [&running, &paused, &switched] {
            let rolled_back = released.after(back.clone(), at(3)).unwrap();
            assert_eq!(leads(&rolled_back), ("1".into(), 0));
            let release = rolled_back.release.as_ref().unwrap();
            assert_eq!(
                (release.state, &*release.reason.clone().unwrap()),
                (ReleaseState::RolledBack, "it fails")
            );
            assert!(rolled_back.after(back.clone(), at(4)).is_err());
            assert!(rolled_back.after(Transition::Promote, at(4)).is_err());
        }
        let mut changed = switched;
        changed.settings.version = VersionNumber::Number(3);
        assert_eq!(changed.after(back, at(4)), Err(ReleaseRefused::Changed(2)));
    }

    #[test]
    fn what_cannot_begin_or_happen_is_refused() {
        let running = alias().released(plan(&[0.1]), at(1)).unwrap();
        let refused = running.released(plan(&[0.2]), at(2)).unwrap_err();
        assert_eq!(refused.to_string(), "it is being released from version 1 to version 2");
        assert!(running.released(plan(&[]), at(2)).is_err());
        assert!(running.after(Transition::Resume, at(2)).is_err());
        assert_eq!(alias().after(Transition::Pause, at(2)), Err(ReleaseRefused::None));
        let mut other = alias();
        other.settings.version = VersionNumber::Latest;
        assert_eq!(other.released(plan(&[0.1]), at(2)), Err(ReleaseRefused::Head));
        let switched = other.released(plan(&[]), at(2)).unwrap();
        let back = switched.after(Transition::RollBack("why".into()), at(3)).unwrap();
        assert_eq!(leads(&back).0, "$LATEST");
        other.settings.version = VersionNumber::Number(2);
        assert_eq!(other.released(plan(&[0.1]), at(2)), Err(ReleaseRefused::Same(2)));
        let mut shared = running;
        shared.release = None;
        assert!(matches!(
            shared.released(plan(&[0.1]), at(2)),
            Err(ReleaseRefused::Split { second: 2, .. })
        ));
        assert!(shared.released(plan(&[]), at(2)).is_ok());
    }
}
