use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;

/// Environment variables. `Debug` leaves out their values, which may be secrets.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, String>)]
pub struct Environment(pub Arc<BTreeMap<String, String>>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        for (key, value) in &*self.0 {
            let mut chars = key.chars();
            let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !starts || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(invalid(format!(
                    "environment variable name {key:?} must match [A-Za-z_][A-Za-z0-9_]*"
                )));
            }
            if value.contains('\0') {
                return Err(invalid(format!("environment variable {key} holds a NUL byte")));
            }
        }
        let bytes: usize = self.0.iter().map(|(k, v)| k.len() + v.len()).sum();
        if bytes > bounds::ENVIRONMENT_BYTES_MAX {
            return Err(invalid(format!(
                "environment is {bytes} bytes; keys and values together may be at most {}",
                bounds::ENVIRONMENT_BYTES_MAX
            )));
        }
        Ok(())
    }
}

fn invalid(detail: String) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}
