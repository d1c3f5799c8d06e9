//! What a scene tells: who did what, and whether it ended as promised.

/// Who a line is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Label {
    /// What the agent asks for.
    Asks,
    /// What a server sends.
    Server,
    /// What the gateway did, from its record.
    Gateway,
    /// The rules and policies behind it, from the record too.
    Why,
    /// What the agent gets to read.
    Reads,
    /// What a person does.
    Person,
}

impl Label {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asks => "agent",
            Self::Server => "server",
            Self::Gateway => "gateway",
            Self::Why => "why",
            Self::Reads => "reads",
            Self::Person => "person",
        }
    }
}

/// The lines of a scene.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub lines: Vec<(Label, String)>,
    /// What was promised and did not come true.
    pub broken: Vec<String>,
}

impl Told {
    pub fn line(&mut self, label: Label, text: impl Into<String>) {
        self.lines.push((label, text.into()));
    }

    pub fn lines(&mut self, label: Label, texts: impl IntoIterator<Item = String>) {
        self.lines.extend(texts.into_iter().map(|text| (label, text)));
    }

    /// Notes `what` as broken unless it holds.
    pub fn expect(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.broken.push(what.into());
        }
    }

    /// Whether the scene ended as promised. One that tells nothing promised nothing.
    pub fn is_kept(&self) -> bool {
        self.broken.is_empty() && !self.lines.is_empty()
    }
}
