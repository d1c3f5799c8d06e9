//! Puts an entry into OCSF 1.9.0 names. Numbers are those of <https://schema.ocsf.io/1.9.0>.

use super::{Disposition, Entry, Fields, Mode, Outcome};
use crate::audit::json::Object;

const SCHEMA_VERSION: &str = "1.9.0";
const PRODUCT: &str = "Bartizan";
/// Application Activity.
const CATEGORY: u64 = 6;
/// API Activity.
const CLASS: u64 = 6003;
/// The caller that showed no identity, or none yet.
const NOBODY: &str = "unidentified";

pub(super) fn write(entry: &Entry<'_>, out: &mut Vec<u8>) {
    let fields = &entry.fields;
    Object::write(out, |record| {
        record.object("metadata", |metadata| write_metadata(metadata, fields));
        record.number("time", fields.time_ms);
        write_class(record, fields);
        record.text_if("status_code", fields.refusal);
        record.object("actor", |actor| write_actor(actor, fields));
        if let Some(agent) = fields.agent {
            record.object("ai_agent", |object| {
                object.text("uid", agent);
                object.text_if("instance_uid", fields.run);
            });
        }
        record.object("api", |api| write_api(api, entry));
        write_ends(record, fields);
        if let Some(disposition) = fields.disposition {
            write_control(record, disposition, fields);
        }
        record.object("unmapped", |unmapped| {
            unmapped.object("bartizan", |own| write_own(own, entry));
        });
    });
}

fn write_metadata(metadata: &mut Object<'_>, fields: &Fields<'_>) {
    metadata.text("version", SCHEMA_VERSION);
    metadata.object("product", |product| {
        product.text("name", PRODUCT);
        product.text("vendor_name", PRODUCT);
        product.text("version", env!("CARGO_PKG_VERSION"));
    });
    metadata.numbered("uid", fields.request, fields.step);
    metadata.texts_if("profiles", &["ai_operation", "security_control"]);
    metadata.text("correlation_uid", fields.request);
}

fn write_class(record: &mut Object<'_>, fields: &Fields<'_>) {
    let (activity, name) = activity(fields.method);
    record.number("category_uid", CATEGORY);
    record.number("class_uid", CLASS);
    record.number("activity_id", activity);
    record.text("activity_name", name);
    record.number("type_uid", CLASS * 100 + activity);
    record.number("severity_id", severity(fields));
    record.number("status_id", status(fields));
}

/// A list or a read only reads. What a tool does is the tool's to know: its hints prove nothing.
fn activity(method: Option<&str>) -> (u64, &'static str) {
    let verb = method.and_then(|method| method.rsplit('/').next());
    match verb {
        Some("list" | "read" | "get") => (2, "Read"),
        Some("call") => (99, "Call"),
        _ => (99, "Other"),
    }
}

/// 1 is Informational, 2 Low, 3 Medium.
fn severity(fields: &Fields<'_>) -> u64 {
    match (fields.disposition, fields.outcome) {
        (Some(Disposition::Blocked), _) | (_, Some(Outcome::Withheld | Outcome::Unknown)) => 3,
        (Some(Disposition::Held | Disposition::Observed), _) => 2,
        (_, Some(Outcome::Refused | Outcome::Failed | Outcome::Abandoned)) => 2,
        _ => 1,
    }
}

/// 0 is Unknown, 1 Success, 2 Failure. An outcome says more than the decision before it.
fn status(fields: &Fields<'_>) -> u64 {
    match (fields.outcome, fields.disposition) {
        (Some(Outcome::Ok), _) => 1,
        (Some(Outcome::Unknown), _) => 0,
        (Some(_), _) | (None, Some(Disposition::Blocked)) => 2,
        (None, Some(Disposition::Allowed | Disposition::Observed)) => 1,
        (None, Some(Disposition::Held) | None) => 0,
    }
}

/// OCSF wants at least one of these.
fn write_actor(actor: &mut Object<'_>, fields: &Fields<'_>) {
    if let Some(user) = fields.user {
        actor.object("user", |object| object.text("uid", user));
    }
    if let Some(session) = fields.session {
        actor.object("session", |object| object.text("uid", session));
    }
    actor.text_if("app_name", fields.client_name);
    actor.text("app_uid", fields.agent.unwrap_or(NOBODY));
}

