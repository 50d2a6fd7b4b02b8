//! Schedule expressions: parsing, and when they fire next.

use jiff::Timestamp;

use crate::error::{Error, ErrorCode};
use crate::schedule::Schedule;

pub(crate) fn next_after(
    schedule: &Schedule,
    _time: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    Err(Error::new(
        ErrorCode::InvalidConfiguration,
        format!("schedule expression {:?} cannot be read", schedule.expression.0),
    ))
}
