//! The value of a variable of a function's environment.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::surroundings::Surroundings;

/// What is accepted, for whoever gave something else.
const FORMS: &str = "text in quotes, { from = \"env\" } or { value = \"as it is\" }";

/// What is said of a number or a switch; the value itself may be secret.
const UNQUOTED: &str = "a variable is text: write it in quotes";

/// What a file says of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Variable {
    /// Its value; must not look like a reference.
    Text(String),
    /// Its value, whatever that looks like.
    Literal(String),
    /// The variable of this name where the file is applied; by default the same.
    Inherited(Option<String>),
}

impl Variable {
    /// The value of the variable that is called so.
    ///
    /// # Errors
    /// There is none, or the text is one that would have been a reference elsewhere: what is
    /// wrong, and what to write instead.
    pub(super) fn value(
        &self,
        name: &str,
        surroundings: &Surroundings,
    ) -> Result<String, (String, String)> {
        match self {
            Self::Literal(text) => Ok(text.clone()),
            Self::Text(text) => match reference(text) {
                None => Ok(text.clone()),
                Some(inner) => Err((
                    "nothing is put in the place of ${…} in this file".to_owned(),
                    instead(name, text, inner),
                )),
            },
            Self::Inherited(other) => {
                let from = other.as_deref().unwrap_or(name);
                surroundings.variable(from).map_err(|error| {
                    (error, format!("set it, or write {from}=… to lambent.env beside this file"))
                })
            }
        }
    }
}

/// What to write in the place of a reference. Of the text only what can be a variable's name is
/// repeated.
fn instead(name: &str, text: &str, inner: &str) -> String {
    let literal = format!("if it is meant as it is: {name} = {{ value = \"…\" }}");
    let is_name = inner.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if text != format!("${{{inner}}}") || !is_name {
        return format!(
            "make the whole value a variable and write {name} = {{ from = \"env\" }}\n{literal}"
        );
    }
    let other = if inner == name { String::new() } else { format!(", name = {inner:?}") };
    format!("write {name} = {{ from = \"env\"{other} }}\n{literal}")
}

/// What is between `${` and `}`.
fn reference(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("${")?;
    rest.split_once('}').map(|(inner, _)| inner)
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Variable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORMS)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Variable, E> {
        Ok(Variable::Text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Variable, E> {
        Err(E::custom(UNQUOTED))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Variable, E> {
        Err(E::custom(UNQUOTED))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Variable, E> {
        Err(E::custom(UNQUOTED))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Variable, M::Error> {
        let (mut from, mut name, mut value) = (None::<String>, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "from" => from = Some(map.next_value()?),
                "name" => name = Some(map.next_value()?),
                "value" => value = Some(map.next_value()?),
                _ => return Err(M::Error::unknown_field(&key, &["from", "name", "value"])),
            }
        }
        match (from.as_deref(), name, value) {
            (Some("env"), name, None) => Ok(Variable::Inherited(name)),
            (None, None, Some(value)) => Ok(Variable::Literal(value)),
            (Some(other), _, None) if other != "env" => Err(M::Error::custom(
                "a variable comes from \"env\", and what is given is not known",
            )),
            _ => Err(M::Error::custom(format!("a variable is {FORMS}"))),
        }
    }
}

impl ToSchema for Variable {}

impl PartialSchema for Variable {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let closed = || {
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        let inherited = closed()
            .property("from", text().enum_values(Some(["env"])))
            .property("name", text())
            .required("from");
        let literal = closed().property("value", text()).required("value");
        OneOfBuilder::new().item(text()).item(inherited).item(literal).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Probe {
        #[serde(rename = "TOKEN")]
        token: Variable,
    }

    fn value(text: &str) -> Result<String, String> {
        let probe: Probe = toml::from_str(&format!("TOKEN = {text}"))
            .map_err(|error: toml::de::Error| error.message().to_owned())?;
        let surroundings = Surroundings::with(&[("TOKEN", "own"), ("LAMBENT_T", "other")]);
        probe.token.value("TOKEN", &surroundings).map_err(|(why, what)| format!("{why}; {what}"))
    }

    #[test]
    fn a_variable_is_text_or_one_from_here() {
        for (text, expected) in [
            (r#""plain""#, "plain"),
            (r#""$5 {a}""#, "$5 {a}"),
            (r#"{ from = "env" }"#, "own"),
            (r#"{ from = "env", name = "LAMBENT_T" }"#, "other"),
            (r#"{ value = "${x}" }"#, "${x}"),
        ] {
            assert_eq!(value(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told_what_to_write() {
        for (text, told) in [
            ("8080", "a variable is text: write it in quotes"),
            ("true", "write it in quotes"),
            ("1.5", "write it in quotes"),
            ("[1]", "text in quotes"),
            (r#"{ from = "secret" }"#, "from \"env\", and what is given is not known"),
            (r#"{ name = "X" }"#, "from = \"env\""),
            (r#"{ form = "env" }"#, "`form`"),
            (r#""${TOKEN}""#, "write TOKEN = { from = \"env\" }"),
            (r#""${OTHER}""#, "{ from = \"env\", name = \"OTHER\" }"),
            (r#""a ${OTHER} b""#, "the whole value"),
            (r#""${hunter2}""#, "the whole value"),
            (r#"{ from = "env", name = "LAMBENT_U" }"#, "LAMBENT_U=… to lambent.env"),
        ] {
            let error = value(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
