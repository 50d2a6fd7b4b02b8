//! What a request says that a table or an index is to be.

use std::collections::{BTreeMap, BTreeSet};

use lambent_tables::{
    BillingMode, GLOBAL_INDEXES_MAX, Index, IndexName, KeyAttribute, KeySchema, KeyType,
    LOCAL_INDEXES_MAX, Projection, StreamView, TableDefinition, Throughput,
};
use serde::{Deserialize, Serialize};

use super::error::validation;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most units of a throughput that AWS takes.
const UNITS_MAX: u64 = 1_000_000_000_000;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeDefinition {
    pub(super) attribute_name: Option<String>,
    pub(super) attribute_type: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyElement {
    pub(super) attribute_name: Option<String>,
    pub(super) key_type: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProjectionInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) projection_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) non_key_attributes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Clone, Copy)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ThroughputInput {
    read_capacity_units: Option<i64>,
    write_capacity_units: Option<i64>,
}

/// An index, local or global.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IndexInput {
    pub(super) index_name: Option<String>,
    key_schema: Option<Vec<KeyElement>>,
    projection: Option<ProjectionInput>,
    pub(super) provisioned_throughput: Option<ThroughputInput>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StreamInput {
    stream_enabled: Option<bool>,
    stream_view_type: Option<String>,
}

/// A label of a table.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

const VIEWS: [StreamView; 4] =
    [StreamView::NewImage, StreamView::OldImage, StreamView::NewAndOldImages, StreamView::KeysOnly];

impl StreamInput {
    pub(super) fn read(&self) -> Result<Option<StreamView>, Fault> {
        let view = self.stream_view_type.as_deref();
        match (self.stream_enabled, view) {
            (Some(true), Some(view)) => {
                let found = VIEWS.into_iter().find(|one| one.aws_name() == view);
                found.map(Some).ok_or_else(|| {
                    let mut violations = Violations::default();
                    let names = VIEWS.map(StreamView::aws_name);
                    violations.one_of("streamSpecification.streamViewType", Some(view), &names);
                    validation(violations.fault().message)
                })
            }
            (Some(true), None) => Err(validation(
                "One or more parameter values were invalid: StreamViewType must be specified when StreamEnabled is true",
            )),
            (_, Some(_)) => Err(validation(
                "One or more parameter values were invalid: StreamViewType is not allowed when StreamEnabled is false",
            )),
            _ => Ok(None),
        }
    }
}

impl ThroughputInput {
    pub(super) fn check(self, member: &str, violations: &mut Violations) {
        for (name, units) in [
            ("writeCapacityUnits", self.write_capacity_units),
            ("readCapacityUnits", self.read_capacity_units),
        ] {
            let member = format!("{member}.{name}");
            violations.present(units.is_some(), &member);
            violations.within(&member, units, 1, i64::MAX);
        }
    }

    pub(super) fn read(self) -> Result<Throughput, Fault> {
        let units = |name: &str, units: Option<i64>| {
            let units = units.and_then(|units| u64::try_from(units).ok()).unwrap_or_default();
            if units > UNITS_MAX {
                return Err(validation(format!("Given value {units} for {name} is out of bounds")));
            }
            Ok(units)
        };
        Ok(Throughput {
            read: units("ReadCapacityUnits", self.read_capacity_units)?,
            write: units("WriteCapacityUnits", self.write_capacity_units)?,
        })
    }
}

/// Notes what is wrong with a key schema, whatever it is of.
pub(super) fn check_key_schema(
    member: &str,
    elements: Option<&Vec<KeyElement>>,
    violations: &mut Violations,
) {
    violations.present(elements.is_some(), member);
    violations.filled(member, elements);
    let Some(elements) = elements else { return };
    violations.count(member, elements.len(), 2);
    for (index, element) in elements.iter().enumerate() {
        let member = format!("{member}.{}.member", index + 1);
        violations.present(element.attribute_name.is_some(), &format!("{member}.attributeName"));
        violations.present(element.key_type.is_some(), &format!("{member}.keyType"));
        let kind = element.key_type.as_deref();
        violations.one_of(&format!("{member}.keyType"), kind, &["HASH", "RANGE"]);
    }
}

pub(super) fn check_definitions(
    definitions: Option<&Vec<AttributeDefinition>>,
    violations: &mut Violations,
) {
    for (index, one) in definitions.into_iter().flatten().enumerate() {
        let member = format!("attributeDefinitions.{}.member", index + 1);
        violations.present(one.attribute_name.is_some(), &format!("{member}.attributeName"));
        violations.present(one.attribute_type.is_some(), &format!("{member}.attributeType"));
        let kind = one.attribute_type.as_deref();
        violations.one_of(&format!("{member}.attributeType"), kind, &["B", "N", "S"]);
    }
}

