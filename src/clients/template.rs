//! Values with placeholders in them, such as `Bearer ${TOKEN}`, split into typed parts.
//!
//! Expands nothing. Whoever moves a value to another file has to know which parts travel: a
//! variable of the environment does, the client's own `${workspaceFolder}` doesn't.

/// What a client expands in the values of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expansion {
    /// Nothing: `${X}` is six plain bytes (Claude Desktop, Codex).
    None,
    /// `${VAR}` and `${VAR:-default}` (Claude Code).
    Shell,
    /// `${env:VAR}`, `${input:id}` and the editor's own names (VS Code, Cursor).
    Editor,
}

/// A piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Literal(String),
    /// A variable of the client's environment.
    Environment {
        /// Its name.
        name: String,
        /// What `:-` offers where it is unset.
        default: Option<String>,
    },
    /// A value that the editor asks its user for.
    Input(String),
    /// A name that only the client can fill in, such as `workspaceFolder`.
    Client(String),
}

/// A value as written in a client's file.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// Literals can be secrets: say how many parts there are, not what they hold.
impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({} parts)", self.parts.len())
    }
}

impl Template {
    /// Splits `text` by the rules of `expansion`.
    pub fn parse(text: &str, expansion: Expansion) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            literal.push_str(before);
            let (part, behind) = match after.split_once('}') {
                Some((name, behind)) => (placeholder(name, expansion), behind),
                None => (None, after),
            };
            match part {
                Some(part) => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                    rest = behind;
                }
                None => {
                    literal.push_str("${");
                    rest = after;
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Self { source: text.to_owned(), parts }
    }

    /// The variable `name` of the environment behind `prefix`, for clients that name it outright.
    pub fn environment(prefix: &str, name: &str) -> Self {
        let variable = Part::Environment { name: name.to_owned(), default: None };
        let prefixed = (!prefix.is_empty()).then(|| Part::Literal(prefix.to_owned()));
        let parts = prefixed.into_iter().chain([variable]).collect();
        Self { source: format!("{prefix}${{{name}}}"), parts }
    }

    /// The value as it is written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The parts in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, if there is no placeholder in it.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The literal texts between and inside the placeholders, defaults included.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(text) | Part::Environment { default: Some(text), .. } => {
                Some(text.as_str())
            }
            Part::Environment { default: None, .. } | Part::Input(_) | Part::Client(_) => None,
        })
    }
}

fn placeholder(name: &str, expansion: Expansion) -> Option<Part> {
    match expansion {
        Expansion::None => None,
        Expansion::Shell => {
            let (name, default) = match name.split_once(":-") {
                Some((name, default)) => (name, Some(default.to_owned())),
                None => (name, None),
            };
            is_variable(name).then(|| Part::Environment { name: name.to_owned(), default })
        }
        Expansion::Editor => Some(match name.split_once(':') {
            Some(("env", name)) if is_variable(name) => {
                Part::Environment { name: name.to_owned(), default: None }
            }
            Some(("input", id)) => Part::Input(id.to_owned()),
            _ => Part::Client(name.to_owned()),
        }),
    }
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Expansion, Part, Template};

    fn parts(text: &str, expansion: Expansion) -> Vec<Part> {
        Template::parse(text, expansion).parts().to_vec()
    }

    fn environment(name: &str, default: Option<&str>) -> Part {
        Part::Environment { name: name.into(), default: default.map(str::to_owned) }
    }

    #[test]
    fn each_client_expands_its_own_placeholders_only() {
        let text = "${HOME}";
        assert_eq!(parts(text, Expansion::None), [Part::Literal(text.into())]);
        assert_eq!(parts(text, Expansion::Shell), [environment("HOME", None)]);
        assert_eq!(parts(text, Expansion::Editor), [Part::Client("HOME".into())]);
    }

    #[test]
    fn parts_keep_their_order_and_defaults() {
        let expected = [Part::Literal("Bearer ".into()), environment("T", Some("none"))];
        assert_eq!(parts("Bearer ${T:-none}", Expansion::Shell), expected);
        let expected = [
            Part::Client("workspaceFolder".into()),
            Part::Literal("/x".into()),
            Part::Input("key".into()),
            environment("E", None),
        ];
        assert_eq!(parts("${workspaceFolder}/x${input:key}${env:E}", Expansion::Editor), expected);
    }

    #[test]
    fn what_is_no_placeholder_stays_text() {
        for text in ["", "$HOME", "${", "a${b", "${a b}", "${1A}"] {
            assert_eq!(Template::parse(text, Expansion::Shell).literal(), Some(text));
        }
    }
}
