//! Who may invoke a function, as resource-based policies say it. They are kept and given back: here
//! whoever has a key of the namespace may, and, if the function is public, anyone by its URL.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::{ConfigurationPatch, ErrorCode, FunctionName, FunctionVersion, Precondition};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, of_function};
use super::settings::Settings;
use super::{functions, input, revision};
use crate::arn;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AddPermission {
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    function_url_auth_type: Option<String>,
    #[serde(rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
    event_source_token: Option<String>,
    invoked_via_function_url: Option<bool>,
    revision_id: Option<String>,
}

impl AddPermission {
    /// The statement, as the policy has it.
    fn statement(&self, arn: &str) -> Value {
        let principal = match self.principal.as_str() {
            "*" => json!("*"),
            service if service.ends_with(".amazonaws.com") => json!({ "Service": service }),
            account => json!({ "AWS": account }),
        };
        let mut statement = json!({
            "Sid": self.statement_id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": arn,
        });
        let conditions = [
            ("ArnLike", "AWS:SourceArn", &self.source_arn),
            ("StringEquals", "AWS:SourceAccount", &self.source_account),
            ("StringEquals", "lambda:FunctionUrlAuthType", &self.function_url_auth_type),
            ("StringEquals", "aws:PrincipalOrgID", &self.principal_org_id),
            ("StringEquals", "lambda:EventSourceToken", &self.event_source_token),
        ];
        for (operator, key, value) in conditions {
            if let Some(value) = value {
                statement["Condition"][operator][key] = value.clone().into();
            }
        }
        if let Some(via) = self.invoked_via_function_url {
            statement["Condition"]["Bool"]["lambda:InvokedViaFunctionUrl"] = via.to_string().into();
        }
        statement
    }
}

fn statements(version: &FunctionVersion) -> Vec<Value> {
    Settings::of(version).policy.unwrap_or_default()
}

fn none() -> Fault {
    let message = "The resource you requested does not exist.";
    Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

/// Whether a statement is the one of this id for what has this ARN: each qualifier has its own policy.
fn is_it(statement: &Value, id: &str, arn: &str) -> bool {
    statement["Sid"] == id && statement["Resource"] == arn
}

pub(super) async fn add(call: &Call) -> Result<Response<Body>, Fault> {
    let asked: AddPermission = input::json(call)?;
    for (member, value) in [
        ("statementId", &asked.statement_id),
        ("action", &asked.action),
        ("principal", &asked.principal),
    ] {
        if value.is_empty() {
            return Err(invalid(format!("'{member}' is missing")));
        }
    }
    let named = input::qualified(call)?;
    // There has to be what the permission is for.
    functions::version(call, &named).await?;
    let arn = arn::function(call, &named.name, named.qualifier.as_deref());
    let statement = asked.statement(&arn);
    change(call, asked.revision_id.as_deref(), |statements| {
        if statements.iter().any(|other| is_it(other, &asked.statement_id, &arn)) {
            let id = &asked.statement_id;
            let message = format!(
                "The statement id ({id}) provided already exists. Please provide a new statement id, \
                 or remove the existing statement."
            );
            return Err(Fault::new(StatusCode::CONFLICT, "ResourceConflictException", message));
        }
        statements.push(statement.clone());
        Ok(())
    })
    .await?;
    Ok(protocol::json(StatusCode::CREATED, &json!({ "Statement": statement.to_string() })))
}

pub(super) async fn remove(call: &Call) -> Result<Response<Body>, Fault> {
    let query: Vec<(String, String)> = call.query()?;
    let revision =
        query.iter().find(|(name, _)| name == "RevisionId").map(|(_, value)| value.as_str());
    let id = call.parameter("StatementId");
    let named = input::qualified(call)?;
    let arn = arn::function(call, &named.name, named.qualifier.as_deref());
    change(call, revision, |statements| {
        let before = statements.len();
        statements.retain(|statement| !is_it(statement, id, &arn));
        if statements.len() < before { Ok(()) } else { Err(none()) }
    })
    .await?;
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::qualified(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
    let qualified = arn::function(call, &named.name, named.qualifier.as_deref());
    let of_this = |statement: &Value| statement["Resource"] == qualified.as_str();
    let statements: Vec<_> = statements(&function.latest).into_iter().filter(of_this).collect();
    if statements.is_empty() {
        return Err(none());
    }
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
    let revision = revision::text(function.revision);
    let reply = json!({ "Policy": policy.to_string(), "RevisionId": revision });
    Ok(protocol::json(StatusCode::OK, &reply))
}

async fn change(
    call: &Call,
    revision: Option<&str>,
    change: impl Fn(&mut Vec<Value>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let named = input::qualified(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let expected = revision::expected(revision)?;
    loop {
        let function = handle.describe().await.map_err(|error| of_function(error, &arn))?;
        let mut settings = Settings::of(&function.latest);
        let mut policy = settings.policy.take().unwrap_or_default();
        change(&mut policy)?;
        settings.policy = (!policy.is_empty()).then_some(policy);
        let mut patch = ConfigurationPatch::default();
        settings.keep(&function.latest.configuration.annotations, &mut patch);
        let seen = Precondition::tag(function.revision.0.to_string());
        if !expected.is_empty() && expected != seen {
            return Err(revision::changed());
        }
        match handle.configure(patch, &seen).await {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == ErrorCode::PreconditionFailed => {}
            Err(error) => return Err(of_function(error, &arn)),
        }
    }
}
