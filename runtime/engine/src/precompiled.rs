//! Components that were compiled before, by this crate in whatever process, as bytes: what a
//! host without a compiler loads.
//!
//! Machine code runs with all rights of the process that loads it, so before it is loaded it is
//! checked that it was made by this version, for this machine, is whole, and was signed with a
//! key that only they have who may make it.

use std::path::Path;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::compile::CompileError;
use crate::component::Component;
use crate::engine::Engine;
use crate::error::LoadError;

/// What the bytes begin with; the last is the version of what follows.
const MAGIC: &[u8; 8] = b"lambent\x01";
/// What made them, and what they are for.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The MAC of those that are not signed.
const UNSIGNED: [u8; 32] = [0; 32];

/// Why bytes are not loaded as a precompiled component.
#[derive(Debug, thiserror::Error)]
pub enum PrecompiledError {
    /// The file cannot be read.
    #[error("the precompiled component cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// They are something else.
    #[error("these bytes are not a precompiled component{hint}")]
    NotPrecompiled {
        /// What they look like, if that is known.
        hint: &'static str,
    },
    /// Another version of this crate made them.
    #[error(
        "it was precompiled by version {found} of lambent-engine, and this is {VERSION}; precompile it again"
    )]
    Version {
        /// The version that made them.
        found: String,
    },
    /// They are for another machine.
    #[error("it was precompiled for {found}, and this is {}", target())]
    Target {
        /// What they are for.
        found: String,
    },
    /// A part is missing, or there is more than that.
    #[error("it should have {declared} bytes of code and has {found}; it was not copied whole")]
    Length {
        /// Bytes that there should be.
        declared: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// They carry no signature.
    #[error("it is not signed; make it with `precompile_signed` and this key")]
    Unsigned,
    /// They were changed, or signed with another key.
    #[error("its signature is not by this key: it was changed, or signed with another")]
    Forged,
    /// They are what they should be, and cannot be used here: for want of a feature of the CPU, or
    /// of an import.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl<T: Send + 'static> Engine<T> {
    /// Compiles a component, or a core module that is adapted first, to bytes that engines of the
    /// same version of this crate load on machines of the same kind, without a signature: whoever
    /// loads them has to know that they are these.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub async fn precompile(&self, wasm: impl Into<Bytes>) -> Result<Vec<u8>, CompileError> {
        let code = self.code(wasm.into()).await?;
        Ok(pack(&code, None))
    }

    /// Does what [`precompile`](Self::precompile) does, and signs the bytes with a key (HMAC with
    /// SHA-256), which has to be a secret of those who compile and those who load.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub async fn precompile_signed(
        &self,
        wasm: impl Into<Bytes>,
        key: &[u8; 32],
    ) -> Result<Vec<u8>, CompileError> {
        let code = self.code(wasm.into()).await?;
        Ok(pack(&code, Some(key)))
    }

    /// Makes a component that was precompiled ready to run, if it was signed with this key.
    ///
    /// # Errors
    /// See [`PrecompiledError`].
    pub fn load_signed(
        &self,
        bytes: &[u8],
        key: &[u8; 32],
    ) -> Result<Component<T>, PrecompiledError> {
        let code = unpack(bytes)?.verified(key)?;
        // SAFETY: it is what somebody who has the key has compiled.
        Ok(unsafe { self.deserialize(code) }?)
    }

    /// Does what [`load_signed`](Self::load_signed) does, with a file.
    ///
    /// # Errors
    /// See [`PrecompiledError`].
    pub fn load_signed_file(
        &self,
        path: impl AsRef<Path>,
        key: &[u8; 32],
    ) -> Result<Component<T>, PrecompiledError> {
        self.load_signed(&std::fs::read(path)?, key)
    }

    /// Makes a component that was precompiled ready to run, whether or not it was signed.
    ///
    /// # Safety
    /// The bytes must be what [`precompile`](Self::precompile) or
    /// [`precompile_signed`](Self::precompile_signed) returned, unchanged. They are machine code:
    /// whoever makes others can do what this process can.
    ///
    /// # Errors
    /// See [`PrecompiledError`]: that they are of another version, for another machine or not
    /// whole is noticed, not that they were changed.
    pub unsafe fn load_unverified(&self, bytes: &[u8]) -> Result<Component<T>, PrecompiledError> {
        let code = unpack(bytes)?.code;
        // SAFETY: promised by the caller.
        Ok(unsafe { self.deserialize(code) }?)
    }
}

/// The kind of machine that code of this build runs on.
fn target() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

/// What bytes consist of.
struct Unpacked<'a> {
    /// All before the signature.
    head: &'a [u8],
    signature: &'a [u8],
    code: &'a [u8],
}

