//! Who may have a connection: so many in all, and so many of one address.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lambent_host::open_files;
use tokio_util::sync::CancellationToken;

use crate::connection_timeouts::ConnectionTimeouts;
use crate::forwarded::Proxies;
use crate::options::Options;

/// The least connections that one address may have, however few there are: what
/// a browser opens to one host, and some.
const PER_PEER_LEAST: usize = 16;
/// Most idle connections that are noted at one look at all of them, so that a
/// flood does not have all looked at for each connection.
const SPARE_MAX: usize = 64;

/// The places for connections.
pub(crate) struct ConnectionLimits {
    most: usize,
    per_peer: usize,
    /// Whether addresses of this machine are counted too.
    counts_local: bool,
    spare: Duration,
    proxies: Arc<Proxies>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    given: u64,
    all: HashMap<u64, Entry>,
    /// The connections of each address that is counted.
    by_peer: HashMap<IpAddr, Vec<u64>>,
    /// Some of the longest idle, the longest last.
    spare: Vec<u64>,
    /// When all were last looked at for them.
    looked: Option<Instant>,
}

struct Entry {
    peer: Option<IpAddr>,
    activity: Arc<ConnectionTimeouts>,
    close: CancellationToken,
}

/// A connection's place, until it is dropped.
pub(crate) struct ConnectionPermit {
    number: u64,
    places: Arc<ConnectionLimits>,
    /// What happens on the connection.
    pub(crate) activity: Arc<ConnectionTimeouts>,
    /// Cancelled when another is to have the place.
    pub(crate) close: CancellationToken,
}

