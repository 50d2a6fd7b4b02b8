use std::collections::BTreeSet;

use jiff::Timestamp;
use lambent_types::Namespace;

use super::queues::waiting;
use super::{HeldMessage, State, log};
use crate::channel::Channel;
use crate::memory::line::Waiting;
use crate::queues::{DeadEvent, GiveUp, MoveBack, MovedBack, QueueError, rules};

impl State {
    /// Moves messages that were received to dead-letter queues.
    pub(super) fn give_up(
        &mut self,
        place: &(String, String),
        now: Timestamp,
        GiveUp { receipt, to, facts }: GiveUp,
    ) -> Result<bool, QueueError> {
        let to = (place.0.clone(), to.key());
        let is_there = self.queues.contains_key(&to);
        let queue = self.queues.get_mut(place).ok_or(QueueError::NoQueue)?;
        let held = queue.line.held(&receipt).map(|(sequence, _)| sequence).filter(|_| is_there);
        let Some(one) = held.and_then(|sequence| queue.line.0.remove(&sequence)) else {
            return Ok(false);
        };
        let (from, dead) = (Some(queue.id), Some(facts));
        let what = HeldMessage { from, dead, first: None, ..one.what };
        let sequence = self.next();
        if let Some(dead) = self.queues.get_mut(&to) {
            dead.line.push(sequence, waiting(what, one.sent, now));
        }
        Ok(true)
    }

    /// Where a dead letter goes: to a queue, or to where it came from, if that is still there.
    fn home(
        &self,
        place: &(String, String),
        to: Option<&(String, String)>,
        dead: &HeldMessage,
    ) -> Option<Home> {
        if let Some(to) = to {
            return Some(Home::Queue(to.clone()));
        }
        // An event goes back to its channel, through however many queues it went.
        if let Some(DeadEvent { channel, .. }) = &dead.message.dead {
            return Some(Home::Channel(place.0.parse().ok()?, channel.clone()));
        }
        let mut queues = self.queues.iter().filter(|(_, queue)| Some(queue.id) == dead.from);
        queues.next().map(|(place, _)| Home::Queue(place.clone()))
    }

    /// Moves the first messages that are meant and can be moved.
    pub(super) fn redrive(
        &mut self,
        place: &(String, String),
        now: Timestamp,
        what: &MoveBack,
    ) -> Result<MovedBack, QueueError> {
        let (mut moved, mut stuck) = (MovedBack::default(), BTreeSet::new());
        let to = what.to.as_ref().map(|to| (place.0.clone(), to.key()));
        if to.as_ref().is_some_and(|to| !self.queues.contains_key(to)) {
            return Err(QueueError::NoQueue);
        }
        for sequence in self.queues.get(place).ok_or(QueueError::NoQueue)?.line.due(now) {
            let found = self.queues.get(place).and_then(|queue| queue.line.0.get(&sequence));
            let Some(mut one) = found.cloned() else { continue };
            let full = moved.count >= what.limit as u64;
            let held = &one.what;
            let meant = rules::is_meant(what, &held.message.attributes, held.dead.as_ref());
            let is_stuck = one.group.as_ref().is_some_and(|group| stuck.contains(group));
            let home = self.home(place, to.as_ref(), held).filter(|_| meant && !full && !is_stuck);
            let Some(home) = home else {
                // What follows in its group would overtake it.
                stuck.extend(one.group.clone());
                continue;
            };
            moved.count += 1;
            if what.dry_run {
                continue;
            }
            if let Some(queue) = self.queues.get_mut(place) {
                queue.line.0.remove(&sequence);
            }
            let number = self.next();
            (one.what.from, one.what.dead, one.what.first) = (None, None, None);
            let back = one.what.message.dead.take();
            match home {
                Home::Queue(source) => {
                    if let Some(source) = self.queues.get_mut(&source) {
                        source.line.push(number, waiting(one.what, now, now));
                    }
                }
                Home::Channel(namespace, channel) => {
                    let Some(DeadEvent { event, .. }) = back else { continue };
                    let what = (event, one.what.origin);
                    let bytes = one.bytes;
                    let (group, leased, receives, taken) = (None, false, 0, 0);
                    let (sent, visible) = (now, now);
                    let waiting =
                        Waiting { what, group, sent, visible, leased, receives, taken, bytes };
                    let line = self.channels.entry(log::place(&namespace, &channel)).or_default();
                    line.push(number, waiting);
                    moved.channels.insert(channel);
                }
            }
        }
        Ok(moved)
    }
}

/// Where a dead letter goes back to.
enum Home {
    Queue((String, String)),
    Channel(Namespace, Channel),
}
