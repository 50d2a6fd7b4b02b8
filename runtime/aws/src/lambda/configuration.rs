//! A function's configuration: as Lambda writes it, and as a request sets it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_types::{
    Configuration, ConfigurationPatch, DeliveryPolicy, Environment, FunctionVersion,
    LayerReference, Layers, Revision, RuntimeName, VersionNumber,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::invalid;
use super::settings::Settings;
use super::{queue_arn, revision};
use crate::arn;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

const MIB: u64 = 1 << 20;
/// What a function is made of that is uploaded, whatever that is.
const ZIP: &str = "Zip";
/// What a function is made of that a registry has.
const IMAGE: &str = "Image";
/// What a component that was deployed by other means is said to run on: the name that Lambda has for
/// what brings its own runtime.
const PROVIDED: &str = "provided.al2023";
/// Whom a function acts as that was deployed by other means. Tools want there to be one.
const NO_ROLE: &str = "role/lambent";

/// A version's configuration, as Lambda writes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FunctionConfiguration {
    function_name: String,
    function_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<String>,
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<String>,
    code_size: u64,
    description: String,
    timeout: u64,
    memory_size: u64,
    last_modified: String,
    code_sha256: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Value>,
    #[serde(rename = "KMSKeyArn", skip_serializing_if = "Option::is_none")]
    kms_key_arn: Option<String>,
    tracing_config: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Value>,
    state: &'static str,
    last_update_status: &'static str,
    package_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_config_response: Option<Value>,
    architectures: Vec<String>,
    ephemeral_storage: Value,
    snap_start: Value,
    logging_config: Value,
}

impl FunctionConfiguration {
    /// That of a version. `revision` is that of the function, which its head alone has; `qualified` is
    /// whether the ARN says which version it is.
    pub(super) fn of(
        call: &Call,
        version: &FunctionVersion,
        revision: Option<Revision>,
        qualified: bool,
    ) -> Self {
        let FunctionVersion { name, code, configuration, .. } = version;
        let settings = Settings::of(version);
        let number = version.version.to_string();
        let upload = code.upload.or(code.package);
        let (digest, code_size) =
            upload.map_or((code.component, code.bytes), |upload| (upload.digest, upload.bytes));
        let is_image = code.image.is_some();
        let named = configuration.runtime.as_ref().map(|name| name.as_str().to_owned());
        let variables = &configuration.environment.0;
        let snapshot = configuration.snapshot;
        let frozen = snapshot && version.code.snapshot.is_some();
        let dead_letter = configuration.delivery.dead_letter.as_ref();
        let dead_letter = dead_letter.and_then(|destination| queue_arn::of(call, destination));
        Self {
            function_name: name.to_string(),
            function_arn: arn::function(call, name, qualified.then_some(number.as_str())),
            runtime: (!is_image)
                .then(|| named.or(settings.runtime).unwrap_or_else(|| PROVIDED.into())),
            role: settings
                .role
                .unwrap_or_else(|| format!("arn:aws:iam::{}:{NO_ROLE}", call.account())),
            handler: (!is_image).then(|| configuration.handler.clone()),
            code_size,
            description: configuration.description.clone(),
            timeout: configuration.timeout_ms.div_ceil(1000),
            memory_size: settings.memory_size.map_or(configuration.memory_bytes / MIB, u64::from),
            last_modified: version.created.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
            code_sha256: STANDARD.encode(digest.as_bytes()),
            version: number,
            vpc_config: settings.vpc_config,
            dead_letter_config: dead_letter.map(|arn| json!({ "TargetArn": arn })),
            environment: (!variables.is_empty()).then(|| json!({ "Variables": **variables })),
            kms_key_arn: settings.kms_key_arn,
            tracing_config: settings
                .tracing_config
                .unwrap_or_else(|| json!({ "Mode": "PassThrough" })),
            revision_id: Some(match revision {
                Some(revision) => revision::text(revision),
                None => revision::text(Revision(of_version(version))),
            }),
            layers: layers(call, version),
            state: "Active",
            last_update_status: "Successful",
            package_type: if is_image { IMAGE } else { ZIP },
            image_config_response: settings
                .image_config
                .map(|config| json!({ "ImageConfig": config })),
            architectures: settings.architectures.unwrap_or_else(|| vec!["x86_64".into()]),
            ephemeral_storage: json!({ "Size": (configuration.tmp_bytes() / MIB).max(512) }),
            snap_start: json!({
                "ApplyOn": if snapshot { "PublishedVersions" } else { "None" },
                "OptimizationStatus": if frozen { "On" } else { "Off" },
            }),
            logging_config: settings.logging_config.unwrap_or_else(
                || json!({ "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") }),
            ),
        }
    }

    /// The digest of the code.
    pub(super) fn code_sha256(&self) -> &str {
        &self.code_sha256
    }
}

