//! Rules to measure with: the shipped ones, and made ones of the shape of vendors' tokens.

use anyhow::anyhow;
use bartizan::firewall::{Ruleset, Source};

/// The shipped rules at the level that is shipped.
pub(crate) fn shipped() -> anyhow::Result<Ruleset> {
    Ruleset::core().map_err(|faults| anyhow!("{} faults", faults.len()))
}

/// The patterns of the shipped rules, and literals as patterns.
pub(crate) fn patterns(rules: &Ruleset) -> Vec<String> {
    let of = |rule: &bartizan::firewall::rule::Rule| {
        let pattern = rule.pattern.iter().map(|pattern| pattern.get_ref().clone());
        let literals = rule.literals.iter().map(|text| format!("(?i){}", regex::escape(text)));
        pattern.chain(literals).collect::<Vec<_>>()
    };
    let running = rules.rules().filter(|rule| *rule.level.get_ref() <= Ruleset::LEVEL);
    running.flat_map(of).collect()
}

/// So many made rules with prefixes that no vendor has.
pub(crate) fn made(count: usize) -> Source {
    let mut text = String::from("schema = 1\n");
    for number in 0..count {
        let prefix = prefix(number);
        let length = 24 + number % 17;
        text.push_str(&format!(
            "[[rule]]\nid = \"made.rule-{number}\"\nversion = 1\ntitle = \"made\"\nseverity = \"low\"\n\
             confidence = \"high\"\nlevel = 1\nsurfaces = [\"tool_result\"]\n\
             pattern = '\\b{prefix}[A-Za-z0-9]{{{length}}}\\b'\naction = \"flag\"\nmessage = \"made\"\n\
             examples.match = [\"{prefix}<alnum:{length}>\"]\nexamples.no_match = [\"{prefix}<alnum:5>\"]\n"
        ));
    }
    Source { name: "made.toml".to_owned(), text }
}

/// A short word and a mark, as tokens begin: letters by a multiplicative generator, the same ones each time.
fn prefix(number: usize) -> String {
    let mut state = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let letters = (0..3 + number % 3).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap_or_default())
    });
    let mark = ["_", "-", "_live_"][number % 3];
    format!("{}{mark}", letters.collect::<String>())
}
