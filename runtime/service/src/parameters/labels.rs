//! Labels: of versions, which name them, and of parameters.

use std::collections::BTreeMap;

use lambent_types::{Error, ErrorCode};

use super::entry::{Parameter, no_version};
use crate::operation::Operation;
use crate::scope::Scope;
use crate::sealed_records::SealedRecords;
use crate::tag_rules::set_tags;

/// Most labels of a version; Parameter Store's.
const LABELS_MAX: usize = 10;
/// Most characters of a label; Parameter Store's.
const LABEL_CHARS_MAX: usize = 100;

/// Whether a version can have this label: what begins with a digit would be taken for its number.
fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let reserved = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    (1..=LABEL_CHARS_MAX).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !reserved("aws")
        && !reserved("ssm")
}

impl Parameter {
    /// Moves labels to a version. Returns those that cannot be labels, which are left out.
    fn label(&mut self, number: u64, labels: &[String]) -> Result<Vec<String>, Error> {
        if !self.has(number) {
            return Err(no_version(&self.name, number));
        }
        let (good, bad): (Vec<_>, Vec<_>) =
            labels.iter().cloned().partition(|label| is_label(label));
        self.labels.extend(good.into_iter().map(|label| (label, number)));
        if self.labels_of(number).count() > LABELS_MAX {
            return Err(Error::new(
                ErrorCode::QuotaExceeded,
                "A parameter version can have maximum 10 labels. Move one or more labels to another version \
                 and try again.",
            ));
        }
        Ok(bad)
    }

    /// Takes labels from a version. Returns those that it did not have.
    fn unlabel(&mut self, number: u64, labels: &[String]) -> Result<Vec<String>, Error> {
        if !self.has(number) {
            return Err(no_version(&self.name, number));
        }
        let is_its = |label: &String| self.labels.get(label) == Some(&number);
        let (good, bad): (Vec<String>, Vec<String>) = labels.iter().cloned().partition(is_its);
        for label in good {
            self.labels.remove(&label);
        }
        Ok(bad)
    }
}

impl Scope {
    async fn change_parameter<T>(
        &self,
        name: &str,
        change: impl Fn(&mut Parameter) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.perform(Operation::PutParameter, name, async {
            let _changing = self.service.sealing.lock().await;
            loop {
                let (mut parameter, revision) = self.find_parameter(name).await?;
                let told = change(&mut parameter)?;
                let write = SealedRecords::put_entry(name, &parameter, Some(revision))?;
                if self.parameter_records()?.write(&[write]).await? {
                    return Ok(told);
                }
            }
        })
        .await
    }

    /// Moves labels to a version; to the newest, if none is named. Returns its number, and the labels that
    /// cannot be any, which are left out.
    ///
    /// # Errors
    /// `ParameterNotFound`, `VersionNotFound`, `QuotaExceeded` (the version would have more than ten); the
    /// store failed.
    pub async fn label_parameter(
        &self,
        name: &str,
        number: Option<u64>,
        labels: &[String],
    ) -> Result<(u64, Vec<String>), Error> {
        self.change_parameter(name, |parameter| {
            let number = number.unwrap_or(parameter.latest);
            Ok((number, parameter.label(number, labels)?))
        })
        .await
    }

    /// Takes labels from a version. Returns those that it did not have.
    ///
    /// # Errors
    /// `ParameterNotFound`, `VersionNotFound`; the store failed.
    pub async fn unlabel_parameter(
        &self,
        name: &str,
        number: u64,
        labels: &[String],
    ) -> Result<Vec<String>, Error> {
        self.change_parameter(name, |parameter| parameter.unlabel(number, labels)).await
    }

    /// Sets tags of a parameter, and takes others away.
    ///
    /// # Errors
    /// `ParameterNotFound`, `InvalidConfiguration`, `QuotaExceeded`; the store failed.
    pub async fn tag_parameter(
        &self,
        name: &str,
        set: &BTreeMap<String, String>,
        remove: &[String],
    ) -> Result<(), Error> {
        self.change_parameter(name, |parameter| {
            parameter.tags.retain(|key, _| !remove.contains(key));
            set_tags(&mut parameter.tags, set)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter() -> Parameter {
        let (name, id) = ("/p".parse().unwrap(), "id".to_owned());
        let (tags, labels) = (BTreeMap::new(), BTreeMap::new());
        Parameter { name, id, tags, first: 3, latest: 5, labels }
    }

    fn texts(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| (*label).to_owned()).collect()
    }

    #[test]
    fn a_label_is_on_one_version() {
        let mut parameter = parameter();
        assert_eq!(parameter.label(3, &texts(&["prod", "1st", "aws-x", "a b"])).unwrap().len(), 3);
        parameter.label(5, &texts(&["prod", "dev"])).unwrap();
        assert_eq!(parameter.labels_of(3).count(), 0);
        assert_eq!(parameter.labels_of(5).collect::<Vec<_>>(), ["dev", "prod"]);
        assert_eq!(parameter.unlabel(5, &texts(&["dev", "x"])).unwrap(), ["x"]);
        assert_eq!(parameter.unlabel(4, &texts(&["prod"])).unwrap(), ["prod"]);
        for number in [2, 6] {
            assert_eq!(
                parameter.label(number, &[]).unwrap_err().code(),
                ErrorCode::VersionNotFound
            );
            assert!(parameter.unlabel(number, &[]).is_err());
        }
    }

    #[test]
    fn a_version_has_ten_labels_at_most() {
        let labels: Vec<_> = (0..=LABELS_MAX).map(|n| format!("l{n}")).collect();
        assert!(parameter().label(4, &labels[1..]).is_ok());
        assert_eq!(parameter().label(4, &labels).unwrap_err().code(), ErrorCode::QuotaExceeded);
        assert!(is_label(&"l".repeat(LABEL_CHARS_MAX)) && !is_label(&"l".repeat(101)));
    }
}
