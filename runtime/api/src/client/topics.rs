use http::Method;
use lambent_types::{NewTopicMessage, TopicName};

use super::{Answer, Call, Client, Error};
use crate::{PublishedView, paths};

impl Client {
    /// Publishes a message to a topic.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn publish_message(
        &self,
        topic: &TopicName,
        message: &NewTopicMessage,
    ) -> Result<Answer<PublishedView>, Error> {
        let body = serde_json::to_vec(message).map_err(Error::unsendable)?;
        let path = paths::fill(paths::TOPIC_MESSAGES, &[topic.as_str()]);
        self.send(Call::new(Method::POST, path).json(&body))
    }
}
