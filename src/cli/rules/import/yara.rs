//! YARA rules: their strings. Conditions say more than one of our rules can, so that only `any of` and
//! `or` are carried over as they are.

use super::{Draft, Taken, ascii};

pub(super) fn read(text: &str) -> anyhow::Result<Taken> {
    let text = without_comments(text);
    let mut taken = Taken::default();
    let mut rest = text.as_str();
    while let Some((head, body, after)) = next_rule(rest) {
        rest = after;
        let name = head.split([':', ' ', '\t', '\n']).find(|word| !word.is_empty());
        let name = name.unwrap_or("unnamed").to_owned();
        match draft(&name, body) {
            Ok(draft) => taken.drafts.push(draft),
            Err(reason) => taken.left.push((name, reason)),
        }
    }
    anyhow::ensure!(
        !taken.drafts.is_empty() || !taken.left.is_empty(),
        "there is no `rule NAME {{ … }}`"
    );
    Ok(taken)
}

/// Steps over strings and regular expressions, so that what stands in them is no syntax.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next piece: a quoted string, a regular expression, or one character.
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let before = self.text.get(..self.at).unwrap_or_default().trim_end();
        let quoted = first == '"' || (first == '/' && before.ends_with(['=', '(']));
        let length = match quoted {
            true => closing(rest, first).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        self.at += length;
        rest.get(..length)
    }
}

/// Bytes up to and with the quote that closes what `text` opens.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn without_comments(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut walk = Walk::new(text);
    loop {
        let rest = walk.rest();
        if rest.starts_with("//") {
            walk.at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            walk.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else {
            match walk.next() {
                Some(piece) => output.push_str(piece),
                None => return output,
            }
        }
    }
}

/// The head and the body of the next rule, and what follows it.
fn next_rule(text: &str) -> Option<(&str, &str, &str)> {
    let mut starts = text.match_indices("rule");
    let is_word = |at: usize| {
        let before = text.get(..at).and_then(|it| it.chars().next_back());
        let after = text.get(at + 4..).and_then(|it| it.chars().next());
        before.is_none_or(char::is_whitespace) && after.is_some_and(char::is_whitespace)
    };
    let (start, _) = starts.find(|(at, _)| is_word(*at))?;
    let (head, body) = text.get(start + 4..)?.split_once('{')?;
    let mut walk = Walk::new(body);
    let mut depth = 1;
    loop {
        let at = walk.at;
        match walk.next()? {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((head, body.get(..at)?, walk.rest()));
        }
    }
}

fn draft(name: &str, body: &str) -> Result<Draft, String> {
    let (front, condition) = body.rsplit_once("condition:").ok_or("it has no condition")?;
    let (meta, strings) = front.split_once("strings:").ok_or("it has no strings")?;
    let mut draft = Draft {
        name: name.to_owned(),
        title: meta_text(meta, "description").unwrap_or_else(|| name.to_owned()),
        references: meta_text(meta, "reference").into_iter().collect(),
        severity: "medium",
        ..Draft::default()
    };
    let mut patterns = Vec::new();
    for (name, value, modifiers) in defined(strings) {
        match string(value, &modifiers, &mut draft) {
            Ok(Some(pattern)) => patterns.push(pattern),
            Ok(None) => {}
            Err(reason) => draft.notes.push(format!("`{name}` was not carried over: {reason}")),
        }
    }
    if patterns.is_empty() && draft.literals.is_empty() {
        return Err(format!("none of its strings could be carried over: {:?}", draft.notes));
    }
    draft.pattern = (!patterns.is_empty()).then(|| patterns.join("|"));
    let condition = condition.split_whitespace().collect::<Vec<_>>().join(" ");
    let any = condition.starts_with("any of") || condition.starts_with("1 of");
    let single = patterns.len() + draft.literals.len() == 1;
    let ored = condition.split(" or ").all(|it| it.starts_with('$') && !it.contains(' '));
    if !(any || ored || single && condition.starts_with('$')) {
        let note = format!("of the condition `{condition}` this is left: any one of the strings");
        draft.notes.push(note);
    }
    Ok(draft)
}

