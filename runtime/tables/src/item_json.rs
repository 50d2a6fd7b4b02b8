//! Items and values out of the JSON of DynamoDB's API.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{
    Deserialize, DeserializeSeed as _, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
};

use crate::error::{InputError, Invalid};
use crate::item::Item;
use crate::json_shape::{By, Found, Shape};
use crate::number::Number;
use crate::value::{NESTING_MAX, Value, too_deep};

type Read<T> = Result<T, InputError>;

/// What a client gave for a value or an item: that, or why it is none. So the rest of a request can be read, and the
/// member that is wrong be named.
#[derive(Debug, Clone, PartialEq)]
pub struct Given<T>(Read<T>);

impl<T> Given<T> {
    /// What was given.
    ///
    /// # Errors
    /// It is none, with DynamoDB's sentence.
    pub fn read(self) -> Result<T, InputError> {
        self.0
    }
}

impl<T> From<T> for Given<T> {
    fn from(given: T) -> Self {
        Self(Ok(given))
    }
}

impl<'de> Deserialize<'de> for Given<Value> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = By(ValueShape(0)).deserialize(deserializer)?;
        // Nothing is what is not there, of which a value has one.
        Ok(Self(read.and_then(|value| value.ok_or_else(|| without_type().into()))))
    }
}

impl<'de> Deserialize<'de> for Given<Item> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = By(AttributesShape(0)).deserialize(deserializer)?;
        Ok(Self(read.map(|attributes| Item::from(attributes.unwrap_or_default()))))
    }
}

impl Value {
    /// Reads the JSON of one, as DynamoDB's API has it.
    ///
    /// # Errors
    /// With DynamoDB's sentence, if it is no value, or one that may not be: a set that is empty or has an element twice,
    /// a number out of bounds, more than [`NESTING_MAX`] levels.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, InputError> {
        from_json(json)
    }
}

impl Item {
    /// Reads the JSON of one, as DynamoDB's API has it.
    ///
    /// # Errors
    /// As of [`Value::from_json`].
    pub fn from_json(json: &serde_json::Value) -> Result<Self, InputError> {
        from_json(json)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Given::deserialize(deserializer)?.read().map_err(D::Error::custom)
        } else {
            Self::deserialize(deserializer)
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Given::deserialize(deserializer)?.read().map_err(D::Error::custom)
        } else {
            BTreeMap::deserialize(deserializer).map(Self::from)
        }
    }
}

/// Reads JSON that is there as a whole.
fn from_json<'a, T>(json: &'a serde_json::Value) -> Read<T>
where
    Given<T>: Deserialize<'a>,
{
    match Given::deserialize(json) {
        Ok(given) => given.read(),
        Err(error) => Err(InputError::Serialization(error.to_string())),
    }
}

/// A value that is so many levels deep. As of every shape here, `None` is `null`.
#[derive(Clone, Copy)]
struct ValueShape(usize);

/// Attributes that are so many levels deep.
#[derive(Clone, Copy)]
struct AttributesShape(usize);

/// A list of what the shape is.
#[derive(Clone, Copy)]
struct ListShape<S>(S);

/// A text, bytes or truth.
#[derive(Clone, Copy)]
struct ScalarShape;

impl<'de> Shape<'de> for ScalarShape {
    type Value = Found;

    fn other(self, found: Found) -> Found {
        found
    }
}

impl<'de, S: Shape<'de> + Copy> Shape<'de> for ListShape<S> {
    type Value = Read<Option<Vec<S::Value>>>;

    fn other(self, found: Found) -> Self::Value {
        match found {
            Found::Nothing => Ok(None),
            Found::Map => Err(unexpected_structure()),
            _ => Err(serialization("Unexpected field type")),
        }
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(By(self.0))? {
            elements.push(element);
        }
        Ok(Ok(Some(elements)))
    }
}

impl<'de> Shape<'de> for AttributesShape {
    type Value = Read<Option<BTreeMap<String, Value>>>;

