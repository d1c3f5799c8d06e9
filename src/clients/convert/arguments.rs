//! Secrets on a command line: `--token X`, `--token=X`, `-e TOKEN=X`, `--header "Name: X"`.

use super::super::secret::{has_secret_shape, is_secret, is_telling};
use super::super::server::Program;
use super::super::template::Template;
use super::super::upstream::Text;
use super::{Moving, unmovable};

/// Whether any argument is a secret or has one in it.
pub(super) fn hold_secret(program: &Program) -> bool {
    let mut before = None;
    program.args.iter().any(|argument| {
        let secret = argument.literals().any(|text| is_argument_secret(before, text));
        before = argument.literal();
        secret
    })
}

/// Program and arguments as the configuration writes them, each secret one by reference.
pub(super) fn command(moving: &Moving<'_>, program: &Program) -> Result<Vec<Text>, String> {
    let mut before = None;
    let mut texts = vec![Text::Plain(literal(&program.command, "command")?.to_owned())];
    for (index, argument) in program.args.iter().enumerate() {
        let text = literal(argument, "args")?;
        let secret = is_argument_secret(before, text);
        before = Some(text);
        texts.push(if secret {
            moving.store(&format!("args-{index}"), text)
        } else {
            Text::Plain(text.to_owned())
        });
    }
    Ok(texts)
}

fn literal<'t>(value: &'t Template, place: &str) -> Result<&'t str, String> {
    value.literal().ok_or_else(|| unmovable(value.source(), place))
}

fn is_argument_secret(before: Option<&str>, argument: &str) -> bool {
    let flag = before.filter(|before| before.starts_with('-') && !before.contains('='));
    if flag.is_some_and(is_telling) && !argument.starts_with('-') {
        return !argument.is_empty();
    }
    let pair = argument.split_once('=').or_else(|| argument.split_once(": "));
    let named = |(name, value): (&str, &str)| !name.contains('/') && is_secret(name, value);
    // What the configuration would refuse as a secret moves in any case.
    has_secret_shape(argument)
        || pair.is_some_and(named)
        || crate::config::secret::word_holds_secret(before, argument)
}
