use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An invocation in a test: what a handler's [`Context`](crate::Context) tells.
///
/// By default it is of version `$LATEST` of the function `function` in the namespace `default`, with
/// the limits that a function has by default: 3 s, 128 MiB and 10 billion fuel, of which none is
/// used.
#[derive(Debug, Clone)]
#[must_use = "a handler is given its context"]
pub struct Invocation {
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) function: String,
    pub(crate) version: String,
    pub(crate) alias: Option<String>,
    pub(crate) deadline: SystemTime,
    pub(crate) memory_limit: u64,
    pub(crate) fuel_left: u64,
    pub(crate) trace_parent: Option<String>,
    pub(crate) principal: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Default for Invocation {
    fn default() -> Self {
        Self::new()
    }
}

impl Invocation {
    /// Makes one that has begun now.
    pub fn new() -> Self {
        Self {
            id: "00000000-0000-7000-8000-000000000000".into(),
            namespace: "default".into(),
            function: "function".into(),
            version: "$LATEST".into(),
            alias: None,
            deadline: SystemTime::now() + Duration::from_secs(3),
            memory_limit: 128 << 20,
            fuel_left: 10_000_000_000,
            trace_parent: None,
            principal: None,
            attributes: BTreeMap::new(),
        }
    }

    /// Sets the id.
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: id.into(), ..self }
    }

    /// Sets the namespace.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    /// Sets the function's name.
    pub fn function(self, function: impl Into<String>) -> Self {
        Self { function: function.into(), ..self }
    }

    /// Sets the version, and the alias that it is called by.
    pub fn version(self, version: impl Into<String>, alias: Option<&str>) -> Self {
        Self { version: version.into(), alias: alias.map(str::to_owned), ..self }
    }

    /// Sets how long it may take from now on.
    pub fn time_left(self, time: Duration) -> Self {
        Self { deadline: SystemTime::now() + time, ..self }
    }

    /// Sets the memory that it may use.
    pub fn memory_limit(self, bytes: u64) -> Self {
        Self { memory_limit: bytes, ..self }
    }

    /// Sets the fuel that is left.
    pub fn fuel_left(self, fuel: u64) -> Self {
        Self { fuel_left: fuel, ..self }
    }

    /// Sets the trace to continue.
    pub fn trace_parent(self, parent: impl Into<String>) -> Self {
        Self { trace_parent: Some(parent.into()), ..self }
    }

    /// Sets who called.
    pub fn principal(self, principal: impl Into<String>) -> Self {
        Self { principal: Some(principal.into()), ..self }
    }

    /// Adds what the door told.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    pub(crate) fn deadline_nanoseconds(&self) -> u64 {
        let since = self.deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}
