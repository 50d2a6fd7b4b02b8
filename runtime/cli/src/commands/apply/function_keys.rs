//! The keys of a function in a `lambent.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lambent_types::{
    Configuration, ConfigurationParameter, ConfigurationPatch, Grants, Mounts, ParameterKind,
    bounds, format_count,
};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::delivery::Delivery;
use super::function::Function;
use super::variable::Variable;

/// The keys whose values are no short text of the configuration, with what is said of them.
const TABLES: [(&str, &str); 10] = [
    (
        "component",
        "The component, or the core module of which the node makes one; a path relative to the file. A function has one of `component`, `package` and `source`.",
    ),
    ("package", "The files that `runtime` runs: a folder, a zip, a tar or a single source file."),
    (
        "source",
        "The folder of the function as it is written. In Rust, Go, Java and Kotlin (it has a `Cargo.toml`, `go.mod` or `pom.xml`) it is built by `lambent build`, `up` and `dev`, and run as `provided.al2023`; what `runtime` runs is packed as it is. Of several functions `{ folder, function }` says which: a binary of Cargo's, a package of Go's, or a handler of Java's such as `example.Orders::handleRequest`.",
    ),
    (
        "build",
        "The command that makes `component` or `package`, run by `sh -c` in the folder of the file by `lambent build`, `up` and `dev`.",
    ),
    (
        "watch",
        "The files that `lambent dev` watches: paths and patterns relative to the file, folders with all that is in them. By default the folder of `source`, with `build` the folder of the file, or else the component or package itself; never what `.gitignore` names, nor `target`, `node_modules` and what begins with a dot.",
    ),
    (
        "environment",
        "Variables: text, or `{ from = \"env\" }` for the variable of that name where the file is applied or in `lambent.env` beside it (`name = \"OTHER\"` for one of another name), or `{ value = \"…\" }` for text with `${…}` in it. Variables that the function has and the file does not name stay, but for `--prune-environment`. At most 4,096 bytes with their names.",
    ),
    ("tags", "Labels, at most 50."),
    ("grants", "What the function may reach; nothing else."),
    (
        "delivery",
        "How events come to the function: asynchronous invocations, and what triggers and schedules without a `delivery` of their own send.",
    ),
    ("mounts", ""),
];

/// All keys, for whoever gave another.
static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let tables = TABLES.iter().map(|(name, _)| *name);
    tables.chain(parameters().map(|parameter| parameter.name)).collect()
});

/// The members of the configuration that a short text gives and nothing else.
fn parameters() -> impl Iterator<Item = &'static ConfigurationParameter> {
    let known = |name: &str| TABLES.iter().any(|(table, _)| *table == name);
    ConfigurationPatch::PARAMETERS.iter().filter(move |parameter| !known(parameter.name))
}

/// Reads a key that is known.
pub(super) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        let key = String::deserialize(deserializer)?;
        let known = KEYS.iter().copied().find(|known| *known == key);
        known.ok_or_else(|| D::Error::unknown_field(&key, &KEYS))
    }
}

/// Reads the value of a member that a short text gives.
pub(super) struct Parameter<'a> {
    pub(super) name: &'static str,
    pub(super) given: &'a mut ConfigurationPatch,
}

/// A value of a file that is no table.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Switch(bool),
    Count(i64),
    Text(String),
}

impl<'de> DeserializeSeed<'de> for Parameter<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let parameters = ConfigurationPatch::PARAMETERS.iter();
        let parameter = parameters.clone().find(|parameter| parameter.name == self.name);
        let Some(parameter) = parameter else { return Ok(()) };
        let wrong = || D::Error::custom(wanted(parameter));
        let value = Value::deserialize(deserializer).map_err(|_| wrong())?;
        let text = match (value, parameter.kind) {
            (Value::Switch(value), ParameterKind::Switch) => value.to_string(),
            (Value::Count(value), ParameterKind::Count | ParameterKind::CountOrAuto) => {
                value.to_string()
            }
            (Value::Text(_), ParameterKind::Switch | ParameterKind::Count) => return Err(wrong()),
            (Value::Text(text), _) => text,
            _ => return Err(wrong()),
        };
        (parameter.set)(self.given, &text).map_err(D::Error::custom)
    }
}

/// How a value is written, for whoever wrote another.
fn wanted(parameter: &ConfigurationParameter) -> String {
    let ConfigurationParameter { name, kind, .. } = parameter;
    let (how, example) = example(*kind);
    format!("`{name}` is {how}: {name} = {example}")
}

/// How a value of this kind is written, and one.
const fn example(kind: ParameterKind) -> (&'static str, &'static str) {
    match kind {
        ParameterKind::Size => ("written with a unit", "\"256MiB\""),
        ParameterKind::SizeOrAuto => ("written with a unit, or \"auto\"", "\"512MiB\""),
        ParameterKind::Duration => ("written with a unit", "\"30s\""),
        ParameterKind::Count => ("a number without quotes", "1000"),
        ParameterKind::CountOrAuto => ("a number, or \"auto\"", "4"),
        ParameterKind::Switch => ("true or false, without quotes", "true"),
        ParameterKind::RuntimeName => ("the name of a runtime in quotes", "\"python3.14\""),
        ParameterKind::RuntimeUpdates => ("\"auto\" or \"function-update\"", "\"auto\""),
        ParameterKind::Layers => ("a list in quotes", "\"numpy:3,helpers\""),
        ParameterKind::Mounts => ("a list in quotes", "\"data:/mnt/data\""),
        ParameterKind::Text => ("text in quotes", "\"…\""),
    }
}

