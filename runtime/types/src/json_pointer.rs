//! One value of a JSON text by its pointer, found without building the others in memory.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// Returns the text of the string, number or boolean that is at a pointer (RFC 6901) in a JSON
/// text, if the whole is JSON and there is one.
pub(crate) fn scalar_at<'t>(text: &'t [u8], pointer: &str) -> Option<Cow<'t, str>> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let found = At(pointer).deserialize(&mut json).ok()?;
    json.end().ok()?;
    found
}

/// What is left of a pointer, below the value that is read next.
#[derive(Clone, Copy)]
struct At<'p>(&'p str);

impl<'p> At<'p> {
    /// The member that leads on, and the pointer from there; `None` at the pointer's end.
    fn step(self) -> Option<(Cow<'p, str>, Self)> {
        let below = self.0.strip_prefix('/')?;
        let end = below.find('/').unwrap_or(below.len());
        let (member, rest) = below.split_at(end);
        let member = if member.contains('~') {
            Cow::Owned(member.replace("~1", "/").replace("~0", "~"))
        } else {
            Cow::Borrowed(member)
        };
        Some((member, Self(rest)))
    }

    /// A scalar, if it is the one that is looked for.
    fn scalar<'t>(self, text: impl FnOnce() -> Cow<'t, str>) -> Option<Cow<'t, str>> {
        self.0.is_empty().then(text)
    }
}

/// The place of an element, written as RFC 6901 allows it.
fn index(member: &str) -> Option<usize> {
    let canonical = member == "0" || !member.starts_with(['0', '+']);
    member.parse().ok().filter(|_| canonical)
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.scalar(|| Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(self.scalar(|| value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(self.scalar(|| value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        let number = Number::from_f64(value).filter(|_| self.0.is_empty());
        Ok(number.map(|number| number.to_string().into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(self.scalar(|| value.to_owned().into()))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(self.scalar(|| value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        if let Some((member, below)) = self.step()
            && let Some(index) = index(&member)
        {
            for _ in 0..index {
                if elements.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            found = elements.next_element_seed(below)?.flatten();
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let Some((member, below)) = self.step() else {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        };
        let mut found = None;
        while let Some(is_it) = members.next_key_seed(Named(&member))? {
            if is_it {
                // Of members with the same name the last counts, as everywhere else.
                found = members.next_value_seed(below)?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a member has this name.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What is found by building the whole.
    fn built(text: &[u8], pointer: &str) -> Option<String> {
        let whole: Value = serde_json::from_slice(text).ok()?;
        match whole.pointer(pointer)? {
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            Value::String(text) => Some(text.clone()),
            scalar => Some(scalar.to_string()),
        }
    }

    #[test]
    fn what_is_found_is_what_is_there() {
        let texts = [
            r#"{"a":{"b":["x",{"c":7},-1,1.5,7.0,1e30,18446744073709551615,true,false,null]}}"#,
            r#" {"a~b":1,"a/b":"s","":"empty","0":"zero","a":{"b":"first"},"a":{"b":"last"}} "#,
            r#"{"a":"\u0041\n","\u0061":{"b":"named otherwise"}}"#,
            r#"{"a":{"b":"x"}} rest"#,
            r#"{"a":{"b":"x"}"#,
            r#"{"a":{"b":"x"},"c":[1,}"#,
            r#"["x",["y"]]"#,
            r#""text""#,
            "7",
            "",
            "no json",
        ];
        let pointers = [
            "",
            "/",
            "/a",
            "/a/b",
            "/a/b/0",
            "/a/b/1/c",
            "/a/b/2",
            "/a/b/3",
            "/a/b/4",
            "/a/b/5",
            "/a/b/6",
            "/a/b/7",
            "/a/b/8",
            "/a/b/9",
            "/a/b/10",
            "/a/b/00",
            "/a/b/+1",
            "/a/b/-",
            "/a/b/x",
            "/a~0b",
            "/a~1b",
            "/0",
            "/1/0",
            "/a/",
            "/a/b/99999999999999999999",
        ];
        let mut found = 0;
        for (text, pointer) in texts.iter().flat_map(|text| pointers.map(|pointer| (text, pointer)))
        {
            let at = scalar_at(text.as_bytes(), pointer);
            assert_eq!(
                at.as_deref(),
                built(text.as_bytes(), pointer).as_deref(),
                "{text} {pointer}"
            );
            found += usize::from(at.is_some());
        }
        assert!(found > 15, "{found}");
    }

    #[test]
    fn a_text_without_escapes_is_not_copied() {
        let found = scalar_at(br#"{"a":"plain"}"#, "/a");
        assert!(matches!(found, Some(Cow::Borrowed("plain"))), "{found:?}");
    }

    #[test]
    fn pointers_and_texts_of_any_depth_are_survived() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(scalar_at(deep.as_bytes(), &"/0".repeat(128)), None);
        let beside = format!(r#"{{"x":{deep},"a":1}}"#);
        assert_eq!(scalar_at(beside.as_bytes(), "/a").as_deref(), Some("1"));
    }
}
