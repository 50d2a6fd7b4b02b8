//! Values of the component model as JSON, by their types.
//!
//! | type | JSON |
//! |---|---|
//! | `bool`, `string`, `char` | itself; a character is a string of one |
//! | integers | a number; those beyond ±(2^53 - 1) are strings of digits, and a string is taken for each |
//! | floats | a number, or `"NaN"`, `"Infinity"` and `"-Infinity"` |
//! | `list<t>`, `tuple<…>` | an array |
//! | `record` | an object with all of its fields |
//! | `variant` | `"case"`, or `{"case": value}` if the case has a value |
//! | `enum` | `"case"` |
//! | `flags` | an array of those that are set |
//! | `option<t>` | `null` or the value; if `t` is an option itself, `null` or `{"some": value}` |
//! | `result<t, e>` | `{"ok": value}` or `{"err": value}`, with `null` where there is none |
//! | `map<k, v>` | an array of arrays of two |
//!
//! Handles of resources, streams, futures and error contexts have no JSON.

use lambent_engine::wasmtime::component::{Type, Val};
use serde_json::{Map, Number, Value, json};

use crate::types::unsupported;

/// The largest integer that every reader of JSON has exactly.
const SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The value of a type that `json` stands for.
///
/// # Errors
/// It stands for none; `at` is where it is.
pub(crate) fn from_json(json: &Value, of: &Type, at: &str) -> Result<Val, String> {
    let wrong = || wrong(json, of, at);
    let text = || json.as_str().ok_or_else(wrong);
    Ok(match of {
        Type::Bool => Val::Bool(json.as_bool().ok_or_else(wrong)?),
        Type::S8 => Val::S8(integer(json).ok_or_else(wrong)?),
        Type::U8 => Val::U8(integer(json).ok_or_else(wrong)?),
        Type::S16 => Val::S16(integer(json).ok_or_else(wrong)?),
        Type::U16 => Val::U16(integer(json).ok_or_else(wrong)?),
        Type::S32 => Val::S32(integer(json).ok_or_else(wrong)?),
        Type::U32 => Val::U32(integer(json).ok_or_else(wrong)?),
        Type::S64 => Val::S64(integer(json).ok_or_else(wrong)?),
        Type::U64 => Val::U64(integer(json).ok_or_else(wrong)?),
        Type::Float32 => Val::Float32(float(json).ok_or_else(wrong)? as f32),
        Type::Float64 => Val::Float64(float(json).ok_or_else(wrong)?),
        Type::Char => Val::Char(only_char(text()?).ok_or_else(wrong)?),
        Type::String => Val::String(text()?.to_owned()),
        Type::List(list) => Val::List(items(json, &list.ty(), at).ok_or_else(wrong)??),
        Type::FixedLengthList(list) => {
            Val::FixedLengthList(items(json, &list.ty(), at).ok_or_else(wrong)??)
        }
        Type::Map(map) => Val::Map(pairs(json, &map.key(), &map.value(), at).ok_or_else(wrong)??),
        Type::Record(record) => {
            let fields: Vec<_> = record.fields().map(|field| (field.name, field.ty)).collect();
            Val::Record(self::record(json, &fields, at).ok_or_else(wrong)??)
        }
        Type::Tuple(tuple) => {
            let types: Vec<_> = tuple.types().collect();
            Val::Tuple(self::tuple(json, &types, at).ok_or_else(wrong)??)
        }
        Type::Variant(variant) => {
            let (name, payload) = case(json).ok_or_else(wrong)?;
            let case = variant.cases().find(|case| case.name == name).ok_or_else(wrong)?;
            Val::Variant(
                name.to_owned(),
                self::payload(payload, case.ty.as_ref(), at).ok_or_else(wrong)??,
            )
        }
        Type::Enum(names) => {
            let name = text()?;
            names.names().find(|found| *found == name).ok_or_else(wrong)?;
            Val::Enum(name.to_owned())
        }
        Type::Option(option) => {
            Val::Option(self::option(json, &option.ty(), at).ok_or_else(wrong)??)
        }
        Type::Result(result) => {
            let object = json.as_object().filter(|object| object.len() == 1).ok_or_else(wrong)?;
            let value = |of: Option<Type>| {
                let value = object.values().next().filter(|value| of.is_some() || !value.is_null());
                self::payload(value, of.as_ref(), at).ok_or_else(wrong)?
            };
            match object.keys().next().map(String::as_str) {
                Some("ok") => Val::Result(Ok(value(result.ok())?)),
                Some("err") => Val::Result(Err(value(result.err())?)),
                _ => return Err(wrong()),
            }
        }
        Type::Flags(flags) => {
            let set: Option<Vec<_>> = json
                .as_array()
                .and_then(|set| set.iter().map(|name| name.as_str().map(str::to_owned)).collect());
            let set = set.filter(|set| set.iter().all(|name| flags.names().any(|it| it == name)));
            Val::Flags(set.ok_or_else(wrong)?)
        }
        Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            return Err(format!("{at}: {}", unsupported(of)));
        }
    })
}

