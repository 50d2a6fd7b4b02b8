use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    Unexpected, Visitor,
};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};

/// A query that cannot be read: what is wrong with it, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidQuery(String);

impl fmt::Display for InvalidQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidQuery {}

/// The query of a request that takes none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoQuery {}

/// The parameters of a query, decoded.
#[derive(Debug)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query that may hold `known` parameters.
    ///
    /// # Errors
    /// A parameter is none of them, is given twice, or is not UTF-8.
    pub fn read(query: &str, known: &[&str]) -> Result<Self, InvalidQuery> {
        let mut all = Self(Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)
                .ok_or_else(|| InvalidQuery("a query parameter's name is not UTF-8".into()))?;
            if !known.contains(&name.as_str()) {
                return Err(unknown(&name, known));
            }
            let wrong = |what| InvalidQuery(format!("query parameter {name:?} is {what}"));
            if all.text(&name).is_some() {
                return Err(wrong("given twice"));
            }
            let value = decode(value).ok_or_else(|| wrong("not UTF-8"))?;
            all.0.push((name, value));
        }
        Ok(all)
    }

    /// The value of a parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The error of a parameter whose value is not what is `wanted`.
    #[must_use]
    pub fn wrong(name: &str, value: &str, wanted: &str) -> InvalidQuery {
        let value: String = value.chars().take(64).collect();
        InvalidQuery(format!("query parameter {name:?} is {value:?}; give {wanted}"))
    }
}

/// Reads a query, of which the members of `T` are the parameters.
///
/// # Errors
/// A parameter is unknown, given twice, not UTF-8 or not what it must be.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, InvalidQuery> {
    T::deserialize(Reader(query)).map_err(|refused| match refused {
        Refused::Query(error) => error,
        Refused::Value(problem) => InvalidQuery(problem),
    })
}

/// Undoes the encoding of forms. Other characters in place of what is no UTF-8
/// would name another key than the client meant.
fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}

fn unknown(name: &str, known: &[&str]) -> InvalidQuery {
    let shown: String = name.chars().take(64).collect();
    let distance = |candidate: &&&str| strsim::levenshtein(&shown, candidate);
    InvalidQuery(match known.iter().min_by_key(distance) {
        None => format!("unknown query parameter {shown:?}; there are none here"),
        Some(near) if distance(&near) <= 2 => {
            format!("unknown query parameter {shown:?}; did you mean {near:?}?")
        }
        Some(_) => format!("unknown query parameter {shown:?}; there are: {}", known.join(", ")),
    })
}

