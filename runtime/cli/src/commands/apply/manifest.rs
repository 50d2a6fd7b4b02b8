//! The members of a `lambent.toml`.

use serde::Deserialize;

use super::entry::{Entries, Entry};

/// Does something with the entries of every kind.
pub(super) trait VisitEntries {
    type Error;

    fn visit<E: Entry>(&mut self, entries: &Entries<E>) -> Result<(), Self::Error>;
}

/// Writes [`Manifest`].
macro_rules! manifest {
    ($($kind:ident, $module:ident, $table:ident;)*) => {
        /// A whole file.
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct Manifest {
            /// The name of the application in the plan.
            pub(super) name: Option<String>,
            $(pub(super) $table: Entries<super::$module::$kind>,)*
        }

        impl Manifest {
            /// Visits the entries of each kind, in the order of the kinds.
            pub(super) fn visit<V: VisitEntries>(&self, visit: &mut V) -> Result<(), V::Error> {
                $(visit.visit(&self.$table)?;)*
                Ok(())
            }
        }
    };
}

entries!(manifest);
