//! What policies say. It is checked as IAM checks it, so that a document that AWS refuses is not taken
//! here and found wrong there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy_resource;

const VERSION: &str = "2012-10-17";
const OLD_VERSION: &str = "2008-10-17";
/// What a condition compares by, without what may stand before and after it.
const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// The text of a policy, which is one of IAM's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyDocument(String);

/// Why a text is no policy: in IAM's words, which programs show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPolicyDocument(pub String);

type Checked = Result<(), InvalidPolicyDocument>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMore<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    sid: Option<String>,
    effect: String,
    principal: Option<Value>,
    not_principal: Option<Value>,
    action: Option<OneOrMore<String>>,
    not_action: Option<OneOrMore<String>>,
    resource: Option<OneOrMore<String>>,
    not_resource: Option<OneOrMore<String>>,
    condition: Option<BTreeMap<String, BTreeMap<String, Value>>>,
}

/// A list as policies have it: one item stands for itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(all) => all,
        }
    }
}

impl PolicyDocument {
    /// The text of a policy that says what may be done, and that roles share.
    ///
    /// # Errors
    /// IAM would not take it.
    pub fn managed(text: &str) -> Result<Self, InvalidPolicyDocument> {
        let document = parse(text)?;
        if document.version.as_deref() != Some(VERSION) {
            return invalid(format!("Policy document must be version {VERSION} or greater."));
        }
        check_permissions(&document)?;
        Ok(Self(text.to_owned()))
    }

    /// The text of a policy that says what one role may do. It may be of the older version.
    ///
    /// # Errors
    /// IAM would not take it.
    pub fn inline(text: &str) -> Result<Self, InvalidPolicyDocument> {
        check_permissions(&parse(text)?)?;
        Ok(Self(text.to_owned()))
    }

    /// The text of a policy that says who may assume a role.
    ///
    /// # Errors
    /// IAM would not take it.
    pub fn trust(text: &str) -> Result<Self, InvalidPolicyDocument> {
        let document = parse(text)?;
        check_common(&document)?;
        document.statement.all().iter().try_for_each(check_trust)?;
        Ok(Self(text.to_owned()))
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How long it is by IAM's count, which leaves out white space.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().filter(|c| !c.is_whitespace()).count()
    }
}

fn invalid<T>(message: impl Into<String>) -> Result<T, InvalidPolicyDocument> {
    Err(InvalidPolicyDocument(message.into()))
}

/// Fails with IAM's word for `what` unless it `holds`.
fn check(holds: bool, what: &str) -> Checked {
    if holds { Ok(()) } else { invalid(what) }
}

fn parse(text: &str) -> Result<Document, InvalidPolicyDocument> {
    let syntax = "Syntax errors in policy.";
    let document: Document =
        serde_json::from_str(text).map_err(|_| InvalidPolicyDocument(syntax.into()))?;
    let version = document.version.as_deref();
    let has_version = version.is_none_or(|version| [VERSION, OLD_VERSION].contains(&version));
    let statements = document.statement.all();
    let all_well = !statements.is_empty() && statements.iter().all(is_well_formed);
    check(has_version && all_well, syntax)?;
    Ok(document)
}

fn is_well_formed(statement: &Statement) -> bool {
    let Statement { effect, action, not_action, resource, not_resource, condition, .. } = statement;
    let conditions = condition.iter().flatten();
    let operators_fit =
        conditions.into_iter().all(|(operator, keys)| keys.is_empty() || is_operator(operator));
    let values = condition.iter().flatten().flat_map(|(_, keys)| keys.values());
    let values_fit = values.into_iter().all(|value| !value.is_object() && !value.is_null());
    let is_effect = ["allow", "deny"].iter().any(|known| effect.eq_ignore_ascii_case(known));
    is_effect
        && (action.is_none() || not_action.is_none())
        && (resource.is_none() || not_resource.is_none())
        && operators_fit
        && values_fit
}

fn is_operator(text: &str) -> bool {
    let text =
        text.strip_prefix("ForAnyValue:").or(text.strip_prefix("ForAllValues:")).unwrap_or(text);
    OPERATORS.contains(&text.strip_suffix("IfExists").unwrap_or(text))
}

/// What holds for the statements of every policy, in the order in which IAM looks at it.
fn check_common(document: &Document) -> Checked {
    let statements = document.statement.all();
    let legacy = "The policy failed legacy parsing";
    let has_effect = |statement: &Statement| ["Allow", "Deny"].contains(&statement.effect.as_str());
    check(statements.iter().all(has_effect), legacy)?;
    let resources = statements.iter().flat_map(resources_of);
    let odd = resources.map(policy_resource::check).find_map(Result::err);
    check(odd.as_ref().is_none_or(|odd| odd != legacy), legacy)?;
    let mut seen = BTreeSet::new();
    let sids = || statements.iter().filter_map(|statement| statement.sid.as_deref());
    let mut named = sids().filter(|sid| !sid.is_empty());
    check(
        named.all(|sid| seen.insert(sid)),
        "Statement IDs (SID) in a single policy must be unique.",
    )?;
    check(
        sids().all(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric())),
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
         expression [0-9A-Za-z]*",
    )?;
    let has_actions = |statement: &Statement| !actions_of(statement).is_empty();
    check(statements.iter().all(has_actions), "Policy statement must contain actions.")?;
    if let Some(odd) = odd {
        return invalid(odd);
    }
    statements.iter().flat_map(actions_of).try_for_each(|action| check_action(action))
}

