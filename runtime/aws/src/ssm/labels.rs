//! Labels of versions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::fault;
use super::get::required;
use super::name::NamedParameter;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;
use lambent_types::ErrorCode;

/// Most labels of a request; Systems Manager's.
const LABELS_MAX: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Labels {
    name: Option<String>,
    parameter_version: Option<u64>,
    labels: Option<Vec<String>>,
}

impl Labels {
    fn check(&self, needs_version: bool) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.present(self.labels.is_some(), "labels");
        violations.present(!needs_version || self.parameter_version.is_some(), "parameterVersion");
        for label in self.labels.iter().flatten() {
            violations.length("labels", label, 1, 100);
        }
        violations.count("labels", self.labels.as_ref().map_or(0, Vec::len), LABELS_MAX);
        violations.finish()
    }
}

pub(super) async fn label(call: &Call, wanted: Labels) -> Result<Value, Fault> {
    wanted.check(false)?;
    let named = NamedParameter::read(call, &required(wanted.name)?)?;
    let labels = wanted.labels.unwrap_or_default();
    let done = call.scope.label_parameter(&named.name, wanted.parameter_version, &labels).await;
    let (number, invalid) = done.map_err(|error| match error.code() {
        ErrorCode::QuotaExceeded => {
            Fault::bad_request("ParameterVersionLabelLimitExceeded", error.detail().to_owned())
        }
        _ => fault(error),
    })?;
    Ok(json!({ "InvalidLabels": invalid, "ParameterVersion": number }))
}

pub(super) async fn unlabel(call: &Call, wanted: Labels) -> Result<Value, Fault> {
    wanted.check(true)?;
    let named = NamedParameter::read(call, &required(wanted.name)?)?;
    let labels = wanted.labels.unwrap_or_default();
    let number = wanted.parameter_version.unwrap_or_default();
    let invalid =
        call.scope.unlabel_parameter(&named.name, number, &labels).await.map_err(fault)?;
    let removed: Vec<_> = labels.into_iter().filter(|label| !invalid.contains(label)).collect();
    Ok(json!({ "RemovedLabels": removed, "InvalidLabels": invalid }))
}