/// Why serde was refused something.
#[derive(Debug)]
enum Refused {
    /// The whole sentence.
    Query(InvalidQuery),
    /// What is wrong with a value, whose parameter is not known here: either a text
    /// that says so, or a sentence of its own.
    Value(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => error.fmt(f),
            Self::Value(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Value(format!(": {message}"))
    }

    fn invalid_value(unexpected: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let Unexpected::Str(text) = unexpected else {
            return Self::Value(format!(": give {wanted}"));
        };
        let text: String = text.chars().take(64).collect();
        Self::Value(format!(" is {text:?}; give {wanted}"))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Query(InvalidQuery(format!("give the query parameter {name}")))
    }
}

/// Reads a struct from a query: serde names its members, which are the parameters.
struct Reader<'q>(&'q str);

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Refused;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let parameters = Parameters::read(self.0, fields).map_err(Refused::Query)?;
        visitor.visit_map(Pairs { left: parameters.0.into_iter(), value: None })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Refused> {
        Err(Refused::Value("a query is read as a struct".into()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any option newtype_struct enum
    }
}

struct Pairs {
    left: std::vec::IntoIter<(String, String)>,
    /// The pair whose name was asked for, and whose value was not yet.
    value: Option<(String, String)>,
}

impl<'de> MapAccess<'de> for Pairs {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        self.value = self.left.next();
        let name = self.value.as_ref().map(|(name, _)| name.as_str());
        name.map(|name| seed.deserialize(StrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let (name, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Text(&value)).map_err(|refused| match refused {
            Refused::Value(problem) => {
                Refused::Query(InvalidQuery(format!("query parameter {name:?}{problem}")))
            }
            whole @ Refused::Query(_) => whole,
        })
    }
}

/// The value of a parameter. One that is optional is given where it is named.
struct Text<'t>(&'t str);

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Refused;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let text: StrDeserializer<'_, Refused> = self.0.into_deserializer();
        text.deserialize_any(visitor)
    }

    /// One of some words.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let text: StrDeserializer<'_, Refused> = self.0.into_deserializer();
        text.deserialize_enum(name, words, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any newtype_struct struct
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        BeginUpload, ListKeys, ParameterKind, PutParameter, Qualified, ReadLogs, ReceiveMessages,
        SetKey,
    };

    fn refused<T: DeserializeOwned + fmt::Debug>(query: &str) -> String {
        read::<T>(query).unwrap_err().to_string()
    }

    #[test]
    fn one_of_some_words_is_read_and_others_are_told_them() {
        let read = super::read::<PutParameter>("type=secure_string").unwrap();
        assert_eq!(read.kind, Some(ParameterKind::SecureString));
        let told = refused::<PutParameter>("type=secret");
        assert!(told.contains("\"type\"") && told.contains("secure_string"), "{told}");
    }

    #[test]
    fn unknown_parameters_name_the_nearest() {
        assert_eq!(
            refused::<ListKeys>("prefxi=1"),
            "unknown query parameter \"prefxi\"; did you mean \"prefix\"?"
        );
        assert_eq!(
            refused::<ListKeys>("environment=1"),
            "unknown query parameter \"environment\"; there are: prefix, after, limit"
        );
        assert_eq!(
            refused::<NoQuery>("limit=1"),
            "unknown query parameter \"limit\"; there are none here"
        );
        assert_eq!(
            refused::<ListKeys>("limit=1&limit=2"),
            "query parameter \"limit\" is given twice"
        );
    }

    #[test]
    fn values_are_decoded_and_checked() {
        let query: ListKeys = read("&prefix=a%2Bb+c%26%3D=&&limit=7&after&").unwrap();
        assert_eq!(query.prefix.as_deref(), Some("a+b c&=="));
        assert_eq!((query.after.as_deref(), query.limit), (Some(""), Some(7)));
        assert_eq!(read::<ListKeys>("").unwrap(), ListKeys::default());
        assert_eq!(
            refused::<ListKeys>("limit=0"),
            "query parameter \"limit\" is \"0\"; give a number from 1 to 1000"
        );
        assert_eq!(refused::<ListKeys>("after=%ff"), "query parameter \"after\" is not UTF-8");
        assert_eq!(refused::<ListKeys>("%ff=1"), "a query parameter's name is not UTF-8");
        assert_eq!(
            refused::<SetKey>("ttl=soon"),
            "query parameter \"ttl\" is \"soon\"; give a duration such as 60s"
        );
        assert_eq!(
            refused::<ReceiveMessages>("wait=21s"),
            "query parameter \"wait\" is \"21s\"; give a duration of at most 20s"
        );
        assert_eq!(refused::<BeginUpload>(""), "give the query parameter key");
        let error = refused::<Qualified>("qualifier=a%20b");
        assert!(error.starts_with("query parameter \"qualifier\": "), "{error}");
        assert_eq!(read::<SetKey>("ttl=1m").unwrap().ttl, Some(Duration::from_secs(60)));
    }

    #[test]
    fn times_are_given_or_counted_back() {
        assert!(read::<ReadLogs>("since=10m&wait=50s&after=3").is_ok());
        assert!(read::<ReadLogs>("since=2026-01-31T12:00:00Z").is_ok());
        for wrong in ["yesterday", "99999999999h"] {
            let error = refused::<ReadLogs>(&format!("since={wrong}"));
            assert!(error.contains("or how long ago, such as 10m"), "{error}");
        }
    }

    #[cfg(feature = "client")]
    #[test]
    fn what_is_written_is_read() {
        use crate::query::write;

        let query = ReadLogs {
            after: Some(4),
            since: Some("2026-07-01T00:00:00Z".parse().unwrap()),
            wait: Some(Duration::from_secs(20)),
            ..ReadLogs::default()
        };
        let text = write(&query).unwrap();
        assert_eq!(text, "?after=4&since=2026-07-01T00%3A00%3A00Z&wait=20000ms");
        assert_eq!(read::<ReadLogs>(&text[1..]).unwrap(), query);
        assert_eq!(write(&ReadLogs::default()).unwrap(), "");
        let query = ListKeys { prefix: Some("a b&c=é".into()), ..ListKeys::default() };
        assert_eq!(read::<ListKeys>(&write(&query).unwrap()[1..]).unwrap(), query);
        let query = Qualified { qualifier: Some("$LATEST".parse().unwrap()) };
        assert_eq!(read::<Qualified>(&write(&query).unwrap()[1..]).unwrap(), query);
    }
}
