//! What a child is told to do.

use lambent_engine::CompileError;

/// Machine code of one component: what fits in the address space, several times.
const ARTIFACT_BYTES_MAX: u64 = 1 << 30;
/// What a component may have over three times the size of its module: the adapter, what joins
/// the two, and interfaces.
const ADAPTED_BYTES_MORE: u64 = 4 << 20;

/// What a child does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// Machine code of a component.
    Compile,
    /// A component of a core module.
    Adapt,
}

impl Job {
    /// The job by whether the child was given the [`argument`](Self::argument) of [`Adapt`](Self::Adapt).
    pub(super) const fn of(adapt: bool) -> Self {
        if adapt { Self::Adapt } else { Self::Compile }
    }

    /// How a child is told so.
    pub(super) const fn argument(self) -> Option<&'static str> {
        match self {
            Self::Compile => None,
            Self::Adapt => Some("--adapt"),
        }
    }

    /// Bytes that may come of so many.
    pub(super) const fn output_bytes_max(self, bytes: usize) -> u64 {
        match self {
            Self::Compile => ARTIFACT_BYTES_MAX,
            Self::Adapt => ADAPTED_BYTES_MORE + 3 * bytes as u64,
        }
    }

    /// The error of what cannot be done, which `message` says why.
    pub(super) const fn failed(self, message: String) -> CompileError {
        match self {
            Self::Compile => CompileError::Failed(message),
            Self::Adapt => CompileError::Unadaptable(message),
        }
    }
}
