//! Changes of a bucket that are told to functions and queues: each notification is a trigger of its
//! own.

use lambent_types::occurrence::ObjectCause;
use lambent_types::{
    BucketName, Error, ErrorCode, InvalidName, ObjectChange, Pattern, QualifiedFunction, QueueName,
    QueueTarget, Source, Trigger, TriggerName,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::contents::gone;
use crate::scope::Scope;

/// What is told of changes of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// A function, and which version of it.
    Function(QualifiedFunction),
    /// A queue, in which each change becomes a message.
    Queue(QueueName),
}

/// A function or a queue that is told of changes of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// What the client calls it; each of a bucket has another.
    pub id: String,
    /// What is told.
    #[serde(flatten)]
    pub told: Told,
    /// What is told, as the client named it.
    pub arn: String,
    /// The changes, as the client named them.
    pub events: Vec<String>,
    /// Which changes they are.
    pub changes: Vec<ObjectChange>,
    /// What of them did it; anything if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<ObjectCause>,
    /// Only keys that begin with this text.
    #[serde(default)]
    pub prefix: String,
    /// Only keys that end with this text.
    #[serde(default)]
    pub suffix: String,
}

impl Notification {
    /// The name of its trigger, which is the same each time.
    fn trigger_name(&self, bucket: &BucketName) -> Result<TriggerName, Error> {
        let digest = Sha256::digest(format!("{bucket}/{}", self.id));
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("notification-{hex}");
        name.parse()
            .map_err(|error: InvalidName| Error::new(ErrorCode::Internal, error.to_string()))
    }

    /// What only events of these causes match; nothing where every cause is meant.
    fn patterns(&self) -> Result<Vec<Pattern>, Error> {
        let is_meant = |cause: &ObjectCause| self.changes.contains(&cause.change());
        let all = ObjectCause::ALL.iter().filter(|cause| is_meant(cause));
        if self.causes.is_empty() || all.clone().all(|cause| self.causes.contains(cause)) {
            return Ok(Vec::new());
        }
        let pattern = json!({ "data": { "cause": self.causes } }).try_into();
        let pattern = pattern.map_err(|error: lambent_types::InvalidPattern| {
            Error::new(ErrorCode::Internal, error.to_string())
        })?;
        Ok(vec![pattern])
    }

    fn trigger(&self, bucket: &BucketName) -> Result<Trigger, Error> {
        let (function, send_to) = match &self.told {
            Told::Function(function) => (Some(function.clone()), None),
            Told::Queue(queue) => {
                let s3_configuration = Some(self.id.clone());
                (None, Some(QueueTarget { queue: queue.clone(), s3_configuration }))
            }
        };
        Ok(Trigger {
            name: self.trigger_name(bucket)?,
            function,
            send_to,
            source: Source::Object {
                bucket: bucket.clone(),
                changes: self.changes.clone(),
                prefix: self.prefix.clone(),
                suffix: self.suffix.clone(),
            },
            patterns: self.patterns()?,
            delivery: None,
            enabled: true,
        })
    }
}

impl Scope {
    /// Has these functions and queues told of a bucket's changes, and no others that were so before.
    /// Triggers that were put otherwise stay.
    ///
    /// # Errors
    /// `BucketNotFound`, `FunctionNotFound`, `NotInvocable`, `QueueNotFound`, `QuotaExceeded`; the store failed:
    /// some may have been changed.
    pub async fn put_notifications(
        &self,
        bucket: &BucketName,
        notifications: &[Notification],
    ) -> Result<(), Error> {
        let handle = self.resource(bucket);
        let (_, before) = handle.settings().await?;
        for notification in notifications {
            let trigger = notification.trigger(bucket)?;
            // Its source may be another now, which a trigger keeps for as long as there is one.
            let same = before.notifications.contains(notification);
            if !same {
                gone(self.named(trigger.name.clone()).delete().await)?;
            }
            self.put_trigger(trigger).await?;
        }
        handle.change_settings(|settings| settings.notifications = notifications.to_vec()).await?;
        for old in before.notifications {
            if notifications.iter().all(|kept| kept.id != old.id) {
                gone(self.named(old.trigger_name(bucket)?).delete().await)?;
            }
        }
        Ok(())
    }

    /// The functions and queues that are told of a bucket's changes, without those whose trigger was deleted.
    ///
    /// # Errors
    /// `BucketNotFound`; the store failed.
    pub async fn notifications(&self, bucket: &BucketName) -> Result<Vec<Notification>, Error> {
        let (_, settings) = self.resource(bucket).settings().await?;
        let mut kept = Vec::with_capacity(settings.notifications.len());
        for notification in settings.notifications {
            let name = notification.trigger_name(bucket)?;
            match self.named(name).describe().await {
                Ok(_) => kept.push(notification),
                Err(error) if error.code() == ErrorCode::TriggerNotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(kept)
    }
}
