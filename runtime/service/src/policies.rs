//! Policies that roles share. They are kept as they are told, and decide nothing.

use std::collections::BTreeMap;

use lambent_storage::ResourceError;
use lambent_types::{
    Error, ErrorCode, IdentityPath, Policy, PolicyDocument, PolicyName, PolicyReference,
    PolicyVersion, Role, RoleName,
};

use crate::client_errors;
use crate::handle::Handle;
use crate::identities::{full, tagged, without};
use crate::operation::Operation;
use crate::random_id::random_id;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::specifications::Specified;

/// Most characters of a policy; IAM's.
const CHARS_MAX: usize = 6_144;
/// Most versions of a policy; IAM's.
const VERSIONS_MAX: usize = 5;

/// A policy.
pub type PolicyHandle<'s> = Handle<'s, PolicyName>;

/// What is said of a policy that is to be.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// Its name.
    pub name: PolicyName,
    /// The path in its ARN.
    pub path: IdentityPath,
    /// What it says.
    pub document: PolicyDocument,
    /// What it is for.
    pub description: Option<String>,
    /// Its labels.
    pub tags: BTreeMap<String, String>,
}

/// How many roles have a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyUse {
    /// As one of those that say what they may do.
    pub attached: usize,
    /// As the one that bounds the others.
    pub boundary: usize,
}

impl ResourceName for PolicyName {
    const NOUN: &'static str = "policy";
    const NOT_FOUND: ErrorCode = ErrorCode::PolicyNotFound;

    type Scope = Scope;
}

impl Specified for PolicyName {
    type Specification = Policy;

    const LIST: Operation = Operation::ListPolicies;
    const DESCRIBE: Operation = Operation::DescribePolicy;
    const DELETE: Operation = Operation::DeletePolicy;
}

fn check_document(document: &PolicyDocument) -> Result<(), Error> {
    match document.chars() {
        ..=CHARS_MAX => Ok(()),
        _ => Err(full("PolicySize", CHARS_MAX)),
    }
}

impl Scope {
    /// Creates a policy, with a first version.
    ///
    /// # Errors
    /// `Conflict`: there is one of its name; `QuotaExceeded`; the store failed.
    pub async fn create_policy(&self, new: NewPolicy) -> Result<Policy, Error> {
        let (namespace, name) = (self.namespace(), new.name.clone());
        self.perform(Operation::PutPolicy, name.as_str(), async {
            check_document(&new.document)?;
            let NewPolicy { name, path, document, description, tags } = new;
            let created = self.service.clock.now();
            let policy = Policy {
                name,
                id: random_id("ANPA", 17)?,
                path,
                created,
                updated: created,
                description,
                tags: tagged(&BTreeMap::new(), tags)?,
                default_version: 1,
                last_version: 1,
                versions: vec![PolicyVersion { number: 1, document, created }],
            };
            match self.stores().resources.of().replace(namespace, &policy, 0).await {
                Ok(()) => Ok(policy),
                Err(ResourceError::Conflict) => {
                    let detail = format!(
                        "A policy called {} already exists. Duplicate names are not allowed.",
                        policy.name
                    );
                    Err(Error::new(ErrorCode::Conflict, detail))
                }
                Err(error) => Err(client_errors::resource(namespace, &policy.name, error)),
            }
        })
        .await
    }

    /// How many roles have each policy that any has.
    ///
    /// # Errors
    /// The store failed.
    pub async fn policy_uses(&self) -> Result<BTreeMap<PolicyReference, PolicyUse>, Error> {
        let mut uses = BTreeMap::<PolicyReference, PolicyUse>::new();
        for role in self.all::<RoleName>().await?.into_iter().map(|stored| stored.specification) {
            let Role { attached, boundary, .. } = role;
            for policy in attached {
                uses.entry(policy).or_default().attached += 1;
            }
            if let Some(policy) = boundary {
                uses.entry(policy).or_default().boundary += 1;
            }
        }
        Ok(uses)
    }

    /// Fails unless there is a policy that a role may name. Those of AWS's are there for whoever
    /// names them: a node has none of them, and templates name many.
    pub(crate) async fn check_policy(&self, policy: &PolicyReference) -> Result<(), Error> {
        if policy.of_aws {
            return Ok(());
        }
        let found =
            self.stores().resources.of::<Policy>().get(self.namespace(), &policy.name).await?;
        if found.is_some_and(|found| found.specification.path == policy.path) {
            return Ok(());
        }
        Err(client_errors::not_found(self.namespace(), &policy.name))
    }
}