impl ConnectionLimits {
    /// As many as are wanted, or as the process may open files for.
    pub(crate) fn new(options: &Options, proxies: Arc<Proxies>) -> Self {
        let (wanted, files) = (options.connections_max, open_files::raise());
        let most = wanted.min(open_files::connections(files, open_files::count()));
        if most < wanted {
            tracing::warn!(
                "at most {most} connections at once instead of {wanted}: the process may open \
                 {files} files only; raise its limit (ulimit -n, LimitNOFILE in a systemd unit)"
            );
        }
        let tenth = (most / 10).max(PER_PEER_LEAST);
        Self {
            most,
            per_peer: options.connections_per_peer.unwrap_or(tenth).min(most),
            counts_local: options.connections_per_peer.is_some(),
            spare: options.timeouts.spare,
            proxies,
            held: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address that a connection counts for; none if it is not counted.
    fn peer(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        if self.proxies.trust(address) || (address.is_loopback() && !self.counts_local) {
            return None;
        }
        Some(match address {
            // What one customer of a provider has at the least.
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    /// A place for a connection from `address`. If there is none, that of the
    /// longest idle connection: of the same address, if it has too many.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<ConnectionPermit> {
        let peer = self.peer(address);
        let mut held = self.lock();
        let of_peer = peer.and_then(|peer| held.by_peer.get(&peer)).map_or(0, Vec::len);
        let free = if of_peer >= self.per_peer {
            held.close_one_of(peer?, self.spare)
        } else {
            held.all.len() < self.most || held.close_one(self.spare)
        };
        if !free {
            return None;
        }
        let (activity, close) = (Arc::new(ConnectionTimeouts::new()), CancellationToken::new());
        held.given += 1;
        let number = held.given;
        let entry = Entry { peer, activity: activity.clone(), close: close.clone() };
        held.all.insert(number, entry);
        if let Some(peer) = peer {
            held.by_peer.entry(peer).or_default().push(number);
        }
        Some(ConnectionPermit { number, places: self.clone(), activity, close })
    }
}

impl Held {
    fn remove(&mut self, number: u64) -> Option<Entry> {
        let entry = self.all.remove(&number)?;
        if let Some(peer) = entry.peer
            && let Some(numbers) = self.by_peer.get_mut(&peer)
        {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_peer.remove(&peer);
            }
        }
        Some(entry)
    }

    /// How long a connection has been idle, if that is long enough.
    fn idle(&self, number: u64, least: Duration) -> Option<Duration> {
        self.all.get(&number)?.activity.idle_for().filter(|idle| *idle >= least)
    }

    /// What idle connections are ordered by: of two that have been idle for as
    /// many milliseconds, the one that came first is the longer idle.
    fn idle_by_age(&self, number: u64, least: Duration) -> Option<(Duration, Reverse<u64>)> {
        Some((self.idle(number, least)?, Reverse(number)))
    }

    /// Gives up the place of a connection, and has it closed.
    fn close(&mut self, number: u64) -> bool {
        let Some(entry) = self.remove(number) else { return false };
        entry.close.cancel();
        true
    }

    fn close_one_of(&mut self, peer: IpAddr, least: Duration) -> bool {
        let numbers = self.by_peer.get(&peer).into_iter().flatten();
        let longest = numbers.filter_map(|number| self.idle_by_age(*number, least)).max();
        longest.is_some_and(|(_, Reverse(number))| self.close(number))
    }

    fn close_one(&mut self, least: Duration) -> bool {
        if self.close_spare(least) {
            return true;
        }
        // Whoever finds none does not have all looked at again at once.
        if self.looked.is_some_and(|looked| looked.elapsed() < least / 50) {
            return false;
        }
        self.looked = Some(Instant::now());
        let idle = self.all.keys().filter_map(|number| self.idle_by_age(*number, least));
        let mut idle: Vec<_> = idle.collect();
        idle.sort_unstable();
        let longest = idle.split_off(idle.len().saturating_sub(SPARE_MAX));
        self.spare = longest.into_iter().map(|(_, Reverse(number))| number).collect();
        self.close_spare(least)
    }

    /// Closes the longest idle of those that were noted and still are.
    fn close_spare(&mut self, least: Duration) -> bool {
        while let Some(number) = self.spare.pop() {
            if self.idle(number, least).is_some() {
                return self.close(number);
            }
        }
        false
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.places.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(most: usize, per_peer: Option<usize>, spare: Duration) -> Arc<ConnectionLimits> {
        let mut options = Options::new("data");
        options.connections_max = most;
        options.connections_per_peer = per_peer;
        options.timeouts.spare = spare;
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Arc::new(ConnectionLimits::new(&options, Arc::new(proxies)))
    }

    const NONE: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(3600);

    fn take(places: &Arc<ConnectionLimits>, from: &str) -> Option<ConnectionPermit> {
        places.take(from.parse().unwrap())
    }

    #[test]
    fn one_address_has_a_tenth() {
        let places = places(200, None, LONG);
        let mut held: Vec<_> = (0..20).map(|_| take(&places, "192.0.2.1").unwrap()).collect();
        assert!(take(&places, "192.0.2.1").is_none());
        assert!(take(&places, "::ffff:192.0.2.1").is_none(), "the same in another form");
        held.push(take(&places, "192.0.2.2").unwrap());
        // A network of 64 bits is one.
        for low in 1..=20 {
            held.push(take(&places, &format!("2001:db8:0:1::{low}")).unwrap());
        }
        assert!(take(&places, "2001:db8:0:1:ffff::9").is_none());
        held.push(take(&places, "2001:db8:0:2::1").unwrap());
        // This machine, and proxies, stand for many.
        for _ in 0..30 {
            held.push(take(&places, "127.0.0.1").unwrap());
            held.push(take(&places, "10.1.2.3").unwrap());
        }
        held.clear();
        assert!(places.lock().all.is_empty() && places.lock().by_peer.is_empty());
    }

    #[test]
    fn a_limit_that_was_asked_for_holds_for_this_machine_too() {
        let places = places(200, Some(2), LONG);
        let held = [take(&places, "127.0.0.1").unwrap(), take(&places, "127.0.0.1").unwrap()];
        assert!(take(&places, "127.0.0.1").is_none());
        let _other = take(&places, "127.0.0.2").unwrap();
        drop(held);
        assert!(take(&places, "127.0.0.1").is_some());
    }

    #[test]
    fn when_there_is_no_place_the_longest_idle_gives_up_its_own() {
        let places = places(3, Some(2), NONE);
        let first = take(&places, "192.0.2.1").unwrap();
        std::thread::sleep(Duration::from_millis(5));
        let second = take(&places, "192.0.2.2").unwrap();
        let busy = take(&places, "192.0.2.3").unwrap();
        let in_flight =
            crate::connection_timeouts::RequestGuard::begin(busy.activity.clone(), false);
        let third = take(&places, "192.0.2.4").unwrap();
        assert!(first.close.is_cancelled() && !second.close.is_cancelled());
        drop(first);
        assert_eq!(places.lock().all.len(), 3, "a place is given up once");
        // Of its own, where it has too many.
        let fourth = take(&places, "192.0.2.4").unwrap();
        assert!(second.close.is_cancelled() && !third.close.is_cancelled());
        let fifth = take(&places, "192.0.2.4").unwrap();
        assert!(third.close.is_cancelled() != fourth.close.is_cancelled());
        // Never of one that is at work.
        let _both = [&third, &fourth, &fifth].map(|place| {
            crate::connection_timeouts::RequestGuard::begin(place.activity.clone(), false)
        });
        assert!(take(&places, "192.0.2.5").is_none());
        assert!(!busy.close.is_cancelled());
        drop(in_flight);
        assert!(take(&places, "192.0.2.5").is_some());
    }

    #[test]
    fn what_is_idle_for_a_moment_is_left_alone() {
        let places = places(1, None, LONG);
        let _held = take(&places, "192.0.2.1").unwrap();
        assert!(take(&places, "192.0.2.2").is_none());
    }
}
