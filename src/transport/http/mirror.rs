//! Headers that mirror the body (SEP-2243): what a proxy in front judged by must be what runs.

use axum::http::HeaderMap;

use crate::{
    mcp::{
        Json, Method, Object, Request, RpcError,
        header::{self, MirroredParam},
    },
    transport::ingress::Refused,
};

fn mismatch(what: impl Into<String>) -> Refused {
    Refused::new(400, RpcError::HEADER_MISMATCH, what)
}

/// A header's one value, decoded.
fn value(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refused> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(mismatch(format!("`{name}` stands twice")));
    }
    let decoded = header::decode(first.as_bytes());
    decoded.map(Some).ok_or_else(|| mismatch(format!("`{name}` is not validly encoded")))
}

fn must_be(headers: &HeaderMap, name: &str, expected: &str) -> Result<(), Refused> {
    match value(headers, name)? {
        Some(stated) if stated == expected => Ok(()),
        Some(_) => Err(mismatch(format!("`{name}` differs from the body"))),
        None => Err(mismatch(format!("`{name}` is missing"))),
    }
}

/// # Errors
/// `MCP-Protocol-Version` differs from the body's.
pub(super) fn check_version(headers: &HeaderMap, version: &str) -> Result<(), Refused> {
    must_be(headers, header::VERSION, version)
}

/// Legacy clients mirror nothing; where something is mirrored all the same, it must be true.
///
/// # Errors
/// `Mcp-Method` or `Mcp-Name` is there and differs from the body.
pub(super) fn check_stated(
    headers: &HeaderMap,
    method: Method,
    request: &Request,
) -> Result<(), Refused> {
    if headers.contains_key(header::METHOD) {
        check_method(headers, request)?;
    }
    if headers.contains_key(header::NAME) {
        check_name(headers, method, &request.params)?;
    }
    Ok(())
}

/// # Errors
/// `Mcp-Method` differs from the body's method.
pub(super) fn check_method(headers: &HeaderMap, request: &Request) -> Result<(), Refused> {
    must_be(headers, header::METHOD, &request.method)
}

/// # Errors
/// `Mcp-Name` differs from what the call is for.
pub(super) fn check_name(
    headers: &HeaderMap,
    method: Method,
    params: &Object,
) -> Result<(), Refused> {
    let Some(key) = method.name_param() else { return Ok(()) };
    match params.str(key) {
        Some(name) => must_be(headers, header::NAME, name),
        // A malformed body is refused for what it is, later.
        None => Ok(()),
    }
}

/// # Errors
/// An `Mcp-Param-*` header that the tool's schema asks for is missing or differs.
pub(super) fn check_params(
    headers: &HeaderMap,
    mirrored: &[MirroredParam],
    arguments: Option<&Object>,
) -> Result<(), Refused> {
    for param in mirrored {
        let argument: Option<&Json> = arguments.and_then(|all| param.argument(all));
        match (value(headers, &param.header)?, argument) {
            (None, None) => {}
            (Some(stated), Some(argument)) if header::agrees(&stated, argument) => {}
            (None, Some(_)) => return Err(mismatch(format!("`{}` is missing", param.header))),
            _ => return Err(mismatch(format!("`{}` differs from the body", param.header))),
        }
    }
    Ok(())
}
