//! Compiles patterns within limits.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

mod ascii;
mod choice;
mod fold;
mod frequency;
mod literal;
mod reach;
mod run;
mod space;

pub(super) use choice::{SETS_MAX, solid};
pub(super) use fold::{cases, folded};
pub(super) use frequency::frequency_of_gram;
pub(super) use literal::Required;
pub(super) use run::Run;
pub(super) use space::is_space;

/// The shortest literal that narrows down where a rule can match, in bytes.
pub(super) const LITERAL_BYTES_MIN: usize = 3;

/// The most memory that one compiled pattern may take, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// The most memory that one pattern may take for each thread that searches with it, in bytes.
const CACHE_BYTES_MAX: usize = 256 << 10;
/// Bytes that a rule may verify per byte of a text before it is cut off. Honest texts stay below one;
/// windows are merged, so that hostile ones hardly reach three.
const VERIFIED_MAX: usize = 8;
/// The deepest nesting of groups in a pattern.
const NESTING_MAX: u32 = 32;

/// A pattern with what the engine needs to look for it. Most never match anything, so each is compiled
/// when a text first holds one of its literals.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    source: String,
    /// For any text, and for texts of ASCII alone: much smaller, and the same there.
    any: OnceLock<Regex>,
    ascii: OnceLock<Regex>,
    /// Groups that capture, the whole match included.
    pub(super) captures: usize,
    /// For each alternative, sets of literals of each of which a match contains one; none if an
    /// alternative has no such.
    pub(super) branches: Vec<Vec<Required>>,
    /// No text of ASCII alone matches.
    beyond_ascii: bool,
    /// A run that every match contains, if it has no literal.
    pub(super) run: Option<Run>,
    /// Bytes that may be verified per byte of a text.
    pub(super) verified_max: usize,
}

impl Pattern {
    /// Reads the pattern and the literals as its alternatives. Groups keep their numbers.
    ///
    /// # Errors
    /// The syntax error, as the regex crate words it.
    pub(super) fn parse(pattern: Option<&str>, literals: &[String]) -> Result<Self, String> {
        let source = join(pattern, literals);
        let hir = hir(&source)?;
        let captures = hir.properties().explicit_captures_len() + 1;
        let branches = literal::required(&hir);
        let run = if branches.is_empty() { run::run(&hir) } else { None };
        Ok(Self {
            source,
            any: OnceLock::new(),
            ascii: OnceLock::new(),
            captures,
            branches,
            beyond_ascii: ascii::is_beyond(&hir),
            run,
            verified_max: VERIFIED_MAX,
        })
    }

    /// Compiles it now.
    ///
    /// # Errors
    /// The limit, as the regex crate words it.
    pub(super) fn compile(&self) -> Result<(), String> {
        let regex = build(&hir(&self.source)?)?;
        // Another thread may have been faster, with the same.
        self.any.set(regex).ok();
        Ok(())
    }

    /// As [`Pattern::parse`], of a pattern that is only tried where another one matched.
    ///
    /// # Errors
    /// As there.
    pub(super) fn parse_second(pattern: &str) -> Result<Self, String> {
        let source = join(Some(pattern), &[]);
        let hir = hir(&source)?;
        Ok(Self {
            any: OnceLock::new(),
            ascii: OnceLock::new(),
            captures: hir.properties().explicit_captures_len() + 1,
            branches: Vec::new(),
            beyond_ascii: ascii::is_beyond(&hir),
            run: None,
            verified_max: VERIFIED_MAX,
            source,
        })
    }

    /// The sets of literals of all alternatives.
    pub(super) fn sets(&self) -> impl Iterator<Item = &Required> {
        self.branches.iter().flatten()
    }

    /// Whether it can match in the text.
    pub(super) fn reads(&self, text: Text<'_>) -> bool {
        !(text.ascii && self.beyond_ascii)
    }

