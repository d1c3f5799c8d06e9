//! Proves rules by their examples, with the engine that runs in service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Compiled, Ruleset};
use crate::firewall::diagnostic::{Code, Diagnostic, Place};
use crate::firewall::engine::Budget;
use crate::firewall::validate::checksum_of;

/// The longest run of characters that a placeholder stands for.
const PLACEHOLDER_CHARS_MAX: usize = 8192;
/// Findings in one example; far above what an honest one has.
const FINDINGS_MAX: usize = 4096;

/// Scans every example of a rule and reports those that come out wrong.
pub(super) fn prove(
    ruleset: &Ruleset,
    compiled: &Compiled,
    place: &Place<'_>,
    faults: &mut Vec<Diagnostic>,
) {
    let examples = &compiled.rule.examples;
    let matching = examples.matching.iter().map(|example| (example, true));
    let others = examples.no_match.iter().map(|example| (example, false));
    for (example, wanted) in matching.chain(others) {
        let fault = match expand(example.get_ref()) {
            Err(reason) => Some((Code::ExamplePlaceholder, reason)),
            Ok(text) => match (wanted, finds(ruleset, compiled, &text)) {
                (true, false) => Some((Code::ExampleUnmatched, "must be found and is not")),
                (false, true) => Some((Code::ExampleMatched, "must not be found and is")),
                (true, true) | (false, false) => None,
            },
        };
        if let Some((code, reason)) = fault {
            let message = format!("an example of `{}` {reason}", compiled.id);
            faults.push(place.diagnostic(code, &example.span(), message, None));
        }
    }
}

/// Whether the rule finds something in the text, on the first surface where it runs.
fn finds(ruleset: &Ruleset, compiled: &Compiled, text: &str) -> bool {
    let Some(surface) = compiled.rule.surfaces.get_ref().first() else { return false };
    let mut budget = Budget::new(usize::MAX, FINDINGS_MAX);
    let mut findings = Vec::new();
    let scan = ruleset.scan(*surface, text, &mut budget, &mut findings);
    scan.is_ok() && findings.iter().any(|finding| finding.rule == compiled.id)
}

/// Replaces `<alnum:36>` and the like by that many characters, always the same ones. `<crc62:30>`
/// is followed by its checksum, and `<json64:40>` is a JSON object in base64 around them.
///
/// So no file holds anything that a scanner of secrets would take for one.
pub(super) fn expand(example: &str) -> Result<String, &'static str> {
    let mut output = String::with_capacity(example.len());
    let mut rest = example;
    while let Some((before, after)) = rest.split_once('<') {
        output.push_str(before);
        match placeholder(after)? {
            Some(found) => {
                found.write(&mut output);
                rest = found.after;
            }
            None => {
                output.push('<');
                rest = after;
            }
        }
    }
    output.push_str(rest);
    Ok(output)
}

/// A placeholder and what follows it.
struct Placeholder<'a> {
    class: Class,
    count: usize,
    after: &'a str,
}

/// What a placeholder stands for.
enum Class {
    Characters(&'static [u8]),
    /// Letters and digits with the checksum of GitHub's and npm's tokens.
    Checksummed,
    /// `{"k":"..."}` in base64.
    Json,
}

impl Placeholder<'_> {
    fn write(&self, output: &mut String) {
        match self.class {
            Class::Characters(alphabet) => fill(output, alphabet, self.count),
            Class::Checksummed => {
                let start = output.len();
                fill(output, ALNUM, self.count);
                let random = output.get(start..).unwrap_or_default();
                let checksum = checksum_of(random.as_bytes());
                output.extend(checksum.map(char::from));
            }
            Class::Json => {
                let mut value = String::new();
                fill(&mut value, ALNUM, self.count);
                output.push_str(&STANDARD.encode(format!(r#"{{"k":"{value}"}}"#)));
            }
        }
    }
}

/// The placeholder that `after`, which stands behind a `<`, continues; `None` if it is none.
fn placeholder(after: &str) -> Result<Option<Placeholder<'_>>, &'static str> {
    let Some((inside, after)) = after.split_once('>') else { return Ok(None) };
    let Some((class, count)) = inside.split_once(':') else { return Ok(None) };
    let Some(class) = class_named(class) else { return Ok(None) };
    match count.parse() {
        Ok(count @ 1..=PLACEHOLDER_CHARS_MAX) => Ok(Some(Placeholder { class, count, after })),
        _ => Err("has a placeholder without a count from 1 to 8192"),
    }
}

const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn class_named(class: &str) -> Option<Class> {
    let alphabet: &[u8] = match class {
        "crc62" => return Some(Class::Checksummed),
        "json64" => return Some(Class::Json),
        "alnum" => ALNUM,
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "lower" => b"abcdefghijklmnopqrstuvwxyz",
        "digits" => b"0123456789",
        "hex" => b"0123456789abcdef",
        "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "bech32" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        "base58" => b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        "base64" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        _ => return None,
    };
    Some(Class::Characters(alphabet))
}

/// Characters in an order that looks random and is always the same (a linear congruence with the
/// constants of MMIX, Knuth).
fn fill(output: &mut String, alphabet: &[u8], count: usize) {
    let mut state = (alphabet.len() as u64) << 32 | count as u64;
    for _ in 0..count {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(state >> 33).unwrap_or_default() % alphabet.len();
        output.extend(alphabet.get(place).map(|byte| char::from(*byte)));
    }
}
