//! The card: what a person sees who is asked about a call. It is made from the stored arguments, what
//! happens comes first, and the agent says nothing here.

use chrono::{DateTime, Local, Utc};
use serde_json::Value;

use super::{ConfigArgument, harmless, say, text};

/// Characters of a value, or of a line of one, that are shown before it is folded.
const VALUE_CHARS_MAX: usize = 400;
/// Lines of a value that are shown before it is folded.
const VALUE_LINES_MAX: usize = 12;
/// What differs from the last call of the tool, in lines.
const DIFF_LINES_MAX: usize = 20;

/// Prints the card of one approval, as the gateway answers it. `whole` unfolds long values.
pub(super) fn show(row: &Value, whole: bool, config: &ConfigArgument) {
    let shown = |key: &str| harmless(text(row, key));
    say(format_args!("{}\n", standing(row)));
    say(format_args!("calls      {}/{}", shown("upstream"), shown("tool")));
    if let Some(classes) = row["classes"].as_array() {
        let classes: Vec<&str> = classes.iter().filter_map(Value::as_str).collect();
        say(format_args!("can        {} (risk {})", classes.join(", "), shown("risk")));
        say(format_args!("undo       {}", undo(&classes)));
    }
    say(format_args!("because    {}", shown("reasons")));
    say(format_args!("asked by   {} (client {})", shown("principal"), shown("client")));
    if let Some(run) = row["run"].as_str() {
        say(format_args!("run        {}", harmless(run)));
    }
    if is_open(row) {
        let waiting = row["callers_waiting"].as_u64().unwrap_or(0);
        let caller = if waiting > 0 { "still waits" } else { "is gone; a retry would run it" };
        say(format_args!("caller     {caller}"));
        say(format_args!("until      {}", times(row["expires"].as_i64().unwrap_or(0))));
    }
    say(format_args!("state      {}", shown("state")));
    if !text(row, "decided_by").is_empty() {
        let proven = if row["proven"] == Value::Bool(true) { "proven" } else { "unproven" };
        say(format_args!("decided    by {} ({proven})", shown("decided_by")));
    }
    say(format_args!("definition {}", shown("definition_digest")));
    let folds = !whole && text(row, "risk") != "critical";
    let folded = arguments(text(row, "arguments"), folds);
    last(&row["last"]);
    if text(row, "state") == "pending" && is_open(row) {
        let id = shown("id");
        if folded {
            let show = config.command(&format!("approvals show {id} --whole"));
            say(format_args!("\nNot all is shown; `{show}` unfolds it."));
        }
        say(format_args!("\n{}", config.command(&format!("approvals approve {id}"))));
        say(config.command(&format!("approvals deny {id} --reason TEXT")));
    }
}

/// Prints the arguments, and says whether any of them was folded.
fn arguments(stored: &str, folds: bool) -> bool {
    say("arguments");
    let Ok(Value::Object(arguments)) = serde_json::from_str(stored) else {
        say("  cannot be shown: deny, or look into the store");
        return false;
    };
    if arguments.is_empty() {
        say("  none");
    }
    let mut folded = false;
    for (name, value) in &arguments {
        let value = match value {
            Value::String(text) => text.clone(),
            value => format!("{value:#}"),
        };
        let (shown, rest) = if folds { fold(&value) } else { (value.as_str(), 0) };
        let lines: Vec<String> = shown.split('\n').map(harmless).collect();
        match lines.as_slice() {
            [line] => say(format_args!("  {}: {line}", harmless(name))),
            lines => {
                say(format_args!("  {}:", harmless(name)));
                lines.iter().for_each(|line| say(format_args!("    {line}")));
            }
        }
        if rest > 0 {
            folded = true;
            say(format_args!("    … and {rest} bytes more"));
        }
    }
    folded
}

/// As much of a value as is shown at once, and the bytes that are not.
fn fold(value: &str) -> (&str, usize) {
    let lines = value.match_indices('\n').nth(VALUE_LINES_MAX - 1).map(|(at, _)| at);
    let chars = value.char_indices().nth(VALUE_CHARS_MAX).map(|(at, _)| at);
    let end = lines.into_iter().chain(chars).min().unwrap_or(value.len());
    let (shown, rest) = value.split_at_checked(end).unwrap_or((value, ""));
    (shown, rest.len())
}

