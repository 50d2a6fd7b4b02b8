//! Where requests of this node's own functions come from: a header field that
//! the node signs on their way out and reads when they come back in.
//!
//! Only this process knows the key, so nobody else can write the field; it is
//! good for a moment and for what it says, so that one who gets hold of it can
//! at most pass for a descendant of that chain; and no guest sees it.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use lambent_capabilities::LINEAGE;
use lambent_types::{Lineage, Origin, Root};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// How old the field may be: a request is on its way for less.
const AGE_MAX: Duration = Duration::from_secs(30);
/// Functions of a lineage that fit the field. A loop of more is not found by its
/// functions, but by how many invocations descend from its root.
const FUNCTIONS_MAX: usize = 40;

/// What the field says.
#[derive(Serialize, Deserialize)]
struct Said {
    lineage: Lineage,
    root: Option<Root>,
    /// Milliseconds since the node was started.
    time: u64,
}

/// Signs the field, and tells what was signed from what was not.
pub(crate) struct Lineages {
    key: [u8; 32],
    started: Instant,
}

impl Lineages {
    /// With a key of its own.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, started: Instant::now() })
    }

    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of 32 bytes");
        mac.update(payload.as_bytes());
        mac
    }

    pub(crate) fn sign(&self, origin: &Origin) -> HeaderValue {
        let time = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let lineage = origin.lineage.most_visited(FUNCTIONS_MAX);
        let said = Said { lineage, root: origin.root, time };
        // Names and numbers always have a JSON form.
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&said).unwrap_or_default());
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&payload).finalize().into_bytes());
        HeaderValue::try_from(format!("{payload}.{mac}"))
            .unwrap_or(HeaderValue::from_static("unsigned"))
    }

    /// Takes the field out unless this node signed it a moment ago.
    pub(crate) fn check(&self, headers: &mut HeaderMap) {
        if headers.contains_key(LINEAGE) && !self.is_signed(headers) {
            headers.remove(LINEAGE);
        }
    }

    fn is_signed(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(LINEAGE).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        let Some((payload, mac)) = value.to_str().ok().and_then(|text| text.split_once('.')) else {
            return false;
        };
        let Ok(mac) = URL_SAFE_NO_PAD.decode(mac) else { return false };
        if self.mac(payload).verify_slice(&mac).is_err() {
            return false;
        }
        let said = read(value);
        said.is_some_and(|said| {
            self.started.elapsed() <= Duration::from_millis(said.time) + AGE_MAX
        })
    }
}

