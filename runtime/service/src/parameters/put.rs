//! Parameters that are put: made, or given another version.

use std::collections::BTreeMap;

use lambent_types::{Error, ErrorCode};
use regex::RegexBuilder;

use super::deletion::delete_row;
use super::entry::{Parameter, ParameterTier, ParameterType, ParameterVersion, version_text};
use super::name::ParameterName;
use super::read::value_of;
use super::value::ParameterValue;
use crate::operation::Operation;
use crate::random_id::random_id;
use crate::scope::Scope;
use crate::sealed_records::{Row, SealedRecords};
use crate::tag_rules::set_tags;

/// Most versions that are kept; Parameter Store's.
const VERSIONS_MAX: u64 = 100;
/// Most bytes of a value of the standard tier; Parameter Store's.
const STANDARD_BYTES_MAX: usize = 4 << 10;
/// Most bytes of a value of the advanced tier; Parameter Store's.
const ADVANCED_BYTES_MAX: usize = 8 << 10;
/// Most characters of a description, and of a pattern; Parameter Store's.
const TEXT_CHARS_MAX: usize = 1_024;
/// Most characters of policies; Parameter Store's.
const POLICIES_CHARS_MAX: usize = 4_096;
/// Most bytes that a pattern may take when it is compiled: it is compiled for every value.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// What values are said to be; other types of AWS's are checked there against what is there alone.
const DATA_TYPES: [&str; 2] = ["text", "aws:ec2:image"];

/// What is said of a parameter that is put. What is not said stays as it was.
#[derive(Debug, Clone)]
pub struct NewParameter {
    /// Its name.
    pub name: ParameterName,
    /// The value.
    pub value: ParameterValue,
    /// The type, which has to be said of a new one.
    pub kind: Option<ParameterType>,
    /// The type of a new one of which it is not said.
    pub kind_of_new: Option<ParameterType>,
    /// What it is for.
    pub description: Option<String>,
    /// The key that AWS would encrypt it with.
    pub key_id: Option<String>,
    /// What its value matches from its first character to its last.
    pub allowed_pattern: Option<String>,
    /// What its value is.
    pub data_type: Option<String>,
    /// The tier; none if it is the least that has room.
    pub tier: Option<ParameterTier>,
    /// What AWS would do when.
    pub policies: Option<String>,
    /// Whether there may be one of its name, which gets another version.
    pub overwrite: bool,
    /// Its labels, if it is a new one.
    pub tags: BTreeMap<String, String>,
    /// Who puts it, as AWS's tools are told.
    pub user: String,
}

impl NewParameter {
    /// The version that it makes of the one before.
    fn version(&self, before: Option<&ParameterVersion>) -> Result<ParameterVersion, Error> {
        let kind =
            self.kind.or(before.map(|before| before.kind)).or(self.kind_of_new).ok_or_else(
                || invalid("A parameter type is required when you create a parameter."),
            )?;
        let kept = |said: &Option<String>, of: fn(&ParameterVersion) -> &Option<String>| {
            said.clone().or_else(|| of(before?).clone())
        };
        let version = ParameterVersion {
            number: before.map_or(1, |before| before.number + 1),
            kind,
            modified: jiff::Timestamp::UNIX_EPOCH,
            user: self.user.clone(),
            description: kept(&self.description, |before| &before.description),
            key_id: kept(&self.key_id, |before| &before.key_id),
            allowed_pattern: kept(&self.allowed_pattern, |before| &before.allowed_pattern),
            data_type: self.data_type.clone().unwrap_or_else(|| "text".into()),
            tier: self.tier_after(before)?,
            policies: kept(&self.policies, |before| &before.policies),
        };
        self.check(&version)?;
        Ok(version)
    }

    fn tier_after(&self, before: Option<&ParameterVersion>) -> Result<ParameterTier, Error> {
        use ParameterTier::{Advanced, Standard};
        let was = before.map_or(Standard, |before| before.tier);
        if (was, self.tier) == (Advanced, Some(Standard)) {
            return Err(invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the \
                 advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the \
                 advanced parameter and recreate it as a standard parameter.",
            ));
        }
        let needs_advanced = self.value.0.len() > STANDARD_BYTES_MAX || self.policies.is_some();
        Ok(match self.tier {
            Some(tier) => tier,
            None if needs_advanced => Advanced,
            None => was,
        })
    }

    fn check(&self, version: &ParameterVersion) -> Result<(), Error> {
        let bytes = self.value.0.len();
        let (most, tier) = match version.tier {
            ParameterTier::Standard => (STANDARD_BYTES_MAX, "Standard"),
            ParameterTier::Advanced => (ADVANCED_BYTES_MAX, "Advanced"),
        };
        if bytes == 0 {
            return Err(invalid(
                "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must \
                 have length greater than or equal to 1.",
            ));
        }
        if bytes > most {
            return Err(invalid(format!(
                "{tier} tier parameters support a maximum parameter value of {most} characters. To create a \
                 larger parameter value, upgrade the parameter to use the advanced-parameter tier."
            )));
        }
        let texts = [
            ("description", &version.description, TEXT_CHARS_MAX),
            ("allowed pattern", &version.allowed_pattern, TEXT_CHARS_MAX),
            ("policies", &version.policies, POLICIES_CHARS_MAX),
            ("key id", &version.key_id, 256),
        ];
        for (what, text, most) in texts {
            if text.as_ref().is_some_and(|text| text.chars().count() > most) {
                return Err(invalid(format!("The {what} can have at most {most} characters.")));
            }
        }
        if version.policies.is_some() && version.tier == ParameterTier::Standard {
            return Err(invalid("Parameter policies are supported for advanced parameters only."));
        }
        if !DATA_TYPES.contains(&version.data_type.as_str()) {
            let data_type: String = version.data_type.chars().take(128).collect();
            return Err(invalid(format!(
                "The following data type is not supported: {data_type} (Data type names are all lowercase.)"
            )));
        }
        self.check_pattern(version.allowed_pattern.as_deref())
    }

    fn check_pattern(&self, pattern: Option<&str>) -> Result<(), Error> {
        let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else { return Ok(()) };
        let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
        // By itself first: what is no pattern could become one in the other.
        let compiled = compile(pattern).and_then(|_| compile(&format!("^(?:{pattern})$")));
        let compiled = compiled.map_err(|error| {
            let detail = format!("The allowed pattern cannot be used: {error}");
            Error::new(ErrorCode::InvalidConfiguration, detail)
        })?;
        if compiled.is_match(&self.value.0) {
            return Ok(());
        }
        let detail =
            format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
        Err(Error::new(ErrorCode::PatternMismatch, detail))
    }
}

