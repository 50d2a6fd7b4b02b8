//! Runtimes: components that functions which are sources run on. They belong to the node, not
//! to a namespace: whoever administers it installs them, and every namespace may use them.

use bytes::Bytes;
use lambent_types::{
    Digest, Error, ErrorCode, Handler, Runtime, RuntimeName, RuntimeVersion, bounds, format_bytes,
};

use crate::handle::Put;
use crate::operation::Operation;
use crate::records::{Records, Write};
use crate::scope::Scope;
use crate::service::Service;

const RECORDS: &str = "runtimes";
/// Versions of a runtime that are kept. Older ones stay as long as functions use them.
const VERSIONS_KEPT: usize = 5;

impl Service {
    fn runtime_records(&self) -> Result<Records<'_>, Error> {
        Records::of(&*self.stores().keyvalue, RECORDS)
    }

    /// All runtimes by name.
    async fn runtimes(&self) -> Result<Vec<Runtime>, Error> {
        self.runtime_records()?.list("").await
    }

    /// The runtime that serves a name, which may be one of AWS's.
    ///
    /// # Errors
    /// `RuntimeNotFound`, with the nearest name or all there are; the store failed.
    pub(crate) async fn runtime(&self, name: &RuntimeName) -> Result<Runtime, Error> {
        let serving = name.serving();
        if let Some(found) = self.runtime_records()?.get(serving.as_str()).await? {
            return Ok(found);
        }
        Err(not_found(name, &self.runtimes().await?))
    }

    /// Tells the host which components runtimes are. It is for the start, and for every now
    /// and then, since another node may have installed some.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn load_runtimes(&self) -> Result<(), Error> {
        // What is read must not overtake what is read later.
        let _loading = self.runtimes_load.lock().await;
        let all = self.runtimes().await?.into_iter();
        let current = all.filter_map(|runtime| {
            let digest = runtime.current()?.digest;
            Some((runtime.name, digest))
        });
        self.inspect.set_runtimes(current.collect());
        Ok(())
    }

    /// Whether code is of a runtime.
    pub(crate) async fn is_of_runtime(&self, digest: Digest) -> Result<bool, Error> {
        let all = self.runtimes().await?;
        Ok(all.iter().flat_map(|runtime| &runtime.versions).any(|one| one.digest == digest))
    }
}

