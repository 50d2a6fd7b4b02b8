//! What of a function's configuration can be given in the query of its upload: one
//! table, for reading it and for the description of the API.

use http::Uri;
use lambent_api::query::Parameters;
use lambent_types::{ConfigurationPatch, parse_bytes, parse_duration};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, Type};

use crate::problem::Refusal;

/// A member of the configuration, as a query parameter.
struct Member {
    name: &'static str,
    /// What it is, for the description of the API.
    is: &'static str,
    /// What its value must be, for whoever gave another.
    wanted: &'static str,
    kind: Type,
    /// Sets it in a patch; none if the text is not what is wanted.
    set: fn(&mut ConfigurationPatch, &str) -> Option<()>,
}

macro_rules! member {
    ($name:literal, $is:literal, $wanted:literal, $kind:ident, $field:ident, $parse:expr) => {
        Member {
            name: $name,
            is: $is,
            wanted: $wanted,
            kind: Type::$kind,
            set: |patch, text| {
                let parse: fn(&str) -> Option<_> = $parse;
                patch.$field = Some(parse(text)?);
                Some(())
            },
        }
    };
}

fn millis(text: &str) -> Option<u64> {
    u64::try_from(parse_duration(text).ok()?.as_millis()).ok()
}

const MEMBERS: [Member; 8] = [
    member!("memory", "Memory limit", "a size such as 64MiB", String, memory_bytes, |text| {
        parse_bytes(text).ok()
    }),
    member!("timeout", "Timeout", "a duration such as 250ms", String, timeout_ms, millis),
    member!("fuel", "Fuel budget", "a number", Integer, fuel, |text| text.parse().ok()),
    member!(
        "public",
        "Whether HTTP requests need no key",
        "true or false",
        Boolean,
        public,
        |text| { text.parse().ok() }
    ),
    member!("description", "Free text", "text", String, description, |text| Some(text.to_owned())),
    member!(
        "provisioned",
        "Instances that are ready before they are called",
        "a number or auto",
        String,
        provisioned,
        |text| text.parse().ok()
    ),
    member!(
        "reuse",
        "Invocations of one instance, one after the other",
        "a number",
        Integer,
        reuse,
        |text| { text.parse().ok() }
    ),
    member!(
        "shared",
        "Requests that share an instance at a time",
        "a number",
        Integer,
        shared,
        |text| { text.parse().ok() }
    ),
];

/// Reads the configuration that a query gives; nothing else may be in it.
pub(super) fn read(uri: &Uri) -> Result<ConfigurationPatch, Refusal> {
    let names = MEMBERS.each_ref().map(|member| member.name);
    let parameters = Parameters::read(uri.query().unwrap_or_default(), &names)?;
    let mut patch = ConfigurationPatch::default();
    for Member { name, wanted, set, .. } in &MEMBERS {
        let Some(text) = parameters.text(name) else { continue };
        set(&mut patch, text).ok_or_else(|| Parameters::wrong(name, text, wanted))?;
    }
    Ok(patch)
}

/// The parameters, as the description of the API has them.
pub(super) fn parameters() -> impl Iterator<Item = Parameter> {
    MEMBERS.iter().map(|Member { name, is, wanted, kind, .. }| {
        ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Query)
            .description(Some(format!("{is}: {wanted}")))
            .schema(Some(Object::with_type(kind.clone())))
            .build()
    })
}
