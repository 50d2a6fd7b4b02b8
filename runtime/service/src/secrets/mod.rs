//! Secrets as AWS's Secrets Manager has them: each has versions, which labels tell apart, and the values of
//! its versions are sealed.

mod change;
mod deletion;
mod entry;
mod name;
mod password;
mod periodic_rotation;
mod put;
mod read;
mod rotation;
mod rotation_dates;
mod rotation_rules;
mod value;
mod versions;

pub use change::{NewSecret, NewVersion};
pub use entry::{Rotation, Secret};
pub use name::{SecretId, SecretName};
pub use password::NewPassword;
pub use read::FoundSecret;
pub use rotation::Rotate;
pub use rotation_dates::RotationDates;
pub use value::SecretValue;
pub use versions::{SecretVersion, SecretVersions};