impl IndexInput {
    pub(super) fn check(&self, member: &str, violations: &mut Violations) {
        let name_member = format!("{member}.indexName");
        violations.present(self.index_name.is_some(), &name_member);
        violations.name(&name_member, self.index_name.as_deref());
        if let Some(throughput) = self.provisioned_throughput {
            throughput.check(&format!("{member}.provisionedThroughput"), violations);
        }
        check_key_schema(&format!("{member}.keySchema"), self.key_schema.as_ref(), violations);
        let projection = format!("{member}.projection");
        violations.present(self.projection.is_some(), &projection);
        let Some(given) = &self.projection else { return };
        let kind = given.projection_type.as_deref();
        let kinds = ["ALL", "INCLUDE", "KEYS_ONLY"];
        violations.one_of(&format!("{projection}.projectionType"), kind, &kinds);
        let names = format!("{projection}.nonKeyAttributes");
        violations.filled(&names, given.non_key_attributes.as_ref());
    }

    fn projection(&self) -> Result<Projection, Fault> {
        let invalid = |what: String| {
            Err(validation(format!("One or more parameter values were invalid: {what}")))
        };
        let projection = self.projection.as_ref();
        let names = projection.and_then(|projection| projection.non_key_attributes.as_ref());
        let kind = projection.and_then(|projection| projection.projection_type.as_deref());
        match (kind, names) {
            (None, _) => invalid("Unknown ProjectionType: null".into()),
            (Some("INCLUDE"), None) => {
                invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified".into())
            }
            (Some("INCLUDE"), Some(names)) => {
                Ok(Projection::Include(names.iter().cloned().collect()))
            }
            (Some(kind), Some(_)) => {
                invalid(format!("ProjectionType is {kind}, but NonKeyAttributes is specified"))
            }
            (Some("ALL"), None) => Ok(Projection::All),
            (Some(_), None) => Ok(Projection::KeysOnly),
        }
    }

    /// Reads it. Which attributes there are, `attributes` knows.
    pub(super) fn read(&self, attributes: &Attributes) -> Result<(IndexName, Index), Fault> {
        let key = attributes.key(self.key_schema.as_deref().unwrap_or_default())?;
        self.with_key(key)
    }

    /// Reads one that is local to a table. What is wrong with its key is said before what is wrong with the rest.
    fn read_local(
        &self,
        attributes: &Attributes,
        table: &TableDefinition,
    ) -> Result<(IndexName, Index), Fault> {
        let key = attributes.key(self.key_schema.as_deref().unwrap_or_default())?;
        let mut alone = TableDefinition::new(table.key.clone());
        let index = Index { key: key.clone(), projection: Projection::All };
        alone.local_indexes.insert(self.name()?, index);
        alone.check()?;
        self.with_key(key)
    }

    fn with_key(&self, key: KeySchema) -> Result<(IndexName, Index), Fault> {
        let projection = self.projection()?;
        Ok((self.name()?, Index { key, projection }))
    }

    fn name(&self) -> Result<IndexName, Fault> {
        Ok(self.index_name.as_deref().unwrap_or_default().parse::<IndexName>()?)
    }
}

/// The attributes that a request defines, with their types, in its order.
pub(super) struct Attributes(Vec<(String, KeyType)>);

impl Attributes {
    pub(super) fn of(definitions: &[AttributeDefinition]) -> Result<Self, Fault> {
        let mut all: Vec<(String, KeyType)> = Vec::new();
        for one in definitions {
            let name = one.attribute_name.clone().unwrap_or_default();
            let kind = match one.attribute_type.as_deref() {
                Some("N") => KeyType::N,
                Some("B") => KeyType::B,
                _ => KeyType::S,
            };
            if all.iter().any(|(other, _)| *other == name) {
                return Err(validation(format!(
                    "One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: {name}"
                )));
            }
            all.push((name, kind));
        }
        Ok(Self(all))
    }

    fn names(&self) -> String {
        self.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads what a key is made of.
    pub(super) fn key(&self, elements: &[KeyElement]) -> Result<KeySchema, Fault> {
        let name = |element: &KeyElement| element.attribute_name.clone().unwrap_or_default();
        let names: Vec<_> = elements.iter().map(name).collect();
        let find = |name: &String| {
            let found = self.0.iter().find(|(one, _)| one == name);
            found.map(|(name, kind)| KeyAttribute { name: name.clone(), kind: *kind })
        };
        let Some(attributes) = names.iter().map(find).collect::<Option<Vec<_>>>() else {
            return Err(validation(format!(
                "One or more parameter values were invalid: Some index key attributes are not defined in \
                 AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
                names.join(", "),
                self.names()
            )));
        };
        let kind = |index: usize| elements.get(index).and_then(|one| one.key_type.as_deref());
        if names.len() == 2 && names[0] == names[1] {
            return Err(validation(
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            ));
        }
        if kind(0) != Some("HASH") {
            return Err(validation(
                "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
            ));
        }
        if kind(1).is_some_and(|kind| kind != "RANGE") {
            return Err(validation(
                "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
            ));
        }
        let mut attributes = attributes.into_iter();
        match attributes.next() {
            Some(hash) => Ok(KeySchema { hash, range: attributes.next() }),
            None => Err(validation("Invalid KeySchema: there is no key")),
        }
    }

    /// Checks that each is in some key of a table.
    pub(super) fn check_used(&self, table: &TableDefinition) -> Result<(), Fault> {
        let used: BTreeSet<&str> = table.key_attributes()?.into_keys().collect();
        if self.0.iter().all(|(name, _)| used.contains(name.as_str())) {
            return Ok(());
        }
        Err(validation(format!(
            "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [{}], \
             keys used: [{}]",
            self.names(),
            used.into_iter().collect::<Vec<_>>().join(", ")
        )))
    }
}

/// What a table is to be, as `CreateTable` says it.
pub(super) struct NewTable<'a> {
    pub(super) definitions: &'a [AttributeDefinition],
    pub(super) key_schema: &'a [KeyElement],
    pub(super) local: Option<&'a [IndexInput]>,
    pub(super) global: Option<&'a [IndexInput]>,
    pub(super) billing: Option<&'a str>,
    pub(super) throughput: Option<ThroughputInput>,
}

