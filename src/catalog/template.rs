//! URI templates (RFC 6570), as far as matching goes: is this URI one of those?

use regex::Regex;

/// A template and the pattern it matches by.
#[derive(Debug)]
pub struct Template(Option<Regex>);

/// Longer templates match nothing.
const TEMPLATE_BYTES_MAX: usize = 2048;

impl Template {
    pub(super) fn new(text: &str) -> Self {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Self(None);
        }
        let mut pattern = String::from("^");
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            pattern.push_str(&regex::escape(literal));
            let Some((expression, tail)) = after.split_once('}') else { return Self(None) };
            // Reserved and fragment expansion may contain slashes, simple expansion may not.
            let reserved = expression.starts_with(['+', '#', '?', '&', '/', ';', '.']);
            pattern.push_str(if reserved { ".*" } else { "[^/?#]+" });
            rest = tail;
        }
        pattern.push_str(&regex::escape(rest));
        pattern.push('$');
        Self(Regex::new(&pattern).ok())
    }

    /// Whether `uri` could come from this template. Dot segments never do: they climb out of it.
    pub fn fits(&self, uri: &str) -> bool {
        let climbs = uri.split(['/', '\\']).any(|part| matches!(part, ".." | "%2e%2e" | "%2E%2E"));
        !climbs && self.0.as_ref().is_some_and(|pattern| pattern.is_match(uri))
    }
}
