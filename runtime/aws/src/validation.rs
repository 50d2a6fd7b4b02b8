//! The errors of members that are out of bounds, as AWS words them: programs match on these texts.

use crate::fault::Fault;

/// What is wrong with the members of a request; all of it is told at once, as AWS does.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// Notes that `value` of `member` does not satisfy `constraint`, unless it `holds`.
    pub(crate) fn check(
        &mut self,
        holds: bool,
        member: &str,
        value: impl std::fmt::Display,
        constraint: &str,
    ) {
        if !holds {
            let value: String = value.to_string().chars().take(256).collect();
            self.0.push(format!(
                "Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
            ));
        }
    }

    /// Notes that a number is not within bounds.
    pub(crate) fn within(&mut self, member: &str, value: Option<i64>, least: i64, most: i64) {
        let Some(value) = value else { return };
        self.check(
            value >= least,
            member,
            value,
            &format!("have value greater than or equal to {least}"),
        );
        self.check(
            value <= most,
            member,
            value,
            &format!("have value less than or equal to {most}"),
        );
    }

    /// Fails if anything was noted.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let errors = if count == 1 { "error" } else { "errors" };
        let message = format!("{count} validation {errors} detected: {}", self.0.join("; "));
        Err(Fault::bad_request("ValidationException", message))
    }
}
