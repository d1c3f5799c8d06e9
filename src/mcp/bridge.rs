//! Translating results between the eras. Everything not named here passes as it was sent.

use super::{
    Era, Json, Method, Object, RpcError,
    client::{META_SERVER, META_SUBSCRIPTION},
};

/// Makes a result fit the caller's era: what a modern one must carry is added, what a legacy
/// client would not know is taken out.
pub fn result_for(era: Era, method: Method, result: &mut Object, server: &Json) {
    match era {
        Era::Modern => {
            if result.get("resultType").is_none() {
                result.insert("resultType", "complete");
            }
            if method.is_cacheable() {
                // Filtered by principal and policy, which may change at any moment.
                result.insert("ttlMs", 0);
                result.insert("cacheScope", "private");
            }
            result.object_mut("_meta").insert(META_SERVER, server.clone());
        }
        Era::Legacy => {
            for key in ["resultType", "ttlMs", "cacheScope"] {
                result.remove(key);
            }
            strip_meta(result, &[META_SERVER, META_SUBSCRIPTION]);
        }
    }
}

fn strip_meta(result: &mut Object, keys: &[&str]) {
    let Some(meta) = result.get_mut("_meta").and_then(Json::as_object_mut) else { return };
    for key in keys {
        meta.remove(key);
    }
    if meta.is_empty() {
        result.remove("_meta");
    }
}

/// Error codes that only one era knows.
pub fn error_for(era: Era, error: &mut RpcError) {
    const LEGACY_RESOURCE_NOT_FOUND: i64 = -32002;
    if era == Era::Modern {
        match error.code {
            LEGACY_RESOURCE_NOT_FOUND => error.code = RpcError::INVALID_PARAMS,
            RpcError::URL_ELICITATION_REQUIRED => error.code = RpcError::INTERNAL,
            _ => {}
        }
    }
}

/// What a result of an upstream means, by its `resultType`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResultType {
    Complete,
    InputRequired,
    Task,
}

/// Reads `resultType`; absent means complete.
///
/// # Errors
/// An unknown value, which the specification says to treat as invalid.
pub fn result_type(result: &Object) -> Result<ResultType, &'static str> {
    match result.get("resultType") {
        None => Ok(ResultType::Complete),
        Some(Json::String(name)) if name == "complete" => Ok(ResultType::Complete),
        Some(Json::String(name)) if name == "input_required" => Ok(ResultType::InputRequired),
        Some(Json::String(name)) if name == "task" => Ok(ResultType::Task),
        Some(_) => Err("unknown `resultType`"),
    }
}

/// The one member that a result of `method` may carry its payload in; a second shape mixed in is
/// how a decoder that guesses is fooled.
pub fn foreign_shape(method: Method, result: &Object) -> Option<&'static str> {
    const SHAPES: [&str; 6] =
        ["content", "contents", "messages", "tools", "resources", "completion"];
    let own: &[&str] = match method {
        Method::ToolsCall => &["content"],
        Method::ResourcesRead => &["contents"],
        Method::PromptsGet => &["messages"],
        Method::Complete => &["completion"],
        Method::ToolsList => &["tools"],
        Method::ResourcesList => &["resources"],
        _ => return None,
    };
    SHAPES.into_iter().find(|shape| !own.contains(shape) && result.get(shape).is_some())
}
