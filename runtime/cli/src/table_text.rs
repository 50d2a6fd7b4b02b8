//! Keys and indexes of tables as short texts, on the command line and in `lambent.toml`.

use std::str::FromStr;

use lambent_api::tables::{
    Index, IndexName, KeyAttribute, KeySchema, KeyType, Projection, StreamView,
};

/// A key attribute as `NAME` or `NAME:TYPE`, where the type is S (texts), N (numbers) or B (bytes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttributeText(pub(crate) KeyAttribute);

impl FromStr for AttributeText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, kind) = text.rsplit_once(':').unwrap_or((text, "S"));
        let kind = match kind {
            "S" => KeyType::S,
            "N" => KeyType::N,
            "B" => KeyType::B,
            _ => return Err(format!("{kind:?} is no type of a key; give S, N or B, as in at:N")),
        };
        if name.is_empty() {
            return Err("a key attribute has no name; write NAME or NAME:TYPE, as in at:N".into());
        }
        Ok(Self(KeyAttribute { name: name.into(), kind }))
    }
}

/// The key of an index as `NAME=HASH` or `NAME=HASH,RANGE`, with all attributes of items in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexText {
    pub(crate) name: IndexName,
    pub(crate) index: Index,
}

impl FromStr for IndexText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is no index; write NAME=HASH or NAME=HASH,RANGE");
        let (name, key) = text.split_once('=').ok_or_else(form)?;
        let name = name.parse().map_err(|error| format!("{error}"))?;
        let (hash, range) = match key.split_once(',') {
            Some((hash, range)) => (hash, Some(range)),
            None => (key, None),
        };
        let hash = hash.parse::<AttributeText>()?.0;
        let range = range.map(str::parse::<AttributeText>).transpose()?;
        let key = KeySchema { hash, range: range.map(|range| range.0) };
        Ok(Self { name, index: Index { key, projection: Projection::All } })
    }
}

/// What a stream keeps of each change, such as `new-and-old-images`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ViewText(pub(crate) StreamView);

const VIEWS: [(&str, StreamView); 4] = [
    ("keys-only", StreamView::KeysOnly),
    ("new-image", StreamView::NewImage),
    ("old-image", StreamView::OldImage),
    ("new-and-old-images", StreamView::NewAndOldImages),
];

impl FromStr for ViewText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = VIEWS.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, view)| Self(view)).ok_or_else(|| {
            let names = VIEWS.map(|(name, _)| name).join(", ");
            format!("{text:?} is nothing that a stream keeps; give one of {names}")
        })
    }
}

/// What a stream keeps, as it is given.
pub(crate) fn view(view: StreamView) -> &'static str {
    VIEWS.into_iter().find(|(_, one)| *one == view).map_or("", |(name, _)| name)
}

/// A key as a person reads it.
pub(crate) fn shown(key: &KeySchema) -> String {
    let attributes = key.attributes().map(|one| format!("{}:{}", one.name, one.kind.name()));
    attributes.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_indexes_are_read_as_they_are_shown() {
        let index = "by-day=shop:S,day:N".parse::<IndexText>().unwrap();
        assert_eq!(index.name.as_str(), "by-day");
        assert_eq!(shown(&index.index.key), "shop:S, day:N");
        let plain = "by-name=name".parse::<IndexText>().unwrap();
        assert_eq!(shown(&plain.index.key), "name:S");
        for (text, told) in [
            ("by-day", "is no index"),
            ("by-day=", "has no name"),
            ("by-day=day:X", "\"X\" is no type"),
            ("x=day", "an index name has 3 to 255 characters"),
        ] {
            let error = text.parse::<IndexText>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