impl Scope {
    /// All runtimes by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn runtimes(&self) -> Result<Vec<Runtime>, Error> {
        self.perform(Operation::ListRuntimes, "", self.service.runtimes()).await
    }

    /// Reads one runtime; by a name of AWS's the one that serves it.
    ///
    /// # Errors
    /// `InvalidName`, `RuntimeNotFound`; the store failed.
    pub async fn describe_runtime(&self, name: &str) -> Result<Runtime, Error> {
        self.perform(Operation::DescribeRuntime, name, async {
            self.service.runtime(&parse(name)?).await
        })
        .await
    }

    /// Installs a runtime, or a new version of it, which its functions take up. Returns when
    /// it is compiled and stored durably. The same component again changes nothing. `source` is
    /// what it was fetched from, and is kept for whoever looks at it: nothing is fetched here.
    ///
    /// # Errors
    /// `InvalidName`, `Forbidden`, `PayloadTooLarge`, `NotInvocable`, whatever
    /// [`Inspect::prepare`](crate::Inspect::prepare) refuses; the store failed.
    pub async fn install_runtime(
        &self,
        name: &str,
        code: Bytes,
        source: Option<String>,
    ) -> Result<Put<Runtime>, Error> {
        self.perform(Operation::PutRuntime, name, async {
            self.principal().check_may_administer()?;
            let name = parse(name)?;
            if let Some(differs) = name.differs() {
                let serving = name.serving();
                let detail = format!(
                    "\"{name}\" is AWS's name of what \"{serving}\" runs here ({differs}); \
                     install \"{serving}\""
                );
                return Err(Error::new(ErrorCode::InvalidName, detail));
            }
            if name.is_provided() {
                let detail = format!(
                    "\"{name}\" is what programs are deployed with that take their \
                                      events themselves; give the runtime another name"
                );
                return Err(Error::new(ErrorCode::InvalidName, detail));
            }
            let bytes = check_size(&code)?;
            self.stores().space.check()?;
            let digest = digest_of(code.clone()).await?;
            let _hold = self.service.code_in_use.hold(digest).await;
            let inspected = self.service.inspect.prepare(self.namespace(), digest, code.clone());
            if !inspected.await?.handlers.contains(&Handler::Event) {
                let detail = "the component exports no lambent:function/handler, which is what a \
                              runtime is called by";
                return Err(Error::new(ErrorCode::NotInvocable, detail));
            }
            self.stores().code.put(digest, code).await?;
            let installed = self.service.clock.now();
            let version = RuntimeVersion { number: 1, digest, bytes, installed, source };
            let put = self.record_runtime(name, version).await?;
            self.service.load_runtimes().await?;
            Ok(put)
        })
        .await
    }

    async fn record_runtime(
        &self,
        name: RuntimeName,
        version: RuntimeVersion,
    ) -> Result<Put<Runtime>, Error> {
        let records = self.service.runtime_records()?;
        loop {
            let found = records.get_revision::<Runtime>(name.as_str()).await?;
            let created = found.is_none();
            let (mut value, revision) = match found {
                Some((runtime, revision)) => (runtime, Some(revision)),
                None => (Runtime { name: name.clone(), versions: Vec::new() }, None),
            };
            if value.current().is_some_and(|current| current.digest == version.digest) {
                return Ok(Put { value, created });
            }
            let number = value.current().map_or(1, |current| current.number + 1);
            value.versions.push(RuntimeVersion { number, ..version.clone() });
            let old = value.versions.len().saturating_sub(VERSIONS_KEPT);
            let dropped: Vec<_> = value.versions.drain(..old).collect();
            let key = name.as_str().to_owned();
            let write = match revision {
                Some(revision) => Write::replace(key, &value, revision)?,
                None => Write::create(key, &value)?,
            };
            if records.write(&[write]).await? {
                dropped.iter().for_each(|one| self.service.code_in_use.release(one.digest));
                return Ok(Put { value, created });
            }
        }
    }

    /// Deletes a runtime. Functions that run on it keep the version that they were deployed
    /// with; none can be deployed on it any more.
    ///
    /// # Errors
    /// `InvalidName`, `Forbidden`, `RuntimeNotFound`; the store failed.
    pub async fn delete_runtime(&self, name: &str) -> Result<(), Error> {
        self.perform(Operation::DeleteRuntime, name, async {
            self.principal().check_may_administer()?;
            let name = parse(name)?;
            let records = self.service.runtime_records()?;
            let found: Option<Runtime> = records.get(name.as_str()).await?;
            let Some(found) = found else {
                return Err(not_found(&name, &self.service.runtimes().await?));
            };
            records.write(&[Write::Delete(name.as_str().to_owned())]).await?;
            let digests = found.versions.iter().map(|version| version.digest);
            digests.for_each(|digest| self.service.code_in_use.release(digest));
            self.service.load_runtimes().await?;
            self.service.collect_released().await;
            Ok(())
        })
        .await
    }
}

fn parse(text: &str) -> Result<RuntimeName, Error> {
    text.parse().map_err(|error| Error::new(ErrorCode::InvalidName, format!("{error}")))
}

fn check_size(code: &Bytes) -> Result<u64, Error> {
    let bytes = code.len() as u64;
    if bytes <= bounds::CODE_BYTES_MAX {
        return Ok(bytes);
    }
    let detail = format!(
        "the runtime is {}; the most is {}",
        format_bytes(bytes),
        format_bytes(bounds::CODE_BYTES_MAX)
    );
    Err(Error::new(ErrorCode::PayloadTooLarge, detail))
}

fn not_found(name: &RuntimeName, all: &[Runtime]) -> Error {
    let (serving, shown) = (name.serving(), name.as_str());
    let installed: Vec<_> = all.iter().map(|runtime| runtime.name.as_str()).collect();
    let aliases = RuntimeName::aliases().map(|alias| -> &str { alias });
    let names = installed.iter().copied().chain(aliases);
    let nearest = names
        .map(|known| (strsim::jaro_winkler(shown, known), known))
        .filter(|(likeness, known)| *likeness > 0.85 && *known != shown)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let detail = if serving != *name {
        format!("runtime \"{name}\" is served by \"{serving}\", which is not installed here")
    } else if let Some((_, nearest)) = nearest {
        format!("runtime \"{name}\" is not installed here; did you mean \"{nearest}\"?")
    } else {
        format!("runtime \"{name}\" is not installed here")
    };
    let detail = match installed.is_empty() {
        true => format!("{detail}; no runtime is: install one with lambent runtime install"),
        false => format!("{detail}; there are: {}", installed.join(", ")),
    };
    Error::new(ErrorCode::RuntimeNotFound, detail)
}

/// Hashes off the executor: a large component takes a good part of a second.
pub(crate) async fn digest_of(code: Bytes) -> Result<Digest, Error> {
    tokio::task::spawn_blocking(move || Digest::of(&code)).await.map_err(|error| {
        tracing::error!(%error, "hashing failed");
        Error::new(ErrorCode::Internal, "the upload could not be hashed; see the server's log")
    })
}
