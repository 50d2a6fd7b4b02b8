//! What `lambent dev` tells: lines for people, events for programs.

use std::io;
use std::time::Duration;

use lambent_types::{FunctionName, InvocationRecord, LogStream, format_bytes, format_count};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::{Colour, Output, colour, duration, paint};
use crate::printable::{self, printable};

/// The colours of functions, in turn.
const COLOURS: [Colour; 5] =
    [Colour::Cyan, Colour::Magenta, Colour::Blue, Colour::Yellow, Colour::Green];

/// Where and how it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tell {
    output: Output,
    on: bool,
}

/// A function as its lines begin.
#[derive(Debug, Clone)]
pub(super) struct Label {
    name: String,
    width: usize,
    colour: Colour,
}

impl Label {
    /// That of one of these functions, which stands at this place among them.
    pub(super) fn new(names: &[FunctionName], place: usize) -> Self {
        let width = names.iter().map(|name| name.as_str().len()).max().unwrap_or_default();
        let name = names.get(place).map(ToString::to_string).unwrap_or_default();
        Self { name, width, colour: COLOURS[place % COLOURS.len()] }
    }
}

impl Tell {
    pub(super) fn new(output: Output) -> Self {
        Self { output, on: colour(&io::stdout()) }
    }

    /// One thing that happened: an event of this name with its members, or a line; none if that is
    /// empty.
    ///
    /// # Errors
    /// Nobody can be told any more.
    pub(super) fn event(self, event: &str, members: Value, line: &str) -> Result<(), CliError> {
        if !self.output.json {
            return if line.is_empty() { Ok(()) } else { Ok(self.output.line(line)?) };
        }
        let mut told = json!({ "event": event });
        if let (Some(told), Value::Object(members)) = (told.as_object_mut(), members) {
            told.extend(members);
        }
        Ok(self.output.painted(&printable::json(&told.to_string()))?)
    }

    /// Something went wrong, and what was served is served on.
    ///
    /// # Errors
    /// Nobody can be told any more.
    pub(super) fn failure(self, event: &str, error: &CliError) -> Result<(), CliError> {
        if self.output.json {
            return self.event(event, json!({ "error": error.to_json() }), "");
        }
        let label = paint(self.on, Colour::Red, "error:");
        Ok(self.output.painted(&format!("{label} {error}"))?)
    }

    /// That something was done, and how long that took.
    ///
    /// # Errors
    /// Nobody can be told any more.
    pub(super) fn done(self, event: &str, what: &str, time: Duration) -> Result<(), CliError> {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let line = format!("{what:58} {:>8}", duration(time));
        self.event(event, json!({ "what": what, "time_us": us }), &line)
    }

    /// An invocation that is over.
    ///
    /// # Errors
    /// Nobody can be told any more.
    pub(super) fn invocation(
        self,
        label: &Label,
        record: &InvocationRecord,
    ) -> Result<(), CliError> {
        if self.output.json {
            let members = json!({ "function": label.name, "record": record });
            return self.event("invocation", members, "");
        }
        // As one text, so that the lines of two invocations do not mix.
        let lines = self.lines(label, record);
        Ok(self.output.painted(&lines.join("\n"))?)
    }

    fn lines(self, label: &Label, record: &InvocationRecord) -> Vec<String> {
        let meter = &record.meter;
        let name = format!("{:1$}", label.name, label.width);
        let name = paint(self.on, label.colour, &name);
        let outcome = if record.outcome.is_ok() { Colour::Green } else { Colour::Red };
        let outcome = paint(self.on, outcome, record.outcome.kind());
        let used = format!(
            "{}, {} fuel, {}",
            duration(meter.duration),
            format_count(meter.fuel),
            format_bytes(meter.memory_bytes)
        );
        let mut lines = Vec::new();
        for line in &record.logs.lines {
            let text = printable(&line.text);
            let mark = match line.stream {
                LogStream::Stdout => "|".to_owned(),
                LogStream::Stderr => paint(self.on, Colour::Yellow, "!"),
            };
            lines.push(format!("{name} {mark} {text}"));
        }
        if record.logs.dropped_bytes > 0 {
            let dropped = format_bytes(record.logs.dropped_bytes);
            lines.push(format!("{name} … {dropped} more were written and not kept"));
        }
        let message = match record.outcome.message() {
            message if record.outcome.is_ok() || message.is_empty() => String::new(),
            message => format!(": {}", paint(self.on, Colour::Red, &printable(&message))),
        };
        lines.push(format!("{name} {outcome} {used}{message}"));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"id":"0198c2f0-7c5e-7000-8000-000000000000",
        "namespace":"default","function":"hello","version":"2",
        "handler":"wasi:http/incoming-handler@0.2","started":"2026-07-01T12:00:00.123456Z",
        "outcome":{"kind":"trapped","message":"unreachable\u001b","backtrace":["f0"]},
        "meter":{"fuel":1000,"duration_us":1234,"memory_bytes":1048576,"bytes_in":1,
            "bytes_out":2,"start":"loaded"},
        "logs":{"lines":[{"stream":"stdout","text":"hi\u001b[2J"},
            {"stream":"stderr","text":"oh"}],"dropped_bytes":2048}}"#;

    #[test]
    fn an_invocation_is_what_it_wrote_and_how_it_ended() {
        let record: InvocationRecord = serde_json::from_str(RECORD).unwrap();
        let names = ["hello".parse().unwrap(), "longer".parse().unwrap()];
        let tell = Tell { output: Output { json: false, terminal: false }, on: false };
        let expected = [
            "hello  | hi\\u{1b}[2J",
            "hello  ! oh",
            "hello  … 2.0 KiB more were written and not kept",
            "hello  trapped 1.23 ms, 1,000 fuel, 1.0 MiB: trapped: unreachable\\u{1b}",
        ];
        assert_eq!(tell.lines(&Label::new(&names, 0), &record), expected);
        let coloured = Tell { on: true, ..tell };
        let lines = coloured.lines(&Label::new(&names, 1), &record);
        assert!(lines[0].starts_with("\u{1b}[35mlonger\u{1b}[0m"), "{lines:?}");
    }
}
