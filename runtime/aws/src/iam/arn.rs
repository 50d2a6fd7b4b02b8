//! ARNs of roles and policies.

use lambent_types::{PolicyName, PolicyReference, Role};

use super::error::{invalid_input, no_such_entity};
use super::input::required;
use crate::call::Call;
use crate::fault::Fault;

/// The account of the policies that AWS manages.
const OF_AWS: &str = "aws";

/// The ARN of a role.
pub(super) fn of_role(call: &Call, role: &Role) -> String {
    format!("arn:aws:iam::{}:role{}{}", call.account(), role.path, role.name)
}

/// The ARN of a policy.
pub(super) fn of_policy(call: &Call, policy: &PolicyReference) -> String {
    let account = if policy.of_aws { OF_AWS.to_owned() } else { call.account() };
    format!("arn:aws:iam::{account}:policy{}{}", policy.path, policy.name)
}

/// The policy that an ARN names.
pub(super) fn policy(call: &Call, arn: Option<&str>) -> Result<PolicyReference, Fault> {
    let arn = required(arn, "policyArn")?;
    let shown: String = arn.chars().take(256).collect();
    let invalid = || invalid_input(format!("ARN {shown} is not valid."));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = *parts.as_slice() else { return Err(invalid()) };
    let place = resource.strip_prefix("policy").ok_or_else(invalid)?;
    let policy: PolicyReference = place.parse().map_err(|_| invalid())?;
    match account {
        OF_AWS => Ok(PolicyReference { of_aws: true, ..policy }),
        account if account == call.account() => Ok(policy),
        _ => Err(no_such_entity(format!("Policy {shown} was not found."))),
    }
}

/// The name of the policy of the account that an ARN names: what can be read and changed.
pub(super) fn own_policy(call: &Call, arn: Option<&str>) -> Result<PolicyReference, Fault> {
    let policy = policy(call, arn)?;
    if policy.of_aws {
        let arn = of_policy(call, &policy);
        return Err(no_such_entity(format!(
            "Policy {arn} was not found. A node has none of the policies that AWS manages; roles may \
             name them."
        )));
    }
    Ok(policy)
}

/// There is no policy of an ARN.
pub(super) fn no_policy(call: &Call, policy: &PolicyReference) -> Fault {
    no_such_entity(format!("Policy {} was not found.", of_policy(call, policy)))
}

/// There is no policy of a role's own of a name.
pub(super) fn no_role_policy(name: &PolicyName) -> Fault {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}