fn write_api(api: &mut Object<'_>, entry: &Entry<'_>) {
    let fields = &entry.fields;
    api.text("operation", entry.event.or(fields.method).unwrap_or("unknown"));
    if let Some(upstream) = fields.upstream {
        api.object("service", |service| service.text("name", upstream));
    }
    api.object("request", |request| request.text("uid", fields.request));
    if fields.outcome.is_some() || fields.response_code.is_some() {
        api.object("response", |response| {
            response.signed_if("code", fields.response_code);
            response.text_if("message", fields.outcome.map(outcome_name));
        });
    }
}

fn write_ends(record: &mut Object<'_>, fields: &Fields<'_>) {
    record.object("src_endpoint", |source| match fields.source {
        Some(address) => source.text("ip", address),
        None => source.text("name", "local"),
    });
    if let Some(upstream) = fields.upstream {
        record.object("dst_endpoint", |destination| destination.text("svc_name", upstream));
    }
    if let Some(target) = fields.target {
        record.list_of_one("resources", |resource| {
            resource.text("name", target);
            resource.text("type", target_type(fields.method));
        });
    }
}

fn target_type(method: Option<&str>) -> &'static str {
    match method.and_then(|method| method.split('/').next()) {
        Some("tools") => "tool",
        Some("prompts") => "prompt",
        Some("resources") => "resource",
        _ => "other",
    }
}

fn write_control(record: &mut Object<'_>, disposition: Disposition, fields: &Fields<'_>) {
    // `action_id`: 0 Unknown, 1 Allowed, 2 Denied. A held call is not allowed, nor denied yet.
    let (action, id, caption) = match disposition {
        Disposition::Allowed => (1, 1, "Allowed"),
        Disposition::Blocked => (2, 2, "Blocked"),
        Disposition::Held => (0, 14, "Delayed"),
        Disposition::Observed => (1, 15, "Detected"),
    };
    record.number("action_id", action);
    record.number("disposition_id", id);
    record.text("disposition", caption);
    record.flag("is_alert", disposition != Disposition::Allowed && !fields.findings.is_empty());
}

fn write_own(own: &mut Object<'_>, entry: &Entry<'_>) {
    let fields = &entry.fields;
    own.text("phase", entry.phase.name());
    own.text_if("disposition", fields.disposition.map(disposition_name));
    own.text_if("verdict", fields.verdict);
    own.text_if("outcome", fields.outcome.map(outcome_name));
    own.text_if("mode", fields.mode.map(mode_name));
    own.text_if("proof", fields.proof);
    own.text_if("run", fields.run);
    own.text_if("client_version", fields.client_version);
    own.text_if("era", fields.era);
    own.text_if("arguments_digest", fields.arguments_digest);
    own.text_if("definition_digest", fields.definition_digest);
    own.texts_if("findings", fields.findings);
    own.texts_if("shadow", fields.shadow);
    own.texts_if("exclusions", fields.exclusions);
    own.list_if("spots", fields.spots, |object, spot| {
        object.text("rule", spot.rule);
        object.text("surface", spot.surface);
        object.text("pointer", spot.pointer);
        object.text_if("sha256", spot.sha256);
    });
    own.texts_if("policies", fields.policies);
    own.text_if("reasons", fields.reasons);
    own.text_if("approval", fields.approval);
    own.text_if("candidate", fields.candidate);
    own.text_if("ruleset_digest", fields.ruleset_digest);
    own.text_if("policy_digest", fields.policy_digest);
    own.number_if("elapsed_us", fields.elapsed_us);
    own.number_if("bytes", fields.bytes);
}

fn disposition_name(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Allowed => "allowed",
        Disposition::Held => "held",
        Disposition::Blocked => "blocked",
        Disposition::Observed => "observed",
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::Observe => "observe",
    }
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::ToolError => "tool_error",
        Outcome::Refused => "refused",
        Outcome::Withheld => "withheld",
        Outcome::Failed => "failed",
        Outcome::Abandoned => "abandoned",
        Outcome::Unknown => "unknown",
    }
}