impl<'a> Unpacked<'a> {
    /// The code, if it was signed with this key.
    fn verified(&self, key: &[u8; 32]) -> Result<&'a [u8], PrecompiledError> {
        if self.signature == UNSIGNED {
            return Err(PrecompiledError::Unsigned);
        }
        let signed = mac(key, self.head, self.code).verify_slice(self.signature);
        signed.map_err(|_| PrecompiledError::Forged)?;
        Ok(self.code)
    }
}

fn pack(code: &[u8], key: Option<&[u8; 32]>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for text in [VERSION, &target()] {
        // Both are short.
        bytes.push(text.len() as u8);
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&(code.len() as u64).to_le_bytes());
    let signature = key.map(|key| mac(key, &bytes, code).finalize().into_bytes().into());
    bytes.extend_from_slice(&signature.unwrap_or(UNSIGNED));
    bytes.extend_from_slice(code);
    bytes
}

fn unpack(bytes: &[u8]) -> Result<Unpacked<'_>, PrecompiledError> {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return Err(PrecompiledError::NotPrecompiled { hint: hint(bytes) });
    };
    let cut = || PrecompiledError::NotPrecompiled { hint: ": it ends within its head" };
    let found = text(&mut rest).ok_or_else(cut)?;
    if found != VERSION {
        return Err(PrecompiledError::Version { found });
    }
    let found = text(&mut rest).ok_or_else(cut)?;
    if found != target() {
        return Err(PrecompiledError::Target { found });
    }
    let (declared, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let head = &bytes[..bytes.len() - rest.len()];
    let (signature, code) = rest.split_at_checked(UNSIGNED.len()).ok_or_else(cut)?;
    let (declared, found) = (u64::from_le_bytes(*declared), code.len() as u64);
    if declared != found {
        return Err(PrecompiledError::Length { declared, found });
    }
    Ok(Unpacked { head, signature, code })
}

/// A text with its length before it.
fn text(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first()?;
    let (text, after) = after.split_at_checked(usize::from(*length))?;
    *rest = after;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn hint(bytes: &[u8]) -> &'static str {
    match bytes {
        [] => ": there are none",
        [0, b'a', b's', b'm', ..] => ", but WebAssembly, which is to be compiled first",
        [0x7f, b'E', b'L', b'F', ..] => {
            ", but machine code as wasmtime or `Engine::compile` writes it"
        }
        _ => "",
    }
}

fn mac(key: &[u8; 32], head: &[u8], code: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of 32 bytes");
    mac.update(head);
    mac.update(code);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn what_was_signed_is_read_again_and_nothing_else() {
        let bytes = pack(b"code", Some(&KEY));
        assert_eq!(unpack(&bytes).unwrap().verified(&KEY).unwrap(), b"code");
        let forged = |bytes: &[u8], key: &[u8; 32]| {
            unpack(bytes).and_then(|it| it.verified(key).map(<[u8]>::len)).is_err()
        };
        assert!(forged(&bytes, &[8; 32]));
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert!(forged(&changed, &KEY), "byte {position}");
            assert!(forged(&bytes[..position], &KEY), "{position} bytes");
        }
        assert!(forged(&[&bytes[..], b"x"].concat(), &KEY));
    }

    #[test]
    fn each_fault_has_its_error() {
        let fault = |bytes: &[u8]| {
            unpack(bytes).and_then(|it| it.verified(&KEY).map(<[u8]>::len)).unwrap_err()
        };
        let bytes = pack(b"code", Some(&KEY));
        let replaced = |from: &str, to: &str| {
            assert_eq!(from.len(), to.len());
            let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
            let mut replaced = bytes.clone();
            replaced[at..at + to.len()].copy_from_slice(to.as_bytes());
            replaced
        };
        let version = fault(&replaced(VERSION, &"9".repeat(VERSION.len())));
        assert!(matches!(version, PrecompiledError::Version { .. }), "{version}");
        let target = fault(&replaced(&target(), &"z".repeat(target().len())));
        assert!(matches!(target, PrecompiledError::Target { .. }), "{target}");
        let cut = fault(&bytes[..bytes.len() - 1]);
        assert!(matches!(cut, PrecompiledError::Length { declared: 4, found: 3 }), "{cut}");
        assert!(matches!(fault(&replaced("code", "evil")), PrecompiledError::Forged));
        assert!(matches!(fault(&pack(b"code", None)), PrecompiledError::Unsigned));
        assert!(fault(b"\0asm\x0d\0\x01\0").to_string().contains("compiled first"));
        assert!(fault(b"").to_string().contains("there are none"));
    }
}
