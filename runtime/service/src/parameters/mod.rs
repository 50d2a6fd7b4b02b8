//! Parameters as AWS's Parameter Store has them: each has numbered versions, of which labels name some, and the
//! values of all versions are sealed, whatever their type.

mod deletion;
mod entry;
mod labels;
mod name;
mod put;
mod read;
mod value;

pub use entry::{Parameter, ParameterTier, ParameterType, ParameterVersion};
pub use name::{InvalidParameterName, ParameterName};
pub use put::NewParameter;
pub use read::{FoundParameter, Selector};
pub use value::ParameterValue;