/// The revision of what never changes.
fn of_version(version: &FunctionVersion) -> u64 {
    match version.version {
        VersionNumber::Latest => 0,
        VersionNumber::Number(number) => number,
    }
}

fn layers(call: &Call, version: &FunctionVersion) -> Vec<Value> {
    let references = version.configuration.layers.0.iter();
    let packages = version.code.layers.iter();
    let layer =
        |(reference, package): (&lambent_types::LayerReference, &lambent_types::Package)| {
            let number =
                reference.version.map_or_else(|| "$LATEST".to_owned(), |number| number.to_string());
            let arn = arn::lambda(call, &format!("layer:{}:{number}", reference.name));
            json!({ "Arn": arn, "CodeSize": package.bytes })
        };
    references.zip(packages).map(layer).collect()
}

/// What a request says of a function's configuration. Absent members stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Wanted {
    pub(super) runtime: Option<String>,
    role: Option<String>,
    pub(super) handler: Option<String>,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    vpc_config: Option<Value>,
    environment: Option<WantedEnvironment>,
    dead_letter_config: Option<DeadLetterConfig>,
    #[serde(rename = "KMSKeyArn")]
    kms_key_arn: Option<String>,
    tracing_config: Option<Value>,
    layers: Option<Vec<String>>,
    image_config: Option<Value>,
    architectures: Option<Vec<String>>,
    package_type: Option<String>,
    ephemeral_storage: Option<EphemeralStorage>,
    snap_start: Option<SnapStart>,
    logging_config: Option<Value>,
    file_system_configs: Option<Vec<Value>>,
    code_signing_config_arn: Option<String>,
    durable_config: Option<Value>,
    capacity_provider_config: Option<Value>,
    tenancy_config: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WantedEnvironment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    #[serde(default)]
    target_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    #[serde(default)]
    apply_on: String,
}

impl Wanted {
    /// The runtime that runs the package; none if what is uploaded runs by itself.
    pub(super) fn runtime(&self) -> Result<Option<RuntimeName>, Fault> {
        self.runtime.as_deref().map(runtime_name).transpose()
    }

    /// The handler: of an image the command that is to run in it.
    pub(super) fn handler(&self) -> Option<String> {
        let of_image = |config: &Value| {
            let command = config.get("Command")?.as_array()?.first()?;
            command.as_str().map(str::to_owned)
        };
        self.handler.clone().or_else(|| self.image_config.as_ref().and_then(of_image))
    }

    /// Checks what a new function is to be made of.
    pub(super) fn check_package(&self, is_image: bool) -> Result<(), Fault> {
        let asked = self.package_type.as_deref().unwrap_or(ZIP);
        match (asked, is_image) {
            (ZIP, false) => Ok(()),
            (IMAGE, true) => self.check_image(),
            (ZIP, true) => Err(invalid(
                "Please provide the package type Image when creating a function of an image.",
            )),
            (IMAGE, false) => Err(invalid(
                "Please provide ImageUri when creating a function with packageType Image.",
            )),
            (other, _) => {
                let mut violations = Violations::default();
                let all = "satisfy enum value set: [Image, Zip]";
                violations.check(false, "packageType", other, all);
                violations.finish()
            }
        }
    }

    fn check_image(&self) -> Result<(), Fault> {
        let given = [
            ("Runtime", self.runtime.is_some()),
            ("Handler", self.handler.is_some()),
            ("Layers", self.layers.as_ref().is_some_and(|layers| !layers.is_empty())),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((member, _)) => Err(invalid(format!(
                "Please don't provide {member} when the packageType is Image."
            ))),
            None => Ok(()),
        }
    }

