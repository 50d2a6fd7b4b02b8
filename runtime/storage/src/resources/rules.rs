use lambent_types::{
    Quota, ResourceKind, Schedule, Source, Specification as _, Subscription, Topic, Trigger, Volume,
};

use crate::event_log::Channel;

/// Whether a trigger goes on listening to the same thing.
pub fn same_source(old: &Source, new: &Source) -> bool {
    let (old, new) = (old.resource(), new.resource());
    old.noun == new.noun && old.name.eq_ignore_ascii_case(new.name)
}

/// The channel of the events that wait for a resource, if it is of a kind that has one.
pub fn channel(kind: ResourceKind, name: &str) -> Option<Channel> {
    match kind {
        Trigger::KIND => name.parse().map(Channel::Trigger).ok(),
        Schedule::KIND => name.parse().map(Channel::Schedule).ok(),
        Topic::KIND => name.parse().map(Channel::Topic).ok(),
        Subscription::KIND => name.parse().map(Channel::Subscription).ok(),
        _ => None,
    }
}

/// What a resource has set aside of a quota, beside being one of its kind: the bytes that a volume
/// may hold.
pub fn set_aside(kind: ResourceKind, body: &str) -> Option<(Quota, u64)> {
    if kind != Volume::KIND {
        return None;
    }
    let volume: Volume = serde_json::from_str(body).ok()?;
    Some((Quota::VolumeBytes, volume.max_bytes))
}
