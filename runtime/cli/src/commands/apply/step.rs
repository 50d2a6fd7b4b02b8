//! One step from what is there to what is wanted, and taking it.

use std::fmt::Display;
use std::str::FromStr;

use lambent_api::client::Client;
use lambent_api::kinds;
use lambent_types::{AliasName, ConfigurationPatch, Site};
use serde_json::{Value, json};

use super::difference::{self, Change};
use super::kind::{Kind, Visit};
use super::present::{Present, Revisions};
use super::wanted::{Code, Wanted};
use crate::deploying::{self, Show};
use crate::error::CliError;
use crate::site_files::{self, Folder};

/// The action of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Change,
    Delete,
}

impl Action {
    /// Returns the word for an action that is planned.
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
        }
    }

    /// Returns the word for an action that was taken.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Change => "changed",
            Self::Delete => "deleted",
        }
    }
}

/// One step of a plan.
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) changes: Vec<Change>,
    pub(super) description: Value,
    pub(super) code: Option<Code>,
    folders: Vec<Folder>,
    pub(super) revision: Option<u64>,
    /// The revisions of the function's aliases, as they were compared.
    aliases: Revisions,
}

impl Step {
    /// Names the resource: `bucket photos`.
    pub(super) fn subject(&self) -> String {
        format!("{} {}", self.kind.noun(), self.name)
    }

    /// Writes it for programs.
    pub(super) fn to_json(&self) -> Value {
        let changes: Vec<_> = self.changes.iter().map(Change::to_json).collect();
        json!({
            "action": self.action.verb(), "kind": self.kind.noun(), "name": self.name,
            "changes": changes,
        })
    }

    /// Takes it. What the server warns of.
    pub(super) fn take(&self, client: &Client, show: Show) -> Result<Option<String>, CliError> {
        self.kind.visit(Take { step: self, client, show })
    }

    fn named<N: FromStr<Err: Display>>(&self) -> Result<N, CliError> {
        self.name.parse().map_err(|error| CliError::failed(format!("{error}")))
    }

    /// The site as it is, if that is what is changed.
    fn site_before(&self, client: &Client) -> Result<Option<Site>, CliError> {
        if (self.kind, self.action) != (Kind::Site, Action::Change) {
            return Ok(None);
        }
        Ok(Some(client.describe::<kinds::Site>(&self.named()?)?.value()?.site))
    }

    /// Deletes the files of a site that was deleted.
    fn delete_files(&self, client: &Client) -> Result<(), CliError> {
        if self.kind != Kind::Site {
            return Ok(());
        }
        let site = serde_json::from_value(self.description.clone())
            .map_err(|error| CliError::failed(format!("{}: {error}", self.subject())))?;
        site_files::delete_all(client, &self.named()?, &site)
    }

    fn deploy(&self, client: &Client, code: &Code, show: Show) -> Result<(), CliError> {
        let is_of_alias = |change: &Change| change.field.starts_with("aliases.");
        if self.action == Action::Create || !self.changes.iter().all(is_of_alias) {
            self.deploy_code(client, code, show)?;
        }
        let changed = |alias: &str| {
            let below = format!("aliases.{alias}.");
            self.changes.iter().any(|change| change.field.starts_with(&below))
        };
        let function = self.named()?;
        // Whoever shifted one meanwhile is not overruled unseen.
        let revision = |alias: &AliasName| self.aliases.get(&alias.key()).copied();
        for (alias, settings) in &code.aliases {
            if self.action == Action::Create || changed(&alias.key()) {
                let revision = Some(revision(alias).unwrap_or(0));
                client.put_alias(&function, alias, settings, revision)?;
            }
        }
        let mut gone: Vec<AliasName> =
            self.changes.iter().filter_map(|change| gone_alias(change, code)).collect();
        gone.dedup();
        gone.iter()
            .try_for_each(|alias| Ok(client.delete_alias(&function, alias, revision(alias))?))
    }