impl NewTable<'_> {
    pub(super) fn read(&self) -> Result<TableDefinition, Fault> {
        let (billing, throughput) = self.billing()?;
        if self.key_schema.len() > self.definitions.len() {
            return Err(validation(
                "Invalid KeySchema: Some index key attribute have no definition",
            ));
        }
        let attributes = Attributes::of(self.definitions)?;
        let mut table = TableDefinition::new(attributes.key(self.key_schema)?);
        if self.local.is_none()
            && self.global.is_none()
            && self.key_schema.len() != attributes.len()
        {
            return Err(validation(
                "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number \
                 of attributes defined in AttributeDefinitions",
            ));
        }
        table.billing = billing;
        table.throughput = throughput;
        self.read_local(&attributes, &mut table)?;
        self.read_global(&attributes, &mut table)?;
        attributes.check_used(&table)?;
        table.check()?;
        Ok(table)
    }

    fn billing(&self) -> Result<(BillingMode, Option<Throughput>), Fault> {
        let invalid = "One or more parameter values were invalid: ";
        match (self.billing, self.throughput) {
            (Some("PAY_PER_REQUEST"), Some(_)) => Err(validation(format!(
                "{invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is \
                 PAY_PER_REQUEST"
            ))),
            (Some("PAY_PER_REQUEST"), None) => Ok((BillingMode::PayPerRequest, None)),
            (_, None) => Err(validation(format!(
                "{invalid}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
            ))),
            (_, Some(throughput)) => Ok((BillingMode::Provisioned, Some(throughput.read()?))),
        }
    }

    fn read_local(
        &self,
        attributes: &Attributes,
        table: &mut TableDefinition,
    ) -> Result<(), Fault> {
        let Some(indexes) = self.local else { return Ok(()) };
        if indexes.is_empty() {
            return Err(validation(
                "One or more parameter values were invalid: List of LocalSecondaryIndexes is empty",
            ));
        }
        if table.key.range.is_none() {
            return Err(validation(
                "One or more parameter values were invalid: Table KeySchema does not have a range key, which is required \
                 when specifying a LocalSecondaryIndex",
            ));
        }
        for index in indexes {
            let (name, index) = index.read_local(attributes, table)?;
            put(&mut table.local_indexes, name, index)?;
        }
        if indexes.len() > LOCAL_INDEXES_MAX {
            table.check()?;
        }
        Ok(())
    }

    fn read_global(
        &self,
        attributes: &Attributes,
        table: &mut TableDefinition,
    ) -> Result<(), Fault> {
        let Some(indexes) = self.global else { return Ok(()) };
        if indexes.is_empty() {
            return Err(validation(
                "One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty",
            ));
        }
        for given in indexes {
            let (name, index) = given.read(attributes)?;
            if let Some(throughput) = given.provisioned_throughput {
                if table.billing == BillingMode::PayPerRequest {
                    return Err(validation(format!(
                        "One or more parameter values were invalid: ProvisionedThroughput should not be specified for index: \
                         {name} when BillingMode is PAY_PER_REQUEST"
                    )));
                }
                table.index_throughput.insert(name.clone(), throughput.read()?);
            }
            if table.local_indexes.contains_key(&name) {
                return Err(duplicate(&name));
            }
            put(&mut table.global_indexes, name, index)?;
        }
        if indexes.len() > GLOBAL_INDEXES_MAX {
            table.check()?;
        }
        Ok(())
    }
}

fn put(
    indexes: &mut BTreeMap<IndexName, Index>,
    name: IndexName,
    index: Index,
) -> Result<(), Fault> {
    match indexes.insert(name.clone(), index) {
        None => Ok(()),
        Some(_) => Err(duplicate(&name)),
    }
}

fn duplicate(name: &IndexName) -> Fault {
    validation(format!("One or more parameter values were invalid: Duplicate index name: {name}"))
}

/// A key as its elements.
pub(super) fn key_schema(key: &KeySchema) -> Vec<KeyElement> {
    let element = |name: &str, kind: &str| KeyElement {
        attribute_name: Some(name.to_owned()),
        key_type: Some(kind.to_owned()),
    };
    let range = key.range.as_ref().map(|range| element(&range.name, "RANGE"));
    std::iter::once(element(&key.hash.name, "HASH")).chain(range).collect()
}
