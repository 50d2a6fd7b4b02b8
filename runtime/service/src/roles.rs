//! Roles: what AWS's tools make for every function. They are kept as they are told, and what they allow
//! decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use lambent_storage::ResourceError;
use lambent_types::{
    Error, ErrorCode, IdentityPath, PolicyDocument, PolicyName, PolicyReference, Role, RoleName,
};

use crate::client_errors;
use crate::handle::Handle;
use crate::identities::{full, tagged, without};
use crate::operation::Operation;
use crate::random_id::random_id;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::specifications::Specified;

/// Most characters of the policy that says who may assume a role; what IAM raises it to if asked.
const TRUST_CHARS_MAX: usize = 8_192;
/// Most characters of all policies of a role's own; IAM's.
const INLINE_CHARS_MAX: usize = 10_240;
/// Most policies that a role shares; what IAM raises it to if asked.
const ATTACHED_MAX: usize = 25;

/// A role.
pub type RoleHandle<'s> = Handle<'s, RoleName>;

/// What is said of a role that is to be.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// Its name.
    pub name: RoleName,
    /// The path in its ARN.
    pub path: IdentityPath,
    /// Who may assume it.
    pub trust: PolicyDocument,
    /// What it is for.
    pub description: Option<String>,
    /// The longest that temporary keys in its name are good for.
    pub session_seconds_max: u32,
    /// The policy that bounds what the others allow.
    pub boundary: Option<PolicyReference>,
    /// Its labels.
    pub tags: BTreeMap<String, String>,
}

impl ResourceName for RoleName {
    const NOUN: &'static str = "role";
    const NOT_FOUND: ErrorCode = ErrorCode::RoleNotFound;

    type Scope = Scope;
}

impl Specified for RoleName {
    type Specification = Role;

    const LIST: Operation = Operation::ListRoles;
    const DESCRIBE: Operation = Operation::DescribeRole;
    const DELETE: Operation = Operation::DeleteRole;
}

fn check_trust(trust: &PolicyDocument) -> Result<(), Error> {
    match trust.chars() {
        ..=TRUST_CHARS_MAX => Ok(()),
        _ => Err(full("ACLSizePerRole", TRUST_CHARS_MAX)),
    }
}

impl Scope {
    /// Creates a role.
    ///
    /// # Errors
    /// `Conflict`: there is one of its name; `PolicyNotFound` (its boundary), `QuotaExceeded`; the store
    /// failed.
    pub async fn create_role(&self, new: NewRole) -> Result<Role, Error> {
        let (namespace, name) = (self.namespace(), new.name.clone());
        self.perform(Operation::PutRole, name.as_str(), async {
            check_trust(&new.trust)?;
            let _changing = self.service.identities.lock().await;
            if let Some(boundary) = &new.boundary {
                self.check_policy(boundary).await?;
            }
            let NewRole { name, path, trust, description, session_seconds_max, boundary, tags } =
                new;
            let role = Role {
                name,
                id: random_id("AROA", 17)?,
                path,
                created: self.service.clock.now(),
                trust,
                description,
                session_seconds_max,
                boundary,
                tags: tagged(&BTreeMap::new(), tags)?,
                inline: BTreeMap::new(),
                attached: BTreeSet::new(),
            };
            match self.stores().resources.of().replace(namespace, &role, 0).await {
                Ok(()) => Ok(role),
                Err(ResourceError::Conflict) => {
                    let detail = format!("Role with name {} already exists.", role.name);
                    Err(Error::new(ErrorCode::Conflict, detail))
                }
                Err(error) => Err(client_errors::resource(namespace, &role.name, error)),
            }
        })
        .await
    }
}

