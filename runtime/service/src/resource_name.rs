use lambent_types::{
    Access, BucketName, FunctionName, Grants, KeyspaceName, QueueName, ScheduleName, TriggerName,
};

/// The name of a kind of resource: what the kind is called, and what a function is
/// granted of one.
pub trait ResourceName: Clone + Send + Sync + 'static {
    /// What one of the kind is called.
    const NOUN: &'static str;

    /// The name as text.
    fn as_str(&self) -> &str;

    /// What a function with these grants may do with it.
    fn granted(&self, grants: &Grants) -> Option<Access>;
}

macro_rules! resource_names {
    ($($name:ident, $noun:literal, $granted:expr;)*) => {
        $(impl ResourceName for $name {
            const NOUN: &'static str = $noun;

            fn as_str(&self) -> &str {
                Self::as_str(self)
            }

            fn granted(&self, grants: &Grants) -> Option<Access> {
                let granted: fn(&Grants, &Self) -> Option<Access> = $granted;
                granted(grants, self)
            }
        })*
    };
}

resource_names! {
    BucketName, "bucket", |grants, name| grants.buckets.get(name).copied();
    KeyspaceName, "keyspace", |grants, name| grants.keyspaces.get(name).copied();
    QueueName, "queue", |grants, name| grants.queues.get(name).copied();
    FunctionName, "function", |_, _| None;
    TriggerName, "trigger", |_, _| None;
    ScheduleName, "schedule", |_, _| None;
}
