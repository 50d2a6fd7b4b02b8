use lambent_api::kinds::{self, Kind as _};

/// The kinds of resources in a file, in an order in which each may refer to those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Bucket,
    Keyspace,
    Queue,
    Function,
    Trigger,
    Schedule,
}

impl Kind {
    /// Every kind.
    pub(super) const ALL: [Self; 6] =
        [Self::Bucket, Self::Keyspace, Self::Queue, Self::Function, Self::Trigger, Self::Schedule];

    /// The words for one and for all.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Bucket => (kinds::Bucket::NOUN, kinds::Bucket::PLURAL),
            Self::Keyspace => (kinds::Keyspace::NOUN, kinds::Keyspace::PLURAL),
            Self::Queue => (kinds::Queue::NOUN, kinds::Queue::PLURAL),
            Self::Function => ("function", "functions"),
            Self::Trigger => (kinds::Trigger::NOUN, kinds::Trigger::PLURAL),
            Self::Schedule => (kinds::Schedule::NOUN, kinds::Schedule::PLURAL),
        }
    }

    /// The word for one.
    pub(super) const fn noun(self) -> &'static str {
        self.words().0
    }

    /// The word for all.
    pub(super) const fn plural(self) -> &'static str {
        self.words().1
    }
}
