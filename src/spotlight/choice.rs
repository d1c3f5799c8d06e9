//! Which mode holds: said in general, for an upstream, a tool, a client or a kind of content. The
//! most specific line wins.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Mode};

/// One line of `[[spotlight.for]]`: a mode for what fits everything that it names.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// The name that a client states.
    pub client: Option<String>,
    /// The name of an upstream.
    pub upstream: Option<String>,
    /// The name of a tool at its server.
    pub tool: Option<String>,
    /// `prose`, `json`, or `other` (code, tables, files).
    pub kind: Option<Kind>,
    /// The mode. `base64` needs a `client`.
    pub mode: Mode,
}

/// What a mode is asked for.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The name that the client states.
    pub client: &'a str,
    /// The server's name in the configuration.
    pub upstream: &'a str,
    /// The tool, if it is one.
    pub tool: Option<&'a str>,
    /// It brings in what strangers wrote.
    pub reads_untrusted: bool,
}

/// Everything that the configuration says of marks.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    lines: Vec<Choice>,
    /// What a result gets at least in which something severe was found.
    pub suspicious: Option<Mode>,
    /// Texts of progress and log messages get a fence, not the label alone.
    pub fence_notifications: bool,
    /// Descriptions of tools stand behind [`super::DESCRIBED`].
    pub quote_descriptions: bool,
}

/// The mode of each kind of content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Modes {
    prose: Mode,
    json: Mode,
    other: Mode,
}

impl Choices {
    /// Of lines of equal rank the last one holds.
    pub fn new(lines: Vec<Choice>) -> Self {
        Self { lines, ..Self::default() }
    }

    /// The modes for a result.
    pub fn modes(&self, about: About<'_>) -> Modes {
        let mode = |kind| self.mode(about, kind).resolve(about.reads_untrusted);
        Modes { prose: mode(Kind::Prose), json: mode(Kind::Json), other: mode(Kind::Other) }
    }

    /// Whether some content for this client can have a fence.
    pub fn fences_for(&self, client: &str) -> bool {
        let about = About { client, upstream: "", tool: None, reads_untrusted: false };
        self.modes(about).fences()
    }

    fn mode(&self, about: About<'_>, kind: Kind) -> Mode {
        let fitting = self.lines.iter().filter(|line| line.fits(about, kind));
        fitting.max_by_key(|line| line.rank()).map_or(Mode::Auto, |line| line.mode)
    }
}

impl Choice {
    fn fits(&self, about: About<'_>, kind: Kind) -> bool {
        let is = |stated: &Option<String>, name: Option<&str>| {
            stated.as_deref().is_none_or(|stated| Some(stated) == name)
        };
        is(&self.client, Some(about.client))
            && is(&self.upstream, Some(about.upstream))
            && is(&self.tool, about.tool)
            && self.kind.is_none_or(|stated| stated == kind)
    }

    /// A client comes first: it alone knows what it can read. Then the tool, its server, the kind.
    fn rank(&self) -> (bool, bool, bool, bool) {
        let Self { client, upstream, tool, kind, .. } = self;
        (client.is_some(), tool.is_some(), upstream.is_some(), kind.is_some())
    }
}

impl From<Mode> for Modes {
    fn from(mode: Mode) -> Self {
        Self { prose: mode, json: mode, other: mode }
    }
}

impl Modes {
    /// The mode of a kind of content.
    pub fn of(self, kind: Kind) -> Mode {
        match kind {
            Kind::Prose => self.prose,
            Kind::Json => self.json,
            Kind::Other => self.other,
        }
    }

    /// Whether anything gets a fence.
    pub fn fences(self) -> bool {
        self.strictest() >= Mode::Fence
    }

    /// Whether anything is marked at all.
    pub fn marks(self) -> bool {
        self.strictest() > Mode::Off
    }

    /// Whether texts are marked inside.
    pub fn marks_inside(self) -> bool {
        self.strictest() >= Mode::Linemark
    }

    /// At least `floor`, wherever there is a fence at all: a program that must not find one gets none.
    #[must_use]
    pub fn at_least(self, floor: Mode) -> Self {
        let raised = |mode: Mode| if mode >= Mode::Fence { mode.max(floor) } else { mode };
        Self { prose: raised(self.prose), json: raised(self.json), other: raised(self.other) }
    }

    /// With a fence, wherever that would have been left out.
    #[must_use]
    pub fn fenced(self) -> Self {
        let fenced = |mode: Mode| mode.max(Mode::Fence);
        Self { prose: fenced(self.prose), json: fenced(self.json), other: fenced(self.other) }
    }

    fn strictest(self) -> Mode {
        self.prose.max(self.json).max(self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::{About, Choice, Choices, Kind, Mode, Modes};

    const ABOUT: About<'_> =
        About { client: "c", upstream: "u", tool: Some("t"), reads_untrusted: false };

    fn choice(named: &str, mode: Mode) -> Choice {
        let name = |letter: &str| named.contains(letter).then(|| letter.to_owned());
        let kind = named.contains('k').then_some(Kind::Prose);
        Choice { client: name("c"), upstream: name("u"), tool: name("t"), kind, mode }
    }

    #[test]
    fn the_most_specific_line_holds() {
        let order = ["", "k", "u", "uk", "t", "ut", "utk", "c", "ck", "cu", "cut"];
        for pair in order.windows(2) {
            let lines = vec![choice(pair[1], Mode::Datamark), choice(pair[0], Mode::Off)];
            let modes = Choices::new(lines).modes(ABOUT);
            assert_eq!(modes.of(Kind::Prose), Mode::Datamark, "{pair:?}");
        }
        let modes = Choices::new(vec![choice("k", Mode::Off)]).modes(ABOUT);
        assert_eq!((modes.of(Kind::Prose), modes.of(Kind::Json)), (Mode::Off, Mode::Fence));
    }

    #[test]
    fn a_line_holds_for_what_it_names_alone() {
        for (named, about) in [
            ("c", About { client: "x", ..ABOUT }),
            ("u", About { upstream: "x", ..ABOUT }),
            ("t", About { tool: None, ..ABOUT }),
        ] {
            let choices = Choices::new(vec![choice(named, Mode::Off)]);
            assert_eq!(choices.modes(about), Modes::from(Mode::Fence), "{named}");
        }
    }

    #[test]
    fn a_floor_raises_fences_and_nothing_else() {
        let lines = vec![choice("", Mode::Label), choice("k", Mode::Fence)];
        let modes = Choices::new(lines).modes(ABOUT).at_least(Mode::Datamark);
        assert_eq!((modes.of(Kind::Prose), modes.of(Kind::Json)), (Mode::Datamark, Mode::Label));
        let encoded = Modes::from(Mode::Base64);
        assert_eq!(encoded.at_least(Mode::Linemark), encoded, "never milder");
    }
}
