//! What a rule does, as a digest that stays the same when only words for people change.

use std::fmt::Write as _;

use toml::de::DeValue;

/// Keys that are for people, or prove the rule, and change nothing of what it finds.
const WORDS: [&str; 10] = [
    "title",
    "message",
    "tags",
    "references",
    "false_positives",
    "examples",
    "owner",
    "status",
    "bench",
    "formerly",
];

/// SHA-256 in hexadecimal over a rule's table as it is written. It depends on the file alone, so a
/// newer engine that reads further keys gives the same.
pub(super) fn digest(rule: &DeValue<'_>) -> String {
    let mut text = String::new();
    write(rule, &WORDS, &mut text);
    crate::hex::sha256(text.as_bytes())
}

fn write(value: &DeValue<'_>, without: &[&str], text: &mut String) {
    let written = match value {
        DeValue::String(string) => write!(text, "s{}:{string}", string.len()),
        DeValue::Integer(number) => write!(text, "n{number};"),
        DeValue::Float(number) => write!(text, "n{number};"),
        DeValue::Boolean(flag) => write!(text, "b{flag};"),
        DeValue::Datetime(time) => write!(text, "t{time};"),
        DeValue::Array(items) => {
            text.push('[');
            items.iter().for_each(|item| write(item.get_ref(), &[], text));
            text.push(']');
            Ok(())
        }
        DeValue::Table(table) => {
            let mut members: Vec<_> = table
                .iter()
                .map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
                .filter(|(key, _)| !without.contains(key))
                .collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in members {
                text.push_str(key);
                text.push('=');
                write(value, &[], text);
            }
            text.push('}');
            Ok(())
        }
    };
    written.expect("a String takes all that is written");
}
