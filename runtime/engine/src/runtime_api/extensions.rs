//! Extensions: parts of a program that are told of invocations beside its handler.
//!
//! All of them are internal, as Lambda calls those that run in the program itself. Unlike
//! Lambda's, they may ask to be told of the end (`SHUTDOWN`), as a program here gets no signal.

use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::fault::Fault;

/// The most that an instance may have.
const EXTENSIONS_MAX: usize = 10;
/// The longest name of one.
const NAME_BYTES_MAX: usize = 128;

/// What an extension waits for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Invoke(Bytes),
    ShutDown(Bytes),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Registered,
    Ready,
    Running,
    InitError,
    Exited,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Registered => "Registered",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::InitError => "InitError",
            Self::Exited => "ExitError",
        }
    }
}

/// What an extension wants to be told of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Subscription {
    invoke: bool,
    shut_down: bool,
}

impl Subscription {
    /// Adds an event by its name.
    pub(crate) fn add(&mut self, event: &str) -> Result<(), Fault> {
        match event {
            "INVOKE" => self.invoke = true,
            "SHUTDOWN" => self.shut_down = true,
            other => {
                let shown: String = other.chars().take(NAME_BYTES_MAX).collect();
                let message = format!("{shown}: ErrorInvalidEventType");
                return Err(Fault::forbidden("Extension.InvalidEventType", message));
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Extension {
    id: String,
    name: String,
    wants: Subscription,
    state: State,
    waiter: Option<oneshot::Sender<Told>>,
}

impl Extension {
    fn refuse(&self, to: &str) -> Fault {
        let message = format!(
            "State transition from {} to {to} failed for extension {}. Error: State transition is \
             not allowed",
            self.state.name(),
            self.id
        );
        Fault::forbidden("Extension.InvalidExtensionState", message)
    }

    /// Tells it what it waits for.
    fn tell(&mut self, told: Told) {
        self.state = State::Running;
        if let Some(waiter) = self.waiter.take() {
            // Its connection may be closed; it then is told the next time.
            let _ = waiter.send(told);
        }
    }
}

/// The extensions of an instance.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    all: Vec<Extension>,
    closed: bool,
}

impl Extensions {
    /// Registers one; returns its identifier.
    pub(crate) fn register(&mut self, name: &str, wants: Subscription) -> Result<String, Fault> {
        if self.closed {
            let message = "Extension registration closed already";
            return Err(Fault::forbidden("Extension.RegistrationClosed", message));
        }
        if self.all.len() >= EXTENSIONS_MAX {
            let message = format!("Extension limit ({EXTENSIONS_MAX}) reached");
            return Err(Fault::forbidden("Extension.TooManyExtensions", message));
        }
        if self.all.iter().any(|extension| extension.name == name) {
            let message = "Extension with this name already registered";
            return Err(Fault::forbidden("Extension.InvalidExtensionState", message));
        }
        let name: String = name.chars().take(NAME_BYTES_MAX).collect();
        let id = identifier(&name);
        let state = State::Registered;
        self.all.push(Extension { id: id.clone(), name, wants, state, waiter: None });
        Ok(id)
    }

    /// INIT is over: no more may register.
    pub(crate) const fn close_registration(&mut self) {
        self.closed = true;
    }

    fn find(&mut self, id: &str, unknown: &str) -> Result<&mut Extension, Fault> {
        let found = self.all.iter_mut().find(|extension| extension.id == id);
        found.ok_or_else(|| Fault::forbidden("Extension.UnknownExtensionIdentifier", unknown))
    }

    /// One of them waits for what it is told.
    pub(crate) fn next(&mut self, id: &str) -> Result<oneshot::Receiver<Told>, Fault> {
        let extension = self.find(id, &format!("Unknown extension {id}"))?;
        if !matches!(extension.state, State::Registered | State::Running) {
            return Err(extension.refuse("Ready"));
        }
        extension.state = State::Ready;
        let (waiter, receiver) = oneshot::channel();
        extension.waiter = Some(waiter);
        Ok(receiver)
    }

    /// One of them cannot be initialized.
    pub(crate) fn init_error(&mut self, id: &str) -> Result<(), Fault> {
        let extension = self.find(id, UNKNOWN)?;
        if !matches!(extension.state, State::Registered | State::InitError) {
            return Err(extension.refuse("InitError"));
        }
        extension.state = State::InitError;
        Ok(())
    }

    /// One of them ends.
    pub(crate) fn exit_error(&mut self, id: &str) -> Result<(), Fault> {
        let extension = self.find(id, UNKNOWN)?;
        if extension.state == State::InitError {
            return Err(extension.refuse("Exited"));
        }
        extension.state = State::Exited;
        Ok(())
    }

    /// Whether each of them waits for what it is told.
    pub(crate) fn are_ready(&self) -> bool {
        self.all.iter().all(|extension| extension.state == State::Ready)
    }

    /// Tells those that want to know of an invocation.
    pub(crate) fn invoke(&mut self, event: &Bytes) {
        for extension in self.all.iter_mut().filter(|extension| extension.wants.invoke) {
            extension.tell(Told::Invoke(event.clone()));
        }
    }

    /// Tells those that want to know that the instance ends; returns whether any does.
    pub(crate) fn shut_down(&mut self, event: &Bytes) -> bool {
        let mut any = false;
        for extension in self.all.iter_mut().filter(|extension| extension.wants.shut_down) {
            extension.wants.shut_down = false;
            any |= extension.state == State::Ready;
            extension.tell(Told::ShutDown(event.clone()));
        }
        any
    }
}

const UNKNOWN: &str = "Unknown Lambda-Extension-Identifier";

/// An identifier in the form of a UUID. It names something only to the instance that it was
/// given to.
fn identifier(name: &str) -> String {
    let [high, low] = [RandomState::new().hash_one(name), RandomState::new().hash_one(name)];
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (d, e) = ((low >> 48) & 0x3fff, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{:04x}-{e:012x}", d | 0x8000)
}

/// Whether a text has the form of an identifier.
pub(crate) fn is_identifier(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(events: &[&str]) -> Subscription {
        let mut wants = Subscription::default();
        events.iter().for_each(|event| wants.add(event).unwrap());
        wants
    }

    #[test]
    fn registration_has_lambdas_errors() {
        let mut extensions = Extensions::default();
        let id = extensions.register("one", wants(&[])).unwrap();
        assert!(is_identifier(&id) && !is_identifier("zz"), "{id}");
        let again = extensions.register("one", wants(&[])).unwrap_err();
        assert_eq!(again.message, "Extension with this name already registered");
        for number in 1..10 {
            extensions.register(&number.to_string(), wants(&[])).unwrap();
        }
        let eleventh = extensions.register("one", wants(&[])).unwrap_err();
        assert_eq!(
            (eleventh.kind, &*eleventh.message),
            ("Extension.TooManyExtensions", "Extension limit (10) reached")
        );
        extensions.close_registration();
        let late = extensions.register("late", wants(&[])).unwrap_err();
        assert_eq!(late.kind, "Extension.RegistrationClosed");
        let odd = Subscription::default().add("FOO").unwrap_err();
        assert_eq!(odd.message, "FOO: ErrorInvalidEventType");
    }

    #[test]
    fn an_extension_is_told_what_it_asked_for() {
        let mut extensions = Extensions::default();
        let id = extensions.register("one", wants(&["INVOKE", "SHUTDOWN"])).unwrap();
        assert!(!extensions.are_ready());
        let mut told = extensions.next(&id).unwrap();
        assert!(extensions.are_ready());
        assert!(extensions.next(&id).is_err(), "it waits already");
        let event = Bytes::from_static(b"{}");
        extensions.invoke(&event);
        assert_eq!(told.try_recv().unwrap(), Told::Invoke(event.clone()));
        assert!(!extensions.are_ready());
        assert!(extensions.init_error(&id).is_err());
        let mut told = extensions.next(&id).unwrap();
        assert!(extensions.shut_down(&event));
        assert_eq!(told.try_recv().unwrap(), Told::ShutDown(event));
        extensions.exit_error(&id).unwrap();
        extensions.exit_error(&id).unwrap();
        let unknown = extensions.next("00000000-0000-4000-8000-000000000000").unwrap_err();
        assert_eq!(unknown.kind, "Extension.UnknownExtensionIdentifier");
    }

    #[test]
    fn one_that_wants_nothing_waits_for_ever() {
        let mut extensions = Extensions::default();
        let id = extensions.register("helper", wants(&[])).unwrap();
        let mut told = extensions.next(&id).unwrap();
        extensions.invoke(&Bytes::new());
        assert!(!extensions.shut_down(&Bytes::new()));
        assert!(told.try_recv().is_err() && extensions.are_ready());
    }
}
