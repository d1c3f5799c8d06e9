//! Signals that characters give without any pattern: text that is not seen, or that is seen as
//! another. What they mean is the rules' to say; removing them is [`super::sanitize`]'s.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use super::sanitize::character::{is_ideograph, is_tag, is_variation_selector};
use super::view::fold;

#[cfg(test)]
mod tests;

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Tag characters (U+E0000 to U+E007F) outside a flag of UTS 51.
    Tags,
    /// Two variation selectors in a row, or an ideographic one without an ideograph.
    VariationRun,
    /// An override of direction, or an embedding or isolate that its line leaves open (UAX 9).
    Bidi,
    /// A Latin word in which every other letter is a look-alike of a Latin one (UTS 39), save an
    /// ending.
    MixedScript,
    /// A zero-width character between two Latin letters.
    ZeroWidthInWord,
}

/// Where the signals stand, signal by signal. ASCII gives none.
pub(super) fn find(signals: &[Signal], text: &str) -> Vec<Range<usize>> {
    if text.is_ascii() {
        return Vec::new();
    }
    let found = signals.iter().flat_map(|signal| match signal {
        Signal::Tags => tags(text),
        Signal::VariationRun => variation_runs(text),
        Signal::Bidi => bidi(text),
        Signal::MixedScript => mixed_scripts(text),
        Signal::ZeroWidthInWord => zero_widths(text),
    });
    found.collect()
}

/// The runs of characters that satisfy a condition, with what stands before and after each.
fn runs<'a>(
    text: &'a str,
    is: impl Fn(char) -> bool + Copy + 'a,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(is)?;
        let rest = text.get(start..)?;
        let end = start + rest.find(|c| !is(c)).unwrap_or(rest.len());
        from = end;
        Some(start..end)
    })
}

fn last_before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

fn first_after(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// A flag of a region of a country: a black flag, tag letters and digits, the closing tag.
fn tags(text: &str) -> Vec<Range<usize>> {
    let is_flag = |run: &Range<usize>| {
        let spelled = text.get(run.clone()).unwrap_or_default();
        let region = spelled.strip_suffix('\u{E007F}').unwrap_or_default();
        last_before(text, run.start) == Some('\u{1F3F4}')
            && (3..=6).contains(&region.chars().count())
            && region
                .chars()
                .all(|c| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}'))
    };
    runs(text, is_tag).filter(|run| !is_flag(run)).collect()
}

fn variation_runs(text: &str) -> Vec<Range<usize>> {
    let is_odd = |run: &Range<usize>| {
        let mut selectors = text.get(run.clone()).unwrap_or_default().chars();
        let ideographic = selectors.next().is_some_and(|c| c >= '\u{E0100}');
        selectors.next().is_some()
            || (ideographic && !last_before(text, run.start).is_some_and(is_ideograph))
    };
    runs(text, is_variation_selector).filter(is_odd).collect()
}

fn bidi(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // For each that is open, its place and what closes it.
    let mut open: Vec<(usize, char)> = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '\u{202D}' | '\u{202E}' => {
                found.push(at);
                open.push((at, '\u{202C}'));
            }
            '\u{202A}' | '\u{202B}' => open.push((at, '\u{202C}')),
            '\u{2066}'..='\u{2068}' => open.push((at, '\u{2069}')),
            '\u{202C}' | '\u{2069}' => match open.last() {
                Some((_, closes)) if *closes == c => drop(open.pop()),
                _ => {}
            },
            '\n' | '\r' | '\u{2029}' => found.extend(open.drain(..).map(|(at, _)| at)),
            _ => {}
        }
    }
    found.extend(open.into_iter().map(|(at, _)| at));
    found.sort_unstable();
    found.dedup();
    // Each of them takes three bytes in UTF-8.
    found.into_iter().map(|at| at..at + 3).collect()
}

fn mixed_scripts(text: &str) -> Vec<Range<usize>> {
    let is_disguised = |run: &Range<usize>| {
        let word = text.get(run.clone()).unwrap_or_default();
        let is_other = |c: char| !c.is_ascii() && !is_latin(c);
        // A Russian or Greek ending on a Latin name is grammar.
        let stem = word.trim_end_matches(is_other);
        stem.contains(is_other)
            && stem.chars().filter(char::is_ascii_alphabetic).count() >= 2
            && stem.chars().filter(|c| is_other(*c)).all(|c| fold(c).is_some())
    };
    runs(text, char::is_alphanumeric).filter(is_disguised).collect()
}

fn is_latin(c: char) -> bool {
    matches!(c, '\u{AA}' | '\u{BA}' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}

fn zero_widths(text: &str) -> Vec<Range<usize>> {
    let is_hidden = |c: char| matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{34F}');
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let between = |run: &Range<usize>| {
        letter(last_before(text, run.start)) && letter(first_after(text, run.end))
    };
    runs(text, is_hidden).filter(between).collect()
}
