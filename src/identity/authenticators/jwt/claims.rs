//! The claims of a token whose signature is good: whether they hold here and now, and whom they
//! name.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::Settings;
use crate::identity::{Principal, Proof, Unidentified, run};
use crate::mcp::Json;

/// The longest name in a claim.
const NAME_BYTES_MAX: usize = 256;

/// Seconds since 1970 that are taken for a time; the year 5138 will do.
const TIME_MAX: f64 = 1e11;

pub(super) fn principal(
    claims: &Json,
    settings: &Settings,
    now: i64,
) -> Result<Principal, Unidentified> {
    check_parties(claims, settings)?;
    check_times(claims, settings, now)?;
    let subject = name(claims, "sub").map_err(|_| Unidentified::NoSubject)?;
    let subject = subject.ok_or(Unidentified::NoSubject)?;
    check_scopes(claims, settings)?;
    let instance = instance(claims, settings)?;
    let client = match name(claims, "client_id")? {
        Some(client) => Some(client),
        None => name(claims, "azp")?,
    };
    let agent = client.unwrap_or(subject);
    let mut principal = Principal::new(format!("{}|{agent}", settings.issuer), Proof::Bearer);
    principal.instance = instance;
    principal.user = (agent != subject).then(|| subject.to_owned());
    principal.actors = actors(claims, settings)?;
    principal.groups = groups(claims, settings)?;
    principal.run = match claims.get(&settings.run_claim) {
        None => None,
        Some(named) => Some(named.as_str().and_then(run::parse).ok_or(Unidentified::Claim)?),
    };
    Ok(principal)
}

fn check_parties(claims: &Json, settings: &Settings) -> Result<(), Unidentified> {
    if claims.get("iss").and_then(Json::as_str) != Some(&settings.issuer) {
        return Err(Unidentified::Issuer);
    }
    let ours = |value: &Json| value.as_str() == Some(&settings.audience);
    let for_us = match claims.get("aud") {
        Some(Json::Array(audiences)) => audiences.iter().any(ours),
        Some(audience) => ours(audience),
        None => false,
    };
    if for_us { Ok(()) } else { Err(Unidentified::Audience) }
}

fn check_times(claims: &Json, settings: &Settings, now: i64) -> Result<(), Unidentified> {
    let leeway = i64::from(settings.leeway_seconds);
    let expires = time(claims, "exp").flatten().ok_or(Unidentified::NoExpiry)?;
    let issued = time(claims, "iat").flatten().ok_or(Unidentified::NoIssuedAt)?;
    if expires + leeway <= now {
        return Err(Unidentified::Expired);
    }
    if expires - issued > i64::from(settings.lifetime_max_seconds) {
        return Err(Unidentified::LongLived);
    }
    let valid_from = match time(claims, "nbf") {
        None => issued,
        Some(time) => time.ok_or(Unidentified::NotYetValid)?.max(issued),
    };
    if valid_from > now + leeway { Err(Unidentified::NotYetValid) } else { Ok(()) }
}

/// A NumericDate (RFC 7519 §2) in whole seconds: outer `None` if absent, inner if it is no time.
fn time(claims: &Json, key: &str) -> Option<Option<i64>> {
    let seconds = match claims.get(key)? {
        Json::Number(number) => number.as_f64(),
        _ => f64::NAN,
    };
    // Within these bounds a double is exact to the second.
    Some((0.0..=TIME_MAX).contains(&seconds).then_some(seconds as i64))
}

/// A claim that names someone: short, and without characters that break a line in a record.
fn name<'a>(claims: &'a Json, key: &str) -> Result<Option<&'a str>, Unidentified> {
    match claims.get(key) {
        None => Ok(None),
        Some(value) => {
            value.as_str().filter(|name| is_name(name)).map(Some).ok_or(Unidentified::Claim)
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control)
}

fn check_scopes(claims: &Json, settings: &Settings) -> Result<(), Unidentified> {
    let granted = claims.get("scope").and_then(Json::as_str).unwrap_or_default();
    let has = |scope: &String| granted.split(' ').any(|granted| granted == scope);
    if settings.required_scopes.iter().all(has) { Ok(()) } else { Err(Unidentified::Scope) }
}

/// The instance by the thumbprint of its key (RFC 9449 `jkt`, RFC 8705 `x5t#S256`), else by a hash
/// of the token's `jti`. A bound token without proof of its key is refused unless the operator
/// said otherwise: its issuer meant it to be of no use to a thief.
fn instance(claims: &Json, settings: &Settings) -> Result<Option<String>, Unidentified> {
    if let Some(confirmation) = claims.get("cnf") {
        if !settings.accept_key_bound_as_bearer {
            return Err(Unidentified::KeyBound);
        }
        let thumbprint = match name(confirmation, "jkt")? {
            Some(thumbprint) => Some(thumbprint),
            None => name(confirmation, "x5t#S256")?,
        };
        return Ok(thumbprint.map(|thumbprint| format!("key:{}", hash(thumbprint))));
    }
    Ok(name(claims, "jti")?.map(|id| format!("jti:{}", hash(id))))
}

fn hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest.as_ref())
}

/// The chain of actors (RFC 8693 §4.1), outermost (the current one) first. A link that cannot be
/// read breaks the chain, and a broken chain refuses the token.
fn actors(claims: &Json, settings: &Settings) -> Result<Vec<String>, Unidentified> {
    let mut actors = Vec::new();
    let mut link = claims.get("act");
    while let Some(actor) = link {
        if actors.len() == settings.actors_max {
            return Err(Unidentified::Claim);
        }
        let subject = name(actor, "sub")?.ok_or(Unidentified::Claim)?;
        let issuer = name(actor, "iss")?.unwrap_or(&settings.issuer);
        actors.push(format!("{issuer}|{subject}"));
        link = actor.get("act");
    }
    Ok(actors)
}

fn groups(claims: &Json, settings: &Settings) -> Result<Vec<String>, Unidentified> {
    let Some(value) = claims.get(&settings.groups_claim) else { return Ok(Vec::new()) };
    let listed = match value {
        Json::Array(listed) => listed.as_slice(),
        single => std::slice::from_ref(single),
    };
    if listed.len() > settings.groups_max {
        return Err(Unidentified::Claim);
    }
    let group = |value: &Json| value.as_str().filter(|name| is_name(name)).map(str::to_owned);
    listed.iter().map(group).collect::<Option<_>>().ok_or(Unidentified::Claim)
}