    fn other(self, found: Found) -> Self::Value {
        match found {
            Found::Nothing => Ok(None),
            Found::List => Err(serialization(
                "Unrecognized collection type java.util.Map<java.lang.String, \
                 com.amazonaws.dynamodb.v20120810.AttributeValue>",
            )),
            _ => Err(serialization("Unexpected field type")),
        }
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut attributes = Ok(BTreeMap::new());
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(By(ValueShape(self.0)))?;
            keep_first(&mut attributes, |attributes| {
                attributes.insert(name, value?.ok_or_else(without_type)?);
                Ok(())
            });
        }
        Ok(attributes.map(Some))
    }
}

impl<'de> Shape<'de> for ValueShape {
    type Value = Read<Option<Value>>;

    fn other(self, found: Found) -> Self::Value {
        match found {
            Found::Nothing => Ok(None),
            Found::List => Err(serialization(
                "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue",
            )),
            _ => Err(serialization("Unexpected value type in payload")),
        }
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Ok(None);
        while let Some(name) = map.next_key::<String>()? {
            let value = self.member(&name, &mut map)?;
            keep_first(&mut found, |found| {
                let Some(value) = value? else { return Ok(()) };
                if found.replace(value).is_none() {
                    return Ok(());
                }
                Err(Invalid::new(
                    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the \
                     supported datatypes",
                )
                .into())
            });
        }
        Ok(found.and_then(|value| Ok(Some(value.ok_or_else(without_type)?))))
    }
}

impl ValueShape {
    /// Reads the member of a value that has the name of a type.
    fn member<'de, A: MapAccess<'de>>(
        self,
        name: &str,
        map: &mut A,
    ) -> Result<Read<Option<Value>>, A::Error> {
        Ok(match name {
            "S" => scalar(map, text)?.map(|text| text.map(Value::S)),
            "N" => scalar(map, number)?.map(|number| number.map(Value::N)),
            "B" => scalar(map, bytes)?.map(|bytes| bytes.map(Value::B)),
            "BOOL" => scalar(map, boolean)?.map(|value| value.map(Value::Bool)),
            "NULL" => scalar(map, nothing)?,
            "L" => {
                let list = map.next_value_seed(By(ListShape(Self(self.0 + 1))))?;
                list.and_then(|list| self.list(list))
            }
            "M" => {
                let attributes = map.next_value_seed(By(AttributesShape(self.0 + 1)))?;
                attributes.and_then(|map| {
                    self.check_depth()?;
                    Ok(map.map(Value::M))
                })
            }
            "SS" => set(map, texts)?,
            "NS" => set(map, numbers)?,
            "BS" => set(map, byte_strings)?,
            _ => {
                map.next_value::<IgnoredAny>()?;
                Ok(None)
            }
        })
    }

    fn list(self, list: Option<Vec<Read<Option<Value>>>>) -> Read<Option<Value>> {
        self.check_depth()?;
        let Some(list) = list else { return Ok(None) };
        let values = list.into_iter().map(|value| Ok(value?.ok_or_else(without_type)?));
        Ok(Some(Value::L(values.collect::<Read<_>>()?)))
    }

    fn check_depth(self) -> Result<(), Invalid> {
        if self.0 < NESTING_MAX { Ok(()) } else { Err(too_deep()) }
    }
}

/// Goes on with what was read so far, unless that is wrong already.
fn keep_first<T>(read: &mut Read<T>, go_on: impl FnOnce(&mut T) -> Read<()>) {
    if let Ok(value) = read
        && let Err(error) = go_on(value)
    {
        *read = Err(error);
    }
}

fn scalar<'de, A: MapAccess<'de>, T>(
    map: &mut A,
    read: fn(Found) -> Read<T>,
) -> Result<Read<Option<T>>, A::Error> {
    Ok(match map.next_value_seed(By(ScalarShape))? {
        Found::Nothing => Ok(None),
        found => read(found).map(Some),
    })
}

fn set<'de, A: MapAccess<'de>>(
    map: &mut A,
    read: fn(Vec<Found>) -> Read<Value>,
) -> Result<Read<Option<Value>>, A::Error> {
    let list = map.next_value_seed(By(ListShape(ScalarShape)))?;
    Ok(list.and_then(|list| list.map(read).transpose()))
}

