use lambent_types::Outcome;

/// What is done when a plugin's instance was lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnLost {
    /// Each call is told, with [`CallError::StateLost`](crate::CallError::StateLost), until the
    /// host has called [`Plugin::restart`](crate::Plugin::restart).
    #[default]
    Tell,
    /// The next call starts a fresh instance, as [`Completed::generation`](crate::Completed) and
    /// [`Plugin::generation`](crate::Plugin::generation) show: for plugins that keep nothing which
    /// a call relies on.
    Restart,
}

/// The state of a plugin's instance is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state of instance {generation} of the plugin is lost: {cause}")]
pub struct Lost {
    /// The number of the instance that was lost.
    pub generation: u64,
    /// Why.
    pub cause: LostCause,
}

/// Why the state of a plugin's instance is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LostCause {
    /// A call ended in another way than by returning.
    #[error("a call {}", .0.message())]
    Ended(Outcome),
    /// An import, or the host's own part of a call, returned an error, which reads so.
    #[error("the host failed during a call: {0}")]
    HostFailed(String),
    /// The future of a call was dropped while it ran.
    #[error("a call was cancelled while it ran")]
    Cancelled,
    /// The host dropped it.
    #[error("the host dropped the instance")]
    Discarded,
    /// The host put another component in its place.
    #[error("the component was replaced")]
    Replaced,
    /// It was lost before the instance that there is now was started.
    #[error("another instance was started since")]
    Earlier,
    /// It was given up as there was no memory left for another guest.
    #[error("the instance was given up for its memory")]
    Reclaimed,
}
