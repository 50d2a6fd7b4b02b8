//! The names of resources in policies, as IAM takes them.

/// The partitions that AWS has.
const PARTITIONS: [&str; 6] = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-eusc"];
/// What paths of IAM's own resources begin with.
const OF_IAM: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// Fails with IAM's word for what is wrong with the name of a resource.
pub(crate) fn check(resource: &String) -> Result<(), String> {
    if resource == "*" {
        return Ok(());
    }
    let Some((_, rest)) = resource.split_once(':') else {
        return Err(format!("Resource {resource} must be in ARN format or \"*\"."));
    };
    let mut parts = rest.split(':');
    let partition = parts.next().unwrap_or_default();
    if partition != "*" && !PARTITIONS.contains(&partition) {
        let told: Vec<&str> = parts.collect();
        let part = |at: usize| told.get(at).copied();
        let service = part(0).filter(|text| !text.is_empty() || told.len() > 1).unwrap_or("*");
        let (region, account) = (part(1).unwrap_or("*"), part(2).unwrap_or("*"));
        let id = if told.len() > 3 { told[3..].join(":") } else { "*".into() };
        return Err(format!(
            "Partition \"{partition}\" is not valid for resource \
             \"arn:{partition}:{service}:{region}:{account}:{id}\"."
        ));
    }
    let Some(service) = parts.next() else {
        let told = "Resource vendor must be fully qualified and cannot contain regexes.";
        return Err(told.into());
    };
    let region = parts.next().unwrap_or_default();
    let account = parts.next();
    let id = parts.collect::<Vec<_>>().join(":");
    check_service(resource, service, region, account.is_some(), &id)?;
    // What has two colons in a row and is not whole was never an ARN.
    let is_whole = resource.matches(':').count() >= 5 || !resource.contains("::");
    if is_whole && !service.is_empty() {
        Ok(())
    } else {
        Err("The policy failed legacy parsing".into())
    }
}

/// What only some services ask of the names of their resources.
fn check_service(
    resource: &str,
    service: &str,
    region: &str,
    has_account: bool,
    id: &str,
) -> Result<(), String> {
    let has_region = !region.is_empty() || !has_account;
    match service {
        "iam" if has_region => {
            Err(format!("IAM resource {resource} cannot contain region information."))
        }
        "s3" if has_region && !id.starts_with("accesspoint/") => {
            Err(format!("Resource {resource} can not contain region information."))
        }
        "iam" if !OF_IAM.iter().any(|start| id.starts_with(start)) => Err(format!(
            "IAM resource path must either be \"*\" or start with {}.",
            OF_IAM.join(", ")
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_arn() {
        for fine in [
            "*",
            "arn:aws:s3:::bucket/*",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/a",
            "arn:aws:iam::123456789012:role/r",
            "arn:*:logs:*:*:*",
        ] {
            assert_eq!(check(&fine.to_owned()), Ok(()), "{fine}");
        }
        for (resource, expected) in [
            ("", "Resource  must be in ARN format or \"*\"."),
            ("invalid", "Resource invalid must be in ARN format or \"*\"."),
            ("a:b", "Partition \"b\" is not valid for resource \"arn:b:*:*:*:*\"."),
            ("a:b:c:d:e:f:g:h", "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\"."),
            ("aws:s3:::b", "Partition \"s3\" is not valid for resource \"arn:s3:::b:*\"."),
            ("arn:aws", "Resource vendor must be fully qualified and cannot contain regexes."),
            ("arn:aws:s3:eu:1:b", "Resource arn:aws:s3:eu:1:b can not contain region information."),
            (
                "arn:aws:iam:eu:1:role/r",
                "IAM resource arn:aws:iam:eu:1:role/r cannot contain region information.",
            ),
            ("arn:aws:s3::b", "The policy failed legacy parsing"),
        ] {
            assert_eq!(check(&resource.to_owned()).unwrap_err(), expected);
        }
        assert!(check(&"arn:aws:iam:::b".to_owned()).unwrap_err().starts_with("IAM resource path"));
    }
}