    /// The first match that begins and ends in the range; what stands around it is seen by
    /// boundaries only.
    pub(super) fn find(&self, text: Text<'_>, range: Range<usize>) -> Option<Range<usize>> {
        let regex = self.within(text, &range)?;
        let found = regex.search(&Input::new(text.text).range(range))?;
        Some(found.range())
    }

    /// The match that begins where the range does, and ends in it.
    pub(super) fn find_here(&self, text: Text<'_>, range: Range<usize>) -> Option<Range<usize>> {
        let regex = self.within(text, &range)?;
        let here = Input::new(text.text).range(range).anchored(Anchored::Yes);
        regex.search(&here).map(|found| found.range())
    }

    /// The compiled pattern for a range, if it can match there.
    fn within(&self, text: Text<'_>, range: &Range<usize>) -> Option<&Regex> {
        let ascii = text.is_ascii_around(range);
        (!ascii || !self.beyond_ascii).then(|| self.regex(ascii))
    }

    /// The group of the match with this range.
    pub(super) fn group(
        &self,
        text: Text<'_>,
        whole: Range<usize>,
        group: usize,
    ) -> Option<Range<usize>> {
        let regex = self.regex(text.ascii);
        let mut captures = regex.create_captures();
        let input = Input::new(text.text).range(whole).anchored(Anchored::Yes);
        regex.search_captures(&input, &mut captures);
        captures.get_group(group).map(|span| span.range())
    }

    /// The compiled pattern.
    ///
    /// INVARIANT: a pattern that compiles by need was compiled before, by a test of this build or at
    /// the rule's load.
    fn regex(&self, ascii: bool) -> &Regex {
        let hir = || hir(&self.source).expect("it was parsed before");
        match ascii {
            true => self.ascii.get_or_init(|| {
                build(&ascii::ascii(&hir())).expect("the larger one was compiled before")
            }),
            false => self.any.get_or_init(|| build(&hir()).expect("it was compiled before")),
        }
    }
}

/// A text, and whether it is ASCII alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    pub(super) ascii: bool,
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, ascii: text.is_ascii() }
    }

    /// Whether all that a search in the range may look at is ASCII.
    fn is_ascii_around(self, range: &Range<usize>) -> bool {
        self.ascii || {
            let around = range.start.saturating_sub(1)..(range.end + 1).min(self.text.len());
            self.text.as_bytes().get(around).is_some_and(<[u8]>::is_ascii)
        }
    }
}

fn hir(source: &str) -> Result<Hir, String> {
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(NESTING_MAX).build();
    parser.parse(source).map_err(|error| reason(&error.to_string()))
}

fn build(hir: &Hir) -> Result<Regex, String> {
    let limits = Regex::config()
        .nfa_size_limit(Some(COMPILED_BYTES_MAX))
        .hybrid_cache_capacity(CACHE_BYTES_MAX);
    Regex::builder()
        .configure(limits)
        .build_from_hir(hir)
        .map_err(|error| reason(&error.to_string()))
}

