//! The steps from what is there to what is wanted, and taking them.

use std::fmt::Display;
use std::str::FromStr;
use std::time::{Duration, Instant};

use lambent_api::client::Client;
use lambent_api::kinds;
use lambent_types::{AliasName, ConfigurationPatch, Site};
use serde_json::{Value, json};

use super::built::Built;
use super::difference::{self, Change};
use super::file::File;
use super::kept::keep_variables;
use super::kind::{Kind, Visit};
use super::present::{Inventory, Present};
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
    description: Value,
    code: Option<Code>,
    folders: Vec<Folder>,
    revision: Option<u64>,
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
    fn take(&self, client: &Client, show: Show) -> Result<Option<String>, CliError> {
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
        for (alias, settings) in &code.aliases {
            if self.action == Action::Create || changed(&alias.key()) {
                client.put_alias(&function, alias, settings, None)?;
            }
        }
        let fields = self.changes.iter().filter_map(|change| change.field.strip_prefix("aliases."));
        let mut gone: Vec<AliasName> = fields
            .filter_map(|field| field.split('.').next()?.parse().ok())
            .filter(|alias: &AliasName| !code.aliases.keys().any(|kept| kept.key() == alias.key()))
            .collect();
        gone.dedup();
        gone.iter().try_for_each(|alias| Ok(client.delete_alias(&function, alias)?))
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

/// All steps, in their order: what is named before what names it.
pub(crate) struct Plan {
    pub(super) title: String,
    pub(super) steps: Vec<Step>,
    /// The number of resources that are as wanted already.
    pub(super) unchanged: usize,
    /// The variables of functions that the file does not name and that stay: `FUNCTION VARIABLE`.
    pub(super) kept: Vec<String>,
}

/// What goes of what a file does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prune {
    /// Nothing.
    Nothing,
    /// Variables of the functions that it names.
    Variables,
    /// All in the namespace.
    All,
}

/// A step that failed, and how many were taken before.
pub(crate) struct Stopped {
    pub(super) taken: usize,
    pub(super) error: CliError,
}

impl Plan {
    /// Compares what `file` asks for with what is on the server. `prune`
    /// says what else is to go. `built` is what was built of the file's functions.
    ///
    /// # Errors
    /// Usage: the file is wrong, or names what is not there. Otherwise the
    /// server's problem, or no answer.
    pub(crate) fn make(
        client: &Client,
        file: &File,
        prune: Prune,
        built: &Built,
    ) -> Result<Self, CliError> {
        // First what can be wrong with the file alone.
        let mut wanted = file.wanted(built)?;
        let mut inventory = Inventory::read(client)?;
        let all = prune == Prune::All;
        for (name, code) in wanted.iter().filter_map(|one| Some((&one.name, one.code.as_ref()?))) {
            if all || !code.aliases.is_empty() {
                inventory.read_aliases(client, (name, &code.aliases), all)?;
            }
        }
        file.check_references(&wanted, |kind, name| {
            prune != Prune::All && inventory.find(kind, name).is_some()
        })?;
        for wanted in wanted.iter_mut().filter(|one| inventory.find(one.kind, &one.name).is_some())
        {
            for folder in &wanted.folders {
                wanted.missing += folder.count_missing(client)?;
            }
        }
        Ok(Self::of(file.title(), wanted, &inventory, prune))
    }

    fn of(title: String, wanted: Vec<Wanted>, inventory: &Inventory, prune: Prune) -> Self {
        let deletions =
            if prune == Prune::All { superfluous(&wanted, inventory) } else { Vec::new() };
        let all = wanted.len();
        let (mut steps, mut kept) = (Vec::new(), Vec::new());
        for mut wanted in wanted {
            let present = inventory.find(wanted.kind, &wanted.name);
            if let (Prune::Nothing, Some(present)) = (prune, present) {
                let variables = keep_variables(&mut wanted, present);
                let kept_of = |variable| format!("{} {variable}", wanted.name);
                kept.extend(variables.into_iter().map(kept_of));
            }
            steps.extend(step(wanted, present));
        }
        let unchanged = all - steps.len();
        steps.extend(deletions);
        Self { title, steps, unchanged, kept }
    }

    /// Whether all is as it is to be.
    pub(crate) const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Takes the steps; tells of each when it is taken.
    ///
    /// # Errors
    /// Returns the first step that failed. The steps after it were not tried.
    pub(crate) fn execute(
        &self,
        client: &Client,
        show: Show,
        mut tell: impl FnMut(&str, Duration) -> Result<(), CliError>,
    ) -> Result<(), Stopped> {
        for (taken, step) in self.steps.iter().enumerate() {
            let clock = Instant::now();
            let warning = step.take(client, show).map_err(|error| Stopped { taken, error })?;
            let mut done = format!("{} {}", step.action.done(), step.subject());
            if let Some(warning) = warning {
                done = format!("{done}: {warning}");
            }
            tell(&done, clock.elapsed()).map_err(|error| Stopped { taken: taken + 1, error })?;
        }
        Ok(())
    }
}