    /// Checks what no store has to be asked for.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.within("timeout", self.timeout, 1, 900);
        violations.within("memorySize", self.memory_size, 2, 10_240);
        let size = self.ephemeral_storage.as_ref().map(|storage| storage.size);
        violations.within("ephemeralStorage.size", size, 512, 10_240);
        if let Some(description) = &self.description {
            let most = "have length less than or equal to 256";
            violations.check(description.chars().count() <= 256, "description", description, most);
        }
        if let Some(snap_start) = &self.snap_start {
            let known = ["None", "PublishedVersions"].contains(&snap_start.apply_on.as_str());
            let all = "satisfy enum value set: [PublishedVersions, None]";
            violations.check(known, "snapStart.applyOn", &snap_start.apply_on, all);
        }
        violations.finish()?;
        self.check_unserved()?;
        if self.file_system_configs.as_ref().is_some_and(|configs| !configs.is_empty()) {
            return Err(invalid(
                "file systems of EFS are not served; a volume of this node is mounted by its native \
                 API: lambent configure NAME --mounts data:/mnt/data",
            ));
        }
        Ok(())
    }

    /// Whoever asks for one of these relies on it.
    fn check_unserved(&self) -> Result<(), Fault> {
        let members = [
            (
                "CodeSigningConfigArn",
                self.code_signing_config_arn.as_ref().is_some_and(|arn| !arn.is_empty()),
            ),
            ("DurableConfig", is_meant(&self.durable_config)),
            ("CapacityProviderConfig", is_meant(&self.capacity_provider_config)),
            ("TenancyConfig", is_meant(&self.tenancy_config)),
        ];
        match members.into_iter().find(|(_, is_meant)| *is_meant) {
            Some((member, _)) => {
                Err(invalid(format!("{member} is not served by this node; leave it out")))
            }
            None => Ok(()),
        }
    }

    /// The change of `current` that it asks for. `settings` are those that are kept, and take what is
    /// said of them.
    pub(super) fn patch(
        self,
        call: &Call,
        current: &Configuration,
        settings: &mut Settings,
    ) -> Result<ConfigurationPatch, Fault> {
        let handler = self.handler();
        let mut patch = ConfigurationPatch {
            description: self.description,
            handler,
            timeout_ms: self.timeout.map(|seconds| seconds.unsigned_abs() * 1000),
            tmp_bytes: self
                .ephemeral_storage
                .map(|storage| Some(storage.size.unsigned_abs() * MIB)),
            snapshot: self.snap_start.map(|snap_start| snap_start.apply_on == "PublishedVersions"),
            ..ConfigurationPatch::default()
        };
        if let Some(size) = self.memory_size {
            let bytes = size.unsigned_abs() * MIB;
            let most = lambent_types::bounds::MEMORY_BYTES_MAX;
            patch.memory_bytes = Some(bytes.min(most));
            settings.memory_size = (bytes > most).then(|| u32::try_from(size).unwrap_or(u32::MAX));
        }
        if let Some(environment) = self.environment {
            patch.environment = Some(Environment(Arc::new(environment.variables)));
        }
        if let Some(layers) = self.layers {
            patch.layers = Some(read_layers(call, &layers)?);
        }
        if let Some(DeadLetterConfig { target_arn }) = self.dead_letter_config {
            let none = target_arn.is_empty();
            let dead_letter =
                (!none).then(|| queue_arn::destination(call, &target_arn)).transpose()?;
            patch.delivery = Some(DeliveryPolicy { dead_letter, ..current.delivery.clone() });
        }
        let kept = [
            (&mut settings.vpc_config, self.vpc_config),
            (&mut settings.tracing_config, self.tracing_config),
            (&mut settings.logging_config, self.logging_config),
            (&mut settings.image_config, self.image_config),
        ];
        for (kept, given) in kept {
            *kept = given.or_else(|| kept.take());
        }
        let kept = [(&mut settings.role, self.role), (&mut settings.kms_key_arn, self.kms_key_arn)];
        for (kept, given) in kept {
            *kept = given.or_else(|| kept.take());
        }
        settings.architectures = self.architectures.or_else(|| settings.architectures.take());
        Ok(patch)
    }
}

/// Reads the name of a runtime.
pub(super) fn runtime_name(name: &str) -> Result<RuntimeName, Fault> {
    name.parse().map_err(|_| {
        let shown: String = name.chars().take(64).collect();
        invalid(format!("Value {shown} at 'runtime' failed to satisfy constraint: no such runtime"))
    })
}

/// Whether an object says something.
fn is_meant(config: &Option<Value>) -> bool {
    config.as_ref().and_then(Value::as_object).is_some_and(|members| !members.is_empty())
}

/// Layers, each by its ARN with a version.
fn read_layers(call: &Call, arns: &[String]) -> Result<Layers, Fault> {
    let layer = |arn: &String| {
        let (name, number) = arn::layer_version(call, arn)?;
        Ok(LayerReference { name, version: Some(number) })
    };
    arns.iter().map(layer).collect::<Result<_, Fault>>().map(Layers)
}
