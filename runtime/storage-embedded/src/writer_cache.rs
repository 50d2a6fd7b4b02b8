//! What concerns keep in the memory of a shard's writer from one transaction to the next.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A value for each type. All of it says what the database says in another form, or what was
/// taken from the database in the current transaction, so that all of it is forgotten when
/// anything is undone.
#[derive(Default)]
pub(crate) struct WriterCache(RefCell<HashMap<TypeId, Rc<dyn Any>>>);

impl WriterCache {
    /// The value of a type, if there is one.
    pub(crate) fn get<T: Any>(&self) -> Option<Rc<T>> {
        let value = self.0.borrow().get(&TypeId::of::<T>()).cloned();
        value.and_then(|value| value.downcast().ok())
    }

    /// Keeps a value in place of the one of its type.
    pub(crate) fn set<T: Any>(&self, value: T) -> Rc<T> {
        let value = Rc::new(value);
        self.0.borrow_mut().insert(TypeId::of::<T>(), Rc::clone(&value) as Rc<dyn Any>);
        value
    }

    /// Forgets the value of a type.
    pub(crate) fn forget<T: Any>(&self) {
        self.0.borrow_mut().remove(&TypeId::of::<T>());
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}
