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

    /// Notes that a member that has to be there is not.
    pub(crate) fn present(&mut self, is_there: bool, member: &str) {
        if !is_there {
            self.0.push(format!(
                "Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ));
        }
    }

    /// Notes that a text is too short or too long.
    pub(crate) fn length(&mut self, member: &str, text: &str, least: usize, most: usize) {
        let chars = text.chars().count();
        let bound =
            |word: &str, bound: usize| format!("have length {word} than or equal to {bound}");
        self.check(chars >= least, member, text, &bound("greater", least));
        self.check(chars <= most, member, text, &bound("less", most));
    }

    /// Notes that a list is too long.
    pub(crate) fn count(&mut self, member: &str, items: usize, most: usize) {
        let bound = format!("have length less than or equal to {most}");
        self.check(items <= most, member, format!("{items} items"), &bound);
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

    /// The first so many.
    pub(crate) fn first(mut self, count: usize) -> Self {
        self.0.truncate(count);
        self
    }

    /// Fails if anything was noted.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(self.fault()) }
    }

    /// All that was noted.
    pub(crate) fn fault(self) -> Fault {
        let count = self.0.len();
        let errors = if count == 1 { "error" } else { "errors" };
        let message = format!("{count} validation {errors} detected: {}", self.0.join("; "));
        Fault::bad_request("ValidationException", message)
    }
}