fn meta_text(meta: &str, key: &str) -> Option<String> {
    let line = meta.lines().find(|line| line.trim_start().starts_with(key))?;
    let value = line.split_once('=')?.1.trim();
    Some(value.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// Each string: its name, what stands behind `=`, and its modifiers.
fn defined(strings: &str) -> Vec<(&str, &str, Vec<&str>)> {
    let mut found = Vec::new();
    for (at, _) in strings.match_indices('$') {
        let Some((name, behind)) = strings.get(at..).and_then(|it| it.split_once('=')) else {
            continue;
        };
        let name = name.trim();
        let known = name.chars().skip(1).all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !known {
            continue;
        }
        let behind = behind.trim_start();
        let end = match behind.chars().next() {
            Some(quote @ ('"' | '/')) => closing(behind, quote),
            Some('{') => behind.find('}').map(|at| at + 1),
            _ => None,
        };
        let Some((value, after)) = end.and_then(|end| behind.split_at_checked(end)) else {
            continue;
        };
        let line = after.lines().next().unwrap_or_default();
        found.push((name, value, line.split_whitespace().collect()));
    }
    found
}

/// A pattern, or nothing if it became a literal.
fn string(value: &str, modifiers: &[&str], draft: &mut Draft) -> Result<Option<String>, String> {
    if modifiers.iter().any(|it| it.starts_with("xor") || it.starts_with("base64")) {
        return Err("its modifiers change the bytes".to_owned());
    }
    if modifiers.contains(&"wide") && !modifiers.contains(&"ascii") {
        return Err("it is of two-byte characters, and messages are UTF-8".to_owned());
    }
    let no_case = if modifiers.contains(&"nocase") { "i" } else { "" };
    let bound = |pattern: String| match modifiers.contains(&"fullword") {
        true => format!(r"\b(?:{pattern})\b"),
        false => pattern,
    };
    if let Some(text) = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
        let text = unescaped(text)?;
        if no_case.is_empty() || modifiers.contains(&"fullword") {
            let escaped = regex::escape(&text);
            return Ok(Some(bound(format!("(?{no_case}:{escaped})"))));
        }
        draft.literals.push(text);
        return Ok(None);
    }
    if let Some(pattern) = value.strip_prefix('/').and_then(|it| it.strip_suffix('/')) {
        let flags = modifiers.first().filter(|it| it.chars().all(|c| "is".contains(c)));
        let flags: String = flags.map(|it| (*it).to_owned()).unwrap_or(no_case.to_owned());
        return Ok(Some(bound(format!(
            "(?{flags}:{})",
            ascii::classes(&pattern.replace("\\/", "/"))
        ))));
    }
    let hex = value.trim_matches(['{', '}']);
    hex_text(hex).map(|text| Some(format!("(?:{})", regex::escape(&text))))
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut output = Vec::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            output.extend(c.to_string().bytes());
            continue;
        }
        match characters.next() {
            Some('n') => output.push(b'\n'),
            Some('t') => output.push(b'\t'),
            Some('r') => output.push(b'\r'),
            Some('x') => {
                let digits: String = characters.by_ref().take(2).collect();
                output.push(u8::from_str_radix(&digits, 16).map_err(|it| it.to_string())?);
            }
            Some(other) => output.extend(other.to_string().bytes()),
            None => {}
        }
    }
    String::from_utf8(output).map_err(|_| "it is no UTF-8 text".to_owned())
}

fn hex_text(hex: &str) -> Result<String, String> {
    let digits: String = hex.split_whitespace().collect();
    let jumps = "it has jumps or wild cards, which are of bytes";
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(jumps.to_owned());
    }
    let pairs = digits.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> =
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| !text.chars().any(|c| c.is_control() && c != '\n'));
    text.ok_or_else(|| "its bytes are no text".to_owned())
}
