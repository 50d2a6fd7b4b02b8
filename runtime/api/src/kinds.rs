//! The kinds of resources that are listed, put, described and deleted by their names.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use jiff::Timestamp;
use lambent_tables::TableDefinition;
use lambent_types::{
    BucketName, KeyspaceName, QueueAttributes, QueueName, Schedule as ScheduleSpec, ScheduleName,
    Site as SiteSpec, SiteName, Subscription as SubscriptionSpec, SubscriptionName, TableName,
    Topic as TopicSpec, TopicName, Trigger as TriggerSpec, TriggerName, Versioning, VolumeName,
    VolumeSettings,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    QueueView, ScheduleView, SiteView, SubscriptionView, TableView, TopicView, TriggerView,
    VolumeView,
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

/// Declares the kinds. A row is a kind and its noun; then the name of one, what a client says
/// of one (`()` if nothing) and what the API shows of one, with the first two out of that; then
/// the list of all, whose member is the plural that is in paths too.
macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $kind:ident = $noun:literal: $name:ident, $spec:ty, $view:ident, $parts:expr;
        $(#[$list_doc:meta])*
        $list:ident { $(#[$items_doc:meta])* $items:ident }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind {}

        $(#[$list_doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub struct $list {
            $(#[$items_doc])*
            pub $items: Vec<$view>,
        }

        impl Kind for $kind {
            const NOUN: &'static str = $noun;
            const PLURAL: &'static str = stringify!($items);
            const COLLECTION: &'static str = concat!("/v1/", stringify!($items));
            const RESOURCE: &'static str = concat!("/v1/", stringify!($items), "/{name}");
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

/// Declares what the API shows of a kind of which nothing is said but its name.
macro_rules! named_view {
    ($(#[$doc:meta])* $view:ident, $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub struct $view {
            /// Its name.
            #[schema(value_type = String)]
            pub name: $name,
            /// When it was created.
            #[schema(value_type = String, format = DateTime)]
            pub created: Timestamp,
        }
    };
}

/// What a client says of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketSpec {
    /// Whether the bucket keeps former versions of its objects. If absent, that stays as it is, and a
    /// new bucket keeps none. One that ever kept them can be suspended, and not be off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioning: Option<Versioning>,
}

/// A bucket as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BucketView {
    /// Its name.
    #[schema(value_type = String)]
    pub name: BucketName,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Whether it keeps former versions of its objects; absent if it never did.
    #[serde(default, skip_serializing_if = "Versioning::is_off")]
    pub versioning: Versioning,
}

impl BucketView {
    fn spec(&self) -> BucketSpec {
        BucketSpec { versioning: Some(self.versioning).filter(|versioning| !versioning.is_off()) }
    }
}

named_view! {
    /// A keyspace as the API shows it.
    KeyspaceView, KeyspaceName
}

kinds! {
    /// Buckets, which hold objects.
    Bucket = "bucket": BucketName, BucketSpec, BucketView, |view| (view.name.clone(), view.spec());
    /// Buckets.
    Buckets {
        /// The buckets, by name.
        buckets
    }

    /// Keyspaces, which hold keys.
    Keyspace = "keyspace": KeyspaceName, (), KeyspaceView, |view| (view.name, ());
    /// Keyspaces.
    Keyspaces {
        /// The keyspaces, by name.
        keyspaces
    }

    /// Tables, which hold items.
    Table = "table": TableName, TableDefinition, TableView, |view| (view.name, view.definition);
    /// Tables.
    Tables {
        /// The tables, by name.
        tables
    }

    /// Queues, which hold messages.
    Queue = "queue": QueueName, QueueAttributes, QueueView, |view| (view.name, view.attributes);
    /// Queues.
    Queues {
        /// The queues, by name.
        queues
    }

    /// Topics, whose messages go to every subscription.
    Topic = "topic": TopicName, TopicSpec, TopicView, |view| (view.topic.name.clone(), view.topic);
    /// Topics.
    Topics {
        /// The topics, by name.
        topics
    }

    /// Subscriptions of topics.
    Subscription = "subscription": SubscriptionName, SubscriptionSpec, SubscriptionView,
        |view| (view.subscription.name.clone(), view.spec());
    /// Subscriptions.
    Subscriptions {
        /// The subscriptions, by name.
        subscriptions
    }

    /// Triggers, which wire events to a function.
    Trigger = "trigger": TriggerName, TriggerSpec, TriggerView,
        |view| (view.trigger.name.clone(), view.trigger);
    /// Triggers.
    Triggers {
        /// The triggers, by name.
        triggers
    }

    /// Schedules, which invoke a function at times.
    Schedule = "schedule": ScheduleName, ScheduleSpec, ScheduleView,
        |view| (view.schedule.name.clone(), view.schedule);
    /// Schedules.
    Schedules {
        /// The schedules, by name.
        schedules
    }

    /// Sites, whose routes say what answers under their hosts.
    Site = "site": SiteName, SiteSpec, SiteView, |view| (view.site.name.clone(), view.site);
    /// Sites.
    Sites {
        /// The sites, by name.
        sites
    }

    /// Volumes, which hold files that functions share.
    Volume = "volume": VolumeName, VolumeSettings, VolumeView, |view| (view.name, view.settings);
    /// Volumes.
    Volumes {
        /// The volumes, by name.
        volumes
    }
}
