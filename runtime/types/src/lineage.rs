use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits::bounds;
use crate::name::FunctionName;

/// Which functions led to a change through events, and how often each ran.
///
/// The lineage travels with every change that a function makes, and into the event
/// that the change becomes. So a function that triggers itself is found out,
/// however many other functions are between.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lineage(Arc<BTreeMap<FunctionName, u32>>);

/// A function was about to run once more because of itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "function \"{function}\" has triggered itself {} times in a row and is not run again; \
     let it write to another place than the one that triggers it, or filter what it wrote itself",
    bounds::RECURSION_MAX
)]
pub struct Recursion {
    /// The function.
    pub function: FunctionName,
}

impl Lineage {
    /// Returns whether no function led here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the lineage of something that may have come of either: for each
    /// function, the greater of the two counts.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        let mut visits = BTreeMap::clone(&self.0);
        for (function, count) in other.0.iter() {
            let known = visits.entry(function.clone()).or_default();
            *known = (*known).max(*count);
        }
        Self(Arc::new(visits))
    }

    /// Returns the lineage with only the `count` functions that ran most often.
    #[must_use]
    pub fn most_visited(&self, count: usize) -> Self {
        if self.0.len() <= count {
            return self.clone();
        }
        let mut visits: Vec<_> = self.0.iter().collect();
        visits.sort_by_key(|(_, visits)| std::cmp::Reverse(**visits));
        visits.truncate(count);
        Self(Arc::new(visits.into_iter().map(|(name, visits)| (name.clone(), *visits)).collect()))
    }

    /// Returns the lineage of everything that `function` does from now on.
    ///
    /// # Errors
    /// Fails if the function is in the lineage [`bounds::RECURSION_MAX`] times already.
    pub fn enter(&self, function: &FunctionName) -> Result<Self, Recursion> {
        let mut visits = BTreeMap::clone(&self.0);
        let count = visits.entry(function.clone()).or_default();
        if *count >= bounds::RECURSION_MAX {
            return Err(Recursion { function: function.clone() });
        }
        *count += 1;
        Ok(Self(Arc::new(visits)))
    }
}

/// An invocation that was asked for from outside, and that other invocations
/// descend from through the changes and requests of their functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The id of that invocation.
    pub id: Uuid,
    /// How many invocations are known to descend from it. The count travels with
    /// every event, so that it does not begin again after a restart.
    pub events: u64,
}

/// The causes of a change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The functions that led to the change; empty if it came from outside.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
    /// The invocation that the change descends from; `None` if it came from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// The W3C `traceparent` of the trace that the change belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_parent: Option<String>,
}

impl Origin {
    /// Returns the origin of everything that `function` does because of this origin.
    ///
    /// # Errors
    /// Fails as [`Lineage::enter`] does.
    pub fn enter(&self, function: &FunctionName) -> Result<Self, Recursion> {
        Ok(Self { lineage: self.lineage.enter(function)?, ..self.clone() })
    }

    /// Returns the origin of something that may have come of either. Of the two
    /// roots it has the one with more known descendants.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        let (own, others) = (self.root, other.root);
        Self {
            lineage: self.lineage.merge(&other.lineage),
            root: [own, others].into_iter().flatten().max_by_key(|root| root.events),
            trace_parent: self.trace_parent.clone().or_else(|| other.trace_parent.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_appears_sixteen_times_and_no_more() {
        let (a, b): (FunctionName, FunctionName) = ("a".parse().unwrap(), "b".parse().unwrap());
        let mut lineage = Lineage::default();
        for _ in 0..bounds::RECURSION_MAX {
            lineage = lineage.enter(&a).unwrap().enter(&b).unwrap();
        }
        assert!(lineage.enter(&a).unwrap_err().to_string().contains("\"a\""));
        assert!(lineage.enter(&"c".parse().unwrap()).is_ok());
    }

    #[test]
    fn what_comes_of_several_has_all_their_visits() {
        let (a, b): (FunctionName, FunctionName) = ("a".parse().unwrap(), "b".parse().unwrap());
        let once = Lineage::default().enter(&a).unwrap();
        let twice = once.enter(&a).unwrap();
        let other = Lineage::default().enter(&b).unwrap();
        assert_eq!(once.merge(&twice).merge(&other), twice.enter(&b).unwrap());
    }

    #[test]
    fn those_that_ran_most_often_are_kept() {
        let enter = |lineage: Lineage, name: &str| lineage.enter(&name.parse().unwrap()).unwrap();
        let all = ["a", "b", "a", "c", "b", "a"].into_iter().fold(Lineage::default(), enter);
        let two = ["a", "b", "a", "b", "a"].into_iter().fold(Lineage::default(), enter);
        assert_eq!((all.most_visited(2), all.most_visited(3)), (two, all));
    }

    #[test]
    fn of_two_roots_the_larger_is_kept() {
        let root = |events| Some(Root { id: Uuid::now_v7(), events });
        let origin = |root| Origin { root, ..Origin::default() };
        let (small, large) = (root(1), root(2));
        for (one, other) in [(small, large), (large, small), (None, large), (large, None)] {
            assert_eq!(origin(one).merge(&origin(other)).root, large);
        }
    }
}
