//! A plan as people and programs read it.

use std::io;

use serde_json::{Value, json};

use super::plan::{Plan, Stopped};
use super::step::Action;
use crate::error::CliError;
use crate::output::{Colour, Output, colour, paint};
use crate::printable::printable;

/// Counts the steps of each kind in words: `create 2, change 1`.
pub(super) fn counts(plan: &Plan) -> String {
    let count = |action| {
        let count = plan.steps.iter().filter(|step| step.action == action).count();
        (count > 0).then(|| format!("{} {count}", action.verb()))
    };
    let all = [Action::Create, Action::Change, Action::Delete].into_iter().filter_map(count);
    all.collect::<Vec<_>>().join(", ")
}

pub(super) fn show(plan: &Plan, endpoint: &str, output: Output) -> Result<(), CliError> {
    output.line(&format!("{} at {endpoint}", plan.title))?;
    let on = colour(&io::stdout());
    for step in &plan.steps {
        let (sign, hue) = match step.action {
            Action::Create => ("+", Colour::Green),
            Action::Change => ("~", Colour::Yellow),
            Action::Delete => ("-", Colour::Red),
        };
        output.painted(&paint(on, hue, &printable(&format!("  {sign} {}", step.subject()))))?;
        let width = step.changes.iter().map(|change| change.name().chars().count()).max();
        for change in &step.changes {
            let width = width.unwrap_or_default();
            output.line(&format!("      {:width$}  {}", change.name(), change.values()))?;
        }
    }
    if !plan.kept.is_empty() {
        let variables = plan.kept.join(", ");
        let text = format!(
            "  variables that the file does not name stay: {variables} (--prune-environment removes them)"
        );
        output.painted(&paint(on, Colour::Dim, &printable(&text)))?;
    }
    if plan.steps.is_empty() {
        let all = plan.unchanged;
        output.line(&format!("nothing to do: all {all} are as the file says"))?;
    } else {
        output.line(&format!("{}, keep {}", counts(plan), plan.unchanged))?;
    }
    Ok(())
}

pub(super) fn to_json(plan: &Plan, taken: usize, failure: Option<&CliError>) -> Value {
    let steps = plan.steps.iter().enumerate().map(|(index, step)| {
        let mut value = step.to_json();
        value["done"] = (index < taken).into();
        if let Some(error) = failure.filter(|_| index == taken) {
            value["error"] = error.to_json();
        }
        value
    });
    json!({ "plan": steps.collect::<Vec<_>>(), "unchanged": plan.unchanged, "kept_variables": plan.kept })
}

/// Says what was done, what was not done, and how to go on.
pub(crate) fn explain(plan: &Plan, stopped: Stopped) -> CliError {
    let Stopped { taken, error } = stopped;
    let Some(failed) = plan.steps.get(taken) else { return error };
    let (verb, subject) = (failed.action.verb(), failed.subject());
    let left = plan.steps.iter().skip(taken);
    let left: Vec<_> =
        left.map(|step| format!("{} {}", step.action.verb(), step.subject())).collect();
    error.context(&format!("cannot {verb} {subject}")).more(format!(
        "{taken} of {} steps were done; not done: {}\nrepeat it to go on from there",
        plan.steps.len(),
        left.join(", ")
    ))
}
