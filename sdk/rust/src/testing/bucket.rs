//! Buckets of the host in a test, in the place of the bindings of `wasi:blobstore`.

use super::host::{self, Object, Shared, lock};
use super::limits;

pub(crate) mod blobstore {
    use super::container::Container;
    use super::{host, lock};

    pub(crate) fn get_container(name: &str) -> Result<Container, String> {
        let state = host::current()?;
        let is_granted = lock(&state).buckets.contains_key(name);
        let container = Container { state, name: name.to_owned() };
        if is_granted { Ok(container) } else { Err(container.denied()) }
    }
}

pub(crate) mod container {
    use std::collections::BTreeMap;
    use std::time::UNIX_EPOCH;

    use super::types::{IncomingValue, OutgoingValue};
    use super::{Object, Shared, limits, lock};

    #[derive(Debug, Clone)]
    pub(crate) struct Container {
        pub(super) state: Shared,
        pub(super) name: String,
    }

    #[derive(Debug)]
    pub(crate) struct ObjectMetadata {
        pub(crate) created_at: u64,
        pub(crate) size: u64,
    }

    /// The names that were not read yet.
    #[derive(Debug)]
    pub(crate) struct StreamObjectNames(std::cell::RefCell<Vec<String>>);

    impl StreamObjectNames {
        pub(crate) fn read_stream_object_names(
            &self,
            most: u64,
        ) -> Result<(Vec<String>, bool), String> {
            let mut left = self.0.borrow_mut();
            let count = left.len().min(usize::try_from(most).unwrap_or(usize::MAX));
            let names = left.drain(..count).collect();
            Ok((names, left.is_empty()))
        }
    }

    type Objects = BTreeMap<String, Object>;

    impl Container {
        pub(crate) fn get_data(
            &self,
            key: &str,
            start: u64,
            end: u64,
        ) -> Result<IncomingValue, String> {
            self.read(|objects| {
                let bytes = &found(objects, key)?.bytes;
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                let part = place(start)..place(end.saturating_add(1));
                Ok(IncomingValue(bytes[part].to_vec()))
            })
        }

        pub(crate) fn write_data(&self, key: &str, value: &OutgoingValue) -> Result<(), String> {
            if key.is_empty() || key.len() > limits::OBJECT_KEY {
                let (bytes, most) = (key.len(), limits::OBJECT_KEY);
                return Err(format!("the key has {bytes} bytes; 1 to {most} are taken"));
            }
            self.write(|_| ())?;
            let (container, key) = (self.clone(), key.to_owned());
            value.to(Box::new(move |object| {
                container.write(|objects| {
                    objects.insert(key, object);
                })
            }));
            Ok(())
        }

        pub(crate) fn object_info(&self, key: &str) -> Result<ObjectMetadata, String> {
            self.read(|objects| {
                let object = found(objects, key)?;
                let created = object.created.duration_since(UNIX_EPOCH).unwrap_or_default();
                Ok(ObjectMetadata {
                    created_at: created.as_secs(),
                    size: object.bytes.len() as u64,
                })
            })
        }

        pub(crate) fn has_object(&self, key: &str) -> Result<bool, String> {
            self.read(|objects| Ok(objects.contains_key(key)))
        }

        pub(crate) fn delete_object(&self, key: &str) -> Result<(), String> {
            self.write(|objects| {
                objects.remove(key);
            })
        }

        pub(crate) fn list_objects(&self) -> Result<StreamObjectNames, String> {
            self.read(|objects| {
                let names: Vec<_> = objects.keys().cloned().collect();
                Ok(StreamObjectNames(names.into()))
            })
        }

        pub(super) fn denied(&self) -> String {
            format!("bucket {:?} was not granted for this", self.name)
        }

        fn read<T>(&self, read: impl FnOnce(&Objects) -> Result<T, String>) -> Result<T, String> {
            let state = lock(&self.state);
            let bucket = state.buckets.get(&self.name).filter(|granted| granted.access.reads());
            read(&bucket.ok_or_else(|| self.denied())?.content)
        }

