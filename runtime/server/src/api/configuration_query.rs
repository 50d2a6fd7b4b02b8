//! What of a function's configuration the query of its upload gives, as its own
//! declaration says.

use http::Uri;
use lambent_api::query::Parameters;
use lambent_types::{ConfigurationParameter, ConfigurationPatch, ParameterKind};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, Type};

use crate::problem::Refusal;

/// Reads the configuration that a query gives; nothing else may be in it.
pub(super) fn read(uri: &Uri) -> Result<ConfigurationPatch, Refusal> {
    let known: Vec<_> = ConfigurationPatch::PARAMETERS.iter().map(|known| known.name).collect();
    let given = Parameters::read(uri.query().unwrap_or_default(), &known)?;
    let mut patch = ConfigurationPatch::default();
    for ConfigurationParameter { name, kind, set, .. } in ConfigurationPatch::PARAMETERS {
        let Some(text) = given.text(name) else { continue };
        set(&mut patch, text).map_err(|_| Parameters::wrong(name, text, kind.expected()))?;
    }
    Ok(patch)
}

/// The parameters, as the description of the API has them.
pub(super) fn parameters() -> impl Iterator<Item = Parameter> {
    ConfigurationPatch::PARAMETERS.iter().map(|parameter| {
        let ConfigurationParameter { name, summary, kind, .. } = parameter;
        ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Query)
            .description(Some(format!("{summary} ({})", kind.expected())))
            .schema(Some(Object::with_type(schema(*kind))))
            .build()
    })
}

/// The type of a parameter's text.
const fn schema(kind: ParameterKind) -> Type {
    match kind {
        ParameterKind::Count => Type::Integer,
        ParameterKind::Switch => Type::Boolean,
        _ => Type::String,
    }
}