fn step(wanted: Wanted, present: Option<&Present>) -> Option<Step> {
    let Wanted { kind, name, description, code, folders, missing, .. } = wanted;
    let Some(present) = present else {
        let action = Action::Create;
        let changes = Vec::new();
        let revision = None;
        return Some(Step { action, kind, name, changes, description, code, folders, revision });
    };
    let changes = difference::between(&present.description, &description);
    // Names that differ only in their case are the same.
    let mut changes: Vec<_> = changes.into_iter().filter(|change| change.field != "name").collect();
    changes.extend((missing > 0).then(|| Change::missing_files(missing)));
    let action = Action::Change;
    let (name, revision) = (present.name.clone(), present.revision);
    let step = Step { action, kind, name, changes, description, code, folders, revision };
    (!step.changes.is_empty()).then_some(step)
}

/// Deletions of what is not wanted, what names others first.
fn superfluous(wanted: &[Wanted], inventory: &Inventory) -> Vec<Step> {
    let mut steps = Vec::new();
    for &kind in Kind::ALL.iter().rev() {
        let mut left: Vec<_> = inventory
            .all(kind)
            .filter(|present| {
                let same = |wanted: &&Wanted| wanted.name.eq_ignore_ascii_case(&present.name);
                !wanted.iter().filter(|wanted| wanted.kind == kind).any(|wanted| same(&wanted))
            })
            .collect();
        while !left.is_empty() {
            // A queue that takes the dead letters of another goes after it.
            let free = left.iter().position(|present| {
                !left.iter().any(|other| {
                    let target = other.description["redrive"]["queue"].as_str();
                    other.name != present.name
                        && target.is_some_and(|target| target.eq_ignore_ascii_case(&present.name))
                })
            });
            let present = left.remove(free.unwrap_or(0));
            steps.push(Step {
                action: Action::Delete,
                kind,
                name: present.name.clone(),
                changes: Vec::new(),
                // A site says there where its files are.
                description: present.description.clone(),
                code: None,
                folders: Vec::new(),
                revision: None,
            });
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::file;
    use super::*;
    use lambent_test_support::canned::{Canned, answer};

    fn plan(text: &str, inventory: &Inventory, prune: Prune) -> Plan {
        let directory = tempfile::tempdir().unwrap();
        let component = wat::parse_str("(component)").unwrap();
        std::fs::write(directory.path().join("f.wasm"), component).unwrap();
        let file = file(text, directory.path()).unwrap();
        let wanted = file.wanted(&Built::default()).unwrap();
        Plan::of("x".into(), wanted, inventory, prune)
    }

    fn steps(plan: &Plan) -> Vec<String> {
        let line = |step: &Step| format!("{} {}", step.action.verb(), step.subject());
        plan.steps.iter().map(line).collect()
    }

    const TEXT: &str = "[buckets.photos]\n[queues.a]\ndead-letter = { queue = \"b\", receives = 2 }
        [queues.b]\n[functions.f]\ncomponent = \"f.wasm\"\n[triggers.t]\nfunction = \"f\"
        object = { bucket = \"photos\" }";

    /// Returns the resources that exist once a plan was carried out.
    fn after(plan: &Plan) -> Inventory {
        let mut inventory = Inventory::default();
        for step in &plan.steps {
            let revision = step.code.is_some().then_some(7);
            let present = Present::new(&step.name, step.description.clone());
            inventory.add(step.kind, Present { revision, ..present });
        }
        inventory
    }

    #[test]
    fn a_second_time_there_is_nothing_to_do() {
        let first = plan(TEXT, &Inventory::default(), Prune::Nothing);
        let expected = [
            "create bucket photos",
            "create queue b",
            "create queue a",
            "create function f",
            "create trigger t",
        ];
        assert_eq!(steps(&first), expected);
        let second = plan(TEXT, &after(&first), Prune::All);
        assert_eq!((second.steps.len(), second.unchanged), (0, 5));
    }

    #[test]
    fn what_differs_is_changed_and_nothing_else() {
        let there = after(&plan(TEXT, &Inventory::default(), Prune::Nothing));
        let text = TEXT.replace("component = ", "memory = \"64MiB\"\ncomponent = ");
        let plan = plan(&text, &there, Prune::Nothing);
        assert_eq!(steps(&plan), ["change function f"]);
        assert_eq!(plan.steps[0].revision, Some(7));
        assert_eq!(plan.steps[0].changes[0].name(), "memory");
    }

    #[test]
    fn pruning_deletes_what_names_others_first() {
        let there = after(&plan(TEXT, &Inventory::default(), Prune::Nothing));
        assert!(plan("", &there, Prune::Nothing).steps.is_empty());
        let expected = [
            "delete trigger t",
            "delete function f",
            "delete queue a",
            "delete queue b",
            "delete bucket photos",
        ];
        assert_eq!(steps(&plan("", &there, Prune::All)), expected);
    }

    #[test]
    fn a_step_that_fails_ends_it() {
        let server = Canned::start(vec![answer("201 Created", "{}"), answer("500 Oops", "{}")]);
        let client = Client::new(server.endpoint());
        let plan = plan(
            "[buckets.aaa]\n[buckets.bbb]\n[buckets.ccc]",
            &Inventory::default(),
            Prune::Nothing,
        );
        let mut told = Vec::new();
        let stopped = plan.execute(&client, Show::Nothing, |done, _| {
            told.push(done.to_owned());
            Ok(())
        });
        assert_eq!(stopped.err().unwrap().taken, 1);
        assert_eq!(told, ["created bucket aaa"]);
        assert_eq!(server.requests().len(), 2);
    }

    #[test]
    fn a_function_with_the_same_code_is_only_configured() {
        let there = after(&plan(TEXT, &Inventory::default(), Prune::Nothing));
        let text = TEXT.replace("component = ", "public = true\ncomponent = ");
        let plan = plan(&text, &there, Prune::Nothing);
        let server = Canned::start(vec![answer("200 OK", "{}")]);
        let client = Client::new(server.endpoint());
        assert!(plan.execute(&client, Show::Nothing, |_, _| Ok(())).is_ok());
        let request = server.requests().remove(0);
        assert!(request.starts_with("PATCH /v1/functions/f "), "{request}");
        assert!(request.contains("if-match: \"7\""), "{request}");
        assert!(request.contains("\"public\":true"), "{request}");
    }

    #[test]
    fn an_alias_is_put_after_its_function_and_alone_if_nothing_else_differs() {
        let of = |version: &str| {
            let alias = format!("aliases.Live.version = {version}\ncomponent = ");
            TEXT.replace("component = ", &alias)
        };
        let there = after(&plan(&of("1"), &Inventory::default(), Prune::Nothing));
        assert!(plan(&of("\"1\""), &there, Prune::Nothing).steps.is_empty());
        let plan = plan(&of("2"), &there, Prune::Nothing);
        assert_eq!(plan.steps[0].changes[0].name(), "aliases.live.version");
        let server = Canned::start(vec![answer("200 OK", "{}")]);
        let client = Client::new(server.endpoint());
        assert!(plan.execute(&client, Show::Nothing, |_, _| Ok(())).is_ok());
        let request = server.requests().remove(0);
        assert!(request.starts_with("PUT /v1/functions/f/aliases/Live "), "{request}");
        assert!(request.ends_with("{\"version\":\"2\"}"), "{request}");
        for (wrong, told) in [
            ("aliases.7.version = 1", "the number of a version"),
            ("aliases.live.version = \"x\"", "neither $LATEST nor a number"),
            ("aliases.live = { version = 1, split = { version = 1, weight = 0.5 } }", "both"),
        ] {
            let text = TEXT.replace("component = ", &format!("{wrong}\ncomponent = "));
            let error = super::super::file::tests::refused(&text);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn variables_that_the_file_does_not_name_stay() {
        let of = |variables: &str| {
            TEXT.replace("component = ", &format!("environment = {{ {variables} }}\ncomponent = "))
        };
        let there =
            after(&plan(&of("A = \"1\", B = \"2\""), &Inventory::default(), Prune::Nothing));
        let kept = plan(&of("A = \"3\""), &there, Prune::Nothing);
        assert_eq!(kept.kept, ["f B"]);
        let names =
            |plan: &Plan| -> Vec<_> { plan.steps[0].changes.iter().map(Change::name).collect() };
        assert_eq!(names(&kept), ["environment.A"]);
        let code = kept.steps[0].code.as_ref().unwrap();
        assert_eq!(code.configuration.environment.0["B"], "2");
        assert!(plan(&of("A = \"1\""), &there, Prune::Nothing).steps.is_empty());
        let pruned = plan(&of("A = \"1\""), &there, Prune::Variables);
        assert_eq!(names(&pruned), ["environment.B"]);
        assert!(plan(TEXT, &there, Prune::Nothing).steps.is_empty(), "nor does no table at all");
    }
}
