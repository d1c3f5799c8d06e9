//! URI templates (RFC 6570), as far as matching goes: is this URI one of those?

use percent_encoding::percent_decode_str;
use regex::Regex;

/// A template and the pattern it matches by.
#[derive(Debug)]
pub struct Template {
    pattern: Option<Regex>,
    /// What it comes to when each variable is `x`.
    sample: String,
}

/// Longer templates match nothing.
const TEMPLATE_BYTES_MAX: usize = 1024;
/// Variables of one template; more match nothing.
const VARIABLES_MAX: usize = 16;

impl Template {
    pub(super) fn new(text: &str) -> Self {
        let broken = || Self { pattern: None, sample: String::new() };
        if text.len() > TEMPLATE_BYTES_MAX || text.matches('{').count() > VARIABLES_MAX {
            return broken();
        }
        let (mut pattern, mut sample) = (String::from("^"), String::new());
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            pattern.push_str(&regex::escape(literal));
            sample.push_str(literal);
            sample.push('x');
            let Some((expression, tail)) = after.split_once('}') else { return broken() };
            // Reserved and fragment expansion may contain slashes, simple expansion may not.
            let reserved = expression.starts_with(['+', '#', '?', '&', '/', ';', '.']);
            pattern.push_str(if reserved { ".*" } else { "[^/?#]+" });
            rest = tail;
        }
        pattern.push_str(&regex::escape(rest));
        pattern.push('$');
        sample.push_str(rest);
        Self { pattern: Regex::new(&pattern).ok(), sample }
    }

    /// A URI of this template.
    pub(super) fn sample(&self) -> &str {
        &self.sample
    }

    /// Whether `uri` could come from this template, as long as it does not climb out of it.
    pub(super) fn fits(&self, uri: &str) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(uri))
    }
}

/// Rounds of percent-encoding that a server might undo.
const DECODE_ROUNDS: usize = 3;

/// Whether a server that decodes this could leave the place that any template names: dot segments
/// never come from one.
pub(super) fn climbs(uri: &str) -> bool {
    let mut text = uri.to_owned();
    for _ in 0..DECODE_ROUNDS {
        if text.contains('\\') || text.contains('\0') || text.split('/').any(|part| part == "..") {
            return true;
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            return false;
        }
        text = decoded;
    }
    // Encoded more often than honest senders do.
    true
}

#[cfg(test)]
mod tests {
    use super::climbs;

    struct Template(super::Template);

    impl Template {
        fn new(text: &str) -> Self {
            Self(super::Template::new(text))
        }

        fn fits(&self, uri: &str) -> bool {
            !climbs(uri) && self.0.fits(uri)
        }
    }

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
        assert!(!deep.fits("file:///logs/.%2E/etc/passwd"));
        assert!(!file.fits("file:///logs/..%2f..%2fetc%2fpasswd"));
        assert!(!file.fits("file:///logs/%252e%252e%252fetc"));
        assert!(file.fits("file:///logs/a%20b.txt"));
        assert!(!Template::new("broken{").fits("broken{"));
    }
}
