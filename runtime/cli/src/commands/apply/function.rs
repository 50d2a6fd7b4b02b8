//! A function in a `lambent.toml`: its code, how that is built, and the members of its
//! configuration by the names that they have everywhere.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use lambent_types::{
    AliasName, AliasSettings, Configuration, ConfigurationPatch, Environment, FunctionName,
};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use toml::Spanned;

use super::code::Code;
use super::context::Context;
use super::cors::Cors;
use super::delivery::{Delivery, destinations};
use super::entry::Entry;
use super::fault::Fault;
use super::function_keys::{Key, Parameter};
use super::kind::Kind;
use super::patterns::Patterns;
use super::variable::Variable;
use super::wanted::Aliases;

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) code: Code,
    /// The command that makes the code.
    pub(super) build: Option<String>,
    /// What is watched for changes.
    pub(super) watch: Option<Patterns>,
    /// Its variables, each with its place in the file.
    environment: Option<BTreeMap<String, Spanned<Variable>>>,
    /// Its aliases, each with its place in the file.
    aliases: BTreeMap<AliasName, Spanned<AliasSettings>>,
    /// What the file says of its configuration, but for the variables.
    pub(super) given: ConfigurationPatch,
}

impl Entry for Function {
    const KIND: Kind = Kind::Function;
    type Name = FunctionName;
    type Spec = Configuration;

    fn spec(&self, name: &FunctionName, context: &Context) -> Result<Configuration, Fault> {
        let mut given = self.given.clone();
        given.environment = self.variables(context)?;
        if let Some(artifact) = context.built.of(name) {
            artifact.complete(&mut given);
        }
        let applied = given.apply(&Configuration::default());
        Ok(applied.map_err(|error| error.detail().to_owned())?)
    }

    fn references(configuration: &Configuration) -> Vec<(Kind, String)> {
        let mounts = configuration.mounts.0.iter();
        let volumes = mounts.map(|mount| (Kind::Volume, mount.volume.to_string()));
        destinations(&configuration.delivery).into_iter().chain(volumes).collect()
    }

    fn aliases(&self) -> Result<Aliases, Fault> {
        let mut aliases = Aliases::new();
        for (name, settings) in &self.aliases {
            let fault = |error: lambent_types::Error| Fault {
                message: format!("alias {name}: {}", error.detail()),
                advice: String::new(),
                span: Some(settings.span()),
            };
            settings.get_ref().validate().map_err(fault)?;
            aliases.insert(name.clone(), settings.get_ref().clone());
        }
        Ok(aliases)
    }

    fn code(
        &self,
        name: &FunctionName,
        configuration: Configuration,
        context: &Context,
    ) -> Result<Option<(PathBuf, Configuration)>, Fault> {
        let built = context.built.of(name).map(|artifact| artifact.component.clone());
        let path = context.directory.join(self.code.path());
        let needed =
            matches!(self.code, Code::Source(_)) && crate::building::is_needed(&path, &self.given);
        if needed && built.is_none() {
            return Err(Fault {
                message: format!("{} is not built yet", path.display()),
                advice: "build it first: lambent build\nor both at once: lambent up".into(),
                span: None,
            });
        }
        Ok(Some((built.unwrap_or(path), configuration)))
    }
}

impl Function {
    /// The environment, if the file says anything of it.
    fn variables(&self, context: &Context) -> Result<Option<Environment>, Fault> {
        let Some(given) = &self.environment else { return Ok(None) };
        let mut variables = BTreeMap::new();
        for (name, variable) in given {
            let value = variable.get_ref().value(name, context.surroundings);
            let fault = |(message, advice)| Fault {
                message: format!("{name}: {message}"),
                advice,
                span: Some(variable.span()),
            };
            variables.insert(name.clone(), value.map_err(fault)?);
        }
        Ok(Some(Environment(Arc::new(variables))))
    }
}

impl<'de> Deserialize<'de> for Function {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FunctionVisitor)
    }
}

/// What was read so far.
#[derive(Default)]
struct Parts {
    component: Option<PathBuf>,
    package: Option<PathBuf>,
    source: Option<super::code::Source>,
    build: Option<String>,
    watch: Option<Patterns>,
    environment: Option<BTreeMap<String, Spanned<Variable>>>,
    aliases: BTreeMap<AliasName, Spanned<AliasSettings>>,
    given: ConfigurationPatch,
}

