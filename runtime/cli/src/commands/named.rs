//! Code that the commands of all named resources share.

use std::fmt::Display;

use jiff::Timestamp;
use lambent_api::kinds::Kind;
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;

/// Makes a resource of which nothing is said but its name.
pub(super) fn create<K: Kind>(
    name: &K::Name,
    spec: &K::Spec,
    global: &Global,
) -> Result<Exit, CliError> {
    put_as::<K>(name, spec, "is there already", global)
}

/// Makes a resource, or makes it as described.
pub(super) fn put<K: Kind>(
    name: &K::Name,
    spec: &K::Spec,
    global: &Global,
) -> Result<Exit, CliError> {
    put_as::<K>(name, spec, "", global)
}

/// Makes a resource; `old` is what it is if it was there, and else it was updated.
fn put_as<K: Kind>(
    name: &K::Name,
    spec: &K::Spec,
    old: &str,
    global: &Global,
) -> Result<Exit, CliError> {
    let answer = global.client()?.put::<K>(name, spec)?;
    let (output, noun) = (global.output(), K::NOUN);
    if output.json {
        output.answer(&answer)?;
    } else if answer.is_created() {
        output.line(&format!("created {noun} {name}"))?;
    } else if old.is_empty() {
        output.line(&format!("updated {noun} {name}"))?;
    } else {
        output.line(&format!("{noun} {name} {old}"))?;
    }
    Ok(Exit::Ok)
}

/// Lists all resources of a kind; `row` makes the cells of one.
pub(super) fn list<K: Kind>(
    header: &[&str],
    row: impl Fn(&K::View) -> Vec<String>,
    first: &str,
    global: &Global,
) -> Result<Exit, CliError> {
    let all = global.client()?.all::<K>()?;
    let output = global.output();
    if output.json {
        output.answer(&all)?;
        return Ok(Exit::Ok);
    }
    let items = K::items(all.value()?);
    if items.is_empty() {
        eprintln!("no {} yet; make one: {first}", K::PLURAL);
    } else {
        output.table(header, items.iter().map(row).collect())?;
    }
    Ok(Exit::Ok)
}

/// Describes a resource; `fields` are the lines about one.
pub(super) fn describe<K: Kind>(
    name: &K::Name,
    fields: impl Fn(&K::View) -> Vec<(&'static str, String)>,
    global: &Global,
) -> Result<Exit, CliError> {
    let answer = global.client()?.describe::<K>(name)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
    } else {
        output.fields(&fields(&answer.value()?))?;
    }
    Ok(Exit::Ok)
}

/// Deletes a resource.
pub(super) fn delete<K: Kind>(name: &K::Name, global: &Global) -> Result<Exit, CliError> {
    global.client()?.delete::<K>(name)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": name.to_string() }))?;
    } else {
        output.line(&format!("deleted {} {name}", K::NOUN))?;
    }
    Ok(Exit::Ok)
}

/// A member as a table shows it: `-` if there is none.
pub(super) fn or_dash<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

/// A time, to the minute.
pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A yes or a no.
pub(super) fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.into()
}
