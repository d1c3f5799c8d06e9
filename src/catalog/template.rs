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

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn templates_match_what_they_expand_to_and_nothing_above() {
        let file = Template::new("file:///logs/{name}");
        assert!(file.fits("file:///logs/today.txt"));
        assert!(!file.fits("file:///logs/a/b"));
        assert!(!file.fits("file:///logs/.."));
        assert!(!file.fits("file:///secret"));
        let deep = Template::new("file:///logs/{+path}");
        assert!(deep.fits("file:///logs/a/b"));
        assert!(!deep.fits("file:///logs/../../etc/passwd"));
        assert!(!deep.fits("file:///logs/%2e%2e/etc/passwd"));
        assert!(!Template::new("broken{").fits("broken{"));
    }
}
