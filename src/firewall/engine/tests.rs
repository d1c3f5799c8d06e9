//! The filter against no filter: what a pattern matches anywhere in a text is found.

use super::matching::accepted;
use super::*;
use crate::firewall::Source;
use crate::firewall::finding::View;
use crate::firewall::pattern::Text;
use crate::firewall::ruleset::Compiled;

/// Text between which nothing is looked for, of the words that honest texts consist of.
const FILLER: &str = "The index of this table is read once, and then it is used to find the rows that you asked for. ";

/// The same draws every time (Marsaglia, "Xorshift RNGs", 2003).
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }
}

/// The text with other white space, now and then another case, and a lost character.
fn varied(text: &str, draws: &mut Draws) -> String {
    let upper = draws.below(4) == 0;
    let lost = draws.below(3 * text.len().max(1));
    let mut output = String::new();
    for (at, c) in text.char_indices() {
        let blank = matches!(c, ' ' | '\t' | '\n');
        match c {
            _ if at == lost => {}
            _ if blank && draws.below(2) == 0 => {
                let count = 1 + draws.below(8);
                output.extend((0..count).map(|_| [' ', '\t', '\r', '\n'][draws.below(4)]));
            }
            c if upper => output.extend(c.to_uppercase()),
            c => output.push(c),
        }
    }
    output
}

fn matches_anywhere(rule: &Compiled, text: &str) -> bool {
    let text = Text::new(text);
    let mut start = 0;
    while let Some(whole) = rule.pattern.find(text, start..text.text.len()) {
        start = text.text.ceil_char_boundary(whole.end.max(start + 1));
        if accepted(rule, text, whole).is_some() {
            return true;
        }
        if start >= text.text.len() {
            break;
        }
    }
    false
}

#[test]
fn no_match_is_lost_to_the_filter() {
    let sources = Ruleset::shipped_sources();
    let ruleset = Ruleset::compile_in_force(&sources, Ruleset::LEVEL_MAX).expect("compiles");
    let mut draws = Draws(0x9e37_79b9_7f4a_7c15);
    let (mut found, mut missed) = (0, Vec::new());
    for (rule, text) in ruleset.examples() {
        let Some(surface) = rule.surface() else { continue };
        for round in 0..4 {
            let varied = if round == 0 { text.clone() } else { varied(&text, &mut draws) };
            let around = FILLER.repeat(draws.below(40));
            let text =
                if round % 2 == 0 { varied } else { format!("{around}\n{varied}\n{around}") };
            if !matches_anywhere(rule, &text) {
                continue;
            }
            let mut findings = Vec::new();
            let mut budget = Budget::new(usize::MAX, 4096);
            let read = ruleset.scan_raw(surface, &text, &mut budget, &mut findings);
            let known = findings.iter().any(|one| one.rule == rule.id && one.view == View::Raw);
            found += usize::from(known);
            if !known {
                missed.push(format!("{} {read:?}: {varied_text:?}", rule.id, varied_text = text));
            }
        }
    }
    assert_eq!(missed, [""; 0], "of {found}");
    assert!(found > 3000, "{found}");
}

#[test]
fn white_space_of_any_kind_and_length_loses_no_match() {
    let cases = [
        (r"foo[\n;]{2}bar", "foo\n\nbar".to_owned()),
        (r"(?i)à[ \t]{1,8}partir[ \t]{1,8}de", "à  partir de".to_owned()),
        (r"foo {4}:[0-9]", "foo    :7".to_owned()),
        (r"ignore\n{10,40}<system>", format!("ignore{}<system>", "\n".repeat(12))),
        (r"drop[ \t\r\n]+table[^\n]{0,200}\z", format!("drop{}table users", "\n".repeat(1500))),
        (r"1;[ ]?drop[ \t\n]+table[^\n]{0,9}x", format!("1; drop{}table a x", " ".repeat(3000))),
    ];
    for (pattern, text) in cases {
        let rules = format!(
            "schema = 1\n[[rule]]\nid = \"made.one\"\nversion = 1\ntitle = \"t\"\nseverity = \"low\"\n\
             confidence = \"high\"\nlevel = 1\nsurfaces = [\"tool_result\"]\npattern = '{pattern}'\n\
             action = \"flag\"\nmessage = \"m\"\nexamples.match = [{text:?}]\nexamples.no_match = [\"x\"]\n"
        );
        let source = Source { name: "made.toml".to_owned(), text: rules };
        let compiled = Ruleset::compile(&[source]);
        assert!(compiled.is_ok(), "{pattern}: {:?}", compiled.err());
    }
}
