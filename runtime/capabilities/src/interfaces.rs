use lambent_engine::wasmtime::component::{HasSelf, InstancePre, Linker};
use lambent_engine::{Capability, Host, wasmtime};
use lambent_types::Handler;

use crate::bindings::{config_2024_09_27, config_rc1, logging};
use crate::blobstore::bindings::wasi::blobstore;
use crate::ctx::Ctx;
use crate::keyvalue::bindings::{draft, draft2};
use crate::messaging::bindings as messaging;

/// Every interface of this crate.
pub(crate) struct Interfaces;

/// What is served, as components name it.
const SERVED: &[&str] = &[
    "wasi:blobstore/blobstore@0.2.0-draft",
    "wasi:blobstore/container@0.2.0-draft",
    "wasi:blobstore/types@0.2.0-draft",
    "wasi:config/store@0.2.0-draft-2024-09-27",
    "wasi:config/store@0.2.0-rc.1",
    "wasi:keyvalue/atomics@0.2.0-draft",
    "wasi:keyvalue/atomics@0.2.0-draft2",
    "wasi:keyvalue/batch@0.2.0-draft",
    "wasi:keyvalue/batch@0.2.0-draft2",
    "wasi:keyvalue/store@0.2.0-draft",
    "wasi:keyvalue/store@0.2.0-draft2",
    "wasi:logging/logging@0.1.0-draft",
    "wasi:messaging/producer@0.2.0-draft",
    "wasi:messaging/request-reply@0.2.0-draft",
    "wasi:messaging/types@0.2.0-draft",
];

type Own = HasSelf<Host<Ctx>>;

impl Capability<Ctx> for Interfaces {
    fn interfaces(&self) -> Vec<String> {
        SERVED.iter().map(|name| (*name).to_owned()).collect()
    }

    fn link(&self, linker: &mut Linker<Host<Ctx>>) -> wasmtime::Result<()> {
        // One by one: wasi:io is the engine's.
        blobstore::types::add_to_linker::<_, Own>(linker, Host::called)?;
        blobstore::container::add_to_linker::<_, Own>(linker, Host::called)?;
        blobstore::blobstore::add_to_linker::<_, Own>(linker, Host::called)?;
        config_rc1::Imports::add_to_linker::<_, Own>(linker, Host::called)?;
        config_2024_09_27::Imports::add_to_linker::<_, Own>(linker, Host::called)?;
        draft::WatchService::add_to_linker::<_, Own>(linker, Host::called)?;
        draft2::WatchService::add_to_linker::<_, Own>(linker, Host::called)?;
        logging::Imports::add_to_linker::<_, Own>(linker, Host::called)?;
        messaging::MessagingRequestReply::add_to_linker::<_, Own>(linker, Host::called)
    }

    fn handlers(&self, component: &InstancePre<Host<Ctx>>) -> Vec<Handler> {
        let pre = || component.clone();
        let found = [
            (Handler::Messaging, messaging::MessagingRequestReplyPre::new(pre()).is_ok()),
            (Handler::Watcher, draft::WatchServicePre::new(pre()).is_ok()),
            (Handler::Watcher2, draft2::WatchServicePre::new(pre()).is_ok()),
        ];
        found.into_iter().filter(|(_, has)| *has).map(|(handler, _)| handler).collect()
    }
}
