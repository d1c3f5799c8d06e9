//! Classes as RE2 and YARA mean them: of ASCII. Ours are of Unicode, which finds more and takes a
//! hundred times the memory.

/// The pattern with `\w`, `\d` and `\s` written out.
pub(super) fn classes(pattern: &str) -> String {
    let mut output = String::with_capacity(pattern.len());
    let mut inside = false;
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                let Some(next) = characters.next() else {
                    output.push(c);
                    break;
                };
                escape(next, inside, &mut output);
                continue;
            }
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        output.push(c);
    }
    output
}

fn escape(letter: char, inside: bool, output: &mut String) {
    let members = match letter.to_ascii_lowercase() {
        'w' => r"0-9A-Za-z_",
        'd' => r"0-9",
        's' => r"\t\n\f\r ",
        _ => {
            output.push('\\');
            output.push(letter);
            return;
        }
    };
    match (letter.is_ascii_uppercase(), inside) {
        (false, true) => output.push_str(members),
        (false, false) => output.push_str(&format!("[{members}]")),
        (true, _) => output.push_str(&format!("[^{members}]")),
    }
}

#[cfg(test)]
mod tests {
    use super::classes;

    #[test]
    fn classes_are_written_out_and_other_escapes_stay() {
        assert_eq!(classes(r"\w+\.\d"), r"[0-9A-Za-z_]+\.[0-9]");
        assert_eq!(classes(r"[\w.-]{0,5}\b"), r"[0-9A-Za-z_.-]{0,5}\b");
        assert_eq!(classes(r"\S\\w"), r"[^\t\n\f\r ]\\w");
    }
}