struct FunctionVisitor;

impl<'de> Visitor<'de> for FunctionVisitor {
    type Value = Function;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table, [functions.NAME]")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Function, M::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key_seed(Key)? {
            match key {
                "component" => parts.component = Some(map.next_value()?),
                "package" => parts.package = Some(map.next_value()?),
                "source" => parts.source = Some(map.next_value()?),
                "build" => parts.build = Some(map.next_value()?),
                "watch" => parts.watch = Some(map.next_value()?),
                "environment" => parts.environment = Some(map.next_value()?),
                "aliases" => parts.aliases = map.next_value()?,
                "tags" => parts.given.tags = Some(map.next_value()?),
                "grants" => parts.given.grants = Some(map.next_value()?),
                "mounts" => parts.given.mounts = Some(map.next_value()?),
                "aws" => parts.given.aws = Some(map.next_value()?),
                "cors" => parts.given.cors = Some(map.next_value::<Cors>()?.settings()),
                "delivery" => {
                    parts.given.delivery = Some(map.next_value::<Delivery>()?.policy());
                }
                name => map.next_value_seed(Parameter { name, given: &mut parts.given })?,
            }
        }
        parts.function().map_err(M::Error::custom)
    }
}

impl Parts {
    fn function(self) -> Result<Function, &'static str> {
        let Self { component, package, source, build, watch, environment, aliases, given } = self;
        if source.is_some() && build.is_some() {
            return Err(
                "what is in `source` is built as its language is; leave out `build`, or say \
                        in the place of `source` which `component` it makes",
            );
        }
        let code = match (component, package, source) {
            (Some(path), None, None) | (None, Some(path), None) => Code::File(path),
            (None, None, Some(source)) => Code::Source(source),
            (None, None, None) => {
                return Err("a function is made of a `component`, a `package` or a `source`, and \
                            all of them are missing");
            }
            _ => {
                return Err("a function is made of one of `component`, `package` and `source`; \
                            give one of them");
            }
        };
        Ok(Function { code, build, watch, environment, aliases, given })
    }
}

#[cfg(test)]
mod tests {
    use lambent_types::Grant;

    use super::super::file::tests::wanted;

    /// Files that have what a remedy names, written in each way, and the same without it: what is
    /// added goes in the place of `+`.
    fn remedied(place: &str, entry: &str) -> Vec<String> {
        let head = "component = \"f.wasm\"\n";
        let file = |rest: &str| format!("[functions.f]\n{head}{}", rest.replace('+', entry));
        match place.rsplit_once(".grants.") {
            Some((_, table)) => {
                let table = table.trim_end_matches(']');
                vec![
                    file(&format!("{place}\n+")),
                    file(&format!("{place}\nother = \"read\"\n+")),
                    file(&format!("grants = {{ {table} = {{ other = \"read\", + }} }}")),
                ]
            }
            None if place.contains(" hosts ") => vec![
                file("[functions.f.grants]\nhosts = [+]"),
                file("[functions.f.grants]\nhosts = [\"other\", +]"),
                file("grants = { hosts = [\"other\", +] }"),
            ],
            None => vec![
                file("mounts = [+]"),
                file("mounts = [{ volume = \"other\", path = \"/mnt/other\" }, +]"),
            ],
        }
    }

    #[test]
    fn the_line_that_remedies_a_refusal_is_one_of_a_file_whatever_is_there() {
        for text in [
            "bucket:my.photos=read",
            "keyspace:todo=read-write",
            "queue:jobs.fifo=write",
            "host:http://[::1]:8080",
            "volume:data:/mnt/data:read",
        ] {
            let grant: Grant = text.parse().unwrap();
            let remedy = grant.remedy(&"f".parse().unwrap());
            let line = remedy.split_once("in lambent.toml, in ").unwrap().1;
            let (place, entry) = line.split_once(": ").unwrap();
            for file in remedied(place, entry) {
                let all = wanted(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
                let configuration = &all[0].code.as_ref().unwrap().configuration;
                assert!(configuration.granted().contains(&grant), "{file}");
            }
        }
    }
}
