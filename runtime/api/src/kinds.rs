//! The kinds of resources that are listed, put, described and deleted by their names.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use lambent_types::{
    BucketName, KeyspaceName, QueueAttributes, QueueName, Schedule as ScheduleSpec, ScheduleName,
    Trigger as TriggerSpec, TriggerName,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::{
    BucketView, Buckets, KeyspaceView, Keyspaces, QueueView, Queues, ScheduleView, Schedules,
    TriggerView, Triggers,
};

/// A kind of resource: its words, and what is said of one on the wire.
pub trait Kind: Debug + Send + Sync + 'static {
    /// The word for one.
    const NOUN: &'static str;
    /// The word for all, in paths and in JSON.
    const PLURAL: &'static str;
    /// The path of all.
    const COLLECTION: &'static str;
    /// The path of one, with the parameter `name`.
    const RESOURCE: &'static str;
    /// The name of one.
    type Name: FromStr<Err: Display> + Display + Send;
    /// What a client says of one that it puts; `()` if there is nothing to say.
    type Spec: Serialize + DeserializeOwned + ToSchema + Send;
    /// One, as the API shows it.
    type View: Serialize + DeserializeOwned + ToSchema + Debug + Send;
    /// All, or a page of them, as the API shows them.
    type List: Serialize + DeserializeOwned + ToSchema + Debug + Send;

    /// The list of these.
    fn list(items: Vec<Self::View>) -> Self::List;

    /// The items of a list.
    fn items(list: Self::List) -> Vec<Self::View>;

    /// The name of one, and what a client said of it.
    fn parts(view: Self::View) -> (Self::Name, Self::Spec);
}

macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $kind:ident: $noun:literal, $plural:literal, $name:ty, $spec:ty, $view:ty, $list:ident.$items:ident,
        $parts:expr;
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind {}

        impl Kind for $kind {
            const NOUN: &'static str = $noun;
            const PLURAL: &'static str = $plural;
            const COLLECTION: &'static str = concat!("/v1/", $plural);
            const RESOURCE: &'static str = concat!("/v1/", $plural, "/{name}");
            type Name = $name;
            type Spec = $spec;
            type View = $view;
            type List = $list;

            fn list($items: Vec<$view>) -> $list {
                $list { $items }
            }

            fn items(list: $list) -> Vec<$view> {
                list.$items
            }

            fn parts(view: $view) -> ($name, $spec) {
                let parts: fn($view) -> ($name, $spec) = $parts;
                parts(view)
            }
        }
    )*};
}

kinds! {
    /// Buckets, which hold objects.
    Bucket: "bucket", "buckets", BucketName, (), BucketView, Buckets.buckets,
        |view| (view.name, ());
    /// Keyspaces, which hold keys.
    Keyspace: "keyspace", "keyspaces", KeyspaceName, (), KeyspaceView, Keyspaces.keyspaces,
        |view| (view.name, ());
    /// Queues, which hold messages.
    Queue: "queue", "queues", QueueName, QueueAttributes, QueueView, Queues.queues,
        |view| (view.name, view.attributes);
    /// Triggers, which wire events to a function.
    Trigger: "trigger", "triggers", TriggerName, TriggerSpec, TriggerView, Triggers.triggers,
        |view| (view.trigger.name.clone(), view.trigger);
    /// Schedules, which invoke a function at times.
    Schedule: "schedule", "schedules", ScheduleName, ScheduleSpec, ScheduleView, Schedules.schedules,
        |view| (view.schedule.name.clone(), view.schedule);
}
