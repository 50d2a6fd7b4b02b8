use lambent_api::kinds;

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

/// What is to be done for a resource, by its kind.
pub(super) trait Visit {
    type Output;

    /// For one that is listed, put and deleted as all are.
    fn resource<K: kinds::Kind>(self) -> Self::Output;

    /// For a function.
    fn function(self) -> Self::Output;
}

impl Kind {
    /// Every kind.
    pub(super) const ALL: [Self; 6] =
        [Self::Bucket, Self::Keyspace, Self::Queue, Self::Function, Self::Trigger, Self::Schedule];

    /// Does what is to be done for a resource of this kind.
    pub(super) fn visit<V: Visit>(self, visit: V) -> V::Output {
        match self {
            Self::Bucket => visit.resource::<kinds::Bucket>(),
            Self::Keyspace => visit.resource::<kinds::Keyspace>(),
            Self::Queue => visit.resource::<kinds::Queue>(),
            Self::Function => visit.function(),
            Self::Trigger => visit.resource::<kinds::Trigger>(),
            Self::Schedule => visit.resource::<kinds::Schedule>(),
        }
    }

    /// The word for one.
    pub(super) fn noun(self) -> &'static str {
        self.visit(Words).0
    }

    /// The word for all.
    pub(super) fn plural(self) -> &'static str {
        self.visit(Words).1
    }
}

/// Finds the words for one and for all.
struct Words;

impl Visit for Words {
    type Output = (&'static str, &'static str);

    fn resource<K: kinds::Kind>(self) -> Self::Output {
        (K::NOUN, K::PLURAL)
    }

    fn function(self) -> Self::Output {
        ("function", "functions")
    }
}