    /// Takes the deletions of aliases out of it: a step of their own, for after all others, as
    /// triggers and schedules may name them until these are changed or deleted.
    pub(super) fn without_gone_aliases(mut self) -> (Option<Self>, Option<Self>) {
        let Some(code) = self.code.clone() else { return (Some(self), None) };
        let changes = std::mem::take(&mut self.changes);
        let (gone, kept): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| gone_alias(change, &code).is_some());
        let last = Self {
            action: Action::Change,
            kind: self.kind,
            name: self.name.clone(),
            changes: gone,
            description: self.description.clone(),
            code: Some(code),
            folders: Vec::new(),
            revision: self.revision,
            aliases: self.aliases.clone(),
        };
        let first = Self { changes: kept, ..self };
        let is_any = |step: &Self| step.action == Action::Create || !step.changes.is_empty();
        (Some(first).filter(is_any), Some(last).filter(is_any))
    }

    fn deploy_code(&self, client: &Client, code: &Code, show: Show) -> Result<(), CliError> {
        let name = self.named()?;
        let patch = ConfigurationPatch::whole(code.configuration.clone());
        // Whoever changed it meanwhile is not overruled unseen.
        let revision = Some(self.revision.unwrap_or(0));
        let same_code = self.changes.iter().all(|change| change.field != "code");
        if self.action == Action::Change && same_code {
            client.configure(&name, &patch, revision)?;
            return Ok(());
        }
        let crate::code::Code { bytes, digest } = crate::code::read(&code.path)?;
        if digest != code.digest {
            let path = code.path.display();
            return Err(CliError::failed(format!("{path} was changed since it was compared")));
        }
        deploying::deploy(client, &name, &bytes, &patch, revision, show).map(drop)
    }
}

/// The alias that is to go, if a change is that.
fn gone_alias(change: &Change, code: &Code) -> Option<AliasName> {
    let alias: AliasName =
        change.field.strip_prefix("aliases.")?.split('.').next()?.parse().ok()?;
    let stays = code.aliases.keys().any(|kept| kept.key() == alias.key());
    (!stays).then_some(alias)
}

/// Takes a step.
struct Take<'a> {
    step: &'a Step,
    client: &'a Client,
    show: Show,
}

impl Visit for Take<'_> {
    /// What the server warns of.
    type Output = Result<Option<String>, CliError>;

    fn resource<K: kinds::Kind>(self) -> Self::Output {
        let Self { step, client, .. } = self;
        let name: K::Name = step.named()?;
        if step.action == Action::Delete {
            client.delete::<K>(&name)?;
            step.delete_files(client)?;
            return Ok(None);
        }
        let spec = serde_json::from_value(step.description.clone())
            .map_err(|error| CliError::failed(format!("{}: {error}", step.subject())))?;
        let before = step.site_before(client)?;
        for folder in &step.folders {
            folder.upload(client)?;
        }
        let answer = client.put::<K>(&name, &spec)?.json()?;
        if step.kind == Kind::Site {
            site_files::clean(client, &step.named()?, before)?;
        }
        Ok(answer.get("warning").and_then(Value::as_str).map(ToOwned::to_owned))
    }

    fn function(self) -> Self::Output {
        match &self.step.code {
            Some(code) => self.step.deploy(self.client, code, self.show)?,
            None => self.client.delete_function(&self.step.named()?)?,
        }
        Ok(None)
    }
}

/// What is to be done so that there is what is wanted, if anything is.
pub(super) fn step(wanted: Wanted, present: Option<&Present>) -> Option<Step> {
    let Wanted { kind, name, description, code, folders, missing, .. } = wanted;
    let Some(present) = present else {
        let action = Action::Create;
        let (changes, revision, aliases) = (Vec::new(), None, Revisions::new());
        return Some(Step {
            action,
            kind,
            name,
            changes,
            description,
            code,
            folders,
            revision,
            aliases,
        });
    };
    let changes = difference::between(&present.description, &description);
    // Names that differ only in their case are the same.
    let stays = |change: &Change| change.field == "name" || kind.is_left(change);
    let mut changes: Vec<_> = changes.into_iter().filter(|change| !stays(change)).collect();
    changes.extend((missing > 0).then(|| Change::missing_files(missing)));
    let action = Action::Change;
    let (name, revision, aliases) =
        (present.name.clone(), present.revision, present.aliases.clone());
    let step = Step { action, kind, name, changes, description, code, folders, revision, aliases };
    (!step.changes.is_empty()).then_some(step)
}

/// The deletion of what is not wanted.
pub(super) fn deletion(kind: Kind, present: &Present) -> Step {
    Step {
        action: Action::Delete,
        kind,
        name: present.name.clone(),
        changes: Vec::new(),
        // A site says there where its files are.
        description: present.description.clone(),
        code: None,
        folders: Vec::new(),
        revision: None,
        aliases: Revisions::new(),
    }
}
