//! Reads a rule file rule by rule, so that one fault doesn't hide the next.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Source;
use crate::firewall::diagnostic::{Code, Diagnostic, Place};
use crate::firewall::rule::Rule;

/// The form of rule files that this version reads.
const SCHEMA: &str = "1";
/// The largest rule file, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The rules of a file that could be read, and the faults of the others.
pub(super) fn parse<'a>(
    source: &'a Source,
    faults: &mut Vec<Diagnostic>,
) -> Vec<(Rule, Place<'a>)> {
    let place = Place::new(&source.name, &source.text);
    match rules(source, &place, faults) {
        Ok(rules) => rules.into_iter().map(|rule| (rule, place.clone())).collect(),
        Err(fault) => {
            faults.push(fault);
            Vec::new()
        }
    }
}

fn rules(
    source: &Source,
    place: &Place<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Result<Vec<Rule>, Diagnostic> {
    if source.text.len() > FILE_BYTES_MAX {
        let message = format!("the file is larger than {FILE_BYTES_MAX} bytes");
        return Err(place.diagnostic(Code::Limit, 0, message, Some("split it by topic")));
    }
    let table = DeTable::parse(&source.text).map_err(|error| syntax(place, &error))?;
    check_schema(table.get_ref(), place)?;
    let mut rules = Vec::new();
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("schema", _) => {}
            ("rule", DeValue::Array(array)) => {
                for rule in array.iter() {
                    read(rule, place).map_or_else(|fault| faults.push(fault), |r| rules.push(r));
                }
            }
            (name, _) => {
                let message = format!("unknown key `{name}`");
                let mend = Some("a file has `schema` and `[[rule]]`");
                faults.push(place.diagnostic(Code::Shape, key.span().start, message, mend));
            }
        }
    }
    Ok(rules)
}

fn check_schema(table: &DeTable<'_>, place: &Place<'_>) -> Result<(), Diagnostic> {
    let mend = Some("write `schema = 1` first");
    let Some(schema) = table.get("schema") else {
        return Err(place.diagnostic(Code::Schema, 0, "no `schema`", mend));
    };
    match schema.get_ref().as_integer() {
        Some(number) if number.as_str() == SCHEMA => Ok(()),
        _ => {
            let message = "`schema` is not a number that this version reads";
            Err(place.diagnostic(Code::Schema, schema.span().start, message, mend))
        }
    }
}

fn read(rule: &Spanned<DeValue<'_>>, place: &Place<'_>) -> Result<Rule, Diagnostic> {
    let start = rule.span().start;
    Rule::deserialize(rule.clone().into_deserializer()).map_err(|error| {
        let offset = error.span().map_or(start, |span| span.start);
        place.diagnostic(Code::Shape, offset, error.message(), None)
    })
}

fn syntax(place: &Place<'_>, error: &toml::de::Error) -> Diagnostic {
    let offset = error.span().map_or(0, |span| span.start);
    place.diagnostic(Code::Syntax, offset, error.message().replace('\n', " "), None)
}