impl Scope {
    /// Makes a parameter, or gives the one of its name another version. Returns that.
    ///
    /// # Errors
    /// `Conflict`: there is one of its name, and it is not to be overwritten. `HistoryFull`: the oldest of its
    /// 100 versions has a label, and so makes no room. `InvalidName`, `Forbidden` (of a name that is AWS's).
    /// `PatternMismatch`; `InvalidConfiguration`: the pattern is none. `InvalidRequest`, `QuotaExceeded`; the
    /// store failed.
    pub async fn put_parameter(&self, new: NewParameter) -> Result<ParameterVersion, Error> {
        let name = new.name.clone();
        self.perform(Operation::PutParameter, name.as_str(), async {
            name.check_not_reserved()?;
            if new.overwrite && !new.tags.is_empty() {
                return Err(invalid(
                    "Invalid request: tags and overwrite can't be used together. To create a parameter with \
                     tags, please remove overwrite flag. To update tags for an existing parameter, please \
                     use AddTagsToResource or RemoveTagsFromResource.",
                ));
            }
            let _changing = self.service.sealing.lock().await;
            loop {
                if let Some(put) = self.try_put_parameter(&new).await? {
                    return Ok(put);
                }
            }
        })
        .await
    }

    /// Puts a parameter unless another node changes it meanwhile.
    async fn try_put_parameter(
        &self,
        new: &NewParameter,
    ) -> Result<Option<ParameterVersion>, Error> {
        let records = self.parameter_records()?;
        let found: Option<(Parameter, u64)> = records.find(new.name.as_str()).await?;
        if found.is_some() && !new.overwrite {
            let detail = "The parameter already exists. To overwrite this value, set the overwrite option in \
                          the request to true.";
            return Err(Error::new(ErrorCode::Conflict, detail));
        }
        let before = match &found {
            Some((parameter, _)) => self.parameter_version(parameter, parameter.latest).await?,
            None => None,
        };
        let mut version = new.version(before.as_ref())?;
        version.modified = self.service.clock.now();
        let (mut parameter, revision) = match found {
            Some((parameter, revision)) => (parameter, Some(revision)),
            None => (fresh(new)?, None),
        };
        parameter.latest = version.number;
        let mut writes = Vec::new();
        while parameter.latest - parameter.first >= VERSIONS_MAX {
            check_makes_room(&parameter)?;
            writes.push(delete_row(&parameter, parameter.first));
            parameter.first += 1;
        }
        let text = version_text(version.number);
        let of = value_of(&parameter, &text);
        let row: Row<ParameterVersion> =
            records.seal(of, version.clone(), new.value.0.as_bytes())?;
        writes.push(SealedRecords::put_row(of, &row, None)?);
        writes.push(SealedRecords::put_entry(new.name.as_str(), &parameter, revision)?);
        Ok(records.write(&writes).await?.then_some(version))
    }
}

fn fresh(new: &NewParameter) -> Result<Parameter, Error> {
    let mut tags = BTreeMap::new();
    set_tags(&mut tags, &new.tags)?;
    let (name, id) = (new.name.clone(), random_id("", 16)?);
    Ok(Parameter { name, id, tags, first: 1, latest: 1, labels: BTreeMap::new() })
}

fn check_makes_room(parameter: &Parameter) -> Result<(), Error> {
    let (name, first) = (&parameter.name, parameter.first);
    if parameter.labels_of(first).next().is_none() {
        return Ok(());
    }
    let detail = format!(
        "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite \
         flag. Version {first}, the oldest version, can't be deleted because it has a label associated with \
         it. Move the label to another version of the parameter, and try again."
    );
    Err(Error::new(ErrorCode::HistoryFull, detail))
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidRequest, detail)
}
