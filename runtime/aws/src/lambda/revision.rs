//! Revisions of functions as Lambda has them: the texts of UUIDs.

use lambent_types::{Precondition, Revision};

use crate::fault::Fault;

/// The text of a revision.
pub(super) fn text(revision: Revision) -> String {
    let number = revision.0;
    format!("{:08x}-0000-4000-8000-{:012x}", number >> 48, number & 0xffff_ffff_ffff)
}

/// The condition that a function is at the revision of a text, if one is given.
pub(super) fn expected(given: Option<&str>) -> Result<Precondition, Fault> {
    let Some(given) = given else { return Ok(Precondition::NONE) };
    match number(given) {
        Some(number) => Ok(Precondition::tag(number.to_string())),
        None => Err(changed()),
    }
}

/// What is told of a function that is at another revision.
pub(super) fn changed() -> Fault {
    let message = "The Revision Id provided does not match the latest Revision Id. Call the \
                   GetFunction/GetAlias API to retrieve the latest Revision Id";
    Fault::new(http::StatusCode::PRECONDITION_FAILED, "PreconditionFailedException", message)
}

fn number(text: &str) -> Option<u64> {
    let (high, low) = text.split_once("-0000-4000-8000-")?;
    let (high, low) = (u64::from_str_radix(high, 16).ok()?, u64::from_str_radix(low, 16).ok()?);
    (high < 1 << 16 && low < 1 << 48).then_some(high << 48 | low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_read_as_it_was_written() {
        for revision in [0, 1, 77, u64::MAX, 1 << 48] {
            assert_eq!(number(&text(Revision(revision))), Some(revision));
        }
        for odd in ["", "7", "x-0000-4000-8000-1", "fffff-0000-4000-8000-1"] {
            assert_eq!(number(odd), None, "{odd}");
        }
    }
}
