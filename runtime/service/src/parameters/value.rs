//! What a version of a parameter hides.

use std::fmt;

/// The value of a version, a text. It does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct ParameterValue(pub String);

impl fmt::Debug for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParameterValue")
    }
}