/// The JSON of a value of a type.
///
/// # Errors
/// It has none.
pub(crate) fn to_json(value: &Val, of: &Type) -> Result<Value, String> {
    let all = |values: &[Val], of: &Type| {
        values.iter().map(|value| to_json(value, of)).collect::<Result<Vec<_>, _>>()
    };
    let some = |value: &Option<Box<Val>>, of: Option<Type>| match (value, of) {
        (Some(value), Some(of)) => to_json(value, &of),
        _ => Ok(Value::Null),
    };
    Ok(match (value, of) {
        (Val::Bool(value), _) => json!(value),
        (Val::S8(value), _) => json!(value),
        (Val::U8(value), _) => json!(value),
        (Val::S16(value), _) => json!(value),
        (Val::U16(value), _) => json!(value),
        (Val::S32(value), _) => json!(value),
        (Val::U32(value), _) => json!(value),
        (Val::S64(value), _) if value.unsigned_abs() <= SAFE_INTEGER => json!(value),
        (Val::U64(value), _) if *value <= SAFE_INTEGER => json!(value),
        (Val::S64(value), _) => json!(value.to_string()),
        (Val::U64(value), _) => json!(value.to_string()),
        (Val::Float32(value), _) => of_float(f64::from(*value)),
        (Val::Float64(value), _) => of_float(*value),
        (Val::Char(value), _) => json!(value),
        (Val::String(value) | Val::Enum(value), _) => json!(value),
        (Val::Flags(names), _) => json!(names),
        (Val::List(values), Type::List(list)) => Value::Array(all(values, &list.ty())?),
        (Val::FixedLengthList(values), Type::FixedLengthList(list)) => {
            Value::Array(all(values, &list.ty())?)
        }
        (Val::Map(entries), Type::Map(map)) => {
            let (key, value) = (map.key(), map.value());
            let pair = |(k, v): &(Val, Val)| Ok(json!([to_json(k, &key)?, to_json(v, &value)?]));
            Value::Array(entries.iter().map(pair).collect::<Result<_, String>>()?)
        }
        (Val::Record(fields), Type::Record(record)) => {
            let field = |((name, value), field): (&(String, Val), _)| {
                let field: lambent_engine::wasmtime::component::types::Field<'_> = field;
                Ok((name.clone(), to_json(value, &field.ty)?))
            };
            let fields = fields.iter().zip(record.fields()).map(field);
            Value::Object(fields.collect::<Result<Map<_, _>, String>>()?)
        }
        (Val::Tuple(values), Type::Tuple(tuple)) => {
            let values = values.iter().zip(tuple.types());
            Value::Array(values.map(|(value, of)| to_json(value, &of)).collect::<Result<_, _>>()?)
        }
        (Val::Variant(name, payload), Type::Variant(variant)) => {
            let case = variant.cases().find(|case| case.name == name);
            match case.and_then(|case| case.ty) {
                Some(of) => json!({ name.as_str(): some(payload, Some(of))? }),
                None => json!(name),
            }
        }
        (Val::Option(value), Type::Option(option)) => match option.ty() {
            inner @ Type::Option(_) if value.is_some() => {
                json!({ "some": some(value, Some(inner))? })
            }
            inner => some(value, Some(inner))?,
        },
        (Val::Result(Ok(value)), Type::Result(result)) => {
            json!({ "ok": some(value, result.ok())? })
        }
        (Val::Result(Err(value)), Type::Result(result)) => {
            json!({ "err": some(value, result.err())? })
        }
        _ => return Err(unsupported(of)),
    })
}