fn texts(given: Vec<Found>) -> Read<Value> {
    let given = given.into_iter().map(text).collect::<Read<Vec<_>>>()?;
    if given.is_empty() {
        return Err(Invalid::parameter("An string set  may not be empty").into());
    }
    let set: BTreeSet<_> = given.iter().cloned().collect();
    if set.len() < given.len() {
        return Err(duplicates(&given, " contains duplicates."));
    }
    Ok(Value::Ss(set))
}

fn numbers(given: Vec<Found>) -> Read<Value> {
    let count = given.len();
    if count == 0 {
        return Err(Invalid::parameter("An number set  may not be empty").into());
    }
    let set = given.into_iter().map(number).collect::<Read<BTreeSet<_>>>()?;
    if set.len() < count {
        return Err(Invalid::new("Input collection contains duplicates").into());
    }
    Ok(Value::Ns(set))
}

fn byte_strings(given: Vec<Found>) -> Read<Value> {
    let given = given.into_iter().map(bytes).collect::<Read<Vec<_>>>()?;
    if given.is_empty() {
        return Err(Invalid::parameter("Binary sets should not be empty").into());
    }
    let set: BTreeSet<_> = given.iter().cloned().collect();
    if set.len() < given.len() {
        let given: Vec<_> = given.iter().map(|bytes| STANDARD.encode(bytes)).collect();
        return Err(duplicates(&given, "of type BS contains duplicates."));
    }
    Ok(Value::Bs(set))
}

fn duplicates(given: &[String], what: &str) -> InputError {
    let shown = given.join(", ").chars().take(1_000).collect::<String>();
    Invalid::parameter(format!("Input collection [{shown}]{what}")).into()
}

fn number(found: Found) -> Read<Number> {
    Ok(text(found)?.parse::<Number>().map_err(Invalid::from)?)
}

fn text(found: Found) -> Read<String> {
    match found {
        Found::Text(text) => Ok(text),
        Found::List => Err(serialization("Unrecognized collection type class java.lang.String")),
        Found::Nothing | Found::Map => Err(unexpected_structure()),
        other => Err(other.cannot_be("String")),
    }
}

fn boolean(found: Found) -> Read<bool> {
    match found {
        Found::Bool(value) => Ok(value),
        Found::Text(text) => match text.to_ascii_uppercase().as_str() {
            "TRUE" | "1" | "YES" => Ok(true),
            "FALSE" | "0" | "NO" => Ok(false),
            _ => Err(serialization("Unexpected token received from parser")),
        },
        Found::List => Err(serialization("Unrecognized collection type class java.lang.Boolean")),
        Found::Nothing | Found::Map => Err(unexpected_structure()),
        other => Err(other.cannot_be("Boolean")),
    }
}

fn nothing(found: Found) -> Read<Value> {
    if boolean(found)? {
        return Ok(Value::Null);
    }
    Err(Invalid::parameter("Null attribute value types must have the value of true").into())
}

fn bytes(found: Found) -> Read<Vec<u8>> {
    let text = match found {
        Found::Text(text) => text,
        Found::List => {
            return Err(serialization("Unrecognized collection type class java.nio.ByteBuffer"));
        }
        Found::Nothing | Found::Map => return Err(unexpected_structure()),
        _ => return Err(serialization("only base-64-encoded strings are convertible to bytes")),
    };
    if !text.len().is_multiple_of(4) {
        return Err(serialization(&format!(
            "Base64 encoded length is expected a multiple of 4 bytes but found: {}",
            text.len()
        )));
    }
    // The last word is Amazon's.
    let decoded = STANDARD.decode(text);
    decoded.map_err(|_| serialization("Invalid last non-pad Base64 character dectected"))
}

impl Found {
    /// What is said of truth or a number where something else should be.
    fn cannot_be(self, what: &str) -> InputError {
        let found = match self {
            Self::Bool(true) => "TRUE_VALUE",
            Self::Bool(false) => "FALSE_VALUE",
            Self::Decimal => "DECIMAL_VALUE",
            _ => "NUMBER_VALUE",
        };
        serialization(&format!("{found} cannot be converted to {what}"))
    }
}

fn without_type() -> Invalid {
    Invalid::new(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    )
}

fn unexpected_structure() -> InputError {
    serialization("Start of structure or map found where not expected")
}

fn serialization(message: &str) -> InputError {
    InputError::Serialization(message.to_owned())
}
