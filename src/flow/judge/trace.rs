//! What ties a call to what its run read.

use super::{Evidence, Judge, Tie};
use crate::{
    flow::{
        action::Action,
        class::Class,
        passage::{self, PARAGRAPH, Passage, SENTENCE},
        reading::Naming,
        run::Seen,
        sink::{Arguments, Destination, Leaf, Role, Sink, described_by},
        token::{self, Kind, is_web},
        wording,
    },
    label::{Confidentiality, Integrity},
};

pub(super) struct Trace<'a> {
    pub(super) judge: &'a Judge<'a>,
    pub(super) sink: Sink<'a>,
    pub(super) arguments: &'a Arguments,
    pub(super) obeyed: bool,
    pub(super) away: bool,
    pub(super) doing: Action,
    /// Destinations that another server's definitions name.
    pub(super) defined: Vec<u64>,
}

/// Where a destination comes from.
enum Origin {
    /// The agent's own words before it read anything, or the organisation's list.
    Own,
    /// No text that the run read names it.
    Unknown,
    Named(Naming, u16),
}

/// What a call says of itself, argument by argument, in words.
#[derive(Default)]
struct Told {
    contents: Vec<Vec<u64>>,
    /// Places that the agent did not name before it read anything.
    places: Vec<Vec<u64>>,
    /// Its own places.
    own: Vec<Vec<u64>>,
}

impl Told {
    fn is_silent(&self) -> bool {
        self.contents.is_empty() && self.places.is_empty()
    }
}

/// Stands for what is not kept among sources.
pub(super) const UNTOLD: u16 = u16::MAX;
/// The kind of a grant's key among digests.
const GRANT: u8 = 101;
/// Bytes of an address beyond which it can carry something worth stealing.
const ADDRESS_BYTES_MAX: usize = 120;

