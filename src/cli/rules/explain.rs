//! `bartizan rules explain TEXT`

use std::{io::Read as _, process::ExitCode};

use serde_json::{Value, json};

use super::{Ran, sources::Chosen};
use crate::{
    cli::{harmless, say, say_json},
    firewall::{
        Ruleset, Surface,
        explain::{Look, Outcome},
    },
    scan::surface,
};

#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// The text, or `-` for standard input
    text: String,
    #[command(flatten)]
    chosen: Chosen,
    /// Where the text would stand in a message
    #[arg(long, default_value = "tool_result", value_parser = surface)]
    surface: Surface,
    /// Rules up to this level run
    #[arg(long, default_value_t = Ruleset::LEVEL, value_parser = clap::value_parser!(u8).range(1..=4))]
    level: u8,
    /// Only rules whose id begins so
    #[arg(long, value_name = "PREFIX", default_value = "")]
    rule: String,
    #[arg(long)]
    json: bool,
}

/// Bytes of a text that are explained.
const TEXT_BYTES_MAX: u64 = 1 << 20;
/// Characters of a span that are shown.
const SHOWN_CHARS_MAX: usize = 80;

pub(super) fn run(command: &Explain) -> Ran {
    let text = text(&command.text)?;
    let rules = command.chosen.compile(command.level)?;
    let mut looks = rules.explain(command.surface, &text);
    looks.retain(|look| look.rule.id.get_ref().starts_with(&command.rule));
    let found = looks.iter().any(|look| look.outcome == Outcome::Found);
    if command.json {
        say_json(&Value::Array(looks.iter().map(|look| as_json(look, &text)).collect()));
    } else {
        looks.iter().for_each(|look| tell(look, &text));
        if looks.is_empty() {
            say("No rule looks at this: none of their words is in it.");
        }
    }
    Ok(if found { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn text(given: &str) -> anyhow::Result<String> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(bytes.len() as u64 <= TEXT_BYTES_MAX, "longer than {TEXT_BYTES_MAX} bytes");
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("this is no UTF-8 text"))
}

fn tell(look: &Look<'_>, text: &str) {
    let at = format!("bytes {}..{}, {}", look.span.start, look.span.end, view(look));
    say(format_args!("{:40} {}  ({at})", look.rule.id.get_ref(), outcome(look)));
    say(format_args!("    {}", shown(look, text)));
}

fn outcome(look: &Look<'_>) -> String {
    match &look.outcome {
        Outcome::Found => format!("found: {}", look.rule.message),
        Outcome::NoMatch { literal } => {
            format!("not found: `{}` is there, but the pattern does not match", harmless(literal))
        }
        Outcome::Rejected { reason } => format!("not found: the pattern matches, but {reason}"),
        Outcome::OtherSurface => {
            let surfaces = look.rule.surfaces.get_ref().iter().map(|surface| surface.name());
            let surfaces: Vec<&str> = surfaces.collect();
            format!("matches, but reads only {}", surfaces.join(", "))
        }
        Outcome::AboveLevel => {
            format!("matches, but is of level {}, which does not run", look.rule.level.get_ref())
        }
        Outcome::Unreported => "matches, but is not reported: the text is too long, \
                                 or another check of the rule refuses it"
            .to_owned(),
    }
}

fn word(look: &Look<'_>) -> &'static str {
    match look.outcome {
        Outcome::Found => "found",
        Outcome::NoMatch { .. } => "no_match",
        Outcome::Rejected { .. } => "rejected",
        Outcome::OtherSurface => "other_surface",
        Outcome::AboveLevel => "above_level",
        Outcome::Unreported => "unreported",
    }
}

fn view(look: &Look<'_>) -> String {
    json!(look.view).as_str().unwrap_or_default().to_owned()
}

fn shown(look: &Look<'_>, text: &str) -> String {
    let part = text.get(look.span.clone()).unwrap_or_default();
    harmless(&part.chars().take(SHOWN_CHARS_MAX).collect::<String>())
}

fn as_json(look: &Look<'_>, text: &str) -> Value {
    json!({
        "rule": look.rule.id.get_ref(),
        "outcome": word(look),
        "because": outcome(look),
        "view": look.view,
        "start": look.span.start,
        "end": look.span.end,
        "text": shown(look, text),
    })
}
