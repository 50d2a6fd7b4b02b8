use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_types::{Error, Namespace, Origin};

use crate::client_errors::being_deleted;
use crate::data_scope::{DataScope, parse};
use crate::handle::Handle;
use crate::namespace_info::NamespaceInfo;
use crate::principal::Principal;
use crate::resource_name::ResourceName;
use crate::service::Service;

/// What a client may do: who asks, in which namespace, and what led to it. All that is
/// done for a client is done through one. Cloning is cheap.
///
/// Stored data is reached through the [`DataScope`] that it is, as functions reach it
/// too.
#[derive(Clone)]
pub struct Scope {
    pub(crate) service: Arc<Service>,
    data: DataScope,
    /// When the namespace was created: what is older was of another of its name.
    created: Timestamp,
}

impl Deref for Scope {
    type Target = DataScope;

    fn deref(&self) -> &DataScope {
        &self.data
    }
}

impl AsRef<Self> for Scope {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsRef<DataScope> for Scope {
    fn as_ref(&self) -> &DataScope {
        &self.data
    }
}

impl Service {
    /// What `principal` may do in `namespace`, or, if it names none, in its own.
    /// `origin` is what led to the request.
    ///
    /// # Errors
    /// `Forbidden`: the namespace is not its own, and whether there is one of that
    /// name is not told. `NamespaceNotFound`; `Conflict`: it is being deleted.
    pub async fn scope(
        self: &Arc<Self>,
        principal: Principal,
        namespace: Option<Namespace>,
        origin: Origin,
    ) -> Result<Scope, Error> {
        let namespace = namespace.unwrap_or_else(|| principal.namespace());
        principal.check_may_enter(&namespace)?;
        let info = self.enter(&namespace).await?;
        if info.deleting {
            return Err(being_deleted(&namespace));
        }
        Ok(Scope::new(Arc::clone(self), principal, info, origin))
    }
}

impl Scope {
    pub(crate) fn new(
        service: Arc<Service>,
        principal: Principal,
        info: NamespaceInfo,
        origin: Origin,
    ) -> Self {
        let NamespaceInfo { name: namespace, created, .. } = info;
        let data = DataScope::new(service.data.clone(), principal, namespace, origin);
        Self { service, data, created }
    }

    /// When the namespace was created, unless it always was: what records tell of
    /// before that was of another of the same name.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        (self.created > Timestamp::UNIX_EPOCH).then_some(self.created)
    }

    /// The handle of a resource, of any kind.
    ///
    /// # Errors
    /// `InvalidName`.
    pub fn handle<N: ResourceName>(&self, name: &str) -> Result<Handle<'_, N>, Error>
    where
        Self: AsRef<N::Scope>,
    {
        Ok(self.named(parse(name)?))
    }

    /// The handle of a resource whose name is known to be one.
    pub(crate) fn named<N: ResourceName>(&self, name: N) -> Handle<'_, N>
    where
        Self: AsRef<N::Scope>,
    {
        Handle::new(self.as_ref(), Cow::Owned(name))
    }
}

impl<'s, N: ResourceName<Scope = Scope>> Handle<'s, N> {
    pub(crate) fn service(&self) -> &'s Service {
        &self.scope().service
    }
}
