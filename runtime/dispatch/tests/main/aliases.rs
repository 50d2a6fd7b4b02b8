use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use lambent_dispatch::{Callee, DecidedBy, Dispatcher, Options};
use lambent_storage::Registry;
use lambent_storage::contract::samples;
use lambent_storage::fault::Faults;
use lambent_types::{
    Alias, AliasSettings, ErrorCode, Handler, Outcome, Qualifier, Split, VersionNumber, Weight,
};

use crate::fixture::{Fixture, caller, event, finished};

impl Fixture {
    /// Has alias `live` of `f` lead to version 1, and to version 2 as often as `part` says.
    async fn live(&self, part: Option<f64>, sticky: Option<&str>) {
        let split = part.map(|part| Split { version: 2, weight: Weight::new(part).unwrap() });
        let sticky = sticky.map(|sticky| sticky.parse().unwrap());
        let settings =
            AliasSettings { split, sticky, ..AliasSettings::of(VersionNumber::Number(1)) };
        let alias = Alias::new("Live".parse().unwrap(), settings, jiff::Timestamp::now());
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        self.registry.put_alias(&ns, &f, alias, None).await.unwrap();
    }

    async fn with_two_versions() -> Self {
        let fixture = Self::new();
        fixture.function("f", &[Handler::Event]).await;
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        for _ in 0..2 {
            fixture.registry.publish(&ns, &f, None).await.unwrap();
        }
        fixture
    }

    async fn called(&self, by: DecidedBy<'_>) -> Callee {
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        let live: Qualifier = "live".parse().unwrap();
        self.dispatcher.resolve(&ns, &f, &live).await.unwrap().choose(by)
    }
}

#[tokio::test]
async fn an_alias_leads_where_it_was_last_put_and_is_in_the_record() {
    let fixture = Fixture::with_two_versions().await;
    let none = HeaderMap::new();
    let (ns, f) = (samples::namespace("default"), samples::name("f"));
    let live: Qualifier = "LIVE".parse().unwrap();
    let error = fixture.dispatcher.resolve(&ns, &f, &live).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AliasNotFound);
    fixture.live(None, None).await;
    let callee = fixture.called(DecidedBy::Request(&none)).await;
    assert_eq!(callee.function.version, VersionNumber::Number(1));
    fixture.on_event(|call, _| async move {
        assert_eq!(call.alias.unwrap().as_str(), "Live");
        Ok(finished(Outcome::Ok))
    });
    let invoked = fixture.dispatcher.invoke(callee, caller(), event("")).await.unwrap();
    assert_eq!(invoked.record.alias.unwrap().as_str(), "Live");
    assert_eq!(fixture.only_record().await.version, VersionNumber::Number(1));
}

#[tokio::test]
async fn two_versions_share_what_comes_by_their_weights() {
    let fixture = Fixture::with_two_versions().await;
    let none = HeaderMap::new();
    for part in [0.01, 0.3, 0.95] {
        fixture.live(Some(part), None).await;
        let mut second = 0;
        for _ in 0..20_000 {
            let version = fixture.called(DecidedBy::Request(&none)).await.function.version;
            second += u32::from(version == VersionNumber::Number(2));
        }
        let (mean, slack) = (20_000.0 * part, 6.0 * (20_000.0 * part * (1.0 - part)).sqrt());
        assert!((f64::from(second) - mean).abs() < slack, "{second} of {mean}");
    }
}

#[tokio::test]
async fn a_user_stays_with_a_version_while_the_weight_stands() {
    let fixture = Fixture::with_two_versions().await;
    let mut of: HashMap<u32, VersionNumber> = HashMap::new();
    for part in [0.1, 0.1, 0.4, 0.9] {
        fixture.live(Some(part), Some("cookie:sid")).await;
        for user in 0..200 {
            let mut headers = HeaderMap::new();
            headers.append("cookie", "other=1".parse().unwrap());
            headers.append("cookie", format!("a=b; sid=user-{user}").parse().unwrap());
            let version = fixture.called(DecidedBy::Request(&headers)).await.function.version;
            let before = of.insert(user, version);
            assert!(before.is_none_or(|before| before <= version), "user {user} went back");
        }
    }
    // Of events the same goes by what is in them, and what has no such part is shared out.
    fixture.live(Some(0.5), Some("data:/user")).await;
    let mut by_user = HashMap::new();
    for round in 0..400 {
        let mut event = event("");
        event.data = format!("{{\"user\":{}}}", round % 40).into();
        let version = fixture.called(DecidedBy::Event(&event)).await.function.version;
        assert_eq!(*by_user.entry(round % 40).or_insert(version), version);
    }
    let mut seen = Vec::new();
    for _ in 0..100 {
        seen.push(fixture.called(DecidedBy::Event(&event("{}"))).await.function.version);
    }
    assert!(seen.iter().any(|version| *version != seen[0]), "without a user it is by chance");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_deleted_after_the_alias_left_it_is_not_missed() {
    let fixture = Fixture::with_two_versions().await;
    fixture.live(None, None).await;
    let faults = Faults::new(1);
    let registry: Arc<dyn Registry> = fixture.registry.clone();
    let slow = Dispatcher::new(
        (faults.around(registry), fixture.quotas.clone()),
        fixture.runner.clone(),
        fixture.logs.clone(),
        fixture.counts.clone(),
        Options::default(),
    );
    faults.delay(Duration::from_secs(1));
    let (ns, f) = (samples::namespace("default"), samples::name("f"));
    let live: Qualifier = "live".parse().unwrap();
    let shift = async {
        // After the alias was read, and before the version is.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let found = fixture.registry.function(&ns, &f).await.unwrap().unwrap();
        let mut alias = found.aliases.iter().next().unwrap().clone();
        alias.settings.version = VersionNumber::Number(2);
        fixture.registry.put_alias(&ns, &f, alias, None).await.unwrap();
        fixture.registry.delete_version(&ns, &f, 1).await.unwrap();
    };
    let (found, ()) = tokio::join!(slow.resolve(&ns, &f, &live), shift);
    assert_eq!(found.unwrap().first.version, VersionNumber::Number(2));
}
