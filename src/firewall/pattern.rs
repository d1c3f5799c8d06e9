//! Compiles patterns within limits.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

mod frequency;
mod literal;

pub(super) use literal::{BYTES_MIN as LITERAL_BYTES_MIN, Required};

/// The most memory that one compiled pattern may take, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// The deepest nesting of groups in a pattern.
const NESTING_MAX: u32 = 32;

/// A pattern with what the engine needs to look for it. Most never match anything, so each is compiled
/// when a text first holds one of its literals.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    source: String,
    regex: OnceLock<Regex>,
    /// Groups that capture, the whole match included.
    pub(super) captures: usize,
    /// Literals of which every match contains one; `None` if there are no such.
    pub(super) required: Option<Required>,
}

impl Pattern {
    /// Reads the pattern and the literals as its alternatives. Groups keep their numbers.
    ///
    /// # Errors
    /// The syntax error, as the regex crate words it.
    pub(super) fn parse(pattern: Option<&str>, literals: &[String]) -> Result<Self, String> {
        let source = join(pattern, literals);
        let hir = regex_syntax::ParserBuilder::new()
            .nest_limit(NESTING_MAX)
            .build()
            .parse(&source)
            .map_err(|error| reason(&error.to_string()))?;
        let captures = hir.properties().explicit_captures_len() + 1;
        let (required, regex) = (literal::required(&hir), OnceLock::new());
        Ok(Self { source, regex, captures, required })
    }

    /// Compiles it now.
    ///
    /// # Errors
    /// The limit, as the regex crate words it.
    pub(super) fn compile(&self) -> Result<(), String> {
        let regex = build(&self.source)?;
        // Another thread may have been faster, with the same.
        self.regex.set(regex).ok();
        Ok(())
    }

    /// The compiled pattern.
    ///
    /// INVARIANT: a pattern that compiles by need was compiled before, by a test of this build or at
    /// the rule's load.
    pub(super) fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| build(&self.source).expect("it was compiled before"))
    }
}

fn build(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(source)
        .size_limit(COMPILED_BYTES_MAX)
        .nest_limit(NESTING_MAX)
        .build()
        .map_err(|error| reason(&error.to_string()))
}

fn join(pattern: Option<&str>, literals: &[String]) -> String {
    let pattern = pattern.map(|pattern| format!("(?:{})", with_ascii_boundaries(pattern)));
    let literals = literals.iter().map(|literal| format!("(?i:{})", regex::escape(literal)));
    pattern.into_iter().chain(literals).collect::<Vec<_>>().join("|")
}

/// Makes every `\b` a boundary of ASCII words. A Chinese or Cyrillic letter right before an English
/// order would otherwise hide it, and the fast matchers can't do Unicode boundaries.
fn with_ascii_boundaries(pattern: &str) -> String {
    let mut output = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        let escaped = if c == '\\' { characters.next() } else { None };
        match (c, escaped) {
            ('\\', Some('b')) if characters.peek() != Some(&'{') => output.push_str(r"(?-u:\b)"),
            (c, escaped) => output.extend(std::iter::once(c).chain(escaped)),
        }
    }
    output
}

/// The last line of a regex error is the reason; those above draw the pattern.
fn reason(error: &str) -> String {
    let reason = error.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason");
    reason.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn literals(pattern: &str) -> Vec<String> {
        let pattern = Pattern::parse(Some(pattern), &[]).expect("compiles");
        pattern.required.map(|required| required.literals).unwrap_or_default()
    }

    #[test]
    fn the_rarest_literals_that_every_match_contains_are_found() {
        assert_eq!(literals(r"\bghp_[A-Za-z0-9]{36}\b"), ["ghp_"]);
        assert_eq!(literals(r"(?i)\b(?:ignore|disregard)\s"), ["disregard", "ignore"]);
        assert_eq!(literals(r"[a-z]{1,9}://169\.254"), ["://169.254"]);
        assert_eq!(literals(r"(?:[0-9]+xyz|abc[0-9])"), ["abc", "xyz"]);
        assert_eq!(literals(r"(?i)(task|kiss)k?"), ["kiss", "task"]);
    }

    #[test]
    fn a_pattern_with_a_short_or_optional_literal_has_none() {
        for pattern in [r"ab[0-9]+", r"(?:abc)?[0-9]+", r"abc|[0-9]+", r"[a-z]{3}"] {
            assert_eq!(literals(pattern), [""; 0], "{pattern}");
        }
    }

    #[test]
    fn a_match_lies_around_its_literal() {
        let reach = |pattern: &str| {
            let pattern = Pattern::parse(Some(pattern), &[]).expect("compiles");
            pattern.required.map(|required| (required.before, required.after))
        };
        let (before, after) = reach(r"[a-z]{1,9}://169\.254[0-9]{4}").expect("a literal");
        assert!((9..64).contains(&before) && (14..64).contains(&after), "{before} {after}");
        let (before, after) = reach(r"xyz[a-z]*").expect("a literal");
        assert!(before < 64 && after > 1 << 20, "{before} {after}");
    }

    #[test]
    fn a_letter_of_another_script_does_not_glue_to_a_word() {
        let pattern = Pattern::parse(Some(r"\bignore\b"), &[]).expect("compiles");
        assert!(pattern.regex().is_match("请ignore它"));
        assert!(!pattern.regex().is_match("ignored"));
    }

    #[test]
    fn literals_match_as_they_are_whatever_their_case() {
        let pattern = Pattern::parse(None, &["<|im_start|>".to_owned()]).expect("compiles");
        assert!(pattern.regex().is_match("x<|IM_START|>"));
        assert_eq!(pattern.required.expect("a literal").literals, ["<|im_start|>"]);
    }

    #[test]
    fn look_around_is_refused_with_its_reason() {
        let error = Pattern::parse(Some("(?=a)"), &[]).expect_err("no look-around");
        assert!(error.contains("look-around"), "{error}");
    }
}
