//! Values that a short text gives: how the text is read and shown.

use std::time::Duration;

use crate::aws_services::AwsServices;
use crate::layer::Layers;
use crate::mounts::Mounts;
use crate::provisioned::Provisioned;
use crate::runtime::{RuntimeName, RuntimeUpdates};
use crate::size::{format_bytes, format_count, format_duration, parse_bytes, parse_duration};

/// What the text of a parameter looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A size such as `64MiB`.
    Size,
    /// A duration such as `250ms`.
    Duration,
    /// A size, or `auto`.
    SizeOrAuto,
    /// A number.
    Count,
    /// A number, or `auto`.
    CountOrAuto,
    /// `true` or `false`.
    Switch,
    /// The name of a runtime, or `none`.
    RuntimeName,
    /// `auto` or `function-update`.
    RuntimeUpdates,
    /// Layers with commas between them.
    Layers,
    /// Volumes with their paths, and commas between them.
    Mounts,
    /// Services of AWS's with where their requests go, and commas between them.
    AwsServices,
    /// Any text.
    Text,
}

impl ParameterKind {
    /// What a text must be, for whoever gave another.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Size => "a size such as 64MiB",
            Self::Duration => "a duration such as 250ms",
            Self::SizeOrAuto => "a size such as 512MiB, or auto",
            Self::Count => "a number",
            Self::CountOrAuto => "a number or auto",
            Self::Switch => "true or false",
            Self::RuntimeName => "the name of a runtime such as python3.14, or none",
            Self::RuntimeUpdates => "auto or function-update",
            Self::Layers => "a list of layers such as numpy:3,helpers",
            Self::Mounts => "a list of mounts such as data:/mnt/data,models:/mnt/models:read",
            Self::AwsServices => "a list of services such as bedrock-runtime=egress",
            Self::Text => "text",
        }
    }
}

/// A value that the text of a parameter gives.
pub(crate) trait ParameterValue: Sized {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String>;
    fn show(&self, kind: ParameterKind) -> String;
}

impl ParameterValue for u64 {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        match kind {
            ParameterKind::Size | ParameterKind::SizeOrAuto => {
                parse_bytes(text).map_err(|error| error.to_string())
            }
            ParameterKind::Duration => {
                let duration = parse_duration(text).map_err(|error| error.to_string())?;
                Ok(Self::try_from(duration.as_millis()).unwrap_or(Self::MAX))
            }
            _ => text.parse().map_err(|_| unexpected(kind, text)),
        }
    }

    fn show(&self, kind: ParameterKind) -> String {
        match kind {
            ParameterKind::Size | ParameterKind::SizeOrAuto => format_bytes(*self),
            ParameterKind::Duration => format_duration(Duration::from_millis(*self)),
            _ => format_count(*self),
        }
    }
}

impl ParameterValue for u32 {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| unexpected(kind, text))
    }

    fn show(&self, _: ParameterKind) -> String {
        format_count((*self).into())
    }
}

impl ParameterValue for bool {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| unexpected(kind, text))
    }

    fn show(&self, _: ParameterKind) -> String {
        if *self { "yes" } else { "no" }.into()
    }
}

impl ParameterValue for String {
    fn read(_: ParameterKind, text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn show(&self, _: ParameterKind) -> String {
        self.clone()
    }
}

/// What stands for a value that nobody has given.
const fn not_given(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::RuntimeName => "none",
        _ => "auto",
    }
}

impl<V: ParameterValue> ParameterValue for Option<V> {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        if text == not_given(kind) { Ok(None) } else { V::read(kind, text).map(Some) }
    }

    fn show(&self, kind: ParameterKind) -> String {
        self.as_ref().map_or_else(|| not_given(kind).to_owned(), |value| value.show(kind))
    }
}

impl ParameterValue for RuntimeName {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| unexpected(kind, text))
    }

    fn show(&self, _: ParameterKind) -> String {
        self.to_string()
    }
}

impl ParameterValue for RuntimeUpdates {
    fn read(_: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self, _: ParameterKind) -> String {
        self.to_string()
    }
}

impl ParameterValue for Layers {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!("{}: {error}", unexpected(kind, text)))
    }

    fn show(&self, _: ParameterKind) -> String {
        self.to_string()
    }
}

impl ParameterValue for Mounts {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!("{}: {error}", unexpected(kind, text)))
    }

    fn show(&self, _: ParameterKind) -> String {
        self.to_string()
    }
}

impl ParameterValue for AwsServices {
    fn read(kind: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!("{}: {error}", unexpected(kind, text)))
    }

    fn show(&self, _: ParameterKind) -> String {
        self.to_string()
    }
}

impl ParameterValue for Provisioned {
    fn read(_: ParameterKind, text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self, _: ParameterKind) -> String {
        self.to_string()
    }
}

fn unexpected(kind: ParameterKind, text: &str) -> String {
    let shown: String = text.chars().take(64).collect();
    format!("{shown:?} is not {}", kind.expected())
}