        fn write<T>(&self, write: impl FnOnce(&mut Objects) -> T) -> Result<T, String> {
            let mut state = lock(&self.state);
            let bucket = state.buckets.get_mut(&self.name);
            let bucket = bucket.filter(|granted| granted.access.writes());
            Ok(write(&mut bucket.ok_or_else(|| self.denied())?.content))
        }
    }

    fn found<'o>(objects: &'o Objects, key: &str) -> Result<&'o Object, String> {
        objects.get(key).ok_or_else(|| format!("there is no object {key:?}"))
    }
}

pub(crate) mod types {
    use std::cell::RefCell;
    use std::fmt;
    use std::rc::Rc;
    use std::time::SystemTime;

    use super::Object;
    use super::streams::{InputStream, OutputStream};

    /// What is read of an object.
    #[derive(Debug)]
    pub(crate) struct IncomingValue(pub(super) Vec<u8>);

    impl IncomingValue {
        pub(crate) fn size(&self) -> u64 {
            self.0.len() as u64
        }

        pub(crate) fn incoming_value_consume_async(value: Self) -> Result<InputStream, String> {
            Ok(InputStream::new(value.0))
        }
    }

    /// Takes what is written in the end.
    type Target = Box<dyn FnOnce(Object) -> Result<(), String>>;

    pub(crate) struct OutgoingValue {
        bytes: Rc<RefCell<Vec<u8>>>,
        target: RefCell<Option<Target>>,
    }

    impl fmt::Debug for OutgoingValue {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter
                .debug_struct("OutgoingValue")
                .field("bytes", &self.bytes)
                .finish_non_exhaustive()
        }
    }

    impl OutgoingValue {
        pub(crate) fn new_outgoing_value() -> Self {
            Self { bytes: Rc::default(), target: RefCell::new(None) }
        }

        #[expect(clippy::unnecessary_wraps, reason = "as the bindings have it")]
        pub(crate) fn outgoing_value_write_body(&self) -> Result<OutputStream, ()> {
            Ok(OutputStream(self.bytes.clone()))
        }

        pub(super) fn to(&self, target: Target) {
            self.target.replace(Some(target));
        }

        pub(crate) fn finish(value: Self) -> Result<(), String> {
            let target = value.target.into_inner();
            let target = target.ok_or("the value was not given to write-data")?;
            target(Object { bytes: value.bytes.take(), created: SystemTime::now() })
        }
    }
}

pub(crate) mod streams {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    /// A host in memory has no such failures.
    #[derive(Debug)]
    pub(crate) enum Failure {}

    impl Failure {
        pub(crate) fn to_debug_string(&self) -> String {
            match *self {}
        }
    }

    #[derive(Debug)]
    pub(crate) enum StreamError {
        #[expect(dead_code, reason = "the bindings have it")]
        LastOperationFailed(Failure),
        Closed,
    }

    #[derive(Debug)]
    pub(crate) struct InputStream {
        bytes: Vec<u8>,
        read: Cell<usize>,
    }

    impl InputStream {
        pub(super) fn new(bytes: Vec<u8>) -> Self {
            Self { bytes, read: Cell::new(0) }
        }

        pub(crate) fn blocking_read(&self, most: u64) -> Result<Vec<u8>, StreamError> {
            let left = &self.bytes[self.read.get()..];
            if left.is_empty() {
                return Err(StreamError::Closed);
            }
            let count = left.len().min(usize::try_from(most).unwrap_or(usize::MAX));
            self.read.set(self.read.get() + count);
            Ok(left[..count].to_vec())
        }
    }

    #[derive(Debug)]
    pub(crate) struct OutputStream(pub(super) Rc<RefCell<Vec<u8>>>);

    /// Nothing has to be waited for.
    #[derive(Debug)]
    pub(crate) struct Pollable;

    impl Pollable {
        pub(crate) fn block(&self) {}
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the bindings have them")]
    impl OutputStream {
        pub(crate) fn check_write(&self) -> Result<u64, StreamError> {
            Ok(64 << 10)
        }

        pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), StreamError> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(())
        }

        pub(crate) fn blocking_flush(&self) -> Result<(), StreamError> {
            Ok(())
        }

        pub(crate) fn subscribe(&self) -> Pollable {
            Pollable
        }
    }
}
