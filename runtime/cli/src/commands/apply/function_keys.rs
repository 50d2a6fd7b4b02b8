//! The keys of a function in a `lambent.toml`.

use std::sync::LazyLock;

use lambent_types::{ConfigurationParameter, ConfigurationPatch, ParameterKind};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error};

/// The keys whose values are no short text of the configuration, with what is said of them.
pub(super) const TABLES: [(&str, &str); 13] = [
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
        "The files that `lambent dev` watches: paths and patterns relative to the file, folders with all that is in them. What they name is watched also if it is ignored. By default the folder of `source`, with `build` the folder of the file, or else the component or package itself, without what begins with a dot and what the `.gitignore` of the file's folder and those below name. `target`, `node_modules`, `__pycache__`, what a `build` writes as `component` or `package`, `lambent.toml` and `lambent.env` are never watched so; an edit of the last two is applied, and builds what is built otherwise than before.",
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
    ("aws", ""),
    ("cors", "What pages of other origins may do with its responses; nothing by default."),
    (
        "aliases",
        "Names for versions of the function, which are there already: `lambent publish` makes them. Aliases that the function has and the file does not name stay, but for `--prune`. At most 100.",
    ),
];

/// All keys, for whoever gave another.
static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let tables = TABLES.iter().map(|(name, _)| *name);
    tables.chain(parameters().map(|parameter| parameter.name)).collect()
});

/// The members of the configuration that a short text gives and nothing else.
pub(super) fn parameters() -> impl Iterator<Item = &'static ConfigurationParameter> {
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
pub(super) const fn example(kind: ParameterKind) -> (&'static str, &'static str) {
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
        ParameterKind::AwsServices => ("a list in quotes", "\"bedrock-runtime=egress\""),
        ParameterKind::Text => ("text in quotes", "\"…\""),
    }
}