impl PolicyHandle<'_> {
    /// Changes the policy as `change` does.
    async fn change(
        &self,
        change: impl Fn(&mut Policy) -> Result<(), Error>,
    ) -> Result<Policy, Error> {
        self.perform(Operation::PutPolicy, async {
            let (namespace, name) = self.place();
            let policies = self.stores().resources.of::<Policy>();
            loop {
                let found = policies.get(namespace, name).await?.ok_or_else(|| self.not_found())?;
                let mut policy = found.specification;
                change(&mut policy)?;
                match policies.replace(namespace, &policy, found.revision).await {
                    Ok(()) => return Ok(policy),
                    // Another changed it meanwhile.
                    Err(ResourceError::Conflict) => {}
                    Err(error) => return Err(client_errors::resource(namespace, name, error)),
                }
            }
        })
        .await
    }

    /// Makes a version of the policy, and its default if it is to be.
    ///
    /// # Errors
    /// `PolicyNotFound`, `QuotaExceeded` (the document is too long, or there are too many versions);
    /// the store failed.
    pub async fn create_version(
        &self,
        document: PolicyDocument,
        is_default: bool,
    ) -> Result<Policy, Error> {
        check_document(&document)?;
        let created = self.service().clock.now();
        self.change(|policy| {
            if policy.versions.len() >= VERSIONS_MAX {
                let detail = format!(
                    "A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new \
                     version, you must delete an existing version."
                );
                return Err(Error::new(ErrorCode::QuotaExceeded, detail));
            }
            policy.last_version += 1;
            let (number, document) = (policy.last_version, document.clone());
            policy.versions.push(PolicyVersion { number, document, created });
            if is_default {
                policy.default_version = number;
                policy.updated = created;
            }
            Ok(())
        })
        .await
    }

    /// Makes a version the policy's default.
    ///
    /// # Errors
    /// `PolicyNotFound` (it, or the version); the store failed.
    pub async fn set_default_version(&self, number: u64) -> Result<Policy, Error> {
        let now = self.service().clock.now();
        self.change(|policy| {
            check_version(policy, number)?;
            policy.default_version = number;
            policy.updated = now;
            Ok(())
        })
        .await
    }

    /// Deletes a version that is not the policy's default.
    ///
    /// # Errors
    /// `PolicyNotFound` (it, or the version), `Conflict` (it is the default); the store failed.
    pub async fn delete_version(&self, number: u64) -> Result<Policy, Error> {
        self.change(|policy| {
            check_version(policy, number)?;
            if policy.default_version == number {
                let detail = "Cannot delete the default version of a policy.";
                return Err(Error::new(ErrorCode::Conflict, detail));
            }
            policy.versions.retain(|version| version.number != number);
            Ok(())
        })
        .await
    }

    /// Sets labels.
    ///
    /// # Errors
    /// `PolicyNotFound`, `QuotaExceeded` (it would have too many); the store failed.
    pub async fn tag(&self, tags: BTreeMap<String, String>) -> Result<Policy, Error> {
        self.change(|policy| {
            policy.tags = tagged(&policy.tags, tags.clone())?;
            Ok(())
        })
        .await
    }

    /// Takes labels away.
    ///
    /// # Errors
    /// `PolicyNotFound`; the store failed.
    pub async fn untag(&self, keys: &[String]) -> Result<Policy, Error> {
        self.change(|policy| {
            policy.tags = without(&policy.tags, keys.iter());
            Ok(())
        })
        .await
    }

    /// Deletes the policy, unless roles have it or it has more versions than its default.
    ///
    /// # Errors
    /// `PolicyNotFound`, `Conflict`; the store failed.
    pub async fn delete_unused(&self) -> Result<(), Error> {
        self.perform(Operation::DeletePolicy, async {
            let (namespace, name) = self.place();
            let policies = self.stores().resources.of::<Policy>();
            // No role comes to have it meanwhile.
            let _changing = self.service().identities.lock().await;
            let found = policies.get(namespace, name).await?.ok_or_else(|| self.not_found())?;
            let policy = found.specification;
            let conflict = |detail: &str| Err(Error::new(ErrorCode::Conflict, detail));
            if self.scope().policy_uses().await?.contains_key(&policy.reference()) {
                return conflict("Cannot delete a policy attached to entities.");
            }
            if policy.versions.len() > 1 {
                return conflict(
                    "This policy has more than one version. Before you delete a policy, you must \
                     delete the policy's versions. The default version is deleted with the policy.",
                );
            }
            let deleted = policies.delete(namespace, name).await;
            deleted.map_err(|error| client_errors::resource(namespace, name, error))
        })
        .await
    }
}

fn check_version(policy: &Policy, number: u64) -> Result<(), Error> {
    if policy.version(number).is_some() {
        return Ok(());
    }
    let detail = format!("policy \"{}\" has no version v{number}", policy.name);
    Err(Error::new(ErrorCode::PolicyNotFound, detail))
}
