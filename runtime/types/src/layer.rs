//! Layers: packages of files that functions share.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::annotations::Annotations;
use crate::code::Package;
use crate::limits::bounds;
use crate::name::name;
use crate::quota::Quota;
use crate::specification::{ResourceKind, Specification};

name!(
    /// A layer's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    LayerName,
    "layer name"
);

/// A layer: files that functions find at `/opt`, beside those of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Layer {
    /// Its name.
    #[schema(value_type = String)]
    pub name: LayerName,
    /// The number of the last version that was published. Numbers are never reused.
    pub last_version: u64,
    /// Its versions from the oldest; at most [`bounds::LAYER_VERSIONS_MAX`].
    pub versions: Vec<LayerVersion>,
}

/// A version of a layer, which never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LayerVersion {
    /// Its number, from 1.
    pub number: u64,
    /// The SHA-256 of its package in the canonical form.
    #[schema(value_type = String)]
    pub digest: crate::Digest,
    /// The size of its package in bytes.
    pub bytes: u64,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// What tools note for themselves.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl LayerVersion {
    /// Its files.
    #[must_use]
    pub const fn package(&self) -> Package {
        Package { digest: self.digest, bytes: self.bytes }
    }
}

impl Layer {
    /// The version of a number, or the newest if there is none.
    #[must_use]
    pub fn version(&self, number: Option<u64>) -> Option<&LayerVersion> {
        match number {
            Some(number) => self.versions.iter().find(|version| version.number == number),
            None => self.versions.last(),
        }
    }
}

impl Specification for Layer {
    const KIND: ResourceKind = ResourceKind { noun: "layer", quota: Quota::Layers };
    type Name = LayerName;

    fn name(&self) -> &LayerName {
        &self.name
    }
}

/// A layer that a function has: a name, and the number of a version, as in `numpy:3`. Without a
/// number it is the newest version at the time when the function is deployed or configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LayerReference {
    /// The layer.
    pub name: LayerName,
    /// Which version of it.
    pub version: Option<u64>,
}

impl FromStr for LayerReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number)),
            None => (text, None),
        };
        let shown: String = text.chars().take(80).collect();
        let name = name.parse().map_err(|error| format!("{shown:?} names no layer: {error}"))?;
        let number = |number: &str| match number.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{shown:?} has no number of a version after the colon, as in name:3")),
        };
        Ok(Self { name, version: version.map(number).transpose()? })
    }
}

impl TryFrom<String> for LayerReference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<LayerReference> for String {
    fn from(reference: LayerReference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for LayerReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(number) => write!(f, "{}:{number}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// The layers of a function in the order in which they are laid over each other at `/opt`: of
/// two that have a file of one path, the later one's is seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Vec<String>)]
pub struct Layers(pub Vec<LayerReference>);

impl Layers {
    /// What is wrong with them, if anything is: too many, or one of them twice.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if self.0.len() > bounds::LAYERS_MAX {
            let (count, most) = (self.0.len(), bounds::LAYERS_MAX);
            return Some(format!("there are {count} layers; the most is {most}"));
        }
        let twice = self.0.iter().enumerate().find_map(|(at, layer)| {
            let key = layer.name.key();
            self.0[..at].iter().any(|other| other.name.key() == key).then_some(&layer.name)
        });
        twice.map(|name| format!("layer \"{name}\" is there twice; give one version of it"))
    }
}

impl FromStr for Layers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let layers = Self(parts.map(str::parse).collect::<Result<_, _>>()?);
        layers.fault().map_or(Ok(layers), Err)
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, layer) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{layer}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_read_as_they_are_shown() {
        let layers: Layers = "numpy:3, helpers".parse().unwrap();
        assert_eq!(layers.0[0].version, Some(3));
        assert_eq!(layers.0[1].version, None);
        assert_eq!(layers.to_string(), "numpy:3,helpers");
        assert_eq!(layers.to_string().parse(), Ok(layers.clone()));
        let json = serde_json::to_string(&layers).unwrap();
        assert_eq!(json, r#"["numpy:3","helpers"]"#);
        assert_eq!(serde_json::from_str::<Layers>(&json).unwrap(), layers);
        assert_eq!("".parse(), Ok(Layers::default()));
    }

    #[test]
    fn what_is_wrong_with_layers_is_said() {
        for (text, told) in [
            ("a b", "layer name has the character ' ' at position 2"),
            ("a:0", "no number of a version"),
            ("a:latest", "no number of a version"),
            ("a,b,c,d,e,f", "there are 6 layers; the most is 5"),
            ("a:1,b,A:2", "layer \"A\" is there twice"),
            (":1", "layer name is empty"),
        ] {
            let error = text.parse::<Layers>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
