use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lambent_types::{ErrorCode, Namespace};
use tokio::sync::oneshot;

use crate::problem::Refusal;

/// Most that wait of one namespace: with as many as that there is no use in waiting.
const WAITING_MAX: usize = 32;

/// Places for something that takes much memory or time, shared by namespaces:
/// the next free one is given to whoever's namespace has fewest, and one is
/// always left for another namespace, however long those that have the others
/// keep them.
pub(crate) struct Places {
    total: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By namespace.
    held: HashMap<String, usize>,
    waiting: VecDeque<(String, oneshot::Sender<Place>)>,
}

/// A place, until it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    namespace: String,
}

impl State {
    fn held_by(&self, namespace: &str) -> usize {
        self.held.get(namespace).copied().unwrap_or(0)
    }
}

impl Places {
    /// So many places, at least two.
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total: total.max(2), state: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// `Overloaded`: too many of the namespace wait already.
    pub(crate) async fn take(self: &Arc<Self>, namespace: &Namespace) -> Result<Place, Refusal> {
        let namespace = namespace.key();
        let given = {
            let mut state = self.lock();
            state.waiting.retain(|(_, give)| !give.is_closed());
            let waiting = state.waiting.iter().filter(|(other, _)| *other == namespace).count();
            if waiting >= WAITING_MAX {
                return Err(Refusal::new(
                    ErrorCode::Overloaded,
                    format!("{waiting} uploads of the namespace wait already; try again later"),
                ));
            }
            let (give, given) = oneshot::channel();
            state.waiting.push_back((namespace, give));
            given
        };
        self.give();
        // Whoever waits is told before the places are gone.
        given.await.map_err(|_| Refusal::new(ErrorCode::Overloaded, "no place for the upload"))
    }

    /// Gives free places to those who wait.
    fn give(self: &Arc<Self>) {
        while let Some((give, place)) = self.next() {
            // Nobody waits any more: dropping it gives it to the next.
            if let Err(place) = give.send(place) {
                place.give_back();
            }
        }
    }

    /// The next to be given a place, and the place.
    fn next(self: &Arc<Self>) -> Option<(oneshot::Sender<Place>, Place)> {
        let mut state = self.lock();
        state.waiting.retain(|(_, give)| !give.is_closed());
        if state.held.values().sum::<usize>() >= self.total {
            return None;
        }
        let may = |(namespace, _): &&(String, _)| state.held_by(namespace) < self.total - 1;
        let fewest = state.waiting.iter().filter(may).map(|(one, _)| state.held_by(one)).min()?;
        let at = state.waiting.iter().position(|(one, _)| state.held_by(one) == fewest)?;
        let (namespace, give) = state.waiting.remove(at)?;
        *state.held.entry(namespace.clone()).or_default() += 1;
        Some((give, Place { places: Arc::clone(self), namespace }))
    }
}

impl Place {
    /// Gives it back without giving it on.
    fn give_back(mut self) {
        self.release();
    }

    fn release(&mut self) {
        if self.namespace.is_empty() {
            return;
        }
        let namespace = std::mem::take(&mut self.namespace);
        let mut state = self.places.lock();
        if let Some(held) = state.held.get_mut(&namespace) {
            *held -= 1;
            if *held == 0 {
                state.held.remove(&namespace);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.namespace.is_empty() {
            self.release();
            Arc::clone(&self.places).give();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn namespace(name: &str) -> Namespace {
        name.parse().unwrap()
    }

    fn now(places: &Arc<Places>, name: &str) -> Option<Place> {
        let namespace = namespace(name);
        let place = Box::pin(places.take(&namespace)).now_or_never();
        place.map(|place| place.ok().unwrap())
    }

    #[tokio::test]
    async fn one_place_is_always_left_for_another_namespace() {
        let places = Places::new(4);
        let many: Vec<_> = (0..3).map(|_| now(&places, "many").unwrap()).collect();
        assert!(now(&places, "many").is_none());
        let other = now(&places, "other").unwrap();
        assert!(now(&places, "third").is_none());
        drop(other);
        let third = now(&places, "third").unwrap();
        drop((many, third));
        assert!(places.lock().held.is_empty() && places.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn the_next_is_given_to_the_namespace_that_has_fewest() {
        let places = Places::new(2);
        let (many, other) = (namespace("many"), namespace("other"));
        let first = now(&places, "many").unwrap();
        let filler = now(&places, "filler").unwrap();
        let mut second = Box::pin(places.take(&many));
        assert!((&mut second).now_or_never().is_none());
        let mut late = Box::pin(places.take(&other));
        assert!((&mut late).now_or_never().is_none());
        drop(filler);
        let late = late.now_or_never().unwrap().ok().unwrap();
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        let second = second.now_or_never().unwrap().ok().unwrap();
        drop((late, second));
    }

    #[tokio::test]
    async fn whoever_goes_away_keeps_no_place_and_too_many_are_refused() {
        let places = Places::new(2);
        let name = namespace("many");
        let first = now(&places, "many").unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let mut one = Box::pin(places.take(&name));
                assert!((&mut one).now_or_never().is_none());
                one
            })
            .collect();
        let refused = places.take(&name).await.err().unwrap();
        assert_eq!(refused.status(), http::StatusCode::SERVICE_UNAVAILABLE);
        drop(waiting);
        drop(first);
        assert!(places.lock().held.is_empty());
        drop(now(&places, "many").unwrap());
    }
}