fn integer<I: TryFrom<i128>>(json: &Value) -> Option<I> {
    let number = match json {
        Value::Number(number) => {
            number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from))?
        }
        Value::String(digits) => digits.parse().ok()?,
        _ => return None,
    };
    I::try_from(number).ok()
}

fn float(json: &Value) -> Option<f64> {
    match json.as_str() {
        None => json.as_f64(),
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
    }
}

fn of_float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => json!("NaN"),
        None if value > 0.0 => json!("Infinity"),
        None => json!("-Infinity"),
    }
}

fn only_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// Nothing if it is of the wrong form, an error if something in it is.
type Parsed<V> = Option<Result<V, String>>;

fn items(json: &Value, of: &Type, at: &str) -> Parsed<Vec<Val>> {
    let items = json.as_array()?.iter().enumerate();
    Some(items.map(|(index, item)| from_json(item, of, &format!("{at}[{index}]"))).collect())
}

fn pairs(json: &Value, key: &Type, value: &Type, at: &str) -> Parsed<Vec<(Val, Val)>> {
    let pairs: Option<Vec<_>> = json.as_array()?.iter().map(Value::as_array).collect();
    let pairs = pairs.filter(|pairs| pairs.iter().all(|pair| pair.len() == 2))?;
    let pair =
        |pair: &Vec<Value>| Ok((from_json(&pair[0], key, at)?, from_json(&pair[1], value, at)?));
    Some(pairs.into_iter().map(pair).collect())
}

fn record(json: &Value, fields: &[(&str, Type)], at: &str) -> Parsed<Vec<(String, Val)>> {
    let object = json.as_object()?;
    if let Some(other) = object.keys().find(|key| !fields.iter().any(|(name, _)| name == key)) {
        return Some(Err(format!("{at}: the record has no field {other:?}")));
    }
    let field = |(name, of): &(&str, Type)| {
        let at = format!("{at}.{name}");
        // What is optional may be left out.
        let value = object.get(*name).or(matches!(of, Type::Option(_)).then_some(&Value::Null));
        let value = value.ok_or_else(|| format!("{at} is missing"))?;
        Ok(((*name).to_owned(), from_json(value, of, &at)?))
    };
    Some(fields.iter().map(field).collect())
}

fn tuple(json: &Value, types: &[Type], at: &str) -> Parsed<Vec<Val>> {
    let items = json.as_array().filter(|items| items.len() == types.len())?;
    let item = |(index, (item, of)): (usize, (&Value, &Type))| {
        from_json(item, of, &format!("{at}[{index}]"))
    };
    Some(items.iter().zip(types).enumerate().map(item).collect())
}

/// The name of a case, and its value if it has one.
fn case(json: &Value) -> Option<(&str, Option<&Value>)> {
    if let Some(name) = json.as_str() {
        return Some((name, None));
    }
    let object = json.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().map(|(name, value)| (name.as_str(), Some(value)))
}

fn payload(json: Option<&Value>, of: Option<&Type>, at: &str) -> Parsed<Option<Box<Val>>> {
    match (json, of) {
        (None, None) => Some(Ok(None)),
        (Some(json), Some(of)) => Some(from_json(json, of, at).map(|value| Some(Box::new(value)))),
        _ => None,
    }
}

fn option(json: &Value, of: &Type, at: &str) -> Parsed<Option<Box<Val>>> {
    let some = match (json, of) {
        (Value::Null, _) => return Some(Ok(None)),
        (Value::Object(object), Type::Option(_)) if object.len() == 1 => object.get("some")?,
        (_, Type::Option(_)) => return None,
        (json, _) => json,
    };
    Some(from_json(some, of, at).map(|value| Some(Box::new(value))))
}

fn wrong(json: &Value, of: &Type, at: &str) -> String {
    let mut found = json.to_string();
    if let Some((end, _)) = found.char_indices().nth(80) {
        found.truncate(end);
        found.push('…');
    }
    format!("{at} should be {}, and is {found}", crate::types::name(of))
}
