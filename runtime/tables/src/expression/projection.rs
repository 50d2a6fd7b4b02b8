use std::collections::BTreeMap;

use super::path::{Path, Step};
use crate::item::Item;
use crate::value::Value;

/// Which attributes of an item, and which parts of them, are wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Projection {
    attributes: BTreeMap<String, Part>,
    paths: Vec<Path>,
}

/// What is wanted of a value.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Whole,
    Some { names: BTreeMap<String, Self>, elements: BTreeMap<usize, Self> },
}

impl Part {
    fn none() -> Self {
        Self::Some { names: BTreeMap::new(), elements: BTreeMap::new() }
    }

    fn add(&mut self, steps: &[Step]) {
        let Some((first, rest)) = steps.split_first() else {
            *self = Self::Whole;
            return;
        };
        if let Self::Some { names, elements } = self {
            match first {
                Step::Name(name) => {
                    names.entry(name.clone()).or_insert_with(Self::none).add(rest);
                }
                Step::Index(index) => {
                    elements.entry(*index).or_insert_with(Self::none).add(rest);
                }
            }
        }
    }

    /// Takes what is wanted of a value, if that is something.
    fn of(&self, value: &Value) -> Option<Value> {
        let Self::Some { names, elements } = self else { return Some(value.clone()) };
        match value {
            Value::M(map) => {
                let parts = names
                    .iter()
                    .filter_map(|(name, part)| Some((name.clone(), part.of(map.get(name)?)?)));
                let parts: BTreeMap<_, _> = parts.collect();
                (!parts.is_empty()).then_some(Value::M(parts))
            }
            // Without the gaps between them.
            Value::L(list) => {
                let parts = elements.iter().filter_map(|(index, part)| part.of(list.get(*index)?));
                let parts: Vec<_> = parts.collect();
                (!parts.is_empty()).then_some(Value::L(parts))
            }
            _ => None,
        }
    }
}

impl Projection {
    /// Makes one of paths of which no two clash.
    pub(crate) fn of_paths<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut projection = Self::default();
        for path in paths {
            let attribute = projection.attributes.entry(path.attribute().to_owned());
            attribute.or_insert_with(Part::none).add(path.steps());
            projection.paths.push(path.clone());
        }
        projection
    }

    /// Makes one of whole attributes.
    #[must_use]
    pub fn of_attributes<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let paths: Vec<_> = names.into_iter().map(Path::of_attribute).collect();
        Self::of_paths(&paths)
    }

    /// The paths in it.
    #[must_use]
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// Takes what is wanted of an item.
    #[must_use]
    pub fn of(&self, item: &Item) -> Item {
        let parts = self
            .attributes
            .iter()
            .filter_map(|(name, part)| Some((name.clone(), part.of(item.get(name)?)?)));
        parts.collect()
    }
}
