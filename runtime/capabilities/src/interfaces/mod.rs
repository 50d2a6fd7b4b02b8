//! The interfaces that functions may import, each in a file or folder of its own with the
//! bindings that are generated from its WIT.

mod blobstore;
mod config;
pub(crate) mod keyvalue;
mod logging;
pub(crate) mod messaging;

use lambent_engine::wasmtime::component::{HasSelf, InstancePre, Linker};
use lambent_engine::{Capability, Host, wasmtime};
use lambent_types::Handler;

use self::blobstore::bindings::wasi::blobstore as buckets;
use self::keyvalue::bindings::{draft, draft2};
use self::messaging::bindings::{MessagingRequestReply, MessagingRequestReplyPre};
use crate::ctx::Ctx;

/// Every interface of this crate.
pub(crate) struct Interfaces;

/// Says what is served: in each row what links, and the names that components have for it.
macro_rules! served {
    ($($($linked:ident)::+: $($name:literal),+;)*) => {
        const SERVED: &[&str] = &[$($($name),+),*];

        fn link(linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
            $($($linked)::+::add_to_linker::<_, HasSelf<Host<Ctx>>>(linker, Host::called)?;)*
            Ok(())
        }
    };
}

served! {
    // One by one: wasi:io, which they need, is the engine's.
    buckets::blobstore: "wasi:blobstore/blobstore@0.2.0-draft";
    buckets::container: "wasi:blobstore/container@0.2.0-draft";
    buckets::types: "wasi:blobstore/types@0.2.0-draft";
    config::draft_2024_09_27::Imports: "wasi:config/store@0.2.0-draft-2024-09-27";
    config::rc1::Imports: "wasi:config/store@0.2.0-rc.1";
    draft::WatchService:
        "wasi:keyvalue/atomics@0.2.0-draft",
        "wasi:keyvalue/batch@0.2.0-draft",
        "wasi:keyvalue/store@0.2.0-draft";
    draft2::WatchService:
        "wasi:keyvalue/atomics@0.2.0-draft2",
        "wasi:keyvalue/batch@0.2.0-draft2",
        "wasi:keyvalue/store@0.2.0-draft2";
    logging::bindings::Imports: "wasi:logging/logging@0.1.0-draft";
    MessagingRequestReply:
        "wasi:messaging/producer@0.2.0-draft",
        "wasi:messaging/request-reply@0.2.0-draft",
        "wasi:messaging/types@0.2.0-draft";
}

impl Capability<Ctx> for Interfaces {
    fn interfaces(&self) -> Vec<String> {
        SERVED.iter().map(|name| (*name).to_owned()).collect()
    }

    fn link(&self, linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
        crate::filesystem::link(linker)?;
        link(linker)
    }

    fn link_async(&self, linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
        crate::filesystem::link_async(linker)
    }

    fn handlers(&self, component: &InstancePre<Host<Ctx>>) -> Vec<Handler> {
        let pre = || component.clone();
        let found = [
            (Handler::Messaging, MessagingRequestReplyPre::new(pre()).is_ok()),
            (Handler::Watcher, draft::WatchServicePre::new(pre()).is_ok()),
            (Handler::Watcher2, draft2::WatchServicePre::new(pre()).is_ok()),
        ];
        found.into_iter().filter(|(_, has)| *has).map(|(handler, _)| handler).collect()
    }
}
