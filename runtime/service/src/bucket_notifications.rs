//! Changes of a bucket that are told to functions: each notification is a trigger of its own.

use lambent_types::{
    BucketName, Error, ErrorCode, ObjectChange, QualifiedFunction, Source, Trigger, TriggerName,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::contents::gone;
use crate::scope::Scope;

/// A function that is told of changes of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// What the client calls it; each of a bucket has another.
    pub id: String,
    /// The function, and which version of it.
    pub function: QualifiedFunction,
    /// The function, as the client named it.
    pub arn: String,
    /// The changes, as the client named them.
    pub events: Vec<String>,
    /// Which changes they are.
    pub changes: Vec<ObjectChange>,
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
        name.parse().map_err(|error: lambent_types::InvalidName| {
            Error::new(ErrorCode::Internal, error.to_string())
        })
    }

    fn trigger(&self, bucket: &BucketName) -> Result<Trigger, Error> {
        Ok(Trigger {
            name: self.trigger_name(bucket)?,
            function: self.function.clone(),
            source: Source::Object {
                bucket: bucket.clone(),
                changes: self.changes.clone(),
                prefix: self.prefix.clone(),
                suffix: self.suffix.clone(),
            },
            patterns: Vec::new(),
            delivery: None,
            enabled: true,
        })
    }
}

impl Scope {
    /// Has these functions told of a bucket's changes, and no others that were so before. Triggers
    /// that were put otherwise stay.
    ///
    /// # Errors
    /// `BucketNotFound`, `FunctionNotFound`, `NotInvocable`, `QuotaExceeded`; the store failed:
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

    /// The functions that are told of a bucket's changes, without those whose trigger was deleted.
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
