/// What wakes `lambent dev`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Some file may have changed.
    Changed,
    /// A build has ended; whether it went well.
    Built(bool),
    /// The end.
    Stop,
}