fn join(pattern: Option<&str>, literals: &[String]) -> String {
    let pattern = pattern.map(|pattern| format!("(?:{})", with_ascii_boundaries(pattern)));
    let literals = literals.iter().map(|literal| format!("(?i:{})", regex_syntax::escape(literal)));
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
        pattern.branches.into_iter().flatten().next().map(|set| set.literals).unwrap_or_default()
    }

    fn literals_of(sets: &[Required]) -> Vec<String> {
        sets.iter().map(|set| set.literals.join("|")).collect()
    }

    fn matches(pattern: &Pattern, text: &str) -> bool {
        pattern.find(Text::new(text), 0..text.len()).is_some()
    }

    #[test]
    fn the_rarest_literals_that_every_match_contains_are_found() {
        assert_eq!(literals(r"\bghp_[A-Za-z0-9]{36}\b"), ["ghp_"]);
        assert_eq!(literals(r"(?i)\b(?:ignore|disregard)\s"), ["disregard", "ignore"]);
        assert_eq!(literals(r"[a-z]{1,9}://169\.254"), ["://169.254"]);
        assert_eq!(literals(r"(?:[0-9]{9}xyz|abc[0-9])"), ["abc", "xyz"]);
        assert_eq!(literals(r"(?i)do[ \t]{1,8}\n not[ \r]{0,2}say"), ["do not say", "do notsay"]);
        assert_eq!(literals(r"(?i)(task|kiss)k?"), ["kiss", "task"]);
    }

    #[test]
    fn alternatives_have_sets_of_their_own() {
        let pattern = r"\b(?:(?:use|call)[^.]{0,30}file|[a-z]{1,30}qqq|cat[0-9]{9}|zzz[0-9])";
        let pattern = Pattern::parse(Some(pattern), &[]).expect("compiles");
        let branches: Vec<Vec<_>> = pattern.branches.iter().map(|sets| literals_of(sets)).collect();
        assert_eq!(branches, [vec!["call|use", "file"], vec!["cat|zzz"], vec!["qqq"]]);
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
            pattern
                .branches
                .into_iter()
                .flatten()
                .next()
                .map(|set| (set.before.nearest, set.before.farthest.any, set.after.any))
        };
        assert_eq!(reach(r"\bghp_[A-Za-z0-9]{36}\b"), Some((0, 0, 40)));
        assert_eq!(reach(r"[a-z]{1,9}://169\.254[0-9]{4}"), Some((1, 9, 14)));
        assert_eq!(reach(r"(?:x[0-9]abc|é?defg){1,2}"), Some((0, 2, 16)));
        assert_eq!(reach(r"xyz[a-z]*"), Some((0, 0, usize::MAX)));
    }

    #[test]
    fn literals_of_other_scripts_have_one_form() {
        assert_eq!(literals(r"(?i)(?:игнорируй|ΛΌΓΟΣ)"), ["λόγοσ", "игнорируй"]);
        assert_eq!(literals(r"忽略.{0,9}[之以]前的"), ["忽略"]);
    }

    #[test]
    fn what_is_common_alone_is_looked_for_together() {
        let pattern = r"(?i)\b(?:use|call)\b[^.]{0,30}\b(?:previous|file)\b";
        let sets = Pattern::parse(Some(pattern), &[]).expect("compiles").branches.concat();
        let texts: Vec<_> = sets.iter().map(|set| set.literals.join("|")).collect();
        assert!(texts.len() >= 2, "{texts:?}");
        assert!(texts.contains(&"call|use".to_owned()), "{texts:?}");
        let one = Pattern::parse(Some(r"xoxb-[0-9]{10}"), &[]).expect("compiles").branches.concat();
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn a_rare_byte_behind_the_literal_is_known() {
        let pattern = Pattern::parse(Some(r"://[a-z]{1,9}:[a-z]{1,9}@"), &[]).expect("compiles");
        let follower = pattern.branches[0][0].follower.expect("a byte");
        assert_eq!((follower.byte, follower.within.any), (b'@', 23));
    }

    #[test]
    fn a_letter_of_another_script_does_not_glue_to_a_word() {
        let pattern = Pattern::parse(Some(r"\bignore\b"), &[]).expect("compiles");
        assert!(matches(&pattern, "请ignore它"));
        assert!(!matches(&pattern, "ignored"));
    }

    #[test]
    fn literals_match_as_they_are_whatever_their_case() {
        let pattern = Pattern::parse(None, &["<|im_start|>".to_owned()]).expect("compiles");
        assert!(matches(&pattern, "x<|IM_START|>"));
        assert_eq!(pattern.branches[0][0].literals, ["<|im_start|>"]);
    }

    #[test]
    fn look_around_is_refused_with_its_reason() {
        let error = Pattern::parse(Some("(?=a)"), &[]).expect_err("no look-around");
        assert!(error.contains("look-around"), "{error}");
    }
}
