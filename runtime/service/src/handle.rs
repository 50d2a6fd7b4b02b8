use std::borrow::Cow;

use crate::resource_name::ResourceName;

/// One resource, as a principal may use it. There need not be one of its name
/// yet: operations that need it to be there fail with its `…NotFound`.
///
/// Each operation is checked against what the principal may do, and is
/// `Forbidden` where it may not.
pub struct Handle<'s, N: ResourceName> {
    scope: &'s N::Scope,
    name: Cow<'s, N>,
}

/// A resource that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<T> {
    /// The resource as it is now.
    pub value: T,
    /// Whether it is a new one.
    pub created: bool,
}

impl<T> Put<T> {
    /// The same in another form.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Put<U> {
        Put { value: form(self.value), created: self.created }
    }
}

impl<'s, N: ResourceName> Handle<'s, N> {
    pub(crate) const fn new(scope: &'s N::Scope, name: Cow<'s, N>) -> Self {
        Self { scope, name }
    }

    /// Its name.
    pub fn name(&self) -> &N {
        &self.name
    }

    pub(crate) const fn scope(&self) -> &'s N::Scope {
        self.scope
    }
}
