//! A function in a `lambent.toml`: its component, and the members of its configuration
//! by the names that they have everywhere.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use lambent_types::{Configuration, ConfigurationPatch, Environment, FunctionName, ParameterKind};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::delivery::{Delivery, destinations};
use super::entry::Entry;
use super::kind::Kind;

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    /// Where its component or its package is, relative to the file.
    code: PathBuf,
    /// What the file says of its configuration.
    given: ConfigurationPatch,
}

impl Entry for Function {
    const KIND: Kind = Kind::Function;
    type Name = FunctionName;
    type Spec = Configuration;

    fn spec(&self, _: &FunctionName) -> Result<Configuration, String> {
        let default = Configuration::default();
        self.given.apply(&default).map_err(|error| error.detail().to_owned())
    }

    fn references(configuration: &Configuration) -> Vec<(Kind, String)> {
        let mounts = configuration.mounts.0.iter();
        let volumes = mounts.map(|mount| (Kind::Volume, mount.volume.to_string()));
        destinations(&configuration.delivery).into_iter().chain(volumes).collect()
    }

    fn code(&self, configuration: Configuration) -> Option<(&Path, Configuration)> {
        Some((&self.code, configuration))
    }
}

/// The keys whose values are no short text.
const TABLES: [&str; 7] =
    ["component", "package", "environment", "tags", "grants", "delivery", "mounts"];

/// All keys, for whoever gave another.
static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let parameters = ConfigurationPatch::PARAMETERS.iter().map(|parameter| parameter.name);
    let parameters = parameters.filter(|name| !TABLES.contains(name));
    TABLES.into_iter().chain(parameters).collect()
});

impl<'de> Deserialize<'de> for Function {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FunctionVisitor)
    }
}

struct FunctionVisitor;

impl<'de> Visitor<'de> for FunctionVisitor {
    type Value = Function;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Function, M::Error> {
        let (mut component, mut package, mut given) = (None, None, ConfigurationPatch::default());
        while let Some(key) = map.next_key_seed(Key)? {
            match key {
                "component" => component = Some(map.next_value()?),
                "package" => package = Some(map.next_value()?),
                "environment" => {
                    let variables: BTreeMap<String, String> = map.next_value()?;
                    given.environment = Some(Environment(Arc::new(variables)));
                }
                "tags" => given.tags = Some(map.next_value()?),
                "grants" => given.grants = Some(map.next_value()?),
                "mounts" => given.mounts = Some(map.next_value()?),
                "delivery" => {
                    given.delivery = Some(map.next_value::<Delivery>()?.policy());
                }
                name => map.next_value_seed(Parameter { name, given: &mut given })?,
            }
        }
        if component.is_some() && package.is_some() {
            return Err(M::Error::custom("it has a component and a package; give one of them"));
        }
        let code = component.or(package).ok_or_else(|| M::Error::missing_field("component"))?;
        Ok(Function { code, given })
    }
}

/// Reads a key that is known.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        let key = String::deserialize(deserializer)?;
        let known = KEYS.iter().copied().find(|known| *known == key);
        known.ok_or_else(|| D::Error::unknown_field(&key, &KEYS))
    }
}

/// Reads the value of a member that a short text gives.
struct Parameter<'a> {
    name: &'static str,
    given: &'a mut ConfigurationPatch,
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
        let expected = || D::Error::custom(format!("expected {}", parameter.kind.expected()));
        let value = Value::deserialize(deserializer).map_err(|_| expected())?;
        let text = match (value, parameter.kind) {
            (Value::Switch(value), ParameterKind::Switch) => value.to_string(),
            (Value::Count(value), ParameterKind::Count | ParameterKind::CountOrAuto) => {
                value.to_string()
            }
            (
                Value::Text(text),
                ParameterKind::Size
                | ParameterKind::SizeOrAuto
                | ParameterKind::Duration
                | ParameterKind::CountOrAuto
                | ParameterKind::RuntimeName
                | ParameterKind::RuntimeUpdates
                | ParameterKind::Layers
                | ParameterKind::Mounts
                | ParameterKind::Text,
            ) => text,
            _ => return Err(expected()),
        };
        (parameter.set)(self.given, &text).map_err(D::Error::custom)
    }
}