impl RoleHandle<'_> {
    /// Changes the role as `change` does.
    async fn change(&self, change: impl Fn(&mut Role) -> Result<(), Error>) -> Result<Role, Error> {
        self.change_naming(None, change).await
    }

    /// Changes the role as `change` does, so that it comes to name a policy, if there is that one.
    async fn change_naming(
        &self,
        policy: Option<&PolicyReference>,
        change: impl Fn(&mut Role) -> Result<(), Error>,
    ) -> Result<Role, Error> {
        self.perform(Operation::PutRole, async {
            let (namespace, name) = self.place();
            let roles = self.stores().resources.of::<Role>();
            let _changing = self.service().identities.lock().await;
            if let Some(policy) = policy {
                self.scope().check_policy(policy).await?;
            }
            loop {
                let found = roles.get(namespace, name).await?.ok_or_else(|| self.not_found())?;
                let mut role = found.specification;
                change(&mut role)?;
                match roles.replace(namespace, &role, found.revision).await {
                    Ok(()) => return Ok(role),
                    // Another node changed it meanwhile.
                    Err(ResourceError::Conflict) => {}
                    Err(error) => return Err(client_errors::resource(namespace, name, error)),
                }
            }
        })
        .await
    }

    /// Says what the role is for, and how long its temporary keys may be good for, each if it is given.
    /// An empty description is none.
    ///
    /// # Errors
    /// `RoleNotFound`; the store failed.
    pub async fn update(
        &self,
        description: Option<String>,
        session_seconds_max: Option<u32>,
    ) -> Result<Role, Error> {
        self.change(|role| {
            if let Some(description) = &description {
                role.description = Some(description.clone()).filter(|text| !text.is_empty());
            }
            role.session_seconds_max = session_seconds_max.unwrap_or(role.session_seconds_max);
            Ok(())
        })
        .await
    }

    /// Says who may assume the role.
    ///
    /// # Errors
    /// `RoleNotFound`, `QuotaExceeded` (the document is too long); the store failed.
    pub async fn set_trust(&self, trust: PolicyDocument) -> Result<Role, Error> {
        check_trust(&trust)?;
        self.change(|role| {
            role.trust = trust.clone();
            Ok(())
        })
        .await
    }

    /// Says which policy bounds what the others allow; none, if it is none.
    ///
    /// # Errors
    /// `RoleNotFound`, `PolicyNotFound`; the store failed.
    pub async fn set_boundary(&self, boundary: Option<PolicyReference>) -> Result<Role, Error> {
        self.change_naming(boundary.as_ref(), |role| {
            role.boundary.clone_from(&boundary);
            Ok(())
        })
        .await
    }

    /// Gives the role a policy of its own, or changes the one of its name.
    ///
    /// # Errors
    /// `RoleNotFound`, `QuotaExceeded` (its policies are too long together); the store failed.
    pub async fn put_policy(
        &self,
        name: PolicyName,
        document: PolicyDocument,
    ) -> Result<Role, Error> {
        self.change(|role| {
            role.inline.insert(name.clone(), document.clone());
            let chars: usize = role.inline.values().map(PolicyDocument::chars).sum();
            if chars > INLINE_CHARS_MAX {
                return Err(full("InlinePolicySizePerRole", INLINE_CHARS_MAX));
            }
            Ok(())
        })
        .await
    }

    /// Takes a policy of its own from the role.
    ///
    /// # Errors
    /// `RoleNotFound`, `PolicyNotFound`; the store failed.
    pub async fn delete_policy(&self, name: &PolicyName) -> Result<Role, Error> {
        self.change(|role| {
            let gone = role.inline.remove(name);
            gone.map(|_| ()).ok_or_else(|| no_inline(name))
        })
        .await
    }

    /// Has the role share a policy.
    ///
    /// # Errors
    /// `RoleNotFound`, `PolicyNotFound`, `QuotaExceeded` (it shares too many); the store failed.
    pub async fn attach(&self, policy: PolicyReference) -> Result<Role, Error> {
        self.change_naming(Some(&policy), |role| {
            role.attached.insert(policy.clone());
            if role.attached.len() > ATTACHED_MAX {
                return Err(full("PoliciesPerRole", ATTACHED_MAX));
            }
            Ok(())
        })
        .await
    }

    /// Has the role share a policy no more.
    ///
    /// # Errors
    /// `RoleNotFound`, `PolicyNotFound` (it does not share it); the store failed.
    pub async fn detach(&self, policy: &PolicyReference) -> Result<Role, Error> {
        self.change(|role| {
            if role.attached.remove(policy) {
                return Ok(());
            }
            let detail = format!("role \"{}\" does not share policy \"{policy}\"", role.name);
            Err(Error::new(ErrorCode::PolicyNotFound, detail))
        })
        .await
    }

    /// Sets labels.
    ///
    /// # Errors
    /// `RoleNotFound`, `QuotaExceeded` (it would have too many); the store failed.
    pub async fn tag(&self, tags: BTreeMap<String, String>) -> Result<Role, Error> {
        self.change(|role| {
            role.tags = tagged(&role.tags, tags.clone())?;
            Ok(())
        })
        .await
    }

    /// Takes labels away.
    ///
    /// # Errors
    /// `RoleNotFound`; the store failed.
    pub async fn untag(&self, keys: &[String]) -> Result<Role, Error> {
        self.change(|role| {
            role.tags = without(&role.tags, keys.iter());
            Ok(())
        })
        .await
    }

    /// Deletes the role, unless it has policies.
    ///
    /// # Errors
    /// `RoleNotFound`, `Conflict` (it has policies); the store failed.
    pub async fn delete_bare(&self) -> Result<(), Error> {
        self.perform(Operation::DeleteRole, async {
            let (namespace, name) = self.place();
            let roles = self.stores().resources.of::<Role>();
            let _changing = self.service().identities.lock().await;
            let found = roles.get(namespace, name).await?.ok_or_else(|| self.not_found())?;
            let role = found.specification;
            let left = match (role.attached.is_empty(), role.inline.is_empty()) {
                (false, _) => "must detach all policies first.",
                (true, false) => "must delete policies first.",
                (true, true) => {
                    let deleted = roles.delete(namespace, name).await;
                    return deleted
                        .map_err(|error| client_errors::resource(namespace, name, error));
                }
            };
            Err(Error::new(ErrorCode::Conflict, format!("Cannot delete entity, {left}")))
        })
        .await
    }
}

fn no_inline(name: &PolicyName) -> Error {
    let detail = format!("The role policy with name {name} cannot be found.");
    Error::new(ErrorCode::PolicyNotFound, detail)
}