fn actions_of(statement: &Statement) -> &[String] {
    let actions = statement.action.as_ref().or(statement.not_action.as_ref());
    actions.map_or(&[], OneOrMore::all)
}

fn resources_of(statement: &Statement) -> &[String] {
    let resources = statement.resource.as_ref().or(statement.not_resource.as_ref());
    resources.map_or(&[], OneOrMore::all)
}

fn check_action(action: &str) -> Checked {
    let (vendor, name) = match action.split_once(':') {
        Some(parts) => parts,
        None if action == "*" => return Ok(()),
        None => {
            return invalid(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            );
        }
    };
    check(!name.contains(':'), "Actions/Condition can contain only one colon.")?;
    let of_vendor = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    check(vendor == "*" || vendor.bytes().all(of_vendor), &format!("Vendor {vendor} is not valid"))
}

fn check_permissions(document: &Document) -> Checked {
    check_common(document)?;
    for statement in document.statement.all() {
        let has_principal = statement.principal.is_some() || statement.not_principal.is_some();
        check(!has_principal, "Policy document should not specify a principal.")?;
        check(!resources_of(statement).is_empty(), "Policy statement must contain resources.")?;
    }
    Ok(())
}

fn check_trust(statement: &Statement) -> Checked {
    let of_sts = |action: &String| action.to_ascii_lowercase().starts_with("sts:");
    check(
        statement.action.as_ref().is_some_and(|actions| actions.all().iter().all(of_sts)),
        "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and \
         sts:AssumeRoleWithWebIdentity",
    )?;
    let has_resource = statement.resource.is_some() || statement.not_resource.is_some();
    check(!has_resource, "Has prohibited field Resource.")?;
    let has_principal = statement.principal.is_some() || statement.not_principal.is_some();
    check(has_principal, "Missing required field Principal")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(read: Result<PolicyDocument, InvalidPolicyDocument>) -> String {
        read.map_or_else(|error| error.0, |_| "fine".into())
    }

    fn managed(statement: Value) -> String {
        let document = json!({ "Version": VERSION, "Statement": statement });
        told(PolicyDocument::managed(&document.to_string()))
    }

    #[test]
    fn what_may_be_done_is_said_as_iam_has_it() {
        let fine = json!({ "Effect": "Allow", "Action": "s3:Get*", "Resource": "*" });
        let with = |member: &str, value: Value| {
            let mut statement = fine.clone();
            statement[member] = value;
            managed(statement)
        };
        assert_eq!(managed(fine.clone()), "fine");
        assert_eq!(managed(json!([fine, fine])), "fine");
        assert_eq!(with("Condition", json!({ "StringLikeIfExists": { "a": ["b"] } })), "fine");
        for (member, value, expected) in [
            ("Action", json!("invalid"), "prefaced by a vendor"),
            ("Action", json!("s3:List:Bucket"), "only one colon"),
            ("Action", json!("a a:List"), "Vendor a a is not valid"),
            ("Action", json!([]), "must contain actions"),
            ("Effect", json!("allow"), "legacy parsing"),
            ("Effect", json!("Perhaps"), "Syntax errors"),
            ("Other", json!(1), "Syntax errors"),
            ("Resource", json!([]), "must contain resources"),
            ("Resource", json!("bucket"), "must be in ARN format"),
            ("Principal", json!("*"), "should not specify a principal"),
            ("Condition", json!({ "Almost": { "a": "b" } }), "Syntax errors"),
            ("Sid", json!("a b"), "alpha-numeric"),
        ] {
            let told = with(member, value);
            assert!(told.contains(expected), "{member}: {told}");
        }
        let same = json!({ "Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*" });
        assert!(managed(json!([same, same])).contains("must be unique"));
        let old = json!({ "Statement": fine }).to_string();
        assert!(told(PolicyDocument::managed(&old)).contains("must be version"));
        assert_eq!(told(PolicyDocument::inline(&old)), "fine");
        for text in ["", "{}", "[]", "no policy", "{\"Version\":\"2012-10-17\"}"] {
            assert_eq!(told(PolicyDocument::inline(text)), "Syntax errors in policy.", "{text}");
        }
    }

    #[test]
    fn who_may_assume_a_role_is_said_as_iam_has_it() {
        let trust = |statement: Value| {
            told(PolicyDocument::trust(&json!({ "Statement": statement }).to_string()))
        };
        let service = json!({ "Service": "lambda.amazonaws.com" });
        let assume = "sts:AssumeRole";
        let fine = json!({ "Effect": "Allow", "Principal": service, "Action": assume });
        assert_eq!(trust(fine), "fine");
        let other = json!({ "Effect": "Allow", "Principal": service, "Action": "s3:GetObject" });
        assert!(trust(other).contains("actions can only be"));
        let whose = json!({ "Effect": "Allow", "Action": assume });
        assert!(trust(whose).contains("Missing required field Principal"));
        let of = json!({ "Effect": "Allow", "Principal": "*", "Action": assume, "Resource": "*" });
        assert!(trust(of).contains("prohibited field Resource"));
    }

    #[test]
    fn white_space_does_not_count() {
        let text = "{ \"Statement\":\n { \"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\" } }";
        let document = PolicyDocument::inline(text).unwrap();
        assert_eq!(
            (document.as_str(), document.chars()),
            (text, text.replace([' ', '\n'], "").len())
        );
    }
}
