use lambent_api::kinds;

use super::difference::Change;

/// What is to be done for a resource, by its kind.
pub(super) trait Visit {
    type Output;

    /// For one that is listed, put and deleted as all are.
    fn resource<K: kinds::Kind>(self) -> Self::Output;

    /// For a function.
    fn function(self) -> Self::Output;
}

/// Writes [`Kind`]. Each but a function is one of [`kinds`].
macro_rules! kind {
    ($($kind:ident, $module:ident, $table:ident;)*) => {
        /// A kind of resource in a file; one may refer to those of the kinds before its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind {
            $($kind,)*
        }

        impl Kind {
            /// Every kind.
            pub(super) const ALL: &[Self] = &[$(Self::$kind),*];

            /// The table of all in a file.
            pub(super) const fn table(self) -> &'static str {
                match self { $(Self::$kind => stringify!($table),)* }
            }

            /// Does what is to be done for a resource of this kind.
            pub(super) fn visit<V: Visit>(self, visit: V) -> V::Output {
                match self {
                    $(Self::$kind => kind!(@ $kind visit),)*
                }
            }
        }
    };
    (@ Function $visit:ident) => { $visit.function() };
    (@ $kind:ident $visit:ident) => { $visit.resource::<kinds::$kind>() };
}

entries!(kind);

impl Kind {
    /// The kind that is called so.
    pub(super) fn of(noun: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.noun() == noun)
    }

    /// Whether a member stays as it is where a file says nothing of it: other clients set it too, and
    /// it cannot be taken back.
    pub(super) fn is_left(self, change: &Change) -> bool {
        self == Self::Bucket && change.field == "versioning" && change.is_removal()
    }

    /// The word for one.
    pub(super) fn noun(self) -> &'static str {
        self.visit(Noun)
    }
}

/// Finds the word for one.
struct Noun;

impl Visit for Noun {
    type Output = &'static str;

    fn resource<K: kinds::Kind>(self) -> Self::Output {
        K::NOUN
    }

    fn function(self) -> Self::Output {
        "function"
    }
}
