//! Where the scenes are shown: lines of at most 80 columns for people, JSON lines for programs.
//! Everything that came from a server is spelled out before it meets the terminal.

use std::{
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use serde_json::json;

use super::{scenes::Scene, told::Told};

/// The columns that every terminal has.
const COLUMNS: usize = 80;
/// Columns before the text of a line.
const INDENT: usize = 11;
/// Lines of one text that are shown.
const LINES_MAX: usize = 7;

/// How scenes are shown.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    json: bool,
    colour: bool,
}

impl Stage {
    /// Colours only where somebody sees them and nobody minds (<https://no-color.org>).
    pub fn new(json: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let colour = !json && std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb;
        Self { json, colour }
    }

    /// Shows a text, if people look.
    pub fn say(self, text: &str) {
        if !self.json {
            put(text);
        }
    }

    /// Shows a value, if a program looks.
    pub fn tell(self, value: &serde_json::Value) {
        if self.json {
            put(&value.to_string());
        }
    }

    /// Announces a scene before it plays.
    pub fn announce(self, number: usize, of: usize, title: &str) {
        self.say(&format!("\n{}", self.paint("1", &format!("{number}/{of}  {title}"))));
    }

    /// Shows what happened in a scene.
    pub fn show(self, scene: &Scene, told: &Told, elapsed: Duration) {
        let Scene { id, title, promise, .. } = scene;
        let lines: Vec<_> =
            told.lines.iter().map(|(label, text)| json!([label.name(), text])).collect();
        self.tell(&json!({
            "scene": id, "title": title, "promise": promise, "kept": told.is_kept(),
            "broken": told.broken, "ms": u64::try_from(elapsed.as_millis()).ok(), "lines": lines,
        }));
        let mut before = None;
        for (label, text) in &told.lines {
            let name = if before == Some(*label) { "" } else { label.name() };
            before = Some(*label);
            self.line(name, "2", text);
        }
        if told.is_kept() {
            self.line("kept", "32", promise);
        }
        for what in &told.broken {
            self.line("BROKEN", "31", what);
        }
    }

    fn line(self, name: &str, colour: &str, text: &str) {
        for (number, part) in shown(text).into_iter().enumerate() {
            let name = if number == 0 { name } else { "" };
            self.say(&format!("  {} {part}", self.paint(colour, &format!("{name:8}"))));
        }
    }

    fn paint(self, colour: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A reader that left is no error.
fn put(line: &str) {
    writeln!(std::io::stdout(), "{line}").unwrap_or_default();
}

/// A text as lines that fit, with everything that could fool a terminal spelled out.
fn shown(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().flat_map(|line| wrapped(&harmless(line))).collect();
    if lines.len() > LINES_MAX {
        let left = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("… ({left} more lines)"));
    }
    lines
}

/// Spells out what a terminal would act on or nobody would see. A run of tag characters becomes
/// what it spells.
fn harmless(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut in_tags = false;
    for c in line.chars() {
        let tag = matches!(u32::from(c), 0xE_0020..=0xE_007E);
        match (in_tags, tag) {
            (false, true) => shown.push_str("‹unseen: "),
            (true, false) => shown.push('›'),
            _ => {}
        }
        in_tags = tag;
        match c {
            _ if tag => shown.extend(char::from_u32(u32::from(c) - 0xE_0000)),
            '\u{1b}' => shown.push_str("‹ESC›"),
            _ if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() || "…“”✓".contains(c) =>
            {
                shown.push(c);
            }
            _ => shown.extend(c.escape_unicode()),
        }
    }
    if in_tags {
        shown.push('›');
    }
    shown
}

/// Breaks at spaces, and inside a word that is longer than a line.
fn wrapped(line: &str) -> Vec<String> {
    let width = COLUMNS - INDENT;
    let (mut lines, mut current) = (Vec::new(), String::new());
    for word in line.split(' ') {
        let (have, need) = (current.chars().count(), word.chars().count());
        if have > 0 && have + 1 + need > width {
            lines.push(std::mem::take(&mut current));
        } else if have > 0 {
            current.push(' ');
        }
        for c in word.chars() {
            if current.chars().count() == width {
                lines.push(std::mem::take(&mut current));
            }
            current.push(c);
        }
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, INDENT, LINES_MAX, shown};

    #[test]
    fn every_line_fits_and_long_texts_say_how_much_is_left() {
        let text = format!("{}\n{}", "word ".repeat(200), "x".repeat(300));
        let lines = shown(&text);
        assert_eq!(lines.len(), LINES_MAX + 1);
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS - INDENT), "{lines:?}");
        assert!(lines.last().is_some_and(|line| line.contains("more lines")));
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_gets_through() {
        let shown = shown("a\u{1b}[31mb\u{e0041}\u{e0042}\u{202e}c\u{7}").join("");
        assert_eq!(shown, "a‹ESC›[31mb‹unseen: AB›\\u{202e}c\\u{7}");
    }

    #[test]
    fn short_text_stays_as_it_is() {
        assert_eq!(shown("one two\n\nthree"), ["one two", "", "three"]);
    }
}
