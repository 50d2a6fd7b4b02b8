//! What subscribers ask without a key: by the URLs that they were sent, with a token that nobody else
//! knows.

use http::request::Parts;
use http::{Method, Response, Uri};
use lambent_dispatch::Body;
use lambent_service::Service;
use lambent_types::{RequestId, Subscription, account_number};
use serde::{Deserialize, Serialize};

use super::error::{fault, required};
use super::{Nothing, XML_NAMESPACE};
use crate::fault::Fault;
use crate::protocol::{Protocol, query_reply};

const CONFIRM: &str = "ConfirmSubscription";
const UNSUBSCRIBE: &str = "Unsubscribe";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wanted {
    action: String,
    topic_arn: Option<String>,
    token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Confirmed {
    subscription_arn: String,
}

/// Whether a request without a signature may be one of a subscriber's.
pub(crate) fn is_public(uri: &Uri) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    uri.path() == "/"
        && parameters.any(|one| {
            let action = one.strip_prefix("Action=");
            action.is_some_and(|action| action == CONFIRM || action == UNSUBSCRIBE)
        })
}

/// Answers a subscriber; `None` if the request is none of one's.
pub(crate) async fn answer_public(
    node: &Service,
    head: &Parts,
    id: RequestId,
) -> Option<Response<Body>> {
    if head.method != Method::GET || !is_public(&head.uri) {
        return None;
    }
    let query = head.uri.query().unwrap_or_default();
    let wanted = serde_urlencoded::from_str::<Wanted>(query).ok()?;
    let answered = match wanted.action.as_str() {
        CONFIRM => confirm(node, wanted, id).await,
        UNSUBSCRIBE => unsubscribe(node, wanted, id).await,
        _ => return None,
    };
    Some(answered.unwrap_or_else(|fault| Protocol::Query.refusal(&fault, id)))
}

async fn confirm(node: &Service, wanted: Wanted, id: RequestId) -> Result<Response<Body>, Fault> {
    let token = required(wanted.token, "Token")?;
    let confirmed = node.confirm_subscription(&token, false).await;
    let (namespace, Subscription { topic, name, .. }) = confirmed.map_err(fault)?;
    // It says the region that the subscriber was told.
    let region = wanted.topic_arn.as_deref().and_then(|arn| arn.split(':').nth(3));
    let region = region.unwrap_or("us-east-1");
    let account = account_number(&namespace);
    let subscription_arn = format!("arn:aws:sns:{region}:{account}:{topic}:{name}");
    Ok(query_reply(XML_NAMESPACE, CONFIRM, &Confirmed { subscription_arn }, id))
}

async fn unsubscribe(
    node: &Service,
    wanted: Wanted,
    id: RequestId,
) -> Result<Response<Body>, Fault> {
    let token = required(wanted.token, "Token")?;
    node.unsubscribe(&token).await.map_err(fault)?;
    Ok(query_reply(XML_NAMESPACE, UNSUBSCRIBE, &Nothing {}, id))
}