impl Trace<'_> {
    pub(super) fn ties(&self) -> Vec<Tie> {
        let mut ties = Vec::new();
        self.run_wide(&mut ties);
        let told = self.told_of_itself();
        for leaf in &self.arguments.leaves {
            self.destination(leaf, &told, &mut ties);
        }
        self.described(&told, &mut ties);
        self.overlaps(&mut ties);
        self.codes(&mut ties);
        self.worded(&mut ties);
        self.secrets(&mut ties);
        ties
    }

    /// What holds of the run as a whole.
    fn run_wide(&self, ties: &mut Vec<Tie>) {
        let run = self.judge.run;
        let mut tie = |evidence, source, place: &str| {
            ties.push(Tie { evidence, source, place: place.to_owned() });
        };
        let firsts = run.firsts;
        if let Some(index) = firsts.instructs {
            tie(Evidence::Instructed, index, "this run was spoken to by");
        }
        let stranger = firsts.untrusted.or(firsts.mixed);
        if let Some(index) = stranger {
            tie(Evidence::Any, index, "this run has read");
        }
        if let Some(index) = firsts.private.filter(|index| Some(*index) != stranger) {
            tie(Evidence::Any, index, "this run has read");
        }
        if run.saturated || self.arguments.over {
            // Nobody can tell what does not fit: it counts as named, said and repeated.
            let all = [Evidence::Destination, Evidence::Worded, Evidence::Overlap, Evidence::Any];
            all.into_iter().for_each(|evidence| tie(evidence, UNTOLD, ""));
        }
    }

    /// Ties of the destinations that one argument names.
    fn destination(&self, leaf: &Leaf, told: &Told, ties: &mut Vec<Tie>) {
        let named: Vec<&Destination> = self.arguments.of_leaf(leaf).iter().collect();
        let named_by = |ties: &mut Vec<Tie>, kind: Kind, naming: Naming, source: u16| {
            let place = |verb| format!("the {} in `{}` is {verb} by", kind.name(), leaf.pointer);
            let evidence = Evidence::Destination;
            ties.push(Tie { evidence, source, place: place("first named") });
            if naming == Naming::Ordered {
                ties.push(Tie { evidence: Evidence::Order, source, place: place("ordered") });
            }
        };
        for it in named.iter().filter(|it| !is_web(it.kind)) {
            if let Some(source) = self.emptied(it, told) {
                named_by(ties, it.kind, Naming::Ordered, source);
            }
            if let Origin::Named(naming, source) = self.origin(it)
                && self.counts(it.kind, naming, source)
            {
                named_by(ties, it.kind, naming, source);
            }
        }
        for web in webs(&named) {
            match self.web_origin(&web) {
                Origin::Named(naming, source) if self.counts(Kind::Host, naming, source) => {
                    named_by(ties, Kind::Url, naming, source);
                }
                Origin::Unknown if carries_data(&web) => {
                    // What could leave with it is what another server keeps.
                    let kept = (0_u16..).zip(&self.judge.run.sources).find(|(_, source)| {
                        source.label.confidentiality >= Confidentiality::Internal
                            && *source.server != *self.sink.server
                    });
                    if let Some((source, _)) = kept {
                        let place = format!("the address in `{}` could carry", leaf.pointer);
                        ties.push(Tie { evidence: Evidence::Query, source, place });
                    }
                }
                _ => {}
            }
        }
    }

    /// Who orders something for a file of the agent's own that this call leaves empty.
    fn emptied(&self, it: &Destination, told: &Told) -> Option<u16> {
        let loses = it.kind == Kind::Path && self.sink.classes.has(Class::Destructive);
        if !loses || !told.contents.is_empty() {
            return None;
        }
        let whole = std::iter::once(it.token.as_str()).chain(token::suffixes(&it.token));
        let mut named = whole.filter_map(|path| {
            let digest = self.judge.digester.of(Kind::Path as u8, path.as_bytes());
            self.judge.run.tokens.get(&digest)?.named
        });
        named.find(|(naming, _)| *naming == Naming::Ordered).map(|(_, source)| source)
    }

    fn origin(&self, it: &Destination) -> Origin {
        let run = self.judge.run;
        if self.judge.trusted.covers(it.kind, &it.token) {
            return Origin::Own;
        }
        let mut found = Origin::Unknown;
        let mut look = |digest: u64| match run.tokens.get(&digest) {
            Some(Seen { own: true, .. }) => {
                found = Origin::Own;
                true
            }
            Some(Seen { named: Some((naming, source)), .. }) => {
                let stricter = !matches!(&found, Origin::Named(before, _) if before >= naming);
                if stricter {
                    found = Origin::Named(*naming, *source);
                }
                false
            }
            _ => false,
        };
        if look(it.digest) || it.kind != Kind::Path {
            return found;
        }
        for suffix in token::suffixes(&it.token) {
            // Two paths may end alike: only the whole path is the agent's own.
            let digest = self.judge.digester.of(Kind::Path as u8, suffix.as_bytes());
            if run.tokens.get(&digest).is_some_and(|seen| !seen.own) {
                look(digest);
            }
        }
        found
    }

    /// The nearest of address, page, pages above it and host that is known decides; an address that a
    /// text gives whole carries nothing of the run.
    fn web_origin(&self, web: &[&Destination]) -> Origin {
        let run = self.judge.run;
        let of = |kind: Kind| web.iter().find(|it| it.kind == kind);
        let seen = |digest: u64| run.tokens.get(&digest).copied();
        let host = of(Kind::Host);
        if host.is_none_or(|host| self.judge.trusted.covers(Kind::Host, &host.token)) {
            return Origin::Own;
        }
        let whole = of(Kind::Url).and_then(|it| seen(it.digest));
        let carries_nothing = self.sink.classes.only_fetches()
            && run.label.confidentiality < Confidentiality::Private
            && self.arguments.leaves.iter().all(|leaf| leaf.text.len() <= ADDRESS_BYTES_MAX * 4);
        match whole {
            Some(Seen { own: true, .. }) => return Origin::Own,
            Some(Seen { named: Some(_), .. }) if carries_nothing => return Origin::Own,
            Some(Seen { named: Some((naming, source)), .. }) => {
                return Origin::Named(naming, source);
            }
            _ => {}
        }
        // What the user named and a text names too is the text's, once something is added to it.
        let asks = of(Kind::Url).is_some_and(|it| it.token.contains('?'));
        let page = of(Kind::Page);
        let above = page.into_iter().flat_map(|page| {
            let of = |page: &str| self.judge.digester.of(Kind::Page as u8, page.as_bytes());
            token::above(&page.token).map(of).collect::<Vec<_>>()
        });
        let own_if = |digest: u64, added: bool| match seen(digest) {
            Some(Seen { own: true, named }) if !added || named.is_none() => Some(Origin::Own),
            Some(Seen { named: Some((naming, source)), .. }) => Some(Origin::Named(naming, source)),
            _ => None,
        };
        page.and_then(|page| own_if(page.digest, asks))
            .or_else(|| above.into_iter().find_map(|digest| own_if(digest, true)))
            .or_else(|| host.and_then(|host| own_if(host.digest, asks && page.is_none())))
            .unwrap_or(Origin::Unknown)
    }

    /// Whether a destination that a text names this way is a stranger's choice rather than data.
    ///
    /// A file or a branch that is only spoken of is what honest work is about; an order to write it
    /// is not. What a server lists is how it wants to be asked.
    fn counts(&self, kind: Kind, naming: Naming, source: u16) -> bool {
        let source = self.judge.run.sources.get(usize::from(source));
        let same = source.is_some_and(|source| *source.server == *self.sink.server);
        let strange = source.is_none_or(|it| it.label.integrity >= Integrity::Untrusted);
        match (kind, naming) {
            (_, Naming::Ordered | Naming::Secret) | (Kind::Account, _) => true,
            // Whom money goes to is nobody's to name but the user's.
            (Kind::Name, _) if self.sink.classes.has(Class::Money) => true,
            (Kind::Path, Naming::Mentioned) => self.obeyed,
            // Who gets a right, a message or a task is not for a stranger to say.
            (Kind::Name, Naming::Mentioned) => self.away && strange,
            (Kind::Path | Kind::Name, Naming::Listed) => false,
            (_, Naming::Mentioned) => true,
            (_, Naming::Listed) => !same,
        }
    }

    /// A passage that orders something describes this call: it names the tool, it speaks of what the
    /// tool does where the call says no more, or it holds all that the call says of itself.
    fn described(&self, told: &Told, ties: &mut Vec<Tie>) {
        let judge = self.judge;
        if judge.run.orders.is_empty() {
            return;
        }
        let name = self.sink.tool.to_lowercase();
        let distinctive = name.contains('_') || name.contains('-');
        let name = passage::words(judge.digester, &name);
        let telling = self.telling(told, &name);
        for ordered in &judge.run.orders {
            let passage = ordered.passage();
            if !ordered.may_have(&telling) && !passage.destroys() {
                continue;
            }
            let named = distinctive && passage.orders() && passage.says(judge.digester, &name);
            let place = match () {
                () if named => "the tool is named in an order of",
                () if self.is_told(told, passage) => "the call is described by",
                () if self.doing.is_ordered_by(passage, told.is_silent()) => {
                    "what the tool does is ordered by"
                }
                () => continue,
            };
            let place = place.to_owned();
            ties.push(Tie { evidence: Evidence::Order, source: ordered.source, place });
        }
    }

    /// Words of which a passage has one that describes the call, unless it only says that something is
    /// lost.
    fn telling(&self, told: &Told, name: &[u64]) -> Vec<u64> {
        let said = [&told.places, &told.contents, &told.own].into_iter().flatten();
        let first = said.filter_map(|words| words.first());
        first.chain(name.first()).copied().chain(self.doing.words()).collect()
    }

    /// Whether a passage holds all that the call says and the agent did not say before. One sentence
    /// tells enough with a place or the content; a paragraph, or what only reports, with both.
    fn is_told(&self, told: &Told, passage: Passage<'_>) -> bool {
        if !passage.is(SENTENCE | PARAGRAPH) {
            return false;
        }
        let says = |words: &Vec<u64>| passage.says(self.judge.digester, words);
        let filled = !told.contents.is_empty();
        let place = told.places.iter().any(says);
        let content = told.contents.iter().all(says);
        let both = filled && content && (place || told.own.iter().any(says));
        let one = passage.orders() && passage.is(SENTENCE) && content && (place || filled);
        (one || passage.is(SENTENCE | PARAGRAPH) && both)
            && passage.orders_beyond(&told.contents.concat())
    }

    /// The words of each argument that tells this call from others: no numbers, and nothing that is
    /// too short to tell anything.
    fn told_of_itself(&self) -> Told {
        const TELLING_BYTES_MIN: usize = 3;
        let judge = self.judge;
        let own = |leaf: &Leaf| {
            let mut of = self.arguments.of_leaf(leaf).iter();
            of.any(|it| judge.run.tokens.get(&it.digest).is_some_and(|seen| seen.own))
        };
        let mut told = Told::default();
        for leaf in &self.arguments.leaves {
            let tells = leaf.text.len() >= TELLING_BYTES_MIN && leaf.text.parse::<f64>().is_err();
            let words = described_by(leaf, judge.digester);
            if !tells || words.is_empty() {
                continue;
            }
            match leaf.role {
                _ if own(leaf) => told.own.push(words),
                Role::Destination => told.places.push(words),
                Role::Code | Role::Text => told.contents.push(words),
            }
        }
        told
    }

    /// What a person's yes to this call covers: this tool with these destinations, an address by its
    /// host and a path by its folder; without destinations of others, this tool with the agent's own.
    pub(super) fn key(&self) -> u64 {
        let digester = self.judge.digester;
        let text = |text: &str| digester.of(GRANT, text.as_bytes());
        let mut parts = vec![text(self.sink.server), text(self.sink.tool)];
        let mut places: Vec<u64> = Vec::new();
        let named: Vec<&Destination> = self.arguments.destinations.iter().collect();
        for it in named.iter().filter(|it| !is_web(it.kind)) {
            let foreign = matches!(self.origin(it), Origin::Named(naming, source)
                if self.counts(it.kind, naming, source));
            let place = match it.kind {
                Kind::Path => it.token.rsplit_once('/').map_or("", |(folder, _)| folder),
                _ => &it.token,
            };
            if foreign {
                places.push(digester.of(it.kind as u8, place.as_bytes()));
            }
        }
        for web in webs(&named) {
            if matches!(self.web_origin(&web), Origin::Named(..) | Origin::Unknown) {
                // On a host of the user's own, only the page is the other's.
                let own = |it: &&&Destination| {
                    self.judge.run.tokens.get(&it.digest).is_some_and(|seen| seen.own)
                };
                let host = web.iter().find(|it| it.kind == Kind::Host);
                let page = web.iter().find(|it| it.kind == Kind::Page);
                let place = if host.as_ref().is_some_and(own) { page.or(host) } else { host };
                places.extend(place.map(|it| it.digest));
            }
        }
        // What a text says word for word is what the person said yes to, and no other word of it.
        let worded = self.arguments.leaves.iter().filter(|leaf| self.says(leaf).is_some());
        places.extend(worded.map(|leaf| wording::whole(digester, &leaf.text)));
        places.extend(self.defined.iter());
        places.sort_unstable();
        places.dedup();
        parts.extend(places);
        digester.join(&parts)
    }
}

/// The parts of each address: one argument may hold several, and each must be the user's own.
fn webs<'d>(named: &[&'d Destination]) -> Vec<Vec<&'d Destination>> {
    let mut webs: Vec<Vec<&Destination>> = Vec::new();
    for it in named.iter().filter(|it| is_web(it.kind)) {
        match webs.last_mut() {
            Some(last) if it.kind != Kind::Url => last.push(it),
            _ => webs.push(vec![it]),
        }
    }
    webs
}

fn carries_data(web: &[&Destination]) -> bool {
    let whole = web.iter().find(|it| it.kind == Kind::Url);
    whole.is_some_and(|it| it.token.contains('?') || it.token.len() > ADDRESS_BYTES_MAX)
}