impl ToSchema for Function {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Variable::name().into(), Variable::schema()));
        schemas.push((Grants::name().into(), Grants::schema()));
        Grants::schemas(schemas);
        schemas.push((Delivery::name().into(), Delivery::schema()));
        Delivery::schemas(schemas);
        schemas.push((Mounts::name().into(), Mounts::schema()));
        Mounts::schemas(schemas);
    }
}

/// What is said of a function.
const SUMMARY: &str = "A function: its code, how that is built, and its configuration.";

impl PartialSchema for Function {
    fn schema() -> RefOr<Schema> {
        let mut object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(SUMMARY))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        for (name, summary) in TABLES {
            object = object.property(name, table(name, summary));
        }
        for parameter in parameters() {
            object = object.property(parameter.name, short(parameter));
        }
        object.into()
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A table whose members are all of one kind.
fn map(of: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(of.into()))
}

/// What is declared elsewhere, with what is said of it here.
fn declared(name: &str, summary: &str) -> RefOr<Schema> {
    let mut reference = Ref::from_schema_name(name);
    summary.clone_into(&mut reference.description);
    reference.into()
}

/// The schema of a key of [`TABLES`].
fn table(name: &str, summary: &str) -> RefOr<Schema> {
    let says = (!summary.is_empty()).then_some(summary);
    match name {
        "grants" => declared(&Grants::name(), summary),
        "delivery" => declared(&Delivery::name(), summary),
        "mounts" => declared(&Mounts::name(), mounts_summary()),
        "environment" => map(Ref::from_schema_name(Variable::name())).description(says).into(),
        "tags" => map(text()).description(says).into(),
        "watch" => ArrayBuilder::new().items(text()).description(says).into(),
        "source" => {
            let closed = Some(AdditionalProperties::<Schema>::FreeForm(false));
            let table = ObjectBuilder::new().schema_type(Type::Object);
            let table = table.property("folder", text()).property("function", text());
            let table = table.required("folder").additional_properties(closed);
            OneOfBuilder::new().item(text()).item(table).description(says).into()
        }
        _ => text().description(says).into(),
    }
}

/// What is said of mounts wherever they are given.
fn mounts_summary() -> &'static str {
    let mut parameters = ConfigurationPatch::PARAMETERS.iter();
    parameters.find(|parameter| parameter.name == "mounts").map_or("", |found| found.summary)
}

/// The limits of a member whose summary leaves them out.
fn limits(name: &str) -> Option<String> {
    let between =
        |least: u64, most: u64| format!("{} to {}", format_count(least), format_count(most));
    Some(match name {
        "fuel" => between(bounds::FUEL_MIN, bounds::FUEL_MAX),
        "provisioned" => between(0, bounds::PROVISIONED_MAX.into()),
        "reuse" => between(1, bounds::REUSE_MAX.into()),
        "shared" => between(1, bounds::SHARED_MAX.into()),
        "layers" => format!("at most {}", bounds::LAYERS_MAX),
        "handler" => format!("at most {} characters", bounds::HANDLER_CHARS_MAX),
        _ => return None,
    })
}

/// The schema of a member that a short text gives.
fn short(parameter: &ConfigurationParameter) -> RefOr<Schema> {
    let ConfigurationParameter { kind, summary, show, .. } = parameter;
    let default = Some(show(&Configuration::default())).filter(|shown| !shown.is_empty());
    let (_, example) = example(*kind);
    let example = toml::from_str::<BTreeMap<String, serde_json::Value>>(&format!("a = {example}"));
    let example = example.ok().and_then(|mut read| read.remove("a"));
    let object = |of| ObjectBuilder::new().schema_type(of);
    let limits = limits(parameter.name).map(|limits| format!(": {limits}")).unwrap_or_default();
    let says = match default {
        Some(default) => format!("{summary}{limits}. By default {default}."),
        None => format!("{summary}{limits}."),
    };
    match kind {
        ParameterKind::Switch => object(Type::Boolean).description(Some(says)).into(),
        ParameterKind::Count => {
            object(Type::Integer).description(Some(says)).examples(example).into()
        }
        ParameterKind::CountOrAuto => {
            let auto = text().enum_values(Some(["auto"]));
            let number = object(Type::Integer);
            OneOfBuilder::new().item(number).item(auto).description(Some(says)).into()
        }
        ParameterKind::RuntimeUpdates => {
            text().enum_values(Some(["auto", "function-update"])).description(Some(says)).into()
        }
        _ => text().description(Some(says)).examples(example).into(),
    }
}
