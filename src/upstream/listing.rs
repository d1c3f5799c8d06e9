//! What an upstream offers: all pages of its four lists, as it sent them.

use std::time::{Duration, Instant};

use super::{
    Handshake,
    error::UpstreamError,
    link::{Link, Outbound},
};
use crate::mcp::{Json, Method, Object, RpcError, bridge};

/// Raw definitions. An item that is no object is left out here already.
#[derive(Debug, Default)]
pub struct Listing {
    pub tools: Vec<Json>,
    pub prompts: Vec<Json>,
    pub resources: Vec<Json>,
    pub templates: Vec<Json>,
    /// Lists that could not be fetched whole, with the reason.
    pub failures: Vec<String>,
}

/// Pages of one list; a server whose cursor never ends stops here.
const PAGES_MAX: usize = 200;
/// Definitions of one list.
const ITEMS_MAX: usize = 10_000;
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// For all lists together, from here on.
const LISTS_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of one definition; a longer one is left out.
const DEFINITION_BYTES_MAX: usize = 256 << 10;
/// Bytes of all definitions of one server.
const LISTING_BYTES_MAX: usize = 32 << 20;

/// Fetches every list that the server says it has.
pub(super) async fn fetch(upstream: &str, link: &Link, handshake: &Handshake) -> Listing {
    let mut listing = Listing::default();
    let has = |capability: &str| handshake.capabilities.get(capability).is_some();
    let mut budget = Budget { until: Instant::now() + LISTS_TIMEOUT, bytes: LISTING_BYTES_MAX };
    let Listing { tools, prompts, resources, templates, failures } = &mut listing;
    let lists = [
        (has("tools"), Method::ToolsList, "tools", tools),
        (has("prompts"), Method::PromptsList, "prompts", prompts),
        (has("resources"), Method::ResourcesList, "resources", resources),
        (has("resources"), Method::ResourceTemplatesList, "resourceTemplates", templates),
    ];
    for (offered, method, member, items) in lists {
        if !offered {
            continue;
        }
        if let Err(error) = fetch_list(link, method, member, items, &mut budget).await {
            // Having resources but no templates is common, and no failure.
            if matches!(
                &error,
                ListError::Refused(RpcError { code: RpcError::METHOD_NOT_FOUND, .. })
            ) {
                continue;
            }
            tracing::warn!(upstream, list = method.name(), %error, "A list is incomplete.");
            failures.push(format!("{}: {error}", method.name()));
        }
    }
    listing
}

#[derive(Debug, thiserror::Error)]
enum ListError {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("it refused with {}: {}", .0.code, .0.message)]
    Refused(RpcError),
    #[error("its answer has no list `{0}`")]
    NoList(&'static str),
    #[error("more than {PAGES_MAX} pages or {ITEMS_MAX} items")]
    TooMany,
    #[error("{0} definitions of more than {DEFINITION_BYTES_MAX} bytes were left out")]
    TooLong(usize),
    #[error("all definitions have more than {LISTING_BYTES_MAX} bytes")]
    TooMuch,
    #[error("the lists took longer than {} seconds", LISTS_TIMEOUT.as_secs())]
    TooSlow,
}

/// What the lists of one server may still take.
struct Budget {
    until: Instant,
    bytes: usize,
}

impl Budget {
    /// Takes over a page, without what is no definition or too long. Returns how many those were.
    fn keep(&mut self, page: Vec<Json>, items: &mut Vec<Json>) -> Result<usize, ListError> {
        let mut too_long = 0;
        for item in page.into_iter().filter(|item| matches!(item, Json::Object(_))) {
            let bytes = item.to_string().len();
            if bytes > DEFINITION_BYTES_MAX {
                too_long += 1;
                continue;
            }
            self.bytes = self.bytes.checked_sub(bytes).ok_or(ListError::TooMuch)?;
            items.push(item);
        }
        Ok(too_long)
    }
}

async fn fetch_list(
    link: &Link,
    method: Method,
    member: &'static str,
    items: &mut Vec<Json>,
    budget: &mut Budget,
) -> Result<(), ListError> {
    let (mut cursor, mut too_long): (Option<Json>, usize) = (None, 0);
    for _ in 0..PAGES_MAX {
        let left = budget.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ListError::TooSlow);
        }
        let mut params = Object::new();
        if let Some(cursor) = cursor.take() {
            params.insert("cursor", cursor);
        }
        let response = link.request(Outbound::own(method, params, LIST_TIMEOUT.min(left))).await?;
        let mut result = response.outcome.map_err(ListError::Refused)?;
        if bridge::foreign_shape(method, &result).is_some() {
            return Err(ListError::NoList(member));
        }
        let Some(Json::Array(page)) = result.remove(member) else {
            return Err(ListError::NoList(member));
        };
        too_long += budget.keep(page, items)?;
        if items.len() > ITEMS_MAX {
            items.truncate(ITEMS_MAX);
            return Err(ListError::TooMany);
        }
        match result.remove("nextCursor") {
            Some(next @ Json::String(_)) => cursor = Some(next),
            _ if too_long > 0 => return Err(ListError::TooLong(too_long)),
            _ => return Ok(()),
        }
    }
    Err(ListError::TooMany)
}
