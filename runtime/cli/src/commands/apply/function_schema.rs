//! The schema of a function in a `lambent.toml`.

use std::collections::BTreeMap;

use lambent_types::{
    AliasSettings, AwsServices, Configuration, ConfigurationParameter, ConfigurationPatch, Grants,
    Mounts, ParameterKind, bounds, format_count,
};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::cors::Cors;
use super::delivery::Delivery;
use super::function::Function;
use super::function_keys::{TABLES, example, parameters};
use super::variable::Variable;

impl ToSchema for Function {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Variable::name().into(), Variable::schema()));
        schemas.push((Grants::name().into(), Grants::schema()));
        Grants::schemas(schemas);
        schemas.push((Delivery::name().into(), Delivery::schema()));
        Delivery::schemas(schemas);
        schemas.push((Cors::name().into(), Cors::schema()));
        Cors::schemas(schemas);
        schemas.push((Mounts::name().into(), Mounts::schema()));
        Mounts::schemas(schemas);
        schemas.push((AwsServices::name().into(), AwsServices::schema()));
        AwsServices::schemas(schemas);
        schemas.push((AliasSettings::name().into(), AliasSettings::schema()));
        AliasSettings::schemas(schemas);
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
        "cors" => declared(&Cors::name(), summary),
        "delivery" => declared(&Delivery::name(), summary),
        "mounts" => declared(&Mounts::name(), summary_of("mounts")),
        "aws" => declared(&AwsServices::name(), summary_of("aws")),
        "environment" => map(Ref::from_schema_name(Variable::name())).description(says).into(),
        "aliases" => map(Ref::from_schema_name(AliasSettings::name())).description(says).into(),
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

/// What is said of a member of the configuration wherever it is given.
fn summary_of(name: &str) -> &'static str {
    let mut parameters = ConfigurationPatch::PARAMETERS.iter();
    parameters.find(|parameter| parameter.name == name).map_or("", |found| found.summary)
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
