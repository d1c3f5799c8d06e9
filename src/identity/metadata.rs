//! How a client learns where to get a token: the protected resource metadata (RFC 9728) and the
//! challenge that points to it (RFC 6750, MCP authorization). Serving them is the listener's.

use axum::http::{HeaderValue, Uri};
use serde_json::{Value, json};

use super::Unidentified;
use crate::net::is_loopback_host;

/// Where RFC 9728 §3 puts the document, before the resource's own path.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// What the gateway publishes about itself as an OAuth resource.
#[derive(Clone, Debug)]
pub struct ResourceMetadata {
    origin: String,
    path: String,
    authorization_servers: Vec<String>,
    scopes: Vec<String>,
}

/// A setting that cannot be published.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MetadataError {
    #[error(
        "`{0}` is no canonical URI of this gateway: https (http on loopback), a host, no query, \
         no fragment, no user"
    )]
    Resource(String),
    #[error("at least one authorization server must be named")]
    NoServer,
    #[error("`{0}` is no scope that a client may be told to ask for")]
    Scope(String),
}

impl ResourceMetadata {
    /// `resource` is the gateway's canonical URI (RFC 8707), the audience of its tokens; a slash
    /// at its end is dropped. `scopes` are the smallest useful set.
    ///
    /// # Errors
    /// A URI, a list or a scope that the standards do not allow.
    pub fn new(
        resource: &str,
        authorization_servers: Vec<String>,
        scopes: Vec<String>,
    ) -> Result<Self, MetadataError> {
        let (origin, path) =
            canonical(resource).ok_or_else(|| MetadataError::Resource(resource.to_owned()))?;
        if authorization_servers.is_empty() {
            return Err(MetadataError::NoServer);
        }
        if let Some(scope) = scopes.iter().find(|scope| !is_scope(scope)) {
            return Err(MetadataError::Scope(scope.clone()));
        }
        Ok(Self { origin, path, authorization_servers, scopes })
    }

    /// The canonical URI.
    pub fn resource(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// The document (RFC 9728 §2).
    pub fn document(&self) -> Value {
        let mut document = json!({
            "resource": self.resource(),
            "authorization_servers": self.authorization_servers,
            "bearer_methods_supported": ["header"],
        });
        if !self.scopes.is_empty() {
            document["scopes_supported"] = json!(self.scopes);
        }
        document
    }

    /// The paths at which clients look for the document: the resource's own, then the root.
    pub fn well_known_paths(&self) -> Vec<String> {
        let mut paths = vec![format!("{WELL_KNOWN}{}", self.path)];
        if !self.path.is_empty() {
            paths.push(WELL_KNOWN.to_owned());
        }
        paths
    }

    /// The `WWW-Authenticate` value for a caller without a principal.
    pub fn challenge(&self, refused: Unidentified) -> HeaderValue {
        self.header(refused.challenge(), &self.scopes)
    }

    /// The `WWW-Authenticate` value for a caller that needs more: all `scopes` of the operation.
    ///
    /// # Errors
    /// A scope that cannot stand in a header.
    pub fn insufficient_scope(&self, scopes: &[String]) -> Result<HeaderValue, MetadataError> {
        match scopes.iter().find(|scope| !is_token(scope)) {
            Some(scope) => Err(MetadataError::Scope(scope.clone())),
            None => Ok(self.header(Some("insufficient_scope"), scopes)),
        }
    }

    fn header(&self, error: Option<&str>, scopes: &[String]) -> HeaderValue {
        let mut value =
            format!("Bearer resource_metadata=\"{}{WELL_KNOWN}{}\"", self.origin, self.path);
        if !scopes.is_empty() {
            value.push_str(&format!(", scope=\"{}\"", scopes.join(" ")));
        }
        if let Some(error) = error {
            value.push_str(&format!(", error=\"{error}\""));
        }
        HeaderValue::from_str(&value).expect("its parts were checked for header characters")
    }
}

/// Origin and path of a canonical URI. Quotes are no URI characters, so the parts can stand in a
/// quoted string.
fn canonical(resource: &str) -> Option<(String, String)> {
    let uri: Uri = resource.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let plain = scheme == "http" && is_loopback_host(authority.host());
    let bare = resource.is_ascii()
        && uri.query().is_none()
        && !resource.contains(['#', '"', '\\'])
        && !authority.as_str().contains('@');
    if !bare || !(scheme == "https" || plain) {
        return None;
    }
    Some((format!("{scheme}://{authority}"), uri.path().trim_end_matches('/').to_owned()))
}

/// A scope to publish. `offline_access` is between client and authorization server alone.
fn is_scope(scope: &str) -> bool {
    is_token(scope) && scope != "offline_access"
}

/// A `scope-token` (RFC 6749 §3.3).
fn is_token(scope: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !scope.is_empty() && scope.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::{MetadataError, ResourceMetadata};
    use crate::identity::Unidentified;

    fn metadata(resource: &str) -> Result<ResourceMetadata, MetadataError> {
        let servers = vec!["https://login.example".to_owned()];
        ResourceMetadata::new(resource, servers, vec!["mcp:tools".to_owned()])
    }

    #[test]
    fn the_document_names_the_resource_and_its_authorization_servers() {
        let document = metadata("https://gateway.example/mcp/").expect("metadata").document();
        let expected = serde_json::json!({
            "resource": "https://gateway.example/mcp",
            "authorization_servers": ["https://login.example"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["mcp:tools"],
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn the_document_lies_under_the_resource_path_and_at_the_root() {
        let paths = metadata("https://gateway.example/mcp").expect("metadata").well_known_paths();
        let root = "/.well-known/oauth-protected-resource";
        assert_eq!(paths, [format!("{root}/mcp"), root.to_owned()]);
        let paths = metadata("https://gateway.example").expect("metadata").well_known_paths();
        assert_eq!(paths, [root]);
    }

    #[test]
    fn a_challenge_points_to_the_document_and_names_an_error_only_if_a_token_was_shown() {
        let metadata = metadata("https://gateway.example/mcp").expect("metadata");
        let start = "Bearer resource_metadata=\
            \"https://gateway.example/.well-known/oauth-protected-resource/mcp\", \
            scope=\"mcp:tools\"";
        assert_eq!(metadata.challenge(Unidentified::Missing), start);
        let refused = format!("{start}, error=\"invalid_token\"");
        assert_eq!(metadata.challenge(Unidentified::Expired), refused);
        let more = ["mcp:tools".to_owned(), "mcp:admin".to_owned()];
        let value = metadata.insufficient_scope(&more).expect("a header");
        let value = value.to_str().expect("text");
        assert!(value.contains("scope=\"mcp:tools mcp:admin\", error=\"insufficient_scope\""));
    }

    #[test]
    fn what_the_standards_do_not_allow_is_refused() {
        for resource in [
            "http://gateway.example/mcp",
            "https://gateway.example/mcp?a=b",
            "https://gateway.example/mcp#part",
            "https://user@gateway.example/mcp",
            "/mcp",
        ] {
            assert!(matches!(metadata(resource), Err(MetadataError::Resource(_))), "{resource}");
        }
        assert!(metadata("http://127.0.0.1:8080/mcp").is_ok());
        let scoped = |scope: &str| {
            ResourceMetadata::new("https://a.example", vec!["b".into()], vec![scope.into()])
        };
        for scope in ["offline_access", "a b", "a\"b", ""] {
            assert!(matches!(scoped(scope), Err(MetadataError::Scope(_))), "{scope}");
        }
    }
}
