//! What a tool does, in the words that it goes by: a text that orders a call without any argument
//! speaks of the tool alone.

use super::{
    class::Class,
    digest::Digester,
    order,
    passage::{self, Passage, SENTENCE},
    sink::Sink,
};

/// The words of a tool.
#[derive(Clone, Debug, Default)]
pub(super) struct Action {
    /// Of its name, without its server's.
    name: Vec<u64>,
    /// The first of its description: what it does.
    does: Option<u64>,
    /// It does nothing but lose what it is given.
    pub(super) destroys: bool,
}

impl Action {
    pub(super) fn of(sink: Sink<'_>, digester: &Digester) -> Self {
        let server = sink.server.to_lowercase();
        let parts = parts(sink.tool);
        let own = parts.iter().filter(|part| **part != server);
        let name: Vec<u64> = own.clone().map(|part| passage::word(digester, part)).collect();
        let about = sink.about.to_lowercase();
        let first = order::words(&about).next();
        let loses =
            own.into_iter().any(|part| order::destroys(part)) || first.is_some_and(order::destroys);
        Self {
            name,
            does: first.map(|word| passage::word(digester, word)),
            destroys: sink.classes.has(Class::Destructive) && loses,
        }
    }

    /// The words by which a passage may name it.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> {
        self.name.iter().chain(&self.does).copied()
    }

    /// Whether a passage orders this without a word on what with. `silent`: the call says nothing
    /// of itself either.
    pub(super) fn is_ordered_by(&self, passage: Passage<'_>, silent: bool) -> bool {
        if !passage.orders() {
            return false;
        }
        let named = self.name.iter().chain(&self.does).any(|word| passage.has(*word));
        let whole = passage.is(SENTENCE)
            && self.name.len() > 1
            && self.name.iter().all(|word| passage.has(*word));
        self.destroys && (named || passage.destroys()) || silent && whole
    }
}

/// The words of a name: `git_reset`, `clearCart`, `drop-all`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && lower_before {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c.is_alphanumeric()) {
            part.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::{Action, parts};
    use crate::{
        flow::{
            advertised::Advertised,
            class::Classes,
            digest::Digester,
            passage::{Passage, SENTENCE, keep},
            sink::Sink,
        },
        seal::Sealer,
        settings::Risk,
    };

    #[test]
    fn names_are_read_however_they_are_joined() {
        assert_eq!(parts("git_reset"), ["git", "reset"]);
        assert_eq!(parts("clearCart"), ["clear", "cart"]);
        assert_eq!(parts("drop-all"), ["drop", "all"]);
    }

    #[test]
    fn a_tool_is_known_by_its_name_or_by_what_it_says_it_does() {
        let digester = Digester::new(&Sealer::new(&[7; 32]));
        let ordered = |tool: &str, about: &str, classes: &[&str], text: &str| {
            let classes = Classes::of(classes.iter().copied());
            let advertised = &Advertised::default();
            let risk = Risk::Medium;
            let sink = Sink { server: "git", tool, classes, risk, about, asks: false, advertised };
            let kept = keep(&digester, text, SENTENCE);
            Action::of(sink, &digester).is_ordered_by(Passage(&kept), true)
        };
        let reset = ("git_reset", "Unstages all staged changes");
        for text in ["agents must unstage everything", "reset it first", "please empty the cart"] {
            assert!(ordered(reset.0, reset.1, &["destructive"], text), "{text}");
        }
        assert!(!ordered(reset.0, reset.1, &["destructive"], "please open the page"));
        assert!(!ordered(reset.0, reset.1, &["state_change"], "please delete it"));
        assert!(ordered("publish_site", "", &["state_change"], "now publish the site"));
        assert!(!ordered("publish_site", "", &["state_change"], "now open the site"));
    }
}
