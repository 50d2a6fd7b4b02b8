//! What is changed in the crates that do not work on WASI as they are published.
//!
//! Each change is a text that is found once in a file, and what stands there instead. It holds
//! only for WASI, so a crate that is also compiled for the machine itself stays as it is there.

use cargo_metadata::semver::Version;

use crate::error::BuildError;

/// What is changed in a crate.
#[derive(Debug)]
pub(super) struct Patch {
    /// The name of the crate.
    pub(super) name: &'static str,
    /// The first version that has what the changes build on.
    pub(super) since: Version,
    /// What earlier versions lack.
    pub(super) lack: &'static str,
    /// Whether nothing that has the crate works without the changes.
    pub(super) is_needed: bool,
    pub(super) edits: &'static [Edit],
}

/// A change of one place.
#[derive(Debug)]
pub(super) struct Edit {
    /// The file, from the folder of the crate.
    pub(super) file: &'static str,
    find: &'static str,
    replace: &'static str,
}

pub(super) static PATCHES: [Patch; 3] = [
    Patch {
        name: "socket2",
        since: Version::new(0, 6, 3),
        lack: "does not compile for WASI",
        is_needed: true,
        edits: &[
            // wasi-libc refuses `fcntl` on a socket that is not connected yet.
            Edit {
                file: "src/sys/unix.rs",
                find: "fn set_nonblocking(fd: RawSocket, nonblocking: bool) -> io::Result<()> {\n    if ",
                replace: "fn set_nonblocking(fd: RawSocket, nonblocking: bool) -> io::Result<()> {\n    \
                    #[cfg(target_os = \"wasi\")]\n    \
                    return syscall!(ioctl(fd, libc::FIONBIO, &mut c_int::from(nonblocking))).map(drop);\n    \
                    #[cfg(not(target_os = \"wasi\"))]\n    if ",
            },
        ],
    },
    Patch {
        name: "tokio",
        since: Version::new(1, 51, 0),
        lack: "has no connections on WASI",
        is_needed: true,
        edits: &[
            // The features of the project compile; what needs a process or a signal is left out.
            Edit {
                file: "src/lib.rs",
                find: "compile_error!(\"Only features sync,macros,io-util,rt,time are supported on wasm.\");",
                replace: "const _: () = assert!(cfg!(target_os = \"wasi\"));",
            },
            // There are no threads: `#[tokio::main]` runs all tasks on the one that there is.
            Edit {
                file: "src/runtime/builder.rs",
                find: "            Kind::MultiThread => self.build_threaded_runtime(),",
                replace: "            Kind::MultiThread if cfg!(target_os = \"wasi\") => \
                    self.build_current_thread_runtime(),\n            \
                    #[cfg(feature = \"rt-multi-thread\")]\n            \
                    Kind::MultiThread => self.build_threaded_runtime(),",
            },
            // So what may block, does: `spawn_blocking`, and the files that go by it.
            Edit {
                file: "src/runtime/blocking/pool.rs",
                find: "fn spawn_task(&self, task: Task, rt: &Handle) -> Result<(), SpawnError> {\n",
                replace: "fn spawn_task(&self, task: Task, rt: &Handle) -> Result<(), SpawnError> {\n        \
                    if cfg!(target_os = \"wasi\") {\n            \
                    let _enter = rt.enter();\n            task.run();\n            \
                    return Ok(());\n        }\n",
            },
            Edit {
                file: "src/task/blocking.rs",
                find: "        crate::runtime::scheduler::block_in_place(f)\n",
                replace: "        if cfg!(target_os = \"wasi\") {\n            return f();\n        }\n        \
                    crate::runtime::scheduler::block_in_place(f)\n",
            },
        ],
    },
    // Its futures wait in the loop of its own `block_on`, and fail without one. Clients of
    // `wasi:http`, such as that of the AWS SDK, wait by them in tokio's runtime too.
    Patch {
        name: "wstd",
        since: Version::new(0, 6, 5),
        lack: "waits in its own loop alone",
        is_needed: false,
        edits: &[
            Edit {
                file: "src/runtime/reactor.rs",
                find: "                .expect(\"Reactor::current must be called within a wstd runtime\")\n                .clone()\n",
                replace: "                .cloned()\n                .unwrap_or_else(|| OUTSIDE.with(Clone::clone))\n",
            },
            Edit {
                file: "src/runtime/reactor.rs",
                find: "#[derive(Debug, PartialEq, Eq, Hash, Clone)]\nstruct Waitee {",
                replace: OUTSIDE_OF_BLOCK_ON,
            },
            Edit {
                file: "src/runtime/reactor.rs",
                find: "            self.as_mut().needs_deregistration = true;\n            Poll::Pending\n",
                replace: "            let again = std::mem::replace(&mut self.needs_deregistration, true);\n            \
                    reactor.wait_outside(again, cx, || self.waitee.clone())\n",
            },
        ],
    },
];

