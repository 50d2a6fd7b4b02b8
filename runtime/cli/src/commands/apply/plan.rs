//! The steps from what is there to what is wanted, and taking them.

use std::time::{Duration, Instant};

use lambent_api::client::Client;

use super::built::Built;
use super::file::File;
use super::kept::keep_variables;
use super::kind::Kind;
use super::present::Inventory;
use super::step::{self, Step};
use super::wanted::Wanted;
use crate::deploying::Show;
use crate::error::CliError;

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
        let (mut steps, mut kept, mut last) = (Vec::new(), Vec::new(), Vec::new());
        let mut unchanged = 0;
        for mut wanted in wanted {
            let present = inventory.find(wanted.kind, &wanted.name);
            if let (Prune::Nothing, Some(present)) = (prune, present) {
                let variables = keep_variables(&mut wanted, present);
                let kept_of = |variable| format!("{} {variable}", wanted.name);
                kept.extend(variables.into_iter().map(kept_of));
            }
            let Some(step) = step::step(wanted, present) else {
                unchanged += 1;
                continue;
            };
            let (first, gone) = step.without_gone_aliases();
            steps.extend(first);
            last.extend(gone);
        }
        steps.extend(deletions);
        steps.extend(last);
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
            steps.push(step::deletion(kind, present));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::difference::Change;
    use super::super::file::tests::file;
    use super::super::present::Present;
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
            let aliases = step.code.iter().flat_map(|code| code.aliases.keys());
            let aliases = aliases.map(|alias| (alias.key(), 9)).collect();
            let present = Present::new(&step.name, step.description.clone());
            inventory.add(step.kind, Present { revision, aliases, ..present });
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
        assert!(request.contains("if-match: \"9\""), "{request}");
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
    fn an_alias_goes_after_all_that_may_name_it() {
        let named = TEXT.replace("function = \"f\"", "function = \"f:live\"");
        let text = named.replace("component = ", "aliases.live.version = 1\ncomponent = ");
        let there = after(&plan(&text, &Inventory::default(), Prune::Nothing));
        let bigger = TEXT.replace("component = ", "memory = \"64MiB\"\ncomponent = ");
        let changed = plan(&bigger, &there, Prune::All);
        let expected = ["change function f", "change trigger t", "change function f"];
        assert_eq!(steps(&changed), expected);
        let names = |step: &Step| step.changes.iter().map(Change::name).collect::<Vec<_>>();
        assert_eq!(names(&changed.steps[0]), ["memory"]);
        assert_eq!(names(&changed.steps[2]), ["aliases.live.version"]);
        assert_eq!(changed.unchanged, 3);
        let without = TEXT.split("[triggers.t]").next().unwrap();
        let pruned = plan(without, &there, Prune::All);
        assert_eq!(steps(&pruned), ["delete trigger t", "change function f"]);
        let server =
            Canned::start(vec![answer("204 No Content", ""), answer("204 No Content", "")]);
        let client = Client::new(server.endpoint());
        assert!(pruned.execute(&client, Show::Nothing, |_, _| Ok(())).is_ok());
        let requests = server.requests();
        assert!(requests[1].starts_with("DELETE /v1/functions/f/aliases/live "), "{requests:?}");
        assert!(requests[1].contains("if-match: \"9\""), "{requests:?}");
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
