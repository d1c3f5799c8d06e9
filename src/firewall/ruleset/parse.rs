//! Reads a rule file rule by rule, so that one fault doesn't hide the next.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Source, content, suggest};
use crate::firewall::diagnostic::{Code, Diagnostic, Place};
use crate::firewall::rule::{Rule, Status};

/// The form of rule files that this version reads.
const SCHEMA: &str = "1";
/// The version of this engine that a file's `engine` is compared with. It rises with every key and
/// every kind of rule that is added.
pub(super) const ENGINE: (u32, u32) = (0, 1);
/// The largest rule file, in bytes.
const FILE_BYTES_MAX: usize = 1 << 20;
/// What may stand at the top of a file.
const KEYS: [&str; 5] = ["schema", "engine", "status", "owner", "rule"];
/// Keys of kinds of rules that this engine doesn't read in these files, and where to turn.
const KINDS: [(&str, &str); 4] = [
    ("flow", "rules over several messages stand in files of their own, `rulesets/flow`"),
    ("classifier", "the classifier is set up in the configuration; its score is no rule yet"),
    ("schema_check", "calls are checked against the tool's own schema without a rule"),
    ("match", "write `pattern`, `literals` or `unicode` in the rule itself"),
];

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
        return Err(place.diagnostic(
            Code::Limit,
            &(0..0),
            message,
            Some("split it by topic".into()),
        ));
    }
    let table = DeTable::parse(&source.text).map_err(|error| syntax(place, &error))?;
    let table = table.get_ref();
    // Keys of a newer engine would all be faults; one word about it says more.
    check_engine(table, place)?;
    check_schema(table, place)?;
    let defaults = Defaults::read(table, place, faults);
    let mut rules = Vec::new();
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("rule", DeValue::Array(array)) => {
                for rule in array.iter() {
                    match read(rule, place) {
                        Ok(rule) => rules.push(defaults.fill(rule)),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
            ("schema" | "engine" | "status" | "owner", _) => {}
            (name, _) => faults.push(unknown(place, name, &key.span())),
        }
    }
    Ok(rules)
}

fn unknown(place: &Place<'_>, name: &str, span: &Range<usize>) -> Diagnostic {
    let message = format!("unknown key `{name}`");
    let mend = match suggest::nearest(name, KEYS) {
        Some(near) => format!("did you mean `{near}`?").into(),
        None => "a file has `schema`, `engine`, `status`, `owner` and `[[rule]]`".into(),
    };
    place.diagnostic(Code::Shape, span, message, Some(mend))
}

fn check_schema(table: &DeTable<'_>, place: &Place<'_>) -> Result<(), Diagnostic> {
    let mend = || Some("write `schema = 1` first".into());
    let Some(schema) = table.get("schema") else {
        return Err(place.diagnostic(Code::Schema, &(0..0), "no `schema`", mend()));
    };
    match schema.get_ref().as_integer() {
        Some(number) if number.as_str() == SCHEMA => Ok(()),
        _ => {
            let message = "`schema` is not a number that this version reads";
            Err(place.diagnostic(Code::Schema, &schema.span(), message, mend()))
        }
    }
}

fn check_engine(table: &DeTable<'_>, place: &Place<'_>) -> Result<(), Diagnostic> {
    let Some(engine) = table.get("engine") else { return Ok(()) };
    let (major, minor) = ENGINE;
    let fault = |message: String, mend: &'static str| {
        Err(place.diagnostic(Code::Engine, &engine.span(), message, Some(mend.into())))
    };
    match engine.get_ref().as_str().and_then(version) {
        Some(wanted) if wanted <= ENGINE => Ok(()),
        Some((wanted, part)) => fault(
            format!("the file asks for engine {wanted}.{part} and this is {major}.{minor}"),
            "update the gateway, or use the ruleset for this version",
        ),
        None => fault("`engine` is no version".to_owned(), "write `engine = \"0.1\"`"),
    }
}

/// Two numbers with a dot between them.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// What a file says for all of its rules.
#[derive(Default)]
struct Defaults {
    status: Option<Status>,
    owner: Option<String>,
}

impl Defaults {
    fn read(table: &DeTable<'_>, place: &Place<'_>, faults: &mut Vec<Diagnostic>) -> Self {
        Self {
            status: value(table, "status", place, faults),
            owner: value(table, "owner", place, faults),
        }
    }

    fn fill(&self, mut rule: Rule) -> Rule {
        rule.status = rule.status.or(self.status);
        rule.owner = rule.owner.or_else(|| self.owner.clone());
        rule
    }
}

fn value<'de, T: Deserialize<'de>>(
    table: &DeTable<'de>,
    key: &str,
    place: &Place<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<T> {
    let value = table.get(key)?;
    T::deserialize(value.clone().into_deserializer())
        .map_err(|error| faults.push(shape(place, &error, &value.span())))
        .ok()
}

fn read(rule: &Spanned<DeValue<'_>>, place: &Place<'_>) -> Result<Rule, Diagnostic> {
    if let Some((key, mend)) = rule.get_ref().as_table().and_then(other_kind) {
        let message = format!("rules of the kind `{}` are not read here", key.get_ref());
        return Err(place.diagnostic(Code::Kind, &key.span(), message, Some(mend.into())));
    }
    let read = Rule::deserialize(rule.clone().into_deserializer()).map_err(|error| {
        let span = rule.span();
        shape(place, &error, &(span.start..span.start))
    })?;
    Ok(Rule { digest: content::digest(rule.get_ref()), ..read })
}

fn other_kind<'a, 'de>(
    table: &'a DeTable<'de>,
) -> Option<(&'a Spanned<std::borrow::Cow<'de, str>>, &'static str)> {
    KINDS.iter().find_map(|(kind, mend)| Some((table.get_key_value(*kind)?.0, *mend)))
}

/// A fault that the deserializer found. What it lists as expected becomes the mend, shortened to
/// the one word that was probably meant.
fn shape(place: &Place<'_>, error: &toml::de::Error, otherwise: &Range<usize>) -> Diagnostic {
    let span = error.span().unwrap_or_else(|| otherwise.clone());
    let message = error.message();
    let (message, mend) = match message.split_once(", expected ") {
        Some((head, expected)) if head.starts_with("unknown ") => {
            let quoted = |text| str::split(text, '`').skip(1).step_by(2).collect::<Vec<&str>>();
            let name = quoted(head).first().copied().unwrap_or_default();
            let mend = match suggest::nearest(name, quoted(expected)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if head.starts_with("unknown field") => {
                    "docs/reference/rules.md lists the keys".to_owned()
                }
                None => format!("write {expected}"),
            };
            (head, Some(mend.into()))
        }
        _ => (message, None),
    };
    place.diagnostic(Code::Shape, &span, message, mend)
}

fn syntax(place: &Place<'_>, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    place.diagnostic(Code::Syntax, &span, error.message().replace('\n', " "), None)
}