/// What is different from the call of this tool that a person let run last.
fn last(last: &Value) {
    if last.is_null() {
        return say("before     no call of this tool ran with a person's yes");
    }
    let (by, when) = (harmless(text(last, "decided_by")), last["consumed_at"].as_i64());
    let when = when.map(times).unwrap_or_default();
    let lines = last["diff"].as_array().map(Vec::as_slice).unwrap_or_default();
    let same = if lines.is_empty() { ", with these arguments" } else { ", which differs in" };
    say(format_args!("before     {by} let one run, {when}{same}"));
    for line in lines.iter().take(DIFF_LINES_MAX).filter_map(Value::as_str) {
        let (line, rest) = fold(line);
        let more = if rest > 0 { " …" } else { "" };
        say(format_args!("  {}{more}", harmless(line)));
    }
    if lines.len() > DIFF_LINES_MAX {
        say(format_args!("  … and {} places more", lines.len() - DIFF_LINES_MAX));
    }
}

/// Whether what a tool of these classes does can be taken back.
fn undo(classes: &[&str]) -> &'static str {
    let has = |class: &str| classes.contains(&class);
    if has("money") || has("destructive") {
        "no: what it pays or loses does not come back"
    } else if has("egress") {
        "no: what is sent stays sent"
    } else if has("exec") {
        "nobody can say: it runs a program"
    } else if has("persists_instructions") {
        "by hand, and before an agent or a program obeys what was written"
    } else if has("state_change") {
        "by hand, if what was there is known elsewhere"
    } else {
        "there is nothing to undo: it only reads"
    }
}

/// Time left, as people say it.
pub(super) fn left(row: &Value) -> String {
    let expires = row["expires"].as_i64().unwrap_or(0);
    let seconds = (expires - crate::ids::now_ms()) / 1000;
    match seconds {
        ..=0 => "over".to_owned(),
        1..=119 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}

/// A time in milliseconds since 1970, as the clock on the wall and in UTC.
fn times(ms: i64) -> String {
    let Some(utc) = DateTime::<Utc>::from_timestamp_millis(ms) else { return String::new() };
    let local = utc.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
    format!("{local} here, {} UTC", utc.format("%H:%M:%S"))
}

/// Whether the call may still run.
fn is_open(row: &Value) -> bool {
    let expired = row["expires"].as_i64().unwrap_or(0) <= crate::ids::now_ms();
    !expired && matches!(text(row, "state"), "pending" | "approved")
}

/// What becomes of the call if nobody does anything more.
fn standing(row: &Value) -> String {
    match text(row, "state") {
        "pending" if is_open(row) => {
            format!("If you do nothing, the call is refused in {}.", left(row))
        }
        "approved" if is_open(row) => {
            format!("Approved: it runs once, if it is asked for in the next {}.", left(row))
        }
        "pending" | "approved" => "Expired: it did not run and will not.".to_owned(),
        "denied" => "Denied: it did not run and will not.".to_owned(),
        "consumed" => "Used: the call that it allowed was made; nothing more can run.".to_owned(),
        state => format!("Over ({}): nothing more can run.", harmless(state)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_folded_at_a_line_or_a_character_and_its_rest_is_counted() {
        assert_eq!(fold("short"), ("short", 0));
        let long = "é".repeat(VALUE_CHARS_MAX + 3);
        let (shown, rest) = fold(&long);
        assert_eq!((shown.chars().count(), rest), (VALUE_CHARS_MAX, 6));
        let lines = "a\n".repeat(VALUE_LINES_MAX + 1);
        let (shown, rest) = fold(&lines);
        assert_eq!((shown.lines().count(), rest), (VALUE_LINES_MAX, 3));
    }

    #[test]
    fn the_worst_that_a_tool_can_do_says_whether_it_can_be_undone() {
        for (classes, told) in [
            (&["state_change", "money"][..], "no: what it pays"),
            (&["egress", "state_change"], "no: what is sent"),
            (&["state_change"], "by hand"),
            (&["reads_private"], "nothing to undo"),
        ] {
            assert!(undo(classes).contains(told), "{classes:?}: {}", undo(classes));
        }
    }
}
