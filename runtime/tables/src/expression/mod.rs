//! Expressions: what items must be like, what is changed of them, what of them is wanted, and which are looked for.
//!
//! A request has one [`Placeholders`], through which each of its expressions is read; what comes out holds every value, is
//! plain data, and is evaluated on an item wherever that is, such as in the transaction that changes it. Reading takes time
//! in proportion to the text, which is bounded, but for paths of which each is compared with each.

mod condition;
pub(crate) mod condition_check;
mod condition_parser;
mod key_condition;
mod legacy;
mod operand;
mod parser;
mod path;
mod placeholders;
mod projection;
mod projection_parser;
mod reserved;
mod scalars;
mod syntax;
mod token;
pub(crate) mod update;
pub(crate) mod update_check;
mod update_parser;

pub use condition::{Comparator, Condition};
pub use key_condition::{KeyCondition, KeyConditions};
pub use legacy::{AttributeUpdate, ConditionalOperator, LegacyCondition};
pub use operand::Operand;
pub use path::{Path, Step};
pub use placeholders::Placeholders;
pub use projection::Projection;
pub use scalars::check as check_scalars;
pub use update::Update;

use crate::error::Invalid;

impl Placeholders {
    /// Reads a condition, which is the value of a parameter such as `ConditionExpression`.
    ///
    /// # Errors
    /// With DynamoDB's sentence, which begins with the name of the parameter.
    pub fn condition(&mut self, parameter: &str, text: &str) -> Result<Condition, Invalid> {
        let mut read = || condition_check::check(&condition_parser::parse(text)?, self);
        named(parameter, read())
    }

    /// Reads an `UpdateExpression`.
    ///
    /// # Errors
    /// As of [`Placeholders::condition`].
    pub fn update(&mut self, text: &str) -> Result<Update, Invalid> {
        let mut read = || update_check::check(&update_parser::parse(text)?, self);
        named("UpdateExpression", read())
    }

    /// Reads a `ProjectionExpression`.
    ///
    /// # Errors
    /// As of [`Placeholders::condition`].
    pub fn projection(&mut self, text: &str) -> Result<Projection, Invalid> {
        let mut read = || {
            let written = projection_parser::parse(text)?;
            placeholders::check_reserved(&written)?;
            let paths =
                written.iter().map(|path| self.path(path)).collect::<Result<Vec<_>, _>>()?;
            Path::check_distinct(&paths.iter().collect::<Vec<_>>())?;
            Ok(Projection::of_paths(&paths))
        };
        named("ProjectionExpression", read())
    }
}

fn named<T>(parameter: &str, read: Result<T, Invalid>) -> Result<T, Invalid> {
    read.map_err(|error| Invalid::new(format!("Invalid {parameter}: {error}")))
}
