//! Development mode: everyone on loopback is the agent `development`, and nothing is proved.

use axum::http::HeaderMap;

use crate::identity::{Authenticator, Presented, Principal, Proof, Unidentified, run};

/// Names the run, in this mode alone. Each run has its own taint.
pub const RUN_HEADER: &str = "bartizan-run";

/// Headers of a proxy: behind one, a loopback peer says nothing about who asks.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Accepts direct callers on loopback.
#[derive(Clone, Copy, Debug, Default)]
pub struct Development;

#[async_trait::async_trait]
impl Authenticator for Development {
    async fn authenticate(
        &self,
        presented: &Presented<'_>,
    ) -> Result<Option<Principal>, Unidentified> {
        let forwarded = FORWARDED.iter().any(|name| presented.headers.contains_key(*name));
        if !presented.loopback || forwarded {
            return Err(Unidentified::NotLoopback);
        }
        let mut principal = Principal::new("development", Proof::Development);
        principal.run = run_of(presented.headers)?;
        Ok(Some(principal))
    }
}

fn run_of(headers: &HeaderMap) -> Result<Option<String>, Unidentified> {
    let mut values = headers.get_all(RUN_HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| Unidentified::RunHeader)?;
    match (run::parse(text), values.next()) {
        (Some(run), None) => Ok(Some(run)),
        _ => Err(Unidentified::RunHeader),
    }
}