fn read(value: &HeaderValue) -> Option<Said> {
    let (payload, _) = value.to_str().ok()?.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Where a request comes from, by header fields that were
/// [checked](Lineages::check).
pub(crate) fn origin(headers: &HeaderMap) -> Origin {
    said(headers.get(LINEAGE), trace_parent(headers))
}

fn said(lineage: Option<&HeaderValue>, trace_parent: Option<String>) -> Origin {
    match lineage.and_then(read) {
        Some(Said { lineage, root, .. }) => Origin { lineage, root, trace_parent },
        None => Origin { trace_parent, ..Origin::default() },
    }
}

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// The W3C trace that a request continues.
fn trace_parent(headers: &HeaderMap) -> Option<String> {
    // Version, trace, parent and flags, in hexadecimal: 55 characters in version 00.
    let text = headers.get(TRACE_PARENT)?.to_str().ok()?;
    let plausible = (55..=128).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-');
    plausible.then(|| text.to_owned())
}

/// As [`origin`], and leaves nothing of it for the guest to see.
pub(crate) fn take(headers: &mut HeaderMap) -> Origin {
    let lineage = headers.remove(LINEAGE);
    said(lineage.as_ref(), trace_parent(headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin_of(lineages: &Lineages, values: &[HeaderValue]) -> Origin {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINEAGE, value.clone());
        }
        lineages.check(&mut headers);
        let origin = take(&mut headers);
        assert!(headers.is_empty());
        origin
    }

    fn some() -> Origin {
        let root = Some(Root { id: uuid::Uuid::now_v7(), events: 3 });
        let origin = Origin { root, ..Origin::default() };
        origin.enter(&"f".parse().unwrap()).unwrap()
    }

    #[test]
    fn what_the_node_signed_comes_back_and_nothing_else() {
        let (lineages, other) = (Lineages::new().unwrap(), Lineages::new().unwrap());
        let (signed, none) = (lineages.sign(&some()), Origin::default());
        let origin = some();
        let signed_again = lineages.sign(&origin);
        assert_eq!(origin_of(&lineages, std::slice::from_ref(&signed_again)), origin);
        assert_eq!(origin_of(&other, std::slice::from_ref(&signed)), none);
        assert_eq!(origin_of(&lineages, &[signed.clone(), signed_again]), none, "twice");
        let text = signed.to_str().unwrap();
        let (payload, mac) = text.split_once('.').unwrap();
        for forged in [
            format!("{payload}."),
            format!("{payload}x.{mac}"),
            payload.to_owned(),
            format!(
                "{}.{mac}",
                URL_SAFE_NO_PAD.encode("{\"lineage\":{},\"root\":null,\"time\":0}")
            ),
            String::new(),
        ] {
            let forged = HeaderValue::try_from(forged).unwrap();
            assert_eq!(origin_of(&lineages, &[forged]), none);
        }
    }

    #[test]
    fn the_field_is_good_for_a_moment() {
        let lineages = Lineages::new().unwrap();
        let Some(started) = Instant::now().checked_sub(AGE_MAX * 2) else { return };
        let signed = lineages.sign(&some());
        let later = Lineages { key: lineages.key, started };
        assert_eq!(origin_of(&later, &[signed]), Origin::default());
    }

    #[test]
    fn its_size_is_bounded() {
        let enter = |origin: Origin, n: u32| {
            origin.enter(&format!("{}{n}", "f".repeat(60)).parse().unwrap()).unwrap()
        };
        let origin = (0..200).fold(Origin::default(), enter);
        let lineages = Lineages::new().unwrap();
        let signed = lineages.sign(&origin);
        assert!(signed.len() < 5000, "{}", signed.len());
        assert!(!origin_of(&lineages, &[signed]).lineage.is_empty());
    }

    #[test]
    fn own_doors_are_where_it_listens_and_its_domains() {
        let at = |listen: &str, name: Option<&str>, local: &str, peer: &str| {
            let lineages = Arc::new(Lineages::new().unwrap());
            let domains = Domains::new(&["fn.example".into()]);
            let is_of_site = Box::new(|name: &str| name == "shop.example.com");
            let listen = listen.parse().unwrap();
            let doors = Doors { lineages, listen, domains, is_of_site };
            let (local, peer) = (local.parse().unwrap(), peer.parse().unwrap());
            doors.are_at(name, Connection { local, peer })
        };
        let local = "127.0.0.1:999";
        assert!(at("127.0.0.1:4566", None, local, "127.0.0.1:4566"));
        assert!(at("127.0.0.1:4566", Some("a.localhost"), local, "127.0.0.1:4566"));
        assert!(at("0.0.0.0:4566", None, local, "127.0.0.1:4566"));
        assert!(at("[::]:4566", None, "10.0.0.1:999", "10.0.0.1:4566"));
        assert!(at("[::]:4566", None, "[::1]:999", "[::1]:4566"));
        assert!(at("127.0.0.1:4566", Some("a.fn.example"), "10.0.0.1:9", "1.2.3.4:443"));
        assert!(at("127.0.0.1:4566", Some("shop.example.com"), "10.0.0.1:9", "1.2.3.4:443"));
        // Other servers of this machine, and other machines.
        assert!(!at("127.0.0.1:4566", Some("a.localhost"), local, "127.0.0.1:8080"));
        assert!(!at("10.0.0.1:4566", None, local, "127.0.0.1:4566"));
        assert!(!at("0.0.0.0:4566", None, "10.0.0.1:999", "10.0.0.2:4566"));
        assert!(!at("0.0.0.0:4566", Some("fn.example.net"), "10.0.0.1:999", "1.2.3.4:443"));
    }

    #[test]
    fn only_plausible_trace_parents_go_on() {
        let parent = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", text.parse().unwrap());
            trace_parent(&headers)
        };
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(parent(good).as_deref(), Some(good));
        assert_eq!(parent("00-xyz"), None);
        assert_eq!(parent(&"0".repeat(200)), None);
    }
}