/// Another runtime polls a future again and again until it is ready. The first time it goes on
/// with what else there is to do, so that requests of several futures are all on their way; then
/// the program waits for any of them, and no longer than the timers of that runtime can wait.
const OUTSIDE_OF_BLOCK_ON: &str = r"std::thread_local! {
    static OUTSIDE: Reactor = Reactor::new();
}

impl Reactor {
    fn wait_outside(
        &self,
        again: bool,
        cx: &mut Context<'_>,
        waitee: impl FnOnce() -> Waitee,
    ) -> Poll<()> {
        if REACTOR.with(|r| r.borrow().is_some()) {
            return Poll::Pending;
        }
        // Those that are ready now: one that waits is ready again at once.
        let ready: Vec<_> = std::iter::from_fn(|| self.pop_ready_list()).collect();
        for runnable in ready {
            runnable.run();
        }
        if again {
            let timer = wasip2::clocks::monotonic_clock::subscribe_duration(5_000_000);
            self.check_pollables(|targets| {
                let mut all = targets.to_vec();
                all.push(&timer);
                let mut ready = wasip2::io::poll::poll(&all);
                ready.retain(|index| *index as usize != targets.len());
                ready
            });
            if self.ready(&waitee(), cx.waker()) {
                return Poll::Ready(());
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[derive(Debug, PartialEq, Eq, Hash, Clone)]
struct Waitee {";

impl Patch {
    /// Whether a version can be changed so that it works. If not, that is told with the way by
    /// which the crate came.
    ///
    /// # Errors
    /// It is older than the first that can.
    pub(super) fn check(&self, version: &Version, way: &str) -> Result<(), BuildError> {
        let Self { name, since, lack, .. } = self;
        if version >= since {
            return Ok(());
        }
        let is_compatible =
            version.major == since.major && (version.major > 0 || version.minor == since.minor);
        let help = if is_compatible {
            format!("run: cargo update -p {name}@{version}")
        } else {
            "take a newer version of what brings it, or leave that out".to_owned()
        };
        Err(BuildError::Project(format!(
            "{name} {version} {lack}, {since} is the first that works; it comes by {way}; {help}"
        )))
    }

    /// The text of a file as it is to be, if it is changed.
    ///
    /// # Errors
    /// The places are not in it once each.
    pub(super) fn apply(
        &self,
        version: &Version,
        file: &str,
        text: &str,
    ) -> Result<String, BuildError> {
        let mut changed = text.to_owned();
        for edit in self.edits.iter().filter(|edit| edit.file == file) {
            if changed.matches(edit.find).count() != 1 {
                let Self { name, .. } = self;
                return Err(BuildError::Project(format!(
                    "{name} {version} is not known: {file} differs from the versions that this \
                     lambent can make work on WASI; take a newer lambent, or pin an older \
                     {name}: cargo update -p {name} --precise VERSION"
                )));
            }
            changed = changed.replacen(edit.find, edit.replace, 1);
        }
        Ok(changed)
    }

    /// All that decides what becomes of a crate, for a name of the result.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.edits.iter().flat_map(|edit| [edit.file, edit.find, edit.replace])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_too_old_is_told_with_what_helps() {
        let [socket2, tokio, _] = &PATCHES;
        tokio.check(&Version::new(1, 51, 0), "").unwrap();
        let error =
            |patch: &Patch, version| patch.check(&version, "a → b").unwrap_err().to_string();
        let old = error(tokio, Version::new(1, 47, 1));
        assert!(old.contains("has no connections on WASI, 1.51.0"), "{old}");
        assert!(old.ends_with("it comes by a → b; run: cargo update -p tokio@1.47.1"), "{old}");
        assert!(error(socket2, Version::new(0, 6, 2)).ends_with("cargo update -p socket2@0.6.2"));
        // No update leads from there to one that works.
        let other = error(socket2, Version::new(0, 5, 10));
        assert!(other.ends_with("a newer version of what brings it, or leave that out"), "{other}");
    }

    #[test]
    fn a_source_without_the_place_is_told_with_its_version() {
        for patch in &PATCHES {
            let [edit, ..] = patch.edits else { panic!("{patch:?}") };
            let version = Version::new(9, 9, 9);
            let edits = || patch.edits.iter().filter(|other| other.file == edit.file);
            let once: String = edits().map(|edit| edit.find).collect();
            let changed = patch.apply(&version, edit.file, &once).unwrap();
            assert_eq!(changed, edits().map(|edit| edit.replace).collect::<String>());
            for text in ["", &format!("{once}{once}")] {
                let error = patch.apply(&version, edit.file, text).unwrap_err().to_string();
                assert!(error.starts_with(&format!("{} 9.9.9", patch.name)), "{error}");
                assert!(error.contains(edit.file), "{error}");
            }
        }
    }
}
