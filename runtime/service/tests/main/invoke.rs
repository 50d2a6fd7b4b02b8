//! Who may call a function by its URL, and what is told to who may not.

use lambent_service::Principal;
use lambent_types::{ConfigurationPatch, Error, ErrorCode, Qualifier};

use crate::fixture::{ANY, Fixture};

fn key(namespace: &str) -> Principal {
    Principal::Key { id: "LKIA".into(), namespace: namespace.parse().unwrap() }
}

fn public(public: bool) -> ConfigurationPatch {
    ConfigurationPatch { public: Some(public), ..ConfigurationPatch::default() }
}

impl Fixture {
    /// What comes of a request for a function of `default`.
    async fn request(
        &self,
        (name, qualifier): (&str, Qualifier),
        principal: Option<&Principal>,
    ) -> Result<u64, Error> {
        let (namespace, name) = (self.ns.clone(), name.parse().unwrap());
        let headers = http::HeaderMap::new();
        let requested =
            self.service.requested_function(namespace, &name, &qualifier, &headers).await?;
        let authorized = requested.authorize(principal)?;
        Ok(authorized.callee.function.code.bytes)
    }
}

#[tokio::test]
async fn a_function_is_called_by_whom_its_namespace_is_open_to() {
    let fixture = Fixture::new().await;
    fixture.deploy("code").await.unwrap();
    let [own, other] = [key("default"), key("other")];
    for principal in [&Principal::Root, &Principal::Anyone, &own] {
        for (name, found) in [("f", true), ("nobody", false)] {
            let called = fixture.request((name, Qualifier::Latest), Some(principal)).await;
            let code = called.map_err(|error| error.code());
            let expected = if found { Ok(4) } else { Err(ErrorCode::FunctionNotFound) };
            assert_eq!(code, expected, "{principal} {name}");
        }
    }
    // Whether there is one is told to no one else.
    for principal in [None, Some(&other)] {
        let mut told = Vec::new();
        for name in ["f", "nobody"] {
            let error = fixture.request((name, Qualifier::Latest), principal).await.unwrap_err();
            told.push((error.code(), error.detail().to_owned()));
        }
        assert_eq!(told[0].0, ErrorCode::Unauthorized);
        assert_eq!(told[0], told[1]);
    }
}

#[tokio::test]
async fn a_version_that_was_public_is_closed_with_its_head() {
    let fixture = Fixture::new().await;
    fixture.deploy_with("code", public(true)).await.unwrap();
    fixture.handle().publish(&ANY).await.unwrap();
    let version = || ("f", Qualifier::Version(1));
    assert_eq!(fixture.request(version(), None).await.unwrap(), 4);
    fixture.handle().configure(public(false), &ANY).await.unwrap();
    for closed in [version(), ("f", Qualifier::Latest)] {
        let error = fixture.request(closed, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unauthorized);
    }
    assert_eq!(fixture.request(version(), Some(&Principal::Root)).await.unwrap(), 4);
}
