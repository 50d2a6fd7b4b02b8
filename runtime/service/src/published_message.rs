/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedMessage {
    /// Its id.
    pub id: String,
    /// Of a FIFO topic: its place, twenty digits.
    pub sequence: Option<String>,
}
